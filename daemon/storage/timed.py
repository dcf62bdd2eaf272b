"""A ledger that tells how long it takes to make something durable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from daemon.domain.chain import Head
from daemon.domain.instants import SECOND_NS
from daemon.runtime.words import Ledger


class Headed(Ledger, Protocol):
    """A ledger that says where its chain ends."""

    @property
    def head(self) -> Head:
        """Where the chain ends, with all that was entered."""
        ...


class TimedLedger:
    """Passes everything on to a ledger, and measures each flush that had something to store.

    Args:
        ledger: what keeps the facts.
        now_ns: host time.
        observe: takes each such time, in seconds.

    Attributes:
        round_trip_ns: of the last such flush, in host time; None: there was none.
    """

    def __init__(
        self, ledger: Headed, now_ns: Callable[[], int], observe: Callable[[float], None]
    ) -> None:
        self.round_trip_ns: int | None = None
        self.take = ledger.take  # the path of every tick: not one call more
        self.append, self.facts = ledger.append, ledger.facts
        self._ledger = ledger
        self._now_ns = now_ns
        self._observe = observe
        self._stored = ledger.head.count

    def flush(self) -> None:
        """Make everything entered durable.

        Raises:
            StoreError: it could not be.
        """
        began_ns = self._now_ns()
        self._ledger.flush()
        took_ns, stored = self._now_ns() - began_ns, self._ledger.head.count
        if stored != self._stored:
            self._stored, self.round_trip_ns = stored, took_ns
            self._observe(took_ns / SECOND_NS)
