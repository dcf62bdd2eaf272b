"""A copy of a ledger, made while it is written to: whole, verified, and for its owner alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from operator import itemgetter
from pathlib import Path

from daemon.domain.chain import Head
from daemon.errors import StoreError
from daemon.storage.audit import verify
from daemon.storage.sqlite import SqliteStore
from daemon.storage.store import Store
from daemon.storage.whole import whole

_NAME = re.compile(r"ledger-(\d{4}-\d{2}-\d{2})\.sqlite")


def backup_path(folder: Path, day: date) -> Path:
    """Return where the copy of a day lies."""
    return folder / f"ledger-{day}.sqlite"


def back_up(store: Store, copy: Path) -> Head:
    """Copy a ledger as it stands at one moment, and return the head of what was copied.

    It is read beside whoever writes to it, and holds nobody up. Wherever it is kept, the copy is
    one SQLite file that every command reads as it reads the ledger itself. A copy that is there
    already is replaced, but only by one that was verified, record by record.

    Raises:
        StoreError: the ledger cannot be read, the copy cannot be written, is not sound, or would
            leave the ledger without room.
    """
    try:
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with whole(copy) as draft, _nothing_beside(draft):
            head = store.copy_to(draft)
            found = verify(SqliteStore(draft))
            if found.broken is not None or found.head != head:
                raise StoreError(
                    f"the copy {copy} is not what it was made of; see its disk", "ledger_altered"
                )
    except OSError as error:
        raise StoreError(f"{copy} cannot be written: {error.strerror}; see its disk") from error
    return head


@contextmanager
def _nothing_beside(draft: Path) -> Iterator[None]:
    """Leave none of the files that SQLite keeps beside one, before the block and after it.

    One of a copy that failed, or was cut short, would take room that the ledger needs.
    """
    beside = [draft.with_name(f"{draft.name}{end}") for end in ("-journal", "-wal", "-shm")]
    for each in beside:
        each.unlink(missing_ok=True)
    try:
        yield
    finally:
        with suppress(OSError):  # the first error is told
            for each in beside:
                each.unlink(missing_ok=True)


def newest_copy(folder: Path) -> date | None:
    """Return the day of the newest copy; None: there is none."""
    return max(map(itemgetter(0), _copies(folder)), default=None)


def forget(folder: Path, before: date) -> tuple[str, ...]:
    """Remove the copies of days before a day, and return their names.

    Raises:
        StoreError: one cannot be removed.
    """
    removed = []
    try:
        for day, each in sorted(_copies(folder)):
            if day < before:
                each.unlink()
                removed.append(each.name)
    except OSError as error:
        raise StoreError(f"{error.filename} cannot be removed: {error.strerror}") from error
    return tuple(removed)


def _copies(folder: Path) -> Iterator[tuple[date, Path]]:
    for each in folder.glob("ledger-*.sqlite"):
        named = _NAME.fullmatch(each.name)
        if named is not None:
            yield date.fromisoformat(named[1]), each


def oldest_kept(day: date, keep_days: int) -> date:
    """Return the first of so many days that end with a day."""
    return day - timedelta(days=keep_days - 1)
