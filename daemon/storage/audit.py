"""The audit: is every record of a ledger as it was written?

It reads the file as it is and changes nothing, also beside a daemon that writes to it. Every column
of every row is linked, its type included, so any altered byte that a reader would see is found.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec import Struct

from daemon.domain import chain
from daemon.domain.chain import Broken, Head
from daemon.errors import StoreError
from daemon.storage.codec import Row, linked
from daemon.storage.schema import head_of, open_to_read, refusing

_ROWS = f"SELECT {', '.join(Row._fields)} FROM records ORDER BY number"  # noqa: S608  our own
_TYPES = (int, str, int, str, str, int, int, bytes, bytes)


class AuditReport(Struct, frozen=True):
    """What an audit found.

    Attributes:
        count: how many records the table has.
        broken: where they first contradict each other or the head; None where they never do.
        head: the head that is kept beside them.
    """

    count: int
    broken: Broken | None
    head: Head


def verify(path: Path) -> AuditReport:
    """Read a whole ledger, one record at a time, and report whether it is sound.

    Raises:
        StoreError: it cannot be read at all, which includes damage to the file's own structure.
    """
    with closing(open_to_read(path)) as db, refusing(path, "cannot be read"):
        db.execute("BEGIN")  # one snapshot, whatever is written meanwhile
        head = head_of(db, path)
        (count,) = db.execute("SELECT count(*) FROM records").fetchone()
        return AuditReport(count, chain.verify(_rows(db), head), head)


def require_whole(path: Path) -> None:
    """Let nothing be decided by a record that is not as it was written.

    Raises:
        StoreError: it is not, or cannot be read; with what to do.
    """
    broken = verify(path).broken
    if broken is not None:
        raise StoreError(
            f"the ledger {path} is not as it was written: record {broken.number} is {broken.how}; "
            "keep it aside and restore a copy, or move it and the file `emergency` away to begin "
            "anew: what the broker holds then stands in no book of ours, and entries wait for you",
            "ledger_altered",
        )


def _rows(db: sqlite3.Connection) -> Iterator[Any]:
    for cells in db.execute(_ROWS):
        sound = tuple(map(type, cells)) == _TYPES
        # What was never written by us has no encoding; the chain takes it for altered.
        yield cells[0], linked(Row(*cells)) if sound else None, cells[-1]
