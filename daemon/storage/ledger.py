"""The ledger that outlives the process: one append-only, hash-chained table in a store.

Records are linked as they are entered, and stored by `flush`: all that waits in one transaction,
the head in the same one. One process writes. What is flushed outlives a kill and a power cut; what
is not was never relied upon.

Rows are stored only behind the head that this ledger knows. So of two that write, the late one is
refused; and as each run begins with a record, a run that another has followed stores nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain
from threading import Lock
from typing import Any, Final

from daemon.domain.chain import Head
from daemon.errors import StoreError
from daemon.messages import EpochBegan, Fact
from daemon.runtime.words import Origin
from daemon.storage.codec import LEDGER, Row, TicksTaken, decode_fact
from daemon.storage.recorder import TICKS_IN_BLOCK, Recorder
from daemon.storage.store import UNKNOWN, Store
from daemon.storage.stored import Stored

EPOCH_OVER: Final = "epoch_over"
"""The code of the error of a run that another has followed: it may record nothing more."""


class StoredLedger:
    """A ledger in a store; `flush` may run in another thread than the rest.

    Args:
        store: made a ledger where it is none yet.
        owner_id: whose records these are; only his facts are read back.
        block_limit: how many ticks are chained as one block at most.

    Attributes:
        stored: what the store holds, for who must not wait for a flush.

    Raises:
        StoreError: the store cannot be used, or does not end as its head says.
    """

    def __init__(self, store: Store, owner_id: str, block_limit: int = TICKS_IN_BLOCK) -> None:
        self.stored = Stored(store, owner_id)
        self._name = store.name
        self._writer = store.open_to_write()
        try:
            with store.reading() as reader:  # as of one moment, whoever else may be writing
                self._saved = reader.checked_head()
                self._epoch = reader.last_epoch()
        except StoreError:
            self._writer.close()
            raise
        self._unknown = False  # it is not known whether the last rows were stored
        self._waiting: list[Row] = []
        self._recorder = Recorder(owner_id, self._waiting.append, self._saved, block_limit)
        self._entering = Lock()  # held for moments: the recorder, and the rows that wait
        self._storing = Lock()  # held for a transaction: the store, and how far it goes

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
        """Make everything entered durable, in one transaction; of ticks, what a minute has ended.

        Raises:
            StoreError: nothing more is known to be stored; what waits still does.
        """
        with self._storing:
            try:
                self._store()
            except StoreError as error:
                if error.code != UNKNOWN:
                    raise
                self._store()  # it first finds out what became of it

    def end_block(self) -> None:
        """Chain the ticks that were taken; they are durable once `flush` has returned."""
        with self._entering:
            self._recorder.end_block()

    def facts(self) -> Iterator[Fact]:
        """Return every fact of the owner's so far, oldest first; later ones do not join.

        Raises:
            StoreError: the store cannot be read, or holds what this version does not know.
        """
        with self._storing, self._entering:
            until, waiting = self._saved.count, self._waiting.copy()
        entered = (row.body for row in waiting if row.kind != TicksTaken.__name__)
        return chain(self.stored.facts(until), map(decode_fact, entered))

    def begin_epoch(self, at_ns: int, least: int = 1) -> int:
        """Record durably that a run begins, and return its number, above that of each before it.

        Args:
            at_ns: when.
            least: it is no lower than that.

        Raises:
            StoreError: it could not be recorded; the run must not begin.
        """
        self.flush()
        epoch = max(self._epoch + 1, least)
        self.append((EpochBegan(epoch, at_ns),), LEDGER, at_ns)
        # Where that is in doubt there is no run: another one's beginning may look the same.
        with self._storing:
            self._store()
        self._epoch = epoch
        return epoch

    @property
    def head(self) -> Head:
        """Where the chain ends, with all that was entered."""
        return self._recorder.head

    def journal_sha256(self) -> str:
        """Return the hash of the journal since this ledger was opened, in hexadecimal."""
        with self._entering:
            return self._recorder.journal_sha256()

    def close(self) -> None:
        """Chain and flush everything, and let go of the store.

        Raises:
            StoreError: not all could be stored; the store is let go all the same.
        """
        with closing(self._writer):
            self.end_block()
            self.flush()

    def _store(self) -> None:
        """Store what waits."""
        with self._entering:
            self._recorder.end_minute()
            head = self._recorder.head
        if self._unknown:
            self._settle()
        while rows := self._waiting[: head.count - self._saved.count]:
            before = self._saved
            if self._tried(rows, head):
                self._has_stored(head)
            elif self._unknown:
                self._settle()  # a try that was in doubt may have come through only now
            if self._saved == before:
                raise self._overtaken()
        self._unknown = False

    def _tried(self, rows: Sequence[Row], head: Head) -> bool:
        """Try to store rows behind what is stored, and say whether it was done."""
        try:
            return self._writer.store(rows, self._saved, head)
        except StoreError as error:
            self._unknown = self._unknown or error.code == UNKNOWN
            raise

    def _settle(self) -> None:
        """Find out how much of what waits was stored, where an answer was lost."""
        found = self._writer.settled_head()
        ends = (self._saved, *(Head(row.number, row.link) for row in self._waiting))
        if found not in ends:
            raise self._overtaken()
        self._has_stored(found)

    def _has_stored(self, head: Head) -> None:
        with self._entering:
            del self._waiting[: head.count - self._saved.count]
            self._saved = head

    def _overtaken(self) -> StoreError:
        """Return why the head does not stand where this ledger left it."""
        newest = self._writer.reader.last_epoch()
        if newest > self._epoch:
            return StoreError(
                f"run {newest} has begun on the ledger {self._name}: an earlier one may record"
                " nothing more; let that one go on",
                EPOCH_OVER,
            )
        return StoreError(
            f"another program has written to the ledger {self._name}; stop one of the two",
            "two_writers",
        )
