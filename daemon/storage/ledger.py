"""The ledger on disk: one append-only, hash-chained table in a SQLite file.

Records are linked as they are entered, and stored by `flush`: all that waits in one transaction,
the head in the same one. One process writes. What is flushed outlives a kill and a power cut; what
is not was never relied upon.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Any

from daemon.domain.chain import Head
from daemon.errors import StoreError
from daemon.messages import EpochBegan, Fact
from daemon.runtime.words import Origin
from daemon.storage.codec import LEDGER, Row, TicksTaken, decode, decode_fact
from daemon.storage.recorder import TICKS_IN_BLOCK, Recorder
from daemon.storage.schema import checked_head, open_to_write, refusing
from daemon.storage.stored import Stored

_INSERT = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ADVANCE = "UPDATE head SET count = ?, digest = ? WHERE count = ? AND digest = ?"
_PAGE_ROWS = 1_000
_PAGE = f"""
    SELECT number, body FROM records
    WHERE number > ? AND number <= ? AND owner_id = ? AND kind <> '{TicksTaken.__name__}'
    ORDER BY number LIMIT {_PAGE_ROWS}
"""  # noqa: S608  both are our own
_REACHED = f"""
    SELECT coalesce(max(at_ns), 0) FROM records
    WHERE owner_id = ? AND kind <> '{EpochBegan.__name__}'
"""  # noqa: S608  our own
_LAST_EPOCH = f"""
    SELECT body FROM records WHERE kind = '{EpochBegan.__name__}' ORDER BY number DESC LIMIT 1
"""  # noqa: S608  our own


class SqliteLedger:
    """A ledger in a file; `flush` may run in another thread than the rest.

    Args:
        path: made where it does not exist.
        owner_id: whose records these are; only his facts are read back.
        block_limit: how many ticks are chained as one block at most.

    Raises:
        StoreError: the file cannot be used, or does not end as its head says.
    """

    def __init__(self, path: Path, owner_id: str, block_limit: int = TICKS_IN_BLOCK) -> None:
        self._path = path
        self._owner_id = owner_id
        self._db = open_to_write(path)
        try:
            with refusing(path, "cannot be read"):
                self._saved = checked_head(self._db, path)
                self._epoch = _last_epoch(self._db)
        except StoreError:
            self._db.close()
            raise
        self._waiting: list[Row] = []
        self._recorder = Recorder(owner_id, self._waiting.append, self._saved, block_limit)
        self._entering = Lock()  # held for moments: the recorder, and the rows that wait
        self._storing = Lock()  # held for a transaction: the file, and how far it goes

    def take(self, tick: Any) -> None:
        """Enter a tick; it is chained before the next fact."""
        with self._entering:
            self._recorder.take(tick)

    def append(self, facts: Sequence[Fact], origin: Origin, at_ns: int) -> None:
        """Enter facts; they are durable once `flush` has returned.

        Raises:
            StoreError: one of them cannot be recorded; then none is.
        """
        with self._entering:
            self._recorder.append(facts, origin, at_ns)

    def flush(self) -> None:
        """Make everything entered durable, in one transaction.

        Raises:
            StoreError: nothing more was stored; what waits still does.
        """
        with self._storing:
            with self._entering:
                self._recorder.end_block()
                rows, head = self._waiting.copy(), self._recorder.head
            if rows:
                self._store(rows, head)
                with self._entering:
                    del self._waiting[: len(rows)]

    def facts(self) -> Iterator[Fact]:
        """Return every fact of the owner's so far, oldest first; later ones do not join.

        Raises:
            StoreError: the file cannot be read, or holds what this version does not know.
        """
        with self._storing, self._entering:
            saved, waiting = self._saved.count, self._waiting.copy()
        return self._read(saved, waiting)

    def reached_ns(self) -> int:
        """Return the newest instant of market time that is stored, ticks included; 0: none.

        Raises:
            StoreError: the file cannot be read.
        """
        with self._storing, refusing(self._path, "cannot be read"):
            (at_ns,) = self._db.execute(_REACHED, (self._owner_id,)).fetchone()
        return int(at_ns)

    def begin_epoch(self, at_ns: int) -> int:
        """Record durably that a run begins, and return its number: 1 for the first.

        Raises:
            StoreError: it could not be recorded; the run must not begin.
        """
        self._epoch += 1
        self.append((EpochBegan(self._epoch, at_ns),), LEDGER, at_ns)
        self.flush()
        return self._epoch

    @property
    def head(self) -> Head:
        """Where the chain ends, with all that was entered."""
        return self._recorder.head

    @property
    def stored(self) -> Stored:
        """What the file holds, for who must not wait for a flush."""
        return Stored(self._path, self._owner_id)

    def journal_sha256(self) -> str:
        """Return the hash of the journal since this ledger was opened, in hexadecimal."""
        with self._entering:
            return self._recorder.journal_sha256()

    def close(self) -> None:
        """Flush, and let go of the file.

        Raises:
            StoreError: not all could be stored; the file is let go all the same.
        """
        with closing(self._db):
            self.flush()

    def _advance(self, head: Head) -> None:
        before = (self._saved.count, self._saved.digest)
        moved = self._db.execute(_ADVANCE, (head.count, head.digest, *before))
        if moved.rowcount != 1:
            raise StoreError(
                f"another program has written to the ledger {self._path}; stop one of the two",
                "two_writers",
            )

    def _store(self, rows: list[Row], head: Head) -> None:
        with refusing(self._path, "could not be written"):
            try:
                self._db.execute("BEGIN IMMEDIATE")
                self._advance(head)
                self._db.executemany(_INSERT, rows)
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
        self._saved = head

    def _read(self, until: int, waiting: list[Row]) -> Iterator[Fact]:
        number = 0
        while True:
            with self._storing, refusing(self._path, "cannot be read"):
                page = self._db.execute(_PAGE, (number, until, self._owner_id)).fetchall()
            for number, body in page:  # noqa: B007  the next page begins behind it
                yield decode_fact(body)
            if len(page) < _PAGE_ROWS:
                break
        yield from (decode_fact(row.body) for row in waiting if row.kind != TicksTaken.__name__)


def _last_epoch(db: sqlite3.Connection) -> int:
    found = db.execute(_LAST_EPOCH).fetchone()
    began = decode(found[0]) if found else None
    return began.epoch if isinstance(began, EpochBegan) else 0
