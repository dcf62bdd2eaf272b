"""Closed days: at weekends, on the days that are closed every year, and by the lists of each year.

A list may also say that a day of an earlier one is a session after all. A session on a day that is
closed without a list is a special one, and stands there.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache, lru_cache

from daemon.domain.market.rules import Row, damaged, fact, rows

_TABLE = "calendar"
_SECTION = "closed"
_DAY = timedelta(days=1)
_SATURDAY = 5


class ClosedDays(Row, frozen=True, kw_only=True):
    """A list of closed days.

    Attributes:
        announced: when it came out; contracts that were dated before did not know it.
        days: those that are closed.
        opened: those of earlier lists that are sessions after all.
    """

    announced: date
    days: tuple[date, ...] = ()
    opened: tuple[date, ...] = ()


@lru_cache(maxsize=16_384)
def trades_ordinarily(day: date, as_of: date | None = None) -> bool:
    """Return whether an ordinary full session is held, which is what expiries move by.

    It answers beyond the `coverage` of the calendar too, as the exchange does when it dates a
    contract years ahead: by weekends and the days that are closed every year.

    Args:
        day: the day in question.
        as_of: look with the eyes of this day, when later lists were not yet published; none: with
            all that is known.
    """
    if _is_closed_unlisted(day):
        return False
    announced = _closures().get(day)
    return announced is None or (as_of is not None and as_of < announced)


def require_lists(first: date, last: date) -> None:
    """Refuse lists that do not reach over these days, or name days that they cannot.

    Args:
        first: from this day on the calendar is known.
        last: and until this one.

    Raises:
        RulesDamaged: a day is in no list, lies outside of its own, or is opened in vain.
    """
    lists = rows(_TABLE, _SECTION, ClosedDays)
    for row in lists:
        if strange := [day for day in (*row.days, *row.opened) if not row.holds_on(day)]:
            raise damaged(_TABLE, f"lists {strange[0]} in the closed days of another time")
        for day in row.opened:
            _require_opened(day)
    day = first
    while day <= last:
        reaching = next((each for each in lists if each.holds_on(day)), None)
        if reaching is None:
            raise damaged(_TABLE, f"reaches until {last} and has no list of closed days of {day}")
        day = _DAY + (reaching.effective_to or last)


def _require_opened(day: date) -> None:
    if _is_closed_unlisted(day):
        what = "closed without a list: write its session under [[special]]"
        raise damaged(_TABLE, f"lists {day} as opened, which is {what}")
    if not trades_ordinarily(day):
        what = "closes it: let its effective_from be that of the other, or later"
        raise damaged(_TABLE, f"lists {day} as opened in a row after which another {what}")


def _is_closed_unlisted(day: date) -> bool:
    return day.weekday() >= _SATURDAY or day.strftime("%m-%d") in _fixed()


@cache
def _fixed() -> frozenset[str]:
    return frozenset(fact(_TABLE, "fixed"))


@cache
def _closures() -> dict[date, date]:
    """Return the days that lists close, with the day on which each was announced."""
    closures: dict[date, date] = {}
    for row in rows(_TABLE, _SECTION, ClosedDays):
        closures |= dict.fromkeys(row.days, row.announced)
        for day in row.opened:
            closures.pop(day, None)
    return closures
