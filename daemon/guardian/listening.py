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
from contextlib import ExitStack, closing, contextmanager, suppress
from enum import Enum
from pathlib import Path

from daemon.errors import OrdoError, SettingsError, StoreError
from daemon.settings.guardian import LOCK, READS, SOCKET
from daemon.storage import exclusive, failing

_MOST_BYTES = 64
Inode = tuple[int, int] | None
"""What a path leads to, by device and number; None: to nothing."""


class Heard(Enum):
    """What a daemon was heard to do."""

    NOTHING = "it was silent"
    READS = "it starts, and goes on reading its record"
    BEAT = "it guards"


class Listener:
    """Hears beats on a socket in a state folder, and has it alone.

    Args:
        state_dir: the daemon's; made where it does not exist.
        words: what whoever asks is told of this guardian.

    Raises:
        SettingsError: the folder or the socket cannot be made.
        StoreError: another guardian watches this folder, or its disk is full or fails.
    """

    def __init__(self, state_dir: Path, words: bytes) -> None:
        self._state_dir = state_dir
        self._words = words
        self._held = ExitStack()
        self._bind()

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

    def tell(self, words: bytes) -> None:
        """Tell whoever asks something else of this guardian from now on.

        It is written at once and as long as what it was, so that nobody reads half of it.
        """
        self._words = words.ljust(len(self._words))
        with suppress(OSError):  # nothing hangs on it
            os.pwrite(self._lock, self._words, 0)

    def bound_anew(self) -> bool:
        """Listen anew where the path leads to our socket no more; say whether it did not.

        Whoever cleans the folder, or restores it, takes away what a daemon tells its beat to: that
        must not look like silence. So is the lock, else a second guardian would be let in.

        Raises:
            SettingsError: the socket cannot be made any more.
            StoreError: another guardian has come meanwhile, and watches this folder now; or its
                disk is full or fails.
        """
        try:
            if self._paths() == self._ours:
                return False
        except OSError:  # who cannot look knows of nothing that is gone
            return False
        self.close()
        self._bind()
        return True

    def close(self) -> None:
        """Listen no more, and take away what is ours."""
        with self._held, suppress(OSError):
            if self._paths()[1] == self._ours[1]:
                (self._state_dir / SOCKET).unlink()

    def _bind(self) -> None:
        with ExitStack() as held:
            try:
                self._wire, self._lock = _bound(self._state_dir, self._words, held)
                found = os.fstat(self._lock)
                self._ours = ((found.st_dev, found.st_ino), self._paths()[1])
            except BlockingIOError as error:
                raise StoreError(
                    f"another guardian watches the state folder {self._state_dir}; one is enough",
                    "already_running",
                ) from error
            except OSError as error:
                raise _unusable(self._state_dir / SOCKET, error) from error
            self._held = held.pop_all()

    def _paths(self) -> tuple[Inode, Inode]:
        """Return what lock and socket are now."""
        return _inode(self._state_dir / LOCK), _inode(self._state_dir / SOCKET)


@contextmanager
def listening(state_dir: Path, words: bytes = b"") -> Iterator[Listener]:
    """Listen while the block runs; one listens on a state folder.

    Args:
        state_dir: the daemon's; made where it does not exist.
        words: what whoever asks is told of this guardian.

    Raises:
        SettingsError: the folder or the socket cannot be made.
        StoreError: another guardian watches this folder, or its disk is full or fails.
    """
    with closing(Listener(state_dir, words)) as listener:
        yield listener


def _bound(state_dir: Path, words: bytes, held: ExitStack) -> tuple[socket.socket, int]:
    """Return socket and lock, for their owner alone; what a killed guardian left is taken away."""
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
    path.chmod(0o600)
    wire.setblocking(False)  # noqa: FBT003
    return wire, lock


def _unusable(path: Path, error: OSError) -> OrdoError:
    """Return why nothing can be listened on: the disk, which may be mended meanwhile, or a setting.

    Args:
        path: of the socket.
        error: what the system said.
    """
    what = f"{path} cannot be listened on: {error.strerror or error}"
    if not failing.is_setting(error):
        return StoreError(f"{what}; {failing.mend(error)}", "state_disk_fails")
    mend = "let [daemon] state_dir name a folder with a short path that this user owns"
    return SettingsError(f"{what}; {mend}", "socket_unusable")


def _inode(path: Path) -> Inode:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _require_ours(state_dir: Path) -> None:
    """See that the daemon can be heard: root opens all, but what it listens on is for root alone.

    Raises:
        SettingsError: this is root, and the folder is another user's.
        PermissionError: the daemon is another user's.
    """
    exclusive.require_ours(state_dir, exclusive.GUARDIAN)
    lock = state_dir / exclusive.LOCK
    whose = lock if lock.exists() else state_dir
    if (owner := whose.stat().st_uid) != os.geteuid():
        told = f"{whose} belongs to user {owner}, whose daemon could not be heard"
        raise PermissionError(errno.EPERM, told)
