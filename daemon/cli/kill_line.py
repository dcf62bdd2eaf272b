"""The line to the kill socket of a running daemon: one request, one answer."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import click

from daemon.errors import OrdoError
from daemon.errors.catalogue import entry_of
from daemon.kill import Latch
from daemon.settings.kill_socket import LINE_BYTES, socket_path
from daemon.storage.exclusive import DAEMON, GUARDIAN, last_holder

GONE = "the daemon is not running/answering"
UNKNOWN = "unknown"
"""In place of who is there, where this user may not look."""
AS_ANOTHER = "repeat it with sudo, or as the user whose daemon it is"
_BUSY = "busy"
"""The daemon's code where its socket has no room."""
_ANSWER_BYTES = 4_000_000
_THERE_S = 1.0
"""Within how many seconds a socket takes a connection, if anybody listens."""


class Refused(OrdoError):
    """The daemon said no; what to do about it stands below its sentence, as in its HTTP answers."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence, code)
        self.add_note(entry_of(code).mend)


class Unreached(OrdoError):
    """Nobody has answered.

    Args:
        sentence: what came instead.
        taken: the request went out whole, so perhaps it is acted on.
    """

    code = "unreachable"

    def __init__(self, sentence: str, *, taken: bool = False) -> None:
        super().__init__(sentence)
        self.taken = taken


def starting(state_dir: Path) -> int:
    """Return the process id of a daemon that has a folder and hears nobody yet; 0: there is none.

    It reads its record before it listens. One that is ending hears nobody either, and looks alike.
    """
    pid = _holding(state_dir, DAEMON)
    if not pid:
        return 0
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as to:
            to.settimeout(_THERE_S)
            to.connect(os.fspath(socket_path(state_dir)))
    except (ConnectionRefusedError, FileNotFoundError):
        return pid
    except OSError:
        return 0  # it listens, and hangs
    return 0


def who_is_there(state_dir: Path) -> tuple[str, str]:
    """Return who has a folder in which nobody answered: a word for programs, and his name.

    Where nobody has it the word is `gone`, and where this user may not look `unknown`; the name is
    empty then.
    """
    if pid := _holding(state_dir, GUARDIAN):
        return GUARDIAN, f"the guardian with process id {pid}"
    if pid := _holding(state_dir, DAEMON):
        return "starting" if starting(state_dir) else "silent", f"the daemon with process id {pid}"
    return UNKNOWN if may_not_look(state_dir) else "gone", ""


def may_not_look(state_dir: Path) -> bool:
    """Say whether this user is kept from seeing who has a folder: it is another one's."""
    try:
        last_holder(state_dir)
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _holding(state_dir: Path, what: str) -> int:
    try:
        holder = last_holder(state_dir)
    except OSError:
        return 0
    if holder is None or holder.what != what or not holder.is_alive():
        return 0
    return holder.pid


def gone(state_dir: Path) -> str:
    """Say that nobody answers, or may be asked, and in which folder: others may run in others."""
    where = state_dir.absolute()
    if may_not_look(state_dir):
        return f"this user may not look into {where}, so whether a daemon runs cannot be told"
    if pid := starting(state_dir):
        return f"the daemon with process id {pid} does not answer yet in {where}"
    return f"{GONE} in {where}"


def ask(state_dir: Path, request: dict[str, str], within_s: float) -> dict[str, Any]:
    """Put a request to the running daemon, and return its answer.

    Raises:
        Unreached: none came in time, and whether the request was taken.
        Refused: it said no.
    """
    line = json.dumps(request).encode("ascii") + b"\n"
    if len(line) > LINE_BYTES:
        raise click.UsageError("the reason is too long; say it in fewer words")
    path, taken = os.fspath(socket_path(state_dir)), False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as to:
            to.settimeout(within_s)
            to.connect(path)
            to.sendall(line)
            taken = True  # one that is cut is not obeyed
            with to.makefile("rb") as replies:
                reply = replies.readline(_ANSWER_BYTES)
        answer = json.loads(reply)
    except (OSError, ValueError) as error:
        raise Unreached(f"{gone(state_dir)}: {error}", taken=taken) from error
    if not answer["ok"] and answer["code"] == _BUSY:
        raise Unreached(f"{gone(state_dir)}: {answer['sentence']}")
    if not answer["ok"]:
        raise Refused(answer["code"], answer["sentence"])
    return dict(answer)


def latches_told(state_dir: Path, within_s: float) -> tuple[Latch, ...] | None:
    """Return the latches that a running daemon goes by, also those whose file the disk refused.

    None: nobody answered in time, so nobody knows which those are.
    """
    try:
        answer = ask(state_dir, {"verb": "latches"}, within_s)
    except (Unreached, Refused):
        return None
    return tuple(Latch(**each) for each in answer["latches"])
