"""Where a daemon's beat is heard: a datagram socket in the state folder.

A daemon sends a beat without waiting, and without a disk, so a disk that hangs stops no beat of one
that guards. Beats are only counted as having come. One that starts says by another word that it
goes on reading its record: that is no beat, for nobody guards yet.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from enum import Enum
from pathlib import Path

from daemon.errors import SettingsError, StoreError
from daemon.settings.guardian import LOCK, READS, SOCKET
from daemon.storage import exclusive

_MOST_BYTES = 64


class Heard(Enum):
    """What a daemon was heard to do."""

    NOTHING = "it was silent"
    READS = "it starts, and goes on reading its record"
    BEAT = "it guards"


class Listener:
    """Hears beats.

    Args:
        wire: the socket, which waits for nothing.
    """

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire

    def heard(self) -> Heard:
        """Say what has come since this was asked last; a beat goes before the other word."""
        came = Heard.NOTHING
        while True:
            try:
                told = self._wire.recv(_MOST_BYTES)
            except BlockingIOError:
                return came
            if told != READS.encode():
                came = Heard.BEAT
            elif came is Heard.NOTHING:
                came = Heard.READS


@contextmanager
def listening(state_dir: Path, words: bytes = b"") -> Iterator[Listener]:
    """Listen while the block runs; one listens on a state folder.

    Args:
        state_dir: the daemon's; made where it does not exist.
        words: what whoever asks is told of it.

    Raises:
        SettingsError: the folder or the socket cannot be made.
        StoreError: another guardian watches this folder.
    """
    with ExitStack() as held:
        try:
            wire = _bound(state_dir, words, held)
        except BlockingIOError as error:
            raise StoreError(
                f"another guardian watches the state folder {state_dir}; one is enough",
                "already_running",
            ) from error
        except OSError as error:
            raise SettingsError(
                f"{state_dir / SOCKET} cannot be listened on: {error.strerror or error}; "
                "let [daemon] state_dir name a folder with a short path that this user owns",
                "socket_unusable",
            ) from error
        yield Listener(wire)


def _bound(state_dir: Path, words: bytes, held: ExitStack) -> socket.socket:
    """Return the socket, for its owner alone; what a killed guardian left there is taken away."""
    path = state_dir / SOCKET
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_ours(state_dir)
    lock = os.open(state_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    held.callback(os.close, lock)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.ftruncate(lock, 0)
    with suppress(OSError):  # a full disk keeps nobody from watching
        os.pwrite(lock, words, 0)
    wire = held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    path.unlink(missing_ok=True)
    wire.bind(os.fspath(path))
    held.callback(path.unlink, missing_ok=True)
    path.chmod(0o600)
    wire.setblocking(False)  # noqa: FBT003
    return wire


def _require_ours(state_dir: Path) -> None:
    """See that the daemon can be heard: root opens all, but what it listens on is for root alone.

    Raises:
        PermissionError: the daemon is another user's.
    """
    lock = state_dir / exclusive.LOCK
    if (lock if lock.exists() else state_dir).stat().st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "the daemon is another user's, and could not be heard")
