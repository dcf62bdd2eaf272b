"""One program on one state folder: two would each take the other's orders for strangers.

The kernel keeps the lock. The file says who holds it: what he is, his process, and when that began,
so that nobody takes a stranger for him who got the same number later. Who ends in order leaves it
empty. Whom an error ended leaves what he was, and no process: that may live on, as a guardian's
does, and holds nothing any more.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from daemon.errors import OrdoError, SettingsError, StoreError
from daemon.storage import ballast, fence

DAEMON: Final = "daemon"
GUARDIAN: Final = "guardian"
LOCK: Final = "daemon.lock"
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
_GONE = (b"Z", b"X")
_BEGAN = 19
"""Where the kernel tells when a process began, counted from its state on."""


class Holder(Struct, frozen=True):
    """Who holds a state folder, or held it last and did not end in order.

    Attributes:
        what: `daemon` or `guardian`.
        pid: of its process; 0: an error ended its hold.
        began: when that began, as the kernel counts; 0: that could not be told.
    """

    what: str
    pid: int
    began: int

    def is_alive(self) -> bool:
        """Say whether this very process is there and has not ended."""
        return self.began > 0 and _began(self.pid) == self.began


@contextmanager
def exclusively(state_dir: Path, what: str = DAEMON) -> Iterator[None]:
    """Hold a state folder for this process alone; the kernel lets go of it whatever happens.

    Nobody stands behind a fence any more by then, so it is taken down. On a full disk the ballast
    is let go, so that there is room for what a start writes.

    Args:
        state_dir: made where it does not exist, for its owner alone.
        what: this process is.

    Raises:
        SettingsError: the folder cannot be made or written to.
        StoreError: another program holds it, or its disk is full or fails.
    """
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(state_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(state_dir, error) from error
    try:
        _take(descriptor, state_dir, what)
        left = f"{what} 0 0\n"
        try:
            yield
            left = ""
        finally:
            _write(descriptor, left)
    finally:
        os.close(descriptor)


def last_holder(state_dir: Path) -> Holder | None:
    """Return who holds a folder, or held it last; None: nobody yet, or he ended in order.

    Raises:
        OSError: that cannot be read.
    """
    try:
        told = (state_dir / LOCK).read_text(errors="replace").split()
    except FileNotFoundError:
        return None
    if not told:
        return None
    what, *numbers = told
    pid, began, *_ = (*(int(each) for each in numbers if each.isdecimal()), 0, 0)
    return Holder(what, pid, began)


def is_held(state_dir: Path) -> bool:
    """Say whether anybody holds a folder now; the kernel tells, whatever the file says.

    Raises:
        OSError: that cannot be seen.
    """
    try:
        descriptor = os.open(state_dir / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _take(descriptor: int, state_dir: Path, what: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = last_holder(state_dir) or Holder(DAEMON, 0, 0)
        raise StoreError(
            f"the {holder.what} with process id {holder.pid or 'unknown'} runs on the state folder "
            f"{state_dir}; stop it first, or give this one another [daemon] state_dir",
            "already_running",
        ) from error
    try:
        fence.take_down(state_dir)
        ballast.let_go(state_dir)
        _write(descriptor, f"{what} {os.getpid()} {_began(os.getpid())}\n")
    except OSError as error:
        raise _unusable(state_dir, error) from error


def _write(descriptor: int, told: str) -> None:
    """Write over what is there, and cut what is left of it: a full disk has room for that."""
    os.ftruncate(descriptor, os.pwrite(descriptor, told.encode(), 0))


def _unusable(state_dir: Path, error: OSError) -> OrdoError:
    """Return why a folder cannot be used: its disk, which may be mended meanwhile, or a setting."""
    if error.errno in _OF_THE_DISK:
        return StoreError(
            f"the state folder {state_dir} cannot be written to: {error.strerror}; make room on its"
            " disk, or see what the system's log says of it, and start again",
            "state_disk_fails",
        )
    return SettingsError(
        f"the state folder {state_dir} cannot be used: {error.strerror}; "
        "let [daemon] state_dir name a folder that this user may write to",
        "state_folder_unusable",
    )


def _began(pid: int) -> int:
    """Return when a process began; 0: it has ended, or this system does not tell."""
    try:
        told = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return 0
    return 0 if told[0] in _GONE else int(told[_BEGAN])
