"""The hours of a strategy on a day: those of the market, and of shares where it trades any."""

from datetime import date, time

import pytest

from daemon.actors.strategy_runner.entry_window import Window, window_of
from daemon.domain.instants import at, wall_of
from daemon.domain.market.calendar import Segment, sessions
from daemon.domain.plans.validation import Fault
from daemon.messages import DayOpened
from tests.kit.plans import CALL, GUARD, STOCK, parse, text

FRIDAY = date(2026, 11, 20)
"""Shares trade until 15:15, derivatives until 15:40."""
BEFORE = date(2026, 7, 31)
"""The last day on which both traded until 15:30."""
MUHURAT = date(2025, 10, 21)
"""Trades from 13:45 to 14:45 alone."""


def hours_of(day=FRIDAY, legs=CALL, entry="09:20:00", leave="15:20:00") -> Window | Fault:
    hours = f'[entry]\nat = {entry}\n[exit]\nat = "{leave}"\n'
    plan = parse(text(legs=legs, tail=GUARD, hours=hours))
    opened = tuple((each.open_ns, each.close_ns) for each in sessions(day, Segment.DERIVATIVES))
    return window_of(plan, DayOpened(day, opened, opened[0][0]))


def walls(window: Window | Fault) -> tuple[str, ...]:
    """When it leaves and when its market closes."""
    assert isinstance(window, Window)
    shown = (f"{wall_of(ns):%H:%M:%S}" for ns in (window.exit_ns, window.session_end_ns))
    return tuple(wall.removesuffix(":00") for wall in shown)


@pytest.mark.parametrize(
    ("day", "legs", "leave", "expected"),
    [
        (FRIDAY, STOCK, "15:10:00", ("15:10", "15:15")),
        (FRIDAY, STOCK, "15:14:30", ("15:14", "15:15")),
        (FRIDAY, STOCK, "15:15:00", ("15:14", "15:15")),
        (FRIDAY, STOCK, "15:20:00", ("15:14", "15:15")),
        (FRIDAY, CALL, "15:20:00", ("15:20", "15:40")),
        (FRIDAY, CALL, "15:39:30", ("15:39", "15:40")),
        (FRIDAY, CALL, "15:45:00", ("15:39", "15:40")),
        (BEFORE, STOCK, "15:20:00", ("15:20", "15:30")),
        (BEFORE, STOCK, "15:30:00", ("15:29", "15:30")),
    ],
)
def test_shares_are_left_before_they_cease_to_trade(day, legs, leave, expected) -> None:
    """A minute before that at the latest; options, before those do."""
    window = hours_of(day, legs, leave=leave)
    assert walls(window) == expected
    assert window.closes_ns == window.exit_ns - 1


@pytest.mark.parametrize("legs", [CALL, STOCK])
@pytest.mark.parametrize("day", [date(2026, 11, 8), date(2027, 1, 4)])
def test_on_a_day_that_no_table_knows_nothing_is_entered(day, legs) -> None:
    """It is opened to guard what is held."""
    plan = parse(text(legs=legs, tail=GUARD))
    opened = DayOpened(day, ((at(day, time(9, 15)), at(day, time(15, 40))),), 0)
    rests = window_of(plan, opened)
    assert isinstance(rests, Fault)
    assert "rules/calendar.toml does not know" in rests.reason


def test_where_its_time_is_past_the_last_moment_of_the_day_it_rests_and_says_so() -> None:
    """Such are shares that are to be bought after they ceased to trade."""
    assert hours_of(legs=STOCK, entry="15:16:00", leave="15:25:00") == Fault(
        "entry.at", "15:16:00 is after 15:13:59, the last moment for an entry on this day"
    )


@pytest.mark.parametrize(
    ("day", "entry", "opens"),
    [
        (FRIDAY, "08:00:00", "09:15:00"),
        (FRIDAY, "09:15:00", "09:15:00"),
        (FRIDAY, "09:15:01", "09:15:01"),
        (MUHURAT, "09:20:00", "13:45:00"),
    ],
)
def test_nothing_is_entered_before_the_market_opens(day, entry, opens) -> None:
    """A time before that means the opening, and a special session opens at its own."""
    window = hours_of(day, entry=entry)
    assert isinstance(window, Window)
    assert f"{wall_of(window.opens_ns):%H:%M:%S}" == opens


def test_a_latest_time_before_the_market_opens_leaves_no_moment_to_enter() -> None:
    """As on the evening of a special session."""
    assert hours_of(MUHURAT, entry="09:20:00\nno_later_than = 10:00:00") == Fault(
        "entry.at", "13:45:00 is after 10:00:00, the last moment for an entry on this day"
    )


@pytest.mark.parametrize("day", [date(2026, 12, 28), date(2026, 12, 31)])
def test_days_to_an_expiry_that_are_beyond_the_calendar_are_none_that_is_allowed(day) -> None:
    """What lies beyond it was once counted as one day."""
    leg = CALL + "expiry = { date = 2027-01-05 }\n"
    plan = parse(text(head="days_to_expiry = [1]", legs=leg, tail=GUARD))
    found = window_of(plan, DayOpened(day, ((at(day, time(9, 15)), at(day, time(15, 40))),), 0))
    assert isinstance(found, Fault)
    assert found.place == "days_to_expiry"
    assert "2027-01-05, which is beyond the calendar; allowed: 1" in found.reason
