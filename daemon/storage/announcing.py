"""A ledger that tells of its facts: at once to who only watches, and again when they are durable.

What people and programs outside are told as having happened must not be undone by a crash, so
that is told after the flush that stored it, in the order in which it was entered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Any

from msgspec import Struct

from daemon.runtime.words import Ledger, Origin


class Recorded(Struct, frozen=True, gc=False):
    """A fact, where it comes from, and when it was entered."""

    fact: Any
    origin: Origin
    at_ns: int


class AnnouncingLedger:
    """Passes everything on to a ledger, and tells of it.

    Args:
        ledger: what keeps the facts.
        entered: is told of each fact as it is entered, in the thread that enters it.
        durable: is told of all that a flush made durable, in the thread that flushed.
    """

    def __init__(
        self,
        ledger: Ledger,
        entered: Callable[[Recorded], None],
        durable: Callable[[Sequence[Recorded]], None],
    ) -> None:
        self._ledger = ledger
        self._entered = entered
        self._durable = durable
        self._waiting: deque[Recorded] = deque()
        self._flushing = Lock()
        self.take = ledger.take  # the path of every tick: not one call more

    def append(self, facts: Sequence[Any], origin: Origin, at_ns: int) -> None:
        """Enter facts, and tell who watches."""
        self._ledger.append(facts, origin, at_ns)
        for fact in facts:
            recorded = Recorded(fact, origin, at_ns)
            self._waiting.append(recorded)
            self._entered(recorded)

    def flush(self) -> None:
        """Make everything entered durable, and tell of it."""
        with self._flushing:
            count = len(self._waiting)
            self._ledger.flush()
            told = [self._waiting.popleft() for _ in range(count)]
        if told:
            self._durable(told)

    def facts(self) -> Iterable[Any]:
        """Return every fact so far."""
        return self._ledger.facts()
