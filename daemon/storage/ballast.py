"""The ballast: room that is kept back on a disk, for a start on a disk that is full.

A run goes on without its ledger; a start does not, for it takes over what was decided meanwhile,
and begins a run in the ledger. So a file is laid down while there is room, and whoever takes the
state folder on a full disk lets go of it first. A latch is given a part of it. It is laid down
whole again by a start that finds room.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from daemon.kill import BALLAST
from daemon.storage.whole import draft_of, whole

_MEBIBYTE: Final = 2**20
SIZE_BYTES: Final = 16 * _MEBIBYTE
"""A start writes some two MiB at most, and a day of ticks and orders about as much again."""
ENOUGH_BYTES: Final = 8 * _MEBIBYTE
"""With so much left a start needs no ballast, and of the ballast itself no more."""
PLENTY_BYTES: Final = 100 * _MEBIBYTE
"""With less left the ballast itself would crowd the disk, and the checks before the open fail."""


def let_go(folder: Path) -> None:
    """Give the room back where the disk is full; otherwise nothing changes.

    Raises:
        OSError: the disk refused.
    """
    if _free_bytes(folder) < ENOUGH_BYTES:
        for path in (folder / BALLAST, draft_of(folder / BALLAST)):
            path.unlink(missing_ok=True)


def keep_back(folder: Path) -> tuple[str, ...]:
    """Lay the ballast down where it is not; return what a person should know, a sentence each."""
    path = folder / BALLAST
    try:
        if path.exists() and path.stat().st_size >= ENOUGH_BYTES:
            return ()
        free_bytes = _free_bytes(folder)
        if free_bytes < PLENTY_BYTES:
            return (_told(folder, f"{free_bytes // _MEBIBYTE} MiB are left on its disk"),)
        _lay_down(path)
    except OSError as error:
        return (_told(folder, error.strerror or str(error)),)
    return ()


def _lay_down(path: Path) -> None:
    with whole(path) as draft:
        descriptor = os.open(draft, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.posix_fallocate(descriptor, 0, SIZE_BYTES)
        finally:
            os.close(descriptor)


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _told(folder: Path, because: str) -> str:
    return (
        f"no room is kept back in {folder} for a start on a full disk: {because}; make room there, "
        "and start anew"
    )
