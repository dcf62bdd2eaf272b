"""When a strategy may enter on a day, or why it rests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from daemon.domain.instants import at, wall_of
from daemon.domain.market import expiries
from daemon.domain.market.calendar import Segment, next_session, session_close_ns, sessions
from daemon.domain.market.instruments import Kind
from daemon.domain.orders.words import Product
from daemon.domain.plans.days import resolve, rest_reason
from daemon.domain.plans.schema import Plan
from daemon.domain.plans.validation import Fault
from daemon.domain.risk.hours import exit_at
from daemon.domain.risk.moves import NEVER
from daemon.errors import RuleUnknown
from daemon.messages import DayOpened


class Window(Struct, frozen=True):
    """When a strategy may enter today, and when it is out at the latest."""

    day: date
    opens_ns: int
    closes_ns: int
    exit_ns: int
    session_end_ns: int
    expiries: tuple[date | None, ...]


def window_of(plan: Plan, opened: DayOpened) -> Window | Fault:
    """Return when a strategy may enter on a day that has sessions, or why it rests."""
    day = opened.day
    try:
        sessions(day, Segment.DERIVATIVES)
    except RuleUnknown as error:  # it is opened to guard what is held
        return Fault("entry.at", str(error))
    chosen = resolve(plan, day, expiries)
    if isinstance(chosen, Fault):
        return chosen
    resting = rest_reason(plan, day, chosen, _sessions_until)
    if resting is not None:
        return resting
    close_ns = opened.sessions[-1][1]
    if any(leg.instrument is Kind.EQUITY for leg in plan.legs):  # shares cease to trade earlier
        close_ns = min(close_ns, session_close_ns(day, Segment.CASH))
    exit_ns = exit_at(day, plan.exit.at, close_ns)
    opens_ns = max(at(day, plan.entry.at), opened.sessions[0][0])
    latest = plan.entry.no_later_than
    closes_ns = min(at(day, latest), exit_ns - 1) if latest else exit_ns - 1
    if opens_ns > closes_ns:
        times = (f"{wall_of(each):%H:%M:%S}" for each in (opens_ns, closes_ns))
        text = "{} is after {}, the last moment for an entry on this day".format(*times)
        return Fault("entry.at", text)
    if plan.product is Product.CARRY:
        try:
            exit_ns, close_ns = _carried_until(plan, day, chosen, (exit_ns, close_ns))
        except RuleUnknown as error:  # of a day that it would be left on
            return Fault("legs.expiry", str(error))
    return Window(day, opens_ns, closes_ns, exit_ns, close_ns, chosen)


def _carried_until(
    plan: Plan, day: date, expiring: Sequence[date | None], today: tuple[int, int]
) -> tuple[int, int]:
    """Return when a carried position is left, and when its market closes on that day.

    It is left at the plan's exit time on the day of its nearest expiry; what does not expire is
    left by its rules or by hand alone.
    """
    last = min((expiry for expiry in expiring if expiry is not None), default=None)
    if last is None:
        return NEVER, NEVER
    if last == day:
        return today
    close_ns = session_close_ns(last, Segment.DERIVATIVES)
    return exit_at(last, plan.exit.at, close_ns), close_ns


def _sessions_until(day: date, expiry: date) -> tuple[int, bool]:
    """Count the trading days after a day, up to and including an expiry.

    Returns:
        How many there are, and whether that is all of them: where the calendar ends before the
        expiry, those between its end and the expiry are not known.
    """
    count = 0
    while day < expiry:
        try:
            day = next_session(day, Segment.DERIVATIVES)
        except RuleUnknown:
            return count + 1, False  # the expiry is one itself
        count += 1
    return count, True
