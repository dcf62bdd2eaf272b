"""When each symbol trades: a share by the hours of the cash market, all else by the day's own.

Since 2026-08-03 shares trade to 15:15 and derivatives to 15:40, so one account may hold what can
be left now beside what cannot. From 15:20 orders for shares are taken once more, into the closing
auction; a share without derivatives trades on to 15:30. No table here knows which those are.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from daemon.domain.instants import day_of, moment_of
from daemon.domain.market.calendar import Segment, Session, auctions, next_session, sessions
from daemon.domain.market.instruments import Kind, parts_of
from daemon.errors import RuleUnknown

Hours = tuple[tuple[int, int], ...]
"""When a market opens and closes, part by part; both instants are of it."""


def hours_of(symbol: str, hours: Hours) -> Hours:
    """Return when a symbol trades on a day.

    Args:
        symbol: which; what is none of ours trades by the hours of the day.
        hours: of the day; none: it is closed, or over. A share keeps them too where no table
            knows its own.
    """
    return _of(symbol, hours, _trading)


def order_hours_of(symbol: str, hours: Hours) -> Hours:
    """Return when an order for a symbol may be filled on a day: in the closing auction as well.

    Args:
        symbol: which.
        hours: of the day, as for `hours_of`.
    """
    return _of(symbol, hours, lambda day: (*_trading(day), *auctions(day)))


def index_hours(hours: Hours) -> Hours:
    """Return when an index is told on a day with these hours: while its shares trade."""
    return _of_shares(hours, _trading)


def trades(symbol: str, hours: Hours, at_ns: int) -> bool:
    """Say whether a symbol trades at an instant of a day with these hours."""
    return _within(hours_of(symbol, hours), at_ns)


def takes_orders(symbol: str, hours: Hours, at_ns: int) -> bool:
    """Say whether an order for a symbol may be filled that is sent at that instant."""
    return _within(order_hours_of(symbol, hours), at_ns)


def next_opening_ns(symbol: str, hours: Hours, at_ns: int) -> int:
    """Return when orders for a symbol are taken again on a day with these hours; 0: never."""
    openings = (opens_ns for opens_ns, _ in order_hours_of(symbol, hours) if opens_ns > at_ns)
    return min(openings, default=0)


def closed_until(symbol: str, hours: Hours, at_ns: int) -> str:
    """Return that the market of a symbol is closed at an instant, and until when, in words."""
    opens_ns = next_opening_ns(symbol, hours, at_ns) or _another_day_ns(symbol, at_ns)
    until = f" until {moment_of(opens_ns):%Y-%m-%d %H:%M}" if opens_ns else ""
    return f"its market is closed{until}"


def _another_day_ns(symbol: str, at_ns: int) -> int:
    """Return when the next day opens on which a symbol trades, this one included; 0: unknown."""
    day, segment = day_of(at_ns), _segment(symbol)
    try:
        days = (day, next_session(day, segment))
        parts = [part for each in days for part in sessions(each, segment)]
    except RuleUnknown:
        return 0
    return next((part.open_ns for part in parts if part.open_ns > at_ns), 0)


def _trading(day: date) -> tuple[Session, ...]:
    return sessions(day, Segment.CASH)


def _of(symbol: str, hours: Hours, parts_of_shares: Callable[[date], tuple[Session, ...]]) -> Hours:
    return hours if _segment(symbol) is Segment.DERIVATIVES else _of_shares(hours, parts_of_shares)


def _of_shares(hours: Hours, parts_of_shares: Callable[[date], tuple[Session, ...]]) -> Hours:
    if not hours:
        return hours
    try:
        found = parts_of_shares(day_of(hours[0][0]))
    except RuleUnknown:
        return hours
    return tuple((part.open_ns, part.close_ns - 1) for part in found) or hours


def _within(hours: Hours, at_ns: int) -> bool:
    return any(opens_ns <= at_ns <= closes_ns for opens_ns, closes_ns in hours)


def _segment(symbol: str) -> Segment:
    parts = parts_of(symbol)
    is_share = parts is not None and parts.kind is Kind.EQUITY
    return Segment.CASH if is_share else Segment.DERIVATIVES
