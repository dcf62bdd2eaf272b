"""The calendar: on which days, and from when to when, each segment trades.

Sessions belong to a segment, and a day may have two of them. A date outside the table is refused,
as are the hours of a special session that nobody has published.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta
from enum import StrEnum
from functools import cache, lru_cache

from msgspec import Struct

from daemon.domain.instants import at, day_of
from daemon.domain.market.closed_days import ClosedDays, require_lists, trades_ordinarily
from daemon.domain.market.rules import Confidence, Row, Shapes, damaged, fact, latest, rows, unknown
from daemon.domain.market.session_parts import TRADING, Part, SessionKind, make_a_day

_TABLE = "calendar"
_ADD = "add the year's closed days with their circular, as docs/rules.md says"
_DAY = timedelta(days=1)
_NO_DAY = "whose parts are out of order, or none of them trades"
_PRE_OPEN = time(9)
"""When an ordinary day begins; no exchange trades earlier."""
_LATEST = time(23, 30)
"""No exchange trades these contracts later, in an evening of Diwali neither."""


class Segment(StrEnum):
    """Which market."""

    CASH = "cash"
    DERIVATIVES = "derivatives"


class Session(Struct, frozen=True):
    """One part of a trading day.

    Attributes:
        open_ns: the first instant of it.
        close_ns: the first instant after it.
        kind: what it is for.
    """

    open_ns: int
    close_ns: int
    kind: SessionKind


class _Hours(Row, frozen=True, kw_only=True):
    segment: Segment
    parts: tuple[Part, ...]


class _Special(Row, frozen=True, kw_only=True):
    parts: tuple[Part, ...] = ()


SHAPES: Shapes = {"closed": ClosedDays, "hours": _Hours, "special": _Special}


def coverage() -> tuple[date, date]:
    """Return the first and the last day that the calendar knows."""
    return fact(_TABLE, "first_day"), fact(_TABLE, "last_day")


def require(day: date) -> None:
    """Refuse a day that the calendar does not know.

    Raises:
        RuleUnknown: the day lies outside `coverage`.
    """
    first, last = coverage()
    if not first <= day <= last:
        mend = f"it reaches from {first} to {last}; {_ADD}"
        raise unknown(_TABLE, day, "the sessions", mend)


def require_whole() -> None:
    """Refuse a calendar whose lists of closed days, special sessions or hours make none.

    Raises:
        RulesDamaged: it is not whole.
    """
    require_lists(*coverage())
    for each in rows(_TABLE, "special", _Special):
        if each.effective_to != each.effective_from:
            raise damaged(_TABLE, f"has a special session of many days from {each.effective_from}")
        if each.parts and not make_a_day(each.parts):
            raise damaged(_TABLE, f"has a special session on {each.effective_from} {_NO_DAY}")
    for ordinary in rows(_TABLE, "hours", _Hours):
        if not make_a_day(ordinary.parts):
            raise damaged(_TABLE, f"has hours from {ordinary.effective_from} {_NO_DAY}")


@lru_cache(maxsize=16_384)
def is_session(day: date, segment: Segment = Segment.DERIVATIVES) -> bool:
    """Return whether there is any trading on that day, special sessions included.

    Raises:
        RuleUnknown: the day lies outside `coverage`.
    """
    require(day)
    del segment  # both segments keep the same days so far
    return day in _specials() or trades_ordinarily(day)


@lru_cache(maxsize=16_384)
def phases(day: date, segment: Segment) -> tuple[Session, ...]:
    """Return all parts of a day, pre-open and closing auction included; none on a closed day.

    Raises:
        RuleUnknown: the day lies outside `coverage`, or the hours are not known.
    """
    if not is_session(day, segment):
        return ()
    return tuple(
        Session(at(day, part.opens), at(day, part.closes), part.kind)
        for part in _parts(day, segment)
    )


@lru_cache(maxsize=16_384)
def sessions(day: date, segment: Segment) -> tuple[Session, ...]:
    """Return the parts of a day in which orders match continuously; none on a closed day.

    Raises:
        RuleUnknown: the day lies outside `coverage`, or the hours are not known.
    """
    return tuple(part for part in phases(day, segment) if part.kind in TRADING)


def knows_hours(day: date) -> bool:
    """Return whether `sessions` answers for a day, a closed one too; else it is `presumed`."""
    first, last = coverage()
    special = _specials().get(day)
    return first <= day <= last and (special is None or bool(special.parts))


def guarded(day: date, segment: Segment = Segment.DERIVATIVES) -> tuple[Session, ...]:
    """Return when what is held is guarded: in a day's sessions, or in those that it may have."""
    return sessions(day, segment) if knows_hours(day) else presumed(day, segment)


