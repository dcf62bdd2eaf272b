"""Room on a disk that is shared: what can wait leaves enough of it for what cannot."""

from __future__ import annotations

import shutil
from pathlib import Path

from daemon.errors import StoreError
from daemon.storage.ballast import PLENTY_BYTES

_MEBIBYTE = 2**20


def require_room(path: Path, needed_bytes: int = 0) -> None:
    """Let nothing be written that would take the room which the ledger needs to go on.

    Args:
        path: of the file that is about to be written.
        needed_bytes: how large it will be.

    Raises:
        StoreError: less would be left than what a start and the checks before the open ask for.
    """
    free_bytes = shutil.disk_usage(path.parent).free
    if free_bytes < needed_bytes + PLENTY_BYTES:
        raise StoreError(
            f"no room for {path}: {free_bytes // _MEBIBYTE} MiB are free on its disk, and beside "
            f"its {needed_bytes // _MEBIBYTE} MiB {PLENTY_BYTES // _MEBIBYTE} MiB stay free for "
            "what is recorded; make room, or keep fewer copies by [jobs] keep_backups_days",
            "ledger_unusable",
        )
