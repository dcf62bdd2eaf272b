"""A copy of a ledger, made while it is written to: whole, verified, and for its owner alone."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from daemon.domain.chain import Head
from daemon.errors import StoreError
from daemon.storage.audit import verify
from daemon.storage.schema import head_of, open_to_read, refusing

_NAME = re.compile(r"ledger-(\d{4}-\d{2}-\d{2})\.sqlite")


def backup_path(folder: Path, day: date) -> Path:
    """Return where the copy of a day lies."""
    return folder / f"ledger-{day}.sqlite"


def back_up(path: Path, copy: Path) -> Head:
    """Copy a ledger as it stands at one moment, and return the head of what was copied.

    It is read beside whoever writes to it, and holds nobody up. A copy that is there already is
    replaced, but only by one that was verified, record by record.

    Raises:
        StoreError: the ledger cannot be read, the copy cannot be written, or is not sound.
    """
    draft = copy.with_name(f".{copy.name}.draft")
    try:
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        head = _copied(path, draft)
        found = verify(draft)
        if found.broken is not None or found.head != head:
            raise StoreError(f"the copy {draft} is not what it was made of; see its disk")
        _settle(draft, copy)
    except OSError as error:
        raise StoreError(f"{copy} cannot be written: {error.strerror}; see its disk") from error
    return head


def forget(folder: Path, before: date) -> tuple[str, ...]:
    """Remove the copies of days before a day, and return their names.

    Raises:
        StoreError: one cannot be removed.
    """
    removed = []
    try:
        for each in sorted(folder.glob("ledger-*.sqlite")):
            named = _NAME.fullmatch(each.name)
            if named is not None and date.fromisoformat(named[1]) < before:
                each.unlink()
                removed.append(each.name)
    except OSError as error:
        raise StoreError(f"{error.filename} cannot be removed: {error.strerror}") from error
    return tuple(removed)


def oldest_kept(day: date, keep_days: int) -> date:
    """Return the first of so many days that end with a day."""
    return day - timedelta(days=keep_days - 1)


def _copied(path: Path, draft: Path) -> Head:
    with closing(open_to_read(path)) as db, refusing(path, "cannot be read"):
        db.execute("BEGIN")  # head and copy are of one moment
        head = head_of(db, path)
        with closing(sqlite3.connect(draft)) as to:
            db.backup(to)
            to.execute("PRAGMA journal_mode = DELETE")  # one file alone, whatever the ledger's
    return head


def _settle(draft: Path, copy: Path) -> None:
    """Make a draft durable under its name."""
    for path, flags in ((draft, os.O_RDWR), (copy.parent, os.O_RDONLY)):
        if path == copy.parent:
            draft.replace(copy)
        descriptor = os.open(path, flags | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
