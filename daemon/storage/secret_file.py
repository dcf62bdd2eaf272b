"""Files that hold secrets, or what stands for them: written whole, and for the owner alone.

Commands are given as root where the daemon has a user of its own; then what root writes belongs to
whom the folder belongs, so that the daemon can go on with it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from daemon.errors import DiskFails, SettingsError
from daemon.settings.credentials import OTHERS, opened
from daemon.storage import failing
from daemon.storage.whole import ROOT, give_to_owner_of, owner_in, write_whole

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


def read_secret(path: Path, change: str = "make new tokens", credentials: str = "") -> bytes | None:
    """Return what a file holds; None: there is none.

    Args:
        path: of the file; a link is not followed.
        change: what to do where somebody may have read it.
        credentials: the folder of files that the service manager hands over; empty: there is none.

    Raises:
        SettingsError: others can read or write it, it belongs to somebody else, or it cannot be
            read.
    """
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(f"{path} cannot be read", error) from error
    try:
        about = os.fstat(descriptor)
        _require_own(path, about, change, opened(path, about, credentials))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    except OSError as error:
        raise _unusable(f"{path} cannot be read", error) from error
    finally:
        os.close(descriptor)


def _require_own(path: Path, about: os.stat_result, change: str, by: int) -> None:
    """Refuse a file that others can read or write, or that is not ours.

    Args:
        path: of the file.
        about: what is known of it.
        change: what to do where somebody may have read it.
        by: the bits of its mode by which others can.

    Raises:
        SettingsError: it is such a one.
    """
    if not stat.S_ISREG(about.st_mode):
        raise _wrong(f"{path} is no plain file")
    mode = stat.S_IMODE(about.st_mode)
    if by:
        raise SettingsError(
            f"{path} is open to others (mode {mode:04o}); chmod 600 it, and {change}, "
            "for somebody may have read what it holds",
            "secret_exposed",
        )
    owner = owner_in(path.parent)
    if about.st_uid not in {ROOT, os.geteuid(), owner}:
        raise SettingsError(
            f"{path} belongs to user {about.st_uid}; chown it to user {owner}, and {change}, "
            "for somebody else may have written it",
            "secret_exposed",
        )


def require_private_folder(folder: Path, closed: int = OTHERS) -> None:
    """Refuse a folder in which others could put another file in a secret's place, or look.

    Args:
        folder: in which the secret lies.
        closed: the bits of its mode that must not be set.

    Raises:
        SettingsError: they could, it belongs to somebody else, or it cannot be looked at.
    """
    try:
        about = folder.stat()
    except OSError as error:
        raise _unusable(f"{folder} cannot be looked at", error) from error
    mode = stat.S_IMODE(about.st_mode)
    if mode & closed:
        mend = "chmod 700 it" if closed == OTHERS else "chmod go-w it"
        raise SettingsError(
            f"{folder} is open to others (mode {mode:04o}); {mend}, and see that what lies in it "
            "is yours",
            "secret_exposed",
        )
    if os.geteuid() != ROOT and about.st_uid not in (ROOT, os.geteuid()):
        sentence = f"{folder} belongs to user {about.st_uid}; chown it to this user"
        raise SettingsError(sentence, "secret_exposed")


def write_secret(path: Path, data: bytes) -> None:
    """Write a file whole and make it durable, mode 0600.

    Raises:
        SettingsError: the disk refused.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, data, of_folder=True)
    except OSError as error:
        raise _unusable(f"{path} cannot be written", error) from error


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep every other process from changing a file that is read, changed and written back.

    Raises:
        SettingsError: the disk refused.
    """
    lock = path.with_name(f".{path.name}.lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        give_to_owner_of(path.parent, descriptor)
    except OSError as error:
        raise _unusable(f"{lock} cannot be opened", error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _unusable(what: str, error: OSError) -> SettingsError:
    """Return why a file of secrets cannot be used: its disk, or a setting."""
    if failing.is_setting(error):
        return _wrong(f"{what}: {error.strerror}")
    return DiskFails(f"{what}: {error.strerror}; {failing.mend(error)}")


def _wrong(what: str) -> SettingsError:
    sentence = f"{what}; let this user read and write it, and look at its disk"
    return SettingsError(sentence, "secret_unusable")
