"""Files that are written whole: after a crash there is the old one or the new one, never a part.

What is written goes to a draft beside the file, is made durable, takes the file's name in one step,
and the name is made durable too. `kill.py` does the same by itself, for it stands alone.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_DRAFT = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in its place, durably, for its owner alone; whoever writes to it is the only one.

    Raises:
        OSError: the disk refused; what was there before still is, and no draft is left.
    """
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.unlink(missing_ok=True)  # of a write that was cut short
        _fill(os.open(draft, _DRAFT, 0o600), data)
        draft.replace(path)
    except OSError:
        with suppress(OSError):  # the first error is told
            draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _fill(descriptor: int, data: bytes) -> None:
    try:
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
