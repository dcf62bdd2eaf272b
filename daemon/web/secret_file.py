"""Files that hold secrets, or what stands for them: written whole, and for the owner alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from daemon.errors import SettingsError
from daemon.storage.whole import write_whole

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_secret(path: Path) -> bytes | None:
    """Return what a file holds; None: there is none.

    Raises:
        SettingsError: others can read or write it, or it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(f"{path} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        if mode & _OTHERS:
            raise SettingsError(
                f"{path} is open to others (mode {mode:04o}); chmod 600 it, and make new tokens, "
                "for somebody may have read these",
                "secret_exposed",
            )
        return file.read()


def write_secret(path: Path, data: bytes) -> None:
    """Write a file whole and make it durable, mode 0600.

    Raises:
        SettingsError: the disk refused.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, data)
    except OSError as error:
        raise _unusable(f"{path} cannot be written: {error.strerror}") from error


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
    except OSError as error:
        raise _unusable(f"{lock} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _unusable(what: str) -> SettingsError:
    sentence = f"{what}; let this user read and write it, and look at its disk"
    return SettingsError(sentence, "secret_unusable")
