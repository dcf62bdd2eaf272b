"""Texts for people: written whole, for their owner alone, and never lost to a second writing."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

from daemon.errors import StoreError
from daemon.storage.whole import write_whole


def keep_text(path: Path, text: str) -> Path | None:
    """Put a text in its place; return where another one that stood there is kept, if one did.

    Raises:
        StoreError: the disk refused.
    """
    data = text.encode()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        stood = path.exists()
        if stood and path.read_bytes() == data:
            return None
        kept = _set_aside(path) if stood else None
        write_whole(path, data)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}; see its disk") from error
    return kept


def _set_aside(path: Path) -> Path:
    """Keep what stands at a path under a name of its own, beside it."""
    names = (path.with_name(f"{path.stem}.{number}{path.suffix}") for number in count(1))
    kept = next(each for each in names if not each.exists())
    os.link(path, kept)
    return kept
