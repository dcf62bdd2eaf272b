"""The timekeeper: which day it is, and when its market trades."""

from datetime import date

import pytest

from daemon.actors.timekeeper import DayBegins, DayEnds, DaySettles, Timekeeper
from daemon.domain.market.calendar import Segment
from daemon.domain.market.notes import NoteKind
from daemon.messages import DayEnded, DayOpened, Noted
from daemon.runtime.words import NOTHING, Started
from tests.kit.acting import DAY, clock, facts, published, sessions

HOLIDAY = date(2025, 8, 27)
AT = clock("09:00:00")


@pytest.mark.parametrize(
    ("day", "hours"), [(DAY, sessions()), (HOLIDAY, ()), (date(2025, 8, 31), ())]
)
def test_a_day_begins_with_its_sessions(day, hours) -> None:
    """None on a holiday and on a Sunday; recorded and heard."""
    effects = Timekeeper().handle(DayBegins(day, 65), AT)
    assert facts(effects) == published(effects) == [DayOpened(day, hours, AT, 65)]


def test_a_day_ends() -> None:
    """Recorded and heard."""
    effects = Timekeeper(Segment.CASH).handle(DayEnds(DAY), AT)
    assert facts(effects) == published(effects) == [DayEnded(DAY, AT)]


def test_a_day_that_no_table_reaches_is_closed_and_that_is_told() -> None:
    """Before the day itself, with the table that is short."""
    said = published(Timekeeper().handle(DayBegins(date(1990, 1, 1)), AT))
    assert [type(each) for each in said] == [Noted, DayOpened]
    assert (said[0].kind, said[1].sessions) == (NoteKind.UNKNOWN_TABLE, ())
    assert "calendar" in said[0].text


@pytest.mark.parametrize("message", [Started(), DaySettles(DAY)])
def test_a_start_and_a_settlement_are_no_turns_of_a_day(message) -> None:
    """The world brings the days, and the exchange settles."""
    assert Timekeeper().handle(message, AT) == NOTHING


def test_what_is_not_for_it_fells_it() -> None:
    """A message nobody meant is a programmer's error."""
    with pytest.raises(AssertionError, match="the timekeeper was told"):
        Timekeeper().handle("hello", AT)
