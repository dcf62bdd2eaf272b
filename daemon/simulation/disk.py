"""The simulated world's disk: the ledger as its store keeps it, and a wait that may fail.

Rows are linked and encoded as in every ledger. A flush hands over what was linked so far; whoever
plays the world says when that stands, or that it never does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from daemon.domain.chain import GENESIS, Head
from daemon.errors import StoreError
from daemon.messages import EpochBegan, Fact
from daemon.runtime.words import Origin
from daemon.simulation.faults import Kind
from daemon.storage.codec import LEDGER, Row, TicksTaken, decode
from daemon.storage.patience import FLUSH_S, Patience
from daemon.storage.reader import ALL
from daemon.storage.recorder import Recorder
from daemon.storage.stored import Stored


class Disk:
    """What a ledger's store holds; it outlives every crash.

    Attributes:
        rows: what stands.
        linked: what is entered and was not handed over.
        handed: what was handed over and does not stand yet.
        epoch: the newest that began.
    """

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.linked: list[Row] = []
        self.handed: list[Row] = []
        self.epoch = 0
        self._read: list[Fact] = []
        self._read_rows = 0

    def hand_over(self) -> None:
        """Hand over what was entered so far."""
        self.handed += self.linked
        self.linked.clear()

    def settle(self) -> None:
        """What was handed over stands."""
        self.rows += self.handed
        self.handed.clear()

    def lose(self) -> None:
        """Lose all that does not stand."""
        self.linked.clear()
        self.handed.clear()

    @property
    def head(self) -> Head:
        """Where the chain ends, with what stands."""
        return Head(len(self.rows), self.rows[-1].link) if self.rows else GENESIS

    def facts(self) -> Iterator[Fact]:
        """Return every fact so far, oldest first; later ones do not join."""
        self._read.extend(_facts(self.rows[self._read_rows :]))
        self._read_rows = len(self.rows)
        return iter((*self._read, *_facts(self.handed), *_facts(self.linked)))


class DiskLedger:
    """The ledger of one life of a daemon.

    Args:
        owner_id: whose records these are.
        disk: where they are kept.
    """

    def __init__(self, owner_id: str, disk: Disk) -> None:
        self._disk = disk
        self._recorder = Recorder(owner_id, disk.linked.append, disk.head)

    @property
    def stored(self) -> Stored:
        """What stands."""
        return _Standing(self._disk.rows)

    @property
    def head(self) -> Head:
        """Where the chain ends, with all that was entered."""
        return self._recorder.head

    def take(self, tick: Any) -> None:
        """Enter a tick; it is chained before the next fact."""
        self._recorder.take(tick)

    def append(self, facts: Sequence[Fact], origin: Origin, at_ns: int) -> None:
        """Enter facts.

        Raises:
            StoreError: one of them cannot be recorded; then none is.
        """
        self._recorder.append(facts, origin, at_ns)

    def flush(self) -> None:
        """Hand over what was entered so far."""
        self._disk.hand_over()

    def end_block(self) -> None:
        """Link the ticks that were taken, and hand over everything."""
        self._recorder.end_block()
        self._disk.hand_over()

    def facts(self) -> Iterator[Fact]:
        """Return every fact so far, oldest first; later ones do not join."""
        return self._disk.facts()

    def begin_epoch(self, at_ns: int, least: int = 1) -> int:
        """Record that a run begins, and return its number, above that of each before it."""
        self._disk.epoch = max(self._disk.epoch + 1, least)
        self.append((EpochBegan(self._disk.epoch, at_ns),), LEDGER, at_ns)
        self.end_block()
        return self._disk.epoch

    def journal_sha256(self) -> str:
        """Return the hash of the journal since this life began."""
        return self._recorder.journal_sha256()

    def close(self) -> None:
        """Nothing is held."""


class Wait(Patience):
    """The wait for a flush, which is over at once: well, or as something goes wrong.

    Attributes:
        fault: what goes wrong with the next flush; None: nothing.
    """

    def __init__(self) -> None:
        self.limit_s = FLUSH_S
        self.fault: Kind | None = None

    def in_time(self, flush: Callable[[], None]) -> bool:
        """Run a flush, and say whether it ended in time.

        Raises:
            StoreError: the disk refused it.
        """
        if self.fault is Kind.FLUSH_REFUSED:
            raise StoreError("the disk is full")
        if self.fault is Kind.FLUSH_HANGS:
            return False
        flush()
        return True

    @property
    def idle(self) -> bool:
        """Whether no flush is under way."""
        return True

    def close(self) -> None:
        """No thread waits."""


class _Standing(Stored):
    """What stands on a disk."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def has(self, head: Head) -> bool:
        """Say whether the chain has, or once had, this head."""
        stands = head.count <= len(self._rows)
        return head == GENESIS or (stands and self._rows[head.count - 1].link == head.digest)

    def rows(self, after: int = 0, until: int = ALL) -> Iterator[Row]:
        """Yield the rows of facts behind one number, up to and including another, in order."""
        facts = (row for row in self._rows[after:until] if row.kind != TicksTaken.__name__)
        return iter(tuple(facts))

    def bodies(self, after: int = 0, until: int = ALL) -> Iterator[bytes]:
        """Yield the bodies of facts behind one number, up to and including another, in order."""
        return (row.body for row in self.rows(after, until))


def _facts(rows: Iterable[Row]) -> Iterator[Fact]:
    """Read facts back from the bytes of rows."""
    for row in rows:
        fact = decode(row.body)
        if not isinstance(fact, TicksTaken):
            yield fact
