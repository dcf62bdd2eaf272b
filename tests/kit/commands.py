"""The `ordo` command, called from within or as a process of its own."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import Struct

from daemon.cli import main
from tests.kit.plans import ROOT


class Told(Struct, frozen=True):
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


def told(*args: str | Path) -> Told:
    """Call `ordo` within this process; neither of its streams is a terminal."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main([str(arg) for arg in args])
    code = ended.value.code
    assert isinstance(code, int), "a command ends with a number"
    return Told(code, written(out), written(err))


def written(stream: io.TextIOWrapper) -> str:
    """Return what was written to a stream in memory."""
    stream.flush()
    stream.seek(0)
    return stream.read()


def ordo(
    *args: str | Path, cwd: Path, environ: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start `python -m daemon` as a process of its own, its streams in pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", "daemon", *map(str, args)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> Told:
    """Wait for a process, and return how it ended."""
    out, err = process.communicate(timeout=60)
    return Told(process.returncode, out, err)
