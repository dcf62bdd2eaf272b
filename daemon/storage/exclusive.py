"""One program on one state folder: two would each take the other's orders for strangers.

The kernel keeps the lock, which is of the folder itself: none is lost with a file that somebody
takes for a stale lock. The file in it is locked too, since a daemon of an earlier version holds and
asks for nothing else, and says who holds the folder: what he is, his process, and when that began,
so that nobody takes a stranger for him who got the same number later. Who ends in order leaves it
empty. Whom an error ended leaves what he was, and no process: that may live on, as a guardian's
does, and holds nothing any more.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from daemon.errors import OrdoError, SettingsError, StoreError
from daemon.storage import ballast, failing, fence
from daemon.storage.whole import owner_in

DAEMON: Final = "daemon"
GUARDIAN: Final = "guardian"
LOCK: Final = "daemon.lock"
_UNITS: Final = {DAEMON: "ordo", GUARDIAN: "ordo-guardian"}
_ALONE = fcntl.LOCK_EX | fcntl.LOCK_NB
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


class Hold:
    """The file of a folder that is held, which says who holds it.

    Args:
        state_dir: the folder.
        what: this process is.

    Raises:
        OSError: there can be none.
    """

    def __init__(self, state_dir: Path, what: str) -> None:
        self._path, self._what = state_dir / LOCK, what
        self._descriptor = self._opened()

    def lock(self) -> None:
        """Lock it, for those who ask for no other.

        Raises:
            BlockingIOError: another has it.
        """
        fcntl.flock(self._descriptor, _ALONE)

    def name(self) -> None:
        """Write down who holds the folder.

        Raises:
            OSError: the disk refused.
        """
        _write(self._descriptor, self._named())

    def renew(self) -> None:
        """Lay the file anew where somebody removed it; what the disk refuses the next look tries.

        Without it nobody would know which process hangs, so none could be ended; and a daemon that
        was killed would look as if it had ended in order.
        """
        with suppress(OSError), ExitStack() as held:
            if self._is_there():
                return
            descriptor = self._opened()
            held.callback(os.close, descriptor)
            fcntl.flock(descriptor, _ALONE)  # else one of an earlier version has come meanwhile
            _write(descriptor, self._named())
            held.pop_all()
            os.close(self._descriptor)
            self._descriptor = descriptor

    def let_go(self, left: str) -> None:
        """Let go of it.

        Args:
            left: what it says from now on.
        """
        self.renew()
        _write(self._descriptor, left)

    def close(self) -> None:
        """Have it open no more."""
        os.close(self._descriptor)

    def _opened(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _is_there(self) -> bool:
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(self._descriptor), self._path.lstat())
        return False

    def _named(self) -> str:
        return f"{self._what} {os.getpid()} {_began(os.getpid())}\n"


@contextmanager
def exclusively(state_dir: Path, what: str = DAEMON) -> Iterator[Hold]:
    """Hold a state folder for this process alone; the kernel lets go of it whatever happens.

    Nobody stands behind a fence any more by then, so it is taken down. On a full disk the ballast
    is let go, so that there is room for what a start writes.

    Args:
        state_dir: made where it does not exist, for its owner alone.
        what: this process is.

    Raises:
        SettingsError: the folder cannot be made or written to, or is not for root to run on.
        StoreError: another program holds it, or its disk is full or fails.
    """
    require_ours(state_dir, what)
    with ExitStack() as held:
        try:
            hold = _taken(held, state_dir, what)
        except BlockingIOError as error:
            raise _refused(state_dir) from error
        except OSError as error:
            raise _unusable(state_dir, error) from error
        left = f"{what} 0 0\n"
        try:
            yield hold
            left = ""
        finally:
            hold.let_go(left)


def require_ours(state_dir: Path, what: str = DAEMON) -> None:
    """Refuse root the folder of another user: he could not use what root would leave there.

    Args:
        state_dir: need not be there; whoever makes it owns it.
        what: this process is.

    Raises:
        SettingsError: it is another user's.
    """
    owner = os.geteuid()
    with suppress(OSError):  # whoever takes the folder tells of it
        owner = owner_in(state_dir)
    if owner != os.geteuid():
        raise SettingsError(
            f"the state folder {state_dir} belongs to user {owner}, who could not use the files "
            f"that root leaves in it; start this with `systemctl start {_UNITS[what]}`, or as that "
            "user",
            "state_folder_unusable",
        )


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
    return any(map(_is_locked, (state_dir, state_dir / LOCK)))


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _taken(held: ExitStack, state_dir: Path, what: str) -> Hold:
    """Take a folder; whoever is refused makes no file there in place of one that was removed."""
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    held.callback(os.close, folder)
    fcntl.flock(folder, _ALONE)
    hold = Hold(state_dir, what)
    held.callback(hold.close)
    hold.lock()
    fence.take_down(state_dir)
    ballast.let_go(state_dir)
    hold.name()
    return hold


def _refused(state_dir: Path) -> StoreError:
    holder = last_holder(state_dir) or Holder(DAEMON, 0, 0)
    return StoreError(
        f"the {holder.what} with process id {holder.pid or 'unknown'} runs on the state folder "
        f"{state_dir}; stop it first, or give this one another [daemon] state_dir",
        "already_running",
    )


def _write(descriptor: int, told: str) -> None:
    """Write over what is there, and cut what is left of it: a full disk has room for that."""
    os.ftruncate(descriptor, os.pwrite(descriptor, told.encode(), 0))


def _unusable(state_dir: Path, error: OSError) -> OrdoError:
    """Return why a folder cannot be used: its disk, which may be mended meanwhile, or a setting."""
    if not failing.is_setting(error):
        return StoreError(
            f"the state folder {state_dir} cannot be written to: {error.strerror}; "
            f"{failing.mend(error)}, and start again",
            "state_disk_fails",
        )
    file = Path(error.filename or state_dir)
    named = "" if file == state_dir else f"{file}: "
    return SettingsError(
        f"the state folder {state_dir} cannot be used: {named}{error.strerror}; "
        f"{_mend(state_dir, file)}",
        "state_folder_unusable",
    )


def _mend(state_dir: Path, file: Path) -> str:
    """Return what to do about a file of a folder that cannot be used."""
    with suppress(OSError):
        theirs, ours = file.lstat().st_uid, owner_in(state_dir)
        if file != state_dir and theirs != ours:
            return (
                f"it belongs to user {theirs}: as root chown it to user {ours}, and what else "
                "`ordo check` names"
            )
    return "let [daemon] state_dir name a folder that this user may write to"


def _began(pid: int) -> int:
    """Return when a process began; 0: it has ended, or this system does not tell."""
    try:
        told = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return 0
    return 0 if told[0] in _GONE else int(told[_BEGAN])