def presumed(day: date, segment: Segment) -> tuple[Session, ...]:
    """Return when a day may trade whose hours no table knows; none: it is surely closed.

    What is held is guarded in them, and nothing else is decided by them: better an exit that the
    exchange refuses than a stop that nobody looks at. They are those of an ordinary day; of a
    special session whose hours nobody has published yet, the whole day.

    Args:
        day: one that `sessions` refuses.
        segment: which market.
    """
    if day in _specials():
        return (Session(at(day, _PRE_OPEN), at(day, _LATEST), SessionKind.SPECIAL),)
    if day < coverage()[0] or not trades_ordinarily(day):
        return ()
    parts = (part for part in _hours(day, segment).parts if part.kind in TRADING)
    return tuple(Session(at(day, part.opens), at(day, part.closes), part.kind) for part in parts)


def auctions(day: date) -> tuple[Session, ...]:
    """Return the closing auctions of the cash market; none before 2026-08-03.

    Raises:
        RuleUnknown: the day lies outside `coverage`, or the hours are not known.
    """
    every = phases(day, Segment.CASH)
    return tuple(part for part in every if part.kind is SessionKind.CLOSING_AUCTION)


def may_trade(at_ns: int, segment: Segment = Segment.DERIVATIVES) -> bool:
    """Return whether a segment trades at an instant; where no table says, whether it may.

    The closing instant is closed.
    """
    found = guarded(day_of(at_ns), segment)
    return any(part.open_ns <= at_ns < part.close_ns for part in found)


def session_close_ns(day: date, segment: Segment) -> int:
    """Return the instant at which continuous trading ends for the day.

    Raises:
        RuleUnknown: there is no session, or the hours are not known.
    """
    found = sessions(day, segment)
    if not found:
        raise unknown(_TABLE, day, "a session", "the market is closed; ask for another day")
    return found[-1].close_ns


def settlement_ns(day: date) -> int:
    """Return the instant at which the closing value of an index is known.

    Until 2026-08-02 that is the close of the cash market (an average of its last half hour), since
    then the end of the closing auction, while options still trade.

    Raises:
        RuleUnknown: there is no session, or the hours are not known.
    """
    found = auctions(day)
    return found[-1].close_ns if found else session_close_ns(day, Segment.CASH)


@lru_cache(maxsize=16_384)
def previous_session(day: date, segment: Segment = Segment.DERIVATIVES) -> date:
    """Return the last day with a session before that day.

    Raises:
        RuleUnknown: it lies outside `coverage`.
    """
    return next(found for found in _walk(day, -_DAY) if is_session(found, segment))


@lru_cache(maxsize=16_384)
def next_session(day: date, segment: Segment = Segment.DERIVATIVES) -> date:
    """Return the first day with a session after that day.

    Raises:
        RuleUnknown: it lies outside `coverage`.
    """
    return next(found for found in _walk(day, _DAY) if is_session(found, segment))


def days_since_trading(at_ns: int) -> tuple[date, ...]:
    """Return the days back to the last on which anything had traded by an instant, newest first.

    Once a session has begun that is its day alone. Unlike the others this answers beyond `coverage`
    too, by weekends and the days that are closed every year; where the hours of a special session
    are not known, none is taken to have begun on its day.
    """
    days = _back_to_session(day_of(at_ns))
    begins_ns = _begins_ns(days[0])
    return days[:1] if begins_ns is not None and at_ns >= begins_ns else days


@lru_cache(maxsize=1_024)
def _back_to_session(day: date) -> tuple[date, ...]:
    """Return a day, and those before it back to the last that may have had a session."""
    days = [day]
    while len(days) == 1 or not (days[-1] in _specials() or trades_ordinarily(days[-1])):
        days.append(days[-1] - _DAY)
    return tuple(days)


@lru_cache(maxsize=1_024)
def _begins_ns(day: date) -> int | None:
    """Return when a day's first session begins, its pre-open included; None: it never does."""
    if day in _specials():
        parts = _specials()[day].parts
        return at(day, parts[0].opens) if parts else None
    return at(day, _PRE_OPEN) if trades_ordinarily(day) else None


def confidence_of(day: date, segment: Segment) -> Confidence:
    """Return how far the hours of that day can be trusted.

    Raises:
        RuleUnknown: the day lies outside `coverage`.
    """
    require(day)
    special = _specials().get(day)
    return special.confidence if special else _hours(day, segment).confidence


def _walk(day: date, step: timedelta) -> Iterator[date]:
    require(day)
    while True:
        day += step
        yield day


def _parts(day: date, segment: Segment) -> tuple[Part, ...]:
    special = _specials().get(day)
    if special is None:
        return _hours(day, segment).parts
    if not special.parts:
        mend = "its hours are not recorded; add them with their circular, as docs/rules.md says"
        raise unknown(_TABLE, day, "the hours", mend)
    return special.parts


def _hours(day: date, segment: Segment) -> _Hours:
    found = (row for row in rows(_TABLE, "hours", _Hours) if row.segment is segment)
    row = latest(found, day)
    assert row is not None, "the hours cover every day of the calendar"
    return row


@cache
def _specials() -> dict[date, _Special]:
    return {row.effective_from: row for row in rows(_TABLE, "special", _Special)}
