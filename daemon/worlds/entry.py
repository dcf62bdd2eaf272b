"""Where a world is entered that was left before: as far as the record and the exchange tell."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from daemon.domain.orders.parents import SETTLEMENT
from daemon.domain.orders.words import IntentRecorded, Pocket
from daemon.messages import DayEnded, DayOpened
from daemon.twin.exchange import Exchange


class Entry(Struct, frozen=True):
    """Where a world is entered; in a generated one pace, pump and actors stand at that instant too.

    Attributes:
        at_ns: what lies before it, or at it, has happened.
        day: the day that was opened last; None: nothing was recorded before.
        ended: that day has ended.
        first: the first day that was ever opened.
        settled: account and pocket of that day whose settlement our own book has.
    """

    at_ns: int
    day: date | None = None
    ended: bool = False
    first: date | None = None
    settled: frozenset[tuple[str, Pocket]] = frozenset()


AT_THE_START = Entry(0)
"""Nothing was recorded before."""


def reached(facts: Iterable[object], recorded_ns: int, exchanges: Iterable[Exchange]) -> Entry:
    """Return where an earlier run got to; `at_ns` is 0 where there was none.

    Args:
        facts: all that it recorded, oldest first.
        recorded_ns: the newest instant in its ledger, ticks included.
        exchanges: the twins, as their files left them.
    """
    day: date | None = None
    first: date | None = None
    ended, settled = False, set[tuple[str, Pocket]]()
    for fact in facts:
        match fact:
            case DayOpened():
                first = first or fact.day
                day, ended = fact.day, False
                settled.clear()
            case DayEnded():
                ended = True
            case IntentRecorded(intent) if intent.parent.startswith(SETTLEMENT):
                settled.add((intent.account, intent.pocket))
    at_ns = max([recorded_ns, *(exchange.reached_ns() for exchange in exchanges)])
    return Entry(at_ns, day, ended, first, frozenset(settled))
