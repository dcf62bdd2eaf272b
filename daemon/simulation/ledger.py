"""The simulated world's ledger: rows on the disk apart from rows that a crash takes with it.

Rows are linked and encoded as in every ledger, and a start reads facts back from the bytes: what
an encoding loses is lost here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from daemon.domain.chain import GENESIS, Head
from daemon.domain.orders.words import IntentRecorded
from daemon.messages import EpochBegan, Fact
from daemon.runtime.words import Origin
from daemon.storage.codec import LEDGER, Row, TicksTaken, decode
from daemon.storage.recorder import Recorder


class SimulatedLedger:
    """Outlives every crash with what was durable.

    Args:
        owner_id: whose records these are.
        entered: sees facts as they are entered, with the market instant.

    Attributes:
        rows: what is durable.
        stored: is called when that has become more.
    """

    def __init__(self, owner_id: str, entered: Callable[[Sequence[Fact], int], None]) -> None:
        self.rows: list[Row] = []
        self._read: list[Fact] = []
        self._read_rows = 0
        self.stored: Callable[[], None] = _nobody
        self._owner_id = owner_id
        self._watch = entered
        self._waiting: list[Row] = []
        self._writing = 0
        self._epoch = 0
        self._intents: dict[str, int] = {}
        self._begin()

    def take(self, tick: Any) -> None:
        """Enter a tick; it is chained before the next fact."""
        self._recorder.take(tick)

    def append(self, facts: Sequence[Fact], origin: Origin, at_ns: int) -> None:
        """Enter facts; they are durable once what holds them was written.

        Raises:
            StoreError: one of them cannot be recorded; then none is.
        """
        self._recorder.append(facts, origin, at_ns)
        for fact in facts:
            if isinstance(fact, IntentRecorded):
                self._intents.setdefault(fact.intent.intent_id, self._recorder.head.count)
        self._watch(facts, at_ns)

    def flush(self) -> None:
        """Make everything entered durable."""
        self._recorder.end_block()
        self.begin_write()
        self.end_write()

    def begin_write(self) -> None:
        """Begin to write what was entered so far."""
        self._writing = len(self._waiting)

    def end_write(self) -> None:
        """What was being written is durable."""
        self.rows += self._waiting[: self._writing]
        del self._waiting[: self._writing]
        self._writing = 0
        self.stored()

    def facts(self) -> Iterable[Fact]:
        """Return every fact so far, oldest first; later ones do not join."""
        self._read.extend(_facts(self.rows[self._read_rows :]))
        self._read_rows = len(self.rows)
        return (*self._read, *_facts(self._waiting))

    def begin_epoch(self, at_ns: int) -> int:
        """Record durably that a run begins, and return its number: 1 for the first."""
        self._epoch += 1
        self.append((EpochBegan(self._epoch, at_ns),), LEDGER, at_ns)
        self.flush()
        return self._epoch

    def crash(self, *, written: bool) -> bool:
        """Lose what was not durable; return whether there was any.

        Args:
            written: what was being written at that moment stands after all.
        """
        if written:
            self.end_write()
        lost = bool(self._waiting)
        self._waiting.clear()
        self._writing = 0
        self._intents = {
            intent_id: number
            for intent_id, number in self._intents.items()
            if number <= len(self.rows)
        }
        self._begin()
        return lost

    def is_durable(self, intent_id: str) -> bool:
        """Say whether an intent would be found after a crash now."""
        number = self._intents.get(intent_id)
        return number is not None and number <= len(self.rows)

    @property
    def head(self) -> Head:
        """Where the durable chain ends."""
        return Head(len(self.rows), self.rows[-1].link) if self.rows else GENESIS

    def _begin(self) -> None:
        self._recorder = Recorder(self._owner_id, self._waiting.append, self.head)


def _nobody() -> None:
    """Nobody waits for it."""


def _facts(rows: Iterable[Row]) -> Iterator[Fact]:
    """Read facts back from the bytes of rows."""
    for row in rows:
        fact = decode(row.body)
        if not isinstance(fact, TicksTaken):
            yield fact
