"""The `ordo` command, called from within or as a process of its own."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from msgspec import Struct

from daemon.cli import main
from tests.kit.plans import ROOT

if TYPE_CHECKING:
    from tests.kit.warm import WarmProcess

_PATIENT = {"ORDO_LEDGER__FLUSH_MS": "2000"}
"""Many daemons share two cores and a disk here, and none of them is to stop entering for that."""


class Told(Struct, frozen=True):
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


class Stream(io.TextIOWrapper):
    """A stream in memory that may be a terminal, and acts when something is first written.

    Args:
        on: a text, and what to do when it comes.
    """

    def __init__(
        self, *, terminal: bool = False, on: tuple[str, Callable[[], object]] | None = None
    ) -> None:
        super().__init__(io.BytesIO(), "utf-8", newline="")
        self._terminal = terminal
        self._on = on

    def isatty(self) -> bool:
        """Say whether a person reads this."""
        return self._terminal

    def write(self, text: str) -> int:
        """Write, and act where it is due."""
        if self._on is not None and self._on[0] in text:
            act, self._on = self._on[1], None
            act()
        return super().write(text)


def told(
    *args: str | Path,
    terminal: bool = False,
    on: tuple[str, Callable[[], object]] | None = None,
    stdin: bytes = b"",
) -> Told:
    """Call `ordo` within this process.

    Args:
        args: of the command.
        terminal: a person reads both streams.
        on: a text, and what to do when it is first written to stdout.
        stdin: what comes in by a pipe.
    """
    out, err = Stream(terminal=terminal, on=on), Stream(terminal=terminal)
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8")),
        pytest.raises(SystemExit) as ended,
    ):
        main([str(arg) for arg in args])
    code = ended.value.code
    assert isinstance(code, int), "a command ends with a number"
    return Told(code, written(out), written(err))


def written(stream: Stream) -> str:
    """Return what was written to a stream in memory."""
    stream.flush()
    stream.seek(0)
    return stream.read()


def ordo(
    *args: str | Path,
    cwd: Path,
    environ: dict[str, str] | None = None,
    module: str = "daemon",
    stdout: int = subprocess.PIPE,
) -> subprocess.Popen[str]:
    """Start `python -m daemon`, or another of its programs, as a process, its streams in pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, args)],
        cwd=cwd,
        env=surroundings(environ or {}),
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def surroundings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process of ours, with what is given besides."""
    return {**os.environ, **_PATIENT, "PYTHONPATH": str(ROOT), **environ}


def ended(process: subprocess.Popen[str] | WarmProcess) -> Told:
    """Wait for a process, and return how it ended."""
    out, err = process.communicate(timeout=60)
    return Told(process.returncode, out, err)
