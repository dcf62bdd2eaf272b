"""Files that are written whole: after a crash there is the old one or the new one, never a part.

What is written goes to a draft beside the file, is made durable, takes the file's name in one step,
and the name is made durable too. `kill.py` does the same by itself, for it stands alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = 0
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_whole(path: Path, data: bytes, *, of_folder: bool = False) -> None:
    """Put a file in its place, durably, for its owner alone; whoever writes to it is the only one.

    Args:
        path: of the file.
        data: all of it.
        of_folder: where root writes it, it belongs to whom its folder belongs.

    Raises:
        OSError: the disk refused; what was there before still is, and no draft is left.
    """
    with whole(path) as draft:
        descriptor = os.open(draft, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if of_folder:
                give_to_owner_of(path.parent, descriptor)
            while data:
                data = data[os.write(descriptor, data) :]
        finally:
            os.close(descriptor)


def owner_in(folder: Path) -> int:
    """Return whose the files of a folder are to be: this user's, and by root its owner's.

    Raises:
        OSError: root cannot look at the folder.
    """
    mine = os.geteuid()
    return folder.stat().st_uid if mine == ROOT else mine


def give_to_owner_of(folder: Path, descriptor: int) -> None:
    """Let a file that root has made in somebody's folder be his; of others' files nothing changes.

    Raises:
        OSError: the disk refused.
    """
    owner = folder.stat()
    if os.geteuid() == ROOT and os.fstat(descriptor).st_uid != owner.st_uid:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def make_for_folder(path: Path) -> None:
    """Make a file, empty, that whoever its folder belongs to can go on with; one there is left.

    For a library that opens files by name. What the system refuses here, it refuses there too, and
    there it is told.
    """
    with suppress(OSError):
        descriptor = os.open(path, _NEW, 0o644)
        try:
            give_to_owner_of(path.parent, descriptor)
        finally:
            os.close(descriptor)


def draft_of(path: Path) -> Path:
    """Return where a file is written before it takes its name; a crash may leave it there."""
    return path.with_name(f".{path.name}.new")


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Let the block fill a draft, which is empty and its owner's alone, then put it in its place.

    Raises:
        OSError: the disk refused; what was there before still is, and no draft is left. Nor is
            one where the block fails.
    """
    draft = draft_of(path)
    try:
        draft.unlink(missing_ok=True)  # of a write that was cut short
        os.close(os.open(draft, _NEW, 0o600))
        yield draft
        _settle(draft, os.O_RDWR | os.O_NOFOLLOW)
        draft.replace(path)
    finally:
        with suppress(OSError):  # where it is still there, the first error is told
            draft.unlink(missing_ok=True)
    _settle(path.parent, os.O_RDONLY | os.O_DIRECTORY)


def _settle(path: Path, flags: int) -> None:
    """Make durable what stands at a path."""
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
