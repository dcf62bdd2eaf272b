"""What a session lacks to be one: prices since its market opened, and a way to each broker."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from msgspec import Struct

from daemon.domain.instants import SECOND_NS, wall_of
from daemon.domain.market.freshness import Link, lives_ns
from daemon.messages import DayOpened, EpochBegan, SessionReady

_LEAST_NS = 60 * SECOND_NS
"""A price is missed after so long at the earliest; the feed tells of a shorter silence itself."""


class Prices(Struct, frozen=True):
    """How new the newest price is.

    Attributes:
        newest_ns: when it came; 0: never.
        now_ns: market time.
    """

    newest_ns: int
    now_ns: int


def missing(
    facts: Iterable[object],
    day: date,
    accounts: Sequence[str],
    lost: Collection[str] = (),
    prices: Prices | None = None,
) -> tuple[str, ...]:
    """Return what is missing, a sentence each.

    Args:
        facts: everything that was recorded so far, oldest first.
        day: of which day.
        accounts: that are to have a session at their broker.
        lost: those whose session has ended since, which no fact says.
        prices: how new they are; None: whether any come is not asked.
    """
    opened: DayOpened | None = None
    ready: set[str] = set()
    for fact in facts:
        match fact:
            case DayOpened() if fact.day == day:
                opened = fact
            case EpochBegan():
                ready.clear()
            case SessionReady(account):
                ready.add(account)
    ready.difference_update(lost)
    told = [f"{each} has no session at its broker" for each in accounts if each not in ready]
    since = _silent_since(prices, opened) if prices is not None and opened is not None else ""
    return (*told, f"no price has come since {since}") if since else tuple(told)


def _silent_since(prices: Prices, opened: DayOpened) -> str:
    """Return since when prices are missed on a day; empty: they are not."""
    newest_ns, now_ns = prices.newest_ns, prices.now_ns
    if not opened.sessions:
        return ""
    open_ns = opened.sessions[0][0]
    if newest_ns < open_ns:
        return f"the market opened at {wall_of(open_ns):%H:%M:%S}"
    live_ns = max(_LEAST_NS, lives_ns(Link(opened.interval_ns)))
    is_owed = any(opens + live_ns <= now_ns <= closes for opens, closes in opened.sessions)
    return f"{wall_of(newest_ns):%H:%M:%S}" if is_owed and now_ns - newest_ns > live_ns else ""
