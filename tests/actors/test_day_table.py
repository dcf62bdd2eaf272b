"""The jobs of a day, as a table by market time."""

from __future__ import annotations

from datetime import date

import pytest

from daemon.actors.day_table import morning, timed
from daemon.domain.instants import wall_of
from daemon.domain.market.calendar import Segment, sessions
from daemon.messages.jobs import Job

ORDINARY, EXPIRY, SUNDAY_SESSION = date(2026, 3, 9), date(2026, 3, 10), date(2026, 2, 1)
TWO_PARTS = date(2024, 3, 2)
SUNDAY, HOLIDAY = date(2026, 3, 8), date(2026, 1, 26)


def hours(day: date) -> tuple[tuple[int, int], ...]:
    return tuple((each.open_ns, each.close_ns) for each in sessions(day, Segment.DERIVATIVES))


@pytest.mark.parametrize(
    ("day", "times"),
    [
        (ORDINARY, ["08:30:00", "09:00:00", "09:00:00"]),
        (SUNDAY_SESSION, ["08:30:00", "09:00:00", "09:00:00"]),
        (SUNDAY, []),
        (HOLIDAY, []),
    ],
)
def test_a_day_with_a_session_is_checked_twice_before_it_opens(day, times):
    found = morning(day, hours(day))

    assert [wall_of(each.at_ns).isoformat() for each in found] == times
    assert [each.job for each in found] == [Job.EARLY_CHECK, Job.CHECK, Job.MARGIN][: len(found)]


def test_prices_are_looked_for_a_while_after_the_opening():
    (look,) = [each for each in timed(ORDINARY, hours(ORDINARY)) if each.job is Job.SESSION]

    assert wall_of(look.at_ns).isoformat() == "09:17:00"


@pytest.mark.parametrize(
    ("day", "looks"),
    [
        (ORDINARY, ["15:11:00", "15:21:00"]),
        (EXPIRY, ["15:11:00", "15:21:00"]),
        (SUNDAY_SESSION, ["15:11:00", "15:21:00"]),
        (TWO_PARTS, ["12:29:30"]),
        (SUNDAY, []),
        (HOLIDAY, []),
    ],
)
def test_what_is_still_open_is_looked_for_after_the_square_off_and_before_an_earlier_close(
    day, looks
):
    found = [each for each in timed(day, hours(day)) if each.job is Job.SQUARE_OFF]

    assert [wall_of(each.at_ns).isoformat() for each in found] == looks
    assert {each.day for each in timed(day, hours(day))} <= {day}
