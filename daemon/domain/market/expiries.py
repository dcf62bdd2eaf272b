"""Expiries: which contracts of an underlying there are on a day, and which of them is meant.

The weekday is dated twice: by the contract and by the day one looks from, because contracts listed
years ahead were given new dates when a weekday changed. A closed day moves the expiry to the
previous trading day, once the exchange has announced that it is closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import islice

from daemon.domain.market.calendar import coverage, require
from daemon.domain.market.closed_days import trades_ordinarily
from daemon.domain.market.instruments import is_index
from daemon.domain.market.rules import Row, Shapes, latest, rows, unknown
from daemon.errors import RuleUnknown

_TABLE = "expiries"
_SHARES = "*"
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_QUARTER = (3, 6, 9, 12)
_HALF_YEAR = (6, 12)
_MASTER = "take the expiry from the broker's instrument master, or add a row, as docs/rules.md says"


class Cycle(StrEnum):
    """How often contracts expire."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Weekday(StrEnum):
    """A day of the week on which contracts expire."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"

    @property
    def number(self) -> int:
        """As `date.weekday` counts."""
        return list(Weekday).index(self)


class _Cycles(Row, frozen=True, kw_only=True):
    underlying: str
    cycle: Cycle
    first_expiry: date
    weekday: Weekday | None = None


class _Series(Row, frozen=True, kw_only=True):
    underlying: str
    weeklies: int
    monthlies: int
    quarterlies: int
    half_yearlies: int
    ranks: int


SHAPES: Shapes = {"cycles": _Cycles, "series": _Series}


def weekly(underlying: str, day: date) -> date:
    """Return the nearest expiry of the weekly cycle on or after a day.

    In the week of the monthly expiry that is the monthly one.

    Raises:
        RuleUnknown: it has no weeklies on that day, or the tables do not reach so far.
    """
    return _weeklies(underlying, day, 1)[0]


def next_weekly(underlying: str, day: date) -> date:
    """Return the expiry of the weekly cycle after `weekly`.

    Raises:
        RuleUnknown: it has no weeklies by then, or the tables do not reach so far.
    """
    return _weeklies(underlying, day, 2)[1]


def monthly(underlying: str, day: date) -> date:
    """Return the nearest monthly expiry on or after a day.

    Raises:
        RuleUnknown: the tables do not reach so far.
    """
    return _monthlies(underlying, day, 1)[0]


def next_monthly(underlying: str, day: date) -> date:
    """Return the monthly expiry after `monthly`.

    Raises:
        RuleUnknown: the tables do not reach so far.
    """
    return _monthlies(underlying, day, 2)[1]


def front(underlying: str, day: date) -> date:
    """Return the nearest expiry of all on or after a day.

    Raises:
        RuleUnknown: the tables do not reach so far.
    """
    return by_rank(underlying, day, 1)


def by_rank(underlying: str, day: date, rank: int) -> date:
    """Return the expiry of that rank among the listed ones, 1 being the nearest.

    Raises:
        RuleUnknown: so many are not listed, or the tables do not reach so far.
    """
    known = _series(underlying, day).ranks
    if not 1 <= rank <= known:
        raise unknown(_TABLE, day, f"rank {rank} of {underlying}", f"ask for 1 to {known}")
    return _within_coverage(listed(underlying, day)[rank - 1])


def is_expiry(underlying: str, day: date) -> bool:
    """Return whether contracts of the underlying expire on that day.

    Raises:
        RuleUnknown: the tables do not reach so far.
    """
    require(day)
    return _is_month_end(underlying, day, day) or next(_week_ends(underlying, day), None) == day


@lru_cache(maxsize=4_096)
def listed(underlying: str, day: date) -> tuple[date, ...]:
    """Return every expiry that the exchange lists on a day, the nearest first.

    Those beyond the calendar are dated as the exchange then dates them: by weekday and the days
    that are closed every year; they may still move.

    Raises:
        RuleUnknown: the tables do not reach so far.
    """
    require(day)
    series = _series(underlying, day)
    months = _month_ends(underlying, day, day)
    found = list(islice(months, series.monthlies))
    weeks = _week_ends(underlying, day) if series.weeklies else iter(())
    others = (end for end in weeks if not _is_month_end(underlying, end, day))
    near = list(islice(others, series.weeklies))
    quarters = (end for end in months if end.month in _QUARTER)
    found += islice(quarters, series.quarterlies)
    halves = (end for end in months if end.month in _HALF_YEAR)
    found += islice(halves, series.half_yearlies)
    return tuple(sorted(near + found))


@lru_cache(maxsize=4_096)
def _weeklies(underlying: str, day: date, count: int) -> tuple[date, ...]:
    require(day)
    found = tuple(islice(_week_ends(underlying, day), count))
    if len(found) < count:
        mend = "none are listed then; ask for a monthly expiry"
        raise unknown(_TABLE, day, f"a weekly expiry of {underlying}", mend)
    return tuple(_within_coverage(end) for end in found)


@lru_cache(maxsize=4_096)
def _monthlies(underlying: str, day: date, count: int) -> tuple[date, ...]:
    require(day)
    found = tuple(islice(_month_ends(underlying, day, day), count))
    return tuple(_within_coverage(end) for end in found)


def _week_ends(underlying: str, day: date) -> Iterator[date]:
    """Yield the weekly cycle from a day on, seen from that day, as long as it is kept up."""
    monday = day - timedelta(days=day.weekday())
    while (nominal := _nominal(underlying, Cycle.WEEKLY, monday, day)) is not None:
        end = _week_end(underlying, monday, nominal, day)
        if end >= day:
            yield end
        monday += _WEEK


def _week_end(underlying: str, monday: date, nominal: date, as_of: date) -> date:
    """Return the contract of a week; a monthly one takes the place of the weekly."""
    for inside in (monday, monday + 6 * _DAY):
        month_end = _nominal(underlying, Cycle.MONTHLY, inside.replace(day=1), as_of)
        if month_end is not None and monday <= month_end < monday + _WEEK:
            return _moved(month_end, as_of)
    return _moved(nominal, as_of)


def _month_ends(underlying: str, day: date, as_of: date) -> Iterator[date]:
    """Yield the monthly cycle from a day on, seen from another."""
    first = day.replace(day=1)
    while True:
        nominal = _nominal(underlying, Cycle.MONTHLY, first, as_of)
        assert nominal is not None, "every underlying with derivatives has monthlies"
        end = _moved(nominal, as_of)
        if end >= day:
            yield end
        first = (first + 31 * _DAY).replace(day=1)


def _is_month_end(underlying: str, end: date, as_of: date) -> bool:
    return next(_month_ends(underlying, end, as_of)) == end


@lru_cache(maxsize=16_384)
def _nominal(underlying: str, cycle: Cycle, start: date, as_of: date) -> date | None:
    """Return the expiry of the week or month that starts then, closed days not considered."""
    for row in reversed(_cycles(underlying, cycle)):
        if not row.holds_on(as_of):
            continue
        if row.weekday is None:
            if row.first_expiry <= start:
                return None
        else:
            found = _on_weekday(cycle, start, row.weekday)
            if found >= row.first_expiry:
                return found
    raise unknown(_TABLE, start, f"the {cycle} expiry of {underlying}", _MASTER)


def _on_weekday(cycle: Cycle, start: date, weekday: Weekday) -> date:
    if cycle is Cycle.WEEKLY:
        return start + weekday.number * _DAY
    last = (start + 31 * _DAY).replace(day=1) - _DAY
    return last - (last.weekday() - weekday.number) % 7 * _DAY


def _moved(nominal: date, as_of: date) -> date:
    while not trades_ordinarily(nominal, as_of):
        nominal -= _DAY
    return nominal


@lru_cache(maxsize=256)
def _cycles(underlying: str, cycle: Cycle) -> tuple[_Cycles, ...]:
    """Return the rows of a cycle, the oldest contracts first."""
    name = underlying if is_index(underlying) else _SHARES
    found = (row for row in rows(_TABLE, "cycles", _Cycles) if row.underlying == name)
    return tuple(
        sorted((row for row in found if row.cycle is cycle), key=lambda row: row.first_expiry)
    )


def _series(underlying: str, day: date) -> _Series:
    name = underlying if is_index(underlying) else _SHARES
    found = (row for row in rows(_TABLE, "series", _Series) if row.underlying == name)
    row = latest(found, day)
    if row is None:
        raise unknown(_TABLE, day, f"the contracts of {underlying}", _MASTER)
    return row


def _within_coverage(end: date) -> date:
    last = coverage()[1]
    if end > last:
        raise RuleUnknown(
            f"rules/calendar.toml ends on {last} and cannot date the expiry of about {end}: add "
            "the next year's closed days with their circular, as docs/rules.md says"
        )
    return end
