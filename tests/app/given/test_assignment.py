"""What a daemon is given to run: where its days end."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from daemon.actors.timekeeper import DayBegins, DayEnds
from daemon.app.given.assignment import GeneratedDays, RecordedDays
from daemon.runtime.clock import VirtualClock
from daemon.runtime.pace import Pace
from daemon.runtime.tasks_standing import StandingTasks
from daemon.worlds import GeneratedMarket

MON, TUE = date(2026, 3, 9), date(2026, 3, 10)
MARKET = GeneratedMarket(1, MON)


@pytest.mark.parametrize(
    ("until", "message", "beyond"),
    [
        (MON, DayBegins(TUE), True),
        (MON, DayBegins(MON), False),
        (MON, DayEnds(TUE), False),
        (None, DayBegins(TUE), False),
    ],
)
def test_generated_days_end_where_a_day_after_the_last_begins(until, message, beyond):
    """So a run that is entered again after its last day is over at once."""
    assert GeneratedDays(MARKET, 0, until).is_beyond(message) is beyond


@pytest.mark.parametrize("played", [GeneratedDays(MARKET, 0), RecordedDays(None)])
@pytest.mark.parametrize("speed", [Fraction(60), None])
def test_what_is_played_goes_by_time_that_stands_at_its_pace(played, speed):
    """So equal input is played in the same way each time."""
    time = played.time(VirtualClock(), speed)
    assert isinstance(time, Pace)
    assert time.waits is (speed is not None)
    assert time.driver is StandingTasks
