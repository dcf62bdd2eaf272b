"""Exits by time: when a position must be gone, and when silence is reason enough.

An exit time acts on the first frame at or after it. Where no frame comes, an alarm does.
"""

from __future__ import annotations

from datetime import date, time

from daemon.domain.instants import DAY_NS, SECOND_NS, at, day_of, start_of
from daemon.domain.market.instruments import Kind

SQUARE_OFF_CASH = time(15, 10)
"""Our own default for intraday equity, before the brokers' forced square-off.

Source: brokers publish 15:15 to 15:20, with a fee and without a guarantee (support
pages; `jobs/preflight/square_off.py` has those of the brokers that are traded at); since 2026-08-03
15:20 falls into the closing auction.
"""

SQUARE_OFF_DERIVATIVES = time(15, 20)
"""Our own default for intraday futures and options.

Source: brokers publish 15:15 to 15:25; where a broker is earlier
than this, the strategy's own exit time must be.
"""

GRACE_NS = 5 * SECOND_NS
"""How long after its time an exit waits for a frame."""

MARGIN_NS = 60 * SECOND_NS
"""How long before the close the last attempt must begin."""


def square_off(kind: Kind) -> time:
    """Return the default exit time of an intraday position in that kind of instrument, IST."""
    return SQUARE_OFF_CASH if kind is Kind.EQUITY else SQUARE_OFF_DERIVATIVES


def exit_at(day: date, wall: time, close_ns: int, margin_ns: int = MARGIN_NS) -> int:
    """Return the instant of an exit, in ns: no later than the margin before the close.

    What is to be left in the last minute might meet no frame any more.

    Args:
        day: the trading day.
        wall: the exit time, IST.
        close_ns: when the session of that day ends.
        margin_ns: how long before the close the last exit time lies.
    """
    return min(at(day, wall), close_ns - margin_ns)


def brought_forward(exit_ns: int, close_ns: int, margin_ns: int = MARGIN_NS) -> int:
    """Return the instant of an exit, in ns, by the close that is known once its day has come.

    It was reckoned at the entry, by the hours that were known then. One of another day stands.

    Args:
        exit_ns: as it was reckoned.
        close_ns: when the market closes on the present day; 0: it is not open on it.
        margin_ns: how long before a close that comes earlier than the exit time.
    """
    begins_ns = start_of(day_of(close_ns))
    is_of_the_day = begins_ns <= exit_ns < begins_ns + DAY_NS
    return min(exit_ns, close_ns - margin_ns) if is_of_the_day else exit_ns


def due(exit_ns: int, now_ns: int) -> bool:
    """Return whether a frame of this instant brings the exit."""
    return now_ns >= exit_ns


def alarm_at(
    exit_ns: int, close_ns: int, grace_ns: int = GRACE_NS, margin_ns: int = MARGIN_NS
) -> int:
    """Return when to leave without a frame: after the grace, yet in time before the close.

    Never before the exit time itself, so an exit in the last minute has no grace.
    """
    return max(exit_ns, min(exit_ns + grace_ns, close_ns - margin_ns))
