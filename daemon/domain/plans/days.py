"""On which days a plan trades, and in which expiries.

The calendar is handed in: nothing here knows a holiday. Days to an expiry are trading days, so a
weekend or a holiday between today and the expiry does not count; 0 is the day of expiry itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Protocol

from daemon.domain.market.instruments import Kind
from daemon.domain.plans.schema import Expiry, Leg, Plan
from daemon.domain.plans.validation import Fault
from daemon.domain.plans.words import ExpiryWord, Weekday
from daemon.errors import RuleUnknown

SessionsUntil = Callable[[date, date], tuple[int, bool]]
"""How many trading days lie after the first day, up to and including the second, and whether that
is all of them: a calendar that ends before the second day has some of them alone."""


class Expiries(Protocol):
    """The expiries of an underlying as a trading day sees them, that day's own included."""

    def weekly(self, underlying: str, day: date) -> date:
        """Return the nearest expiry."""

    def next_weekly(self, underlying: str, day: date) -> date:
        """Return the expiry of the week after."""

    def monthly(self, underlying: str, day: date) -> date:
        """Return the nearest last expiry of a month."""

    def next_monthly(self, underlying: str, day: date) -> date:
        """Return the last expiry of the month after."""

    def by_rank(self, underlying: str, day: date, rank: int) -> date:
        """Return the expiry at that place, 1 being the nearest."""

    def is_expiry(self, underlying: str, day: date) -> bool:
        """Say whether contracts expire on that day.

        Raises:
            RuleUnknown: no table reaches so far, as for all of these.
        """


def resolve(plan: Plan, day: date, expiries: Expiries) -> tuple[date | None, ...] | Fault:
    """Return the expiry of each leg in the order of the plan, or why there is none.

    Args:
        plan: the strategy.
        day: the trading day.
        expiries: the calendar of expiries.
    """
    resolved: list[date | None] = []
    for at, leg in enumerate(plan.legs):
        try:
            expiry = _expiry(leg, plan.underlying, day, expiries)
        except RuleUnknown as error:
            return Fault(f"legs[{at}].expiry", str(error))
        if expiry is not None and expiry < day:
            return Fault(f"legs[{at}].expiry", f"{expiry} has expired; today is {day}")
        if isinstance(leg.expiry, Expiry) and _is_no_expiry(plan.underlying, leg.expiry, expiries):
            return Fault(f"legs[{at}].expiry", f"{plan.underlying} does not expire on {expiry}")
        resolved.append(expiry)
    return tuple(resolved)


def rest_reason(
    plan: Plan, day: date, expiries: Sequence[date | None], sessions_until: SessionsUntil
) -> Fault | None:
    """Return why a plan does not trade on a day that is a session, or None where it does.

    Args:
        plan: the strategy.
        day: the trading day.
        expiries: of its legs; the nearest counts for `days_to_expiry`.
        sessions_until: counts trading days.
    """
    today = tuple(Weekday)[day.weekday()]
    if today not in plan.days:
        return Fault("days", f"{today} is not among {', '.join(plan.days)}")
    if isinstance(plan.days_to_expiry, str):
        return None
    nearest = min((expiry for expiry in expiries if expiry is not None), default=None)
    if nearest is None:
        return Fault("days_to_expiry", "no leg expires")
    left, is_all = sessions_until(day, nearest)
    if is_all and left in plan.days_to_expiry:
        return None
    allowed = ", ".join(map(str, plan.days_to_expiry))
    count = f"{left} trading days to {nearest}"
    if not is_all:
        count = f"at least {count}, which is beyond the calendar"
    return Fault("days_to_expiry", f"{count}; allowed: {allowed}")


def _is_no_expiry(underlying: str, expiry: Expiry, expiries: Expiries) -> bool:
    """Say whether the calendar knows better than a date that was written down."""
    try:
        return expiry.date is not None and not expiries.is_expiry(underlying, expiry.date)
    except RuleUnknown:
        # What is not known is left to the chain, which lists the expiry or does not.
        return False


def _expiry(leg: Leg, underlying: str, day: date, expiries: Expiries) -> date | None:
    if leg.instrument is Kind.EQUITY:
        return None
    usual = ExpiryWord.MONTHLY if leg.instrument is Kind.FUTURE else ExpiryWord.WEEKLY
    chosen = leg.expiry or usual
    if isinstance(chosen, ExpiryWord):
        by_word = {
            ExpiryWord.WEEKLY: expiries.weekly,
            ExpiryWord.NEXT_WEEKLY: expiries.next_weekly,
            ExpiryWord.MONTHLY: expiries.monthly,
            ExpiryWord.NEXT_MONTHLY: expiries.next_monthly,
        }
        return by_word[chosen](underlying, day)
    if chosen.rank is not None:
        return expiries.by_rank(underlying, day, chosen.rank)
    return chosen.date
