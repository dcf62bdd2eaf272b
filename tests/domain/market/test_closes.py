"""Closes: what comes after the session, the mean of the last half hour, and what is neither."""

from __future__ import annotations

from datetime import date

import pytest

from daemon.domain.market.closes import Closes, Levels
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import e4
from daemon.errors import RuleUnknown
from tests.kit.acting import CE, DAY, clock

AUCTIONED = date(2026, 8, 4)
SATURDAY = date(2024, 1, 20)
EACH_FIVE = {f"15:{minute:02}:00": str(24_500 + minute) for minute in range(5, 35, 5)}


def heard(levels: dict[str, str], day: date = DAY, name: str = "NIFTY") -> Closes:
    """What levels tell, by wall time."""
    gathers = Levels(day)
    for wall, level in levels.items():
        gathers.hear(Frame(clock(wall, day), {name: Quote(e4(level))}), 0)
    return gathers.closes()


@pytest.mark.parametrize(
    ("levels", "after"),
    [
        ({"15:45:00": "24600"}, {"NIFTY": e4("24600")}),
        ({"15:33:00": "24590", "15:48:00": "24600"}, {"NIFTY": e4("24600")}),
        ({"15:48:00": "24600", "15:47:00": "24590"}, {"NIFTY": e4("24600")}),
        ({"15:30:00": "24600"}, {}),
        ({"15:30:00.500000": "24600", "15:31:00": "24601"}, {}),
        ({"15:45:00": "0"}, {}),
    ],
    ids=["one", "the last", "an older one", "of the session", "too soon", "no price"],
)
def test_the_last_level_that_comes_after_the_session_is_told(levels, after):
    assert heard(levels) == Closes(clock("15:30:00"), True, after)


def test_the_mean_of_the_last_half_hour_is_told_where_each_five_minutes_has_a_level():
    assert heard(EACH_FIVE).mean_e4 == {"NIFTY": e4("24517.50")}


@pytest.mark.parametrize("lacking", EACH_FIVE)
def test_without_a_level_in_one_five_minutes_there_is_no_mean(lacking):
    assert heard({wall: level for wall, level in EACH_FIVE.items() if wall != lacking}) == Closes(
        clock("15:30:00"),
        True,
    )


def test_five_minutes_with_many_levels_weigh_no_more_than_those_with_one():
    """The mean of the first is 24,505 still; and what is told is rounded as an index is shown."""
    first = {"15:01:00": "24504", "15:02:00": "24505", "15:03:00": "24506"}
    assert heard(first | EACH_FIVE).mean_e4 == {"NIFTY": e4("24517.50")}
    assert heard(first | EACH_FIVE | {"15:30:00": "24530.05"}).mean_e4 == {"NIFTY": e4("24517.51")}


def test_what_was_before_the_last_half_hour_or_begins_it_is_none_of_it():
    """A bar that ends at 15:00 is of the half hour before."""
    assert heard({"14:50:00": "1", "15:00:00": "1"} | EACH_FIVE).mean_e4 == {
        "NIFTY": e4("24517.50")
    }


@pytest.mark.parametrize("name", [CE, "NIFTY-2025-09-30-FUT", "NIFTY-50"])
def test_contracts_and_labels_of_a_recordings_own_have_no_closing_value(name):
    told = heard(EACH_FIVE | {"15:45:00": "24600"}, name=name)
    assert (told.after_e4, told.mean_e4) == ({}, {})


def test_a_closing_auction_is_no_average_and_what_comes_after_its_options_is_told():
    """Options trade to 15:40 then; the value is known at 15:35."""
    levels = EACH_FIVE | {"15:35:00": "24535", "15:40:30": "24600", "15:50:00": "24601"}
    assert heard(levels, AUCTIONED) == Closes(
        clock("15:35:00", AUCTIONED),
        False,
        {"NIFTY": e4("24601")},
    )
    assert heard(levels | {"15:50:00": "0"}, AUCTIONED).after_e4 == {}


def test_what_follows_a_special_session_is_no_closing_value():
    """It may be of another session; nothing expires on such a day."""
    told = heard(EACH_FIVE | {"18:15:00": "24600"}, SATURDAY)
    assert (told.after_e4, told.mean_e4) == ({}, {"NIFTY": e4("24517.50")})


@pytest.mark.parametrize("day", [date(2025, 8, 27), date(1990, 1, 1)])
def test_a_day_without_known_hours_tells_nothing(day):
    with pytest.raises(RuleUnknown):
        Levels(day)


@pytest.mark.parametrize(
    ("prints", "late", "after_e4"),
    [
        ((7,), (7,), {}),
        ((7,), (8,), {"NIFTY": 24_601}),
        ((), (7, 7), {"NIFTY": 24_601}),
        ((7,), (8, 7), {"NIFTY": 24_601}),
        ((0,), (0, 0), {"NIFTY": 24_602}),
    ],
    ids=["of the day", "none", "of the close", "stuck again", "no claim"],
)
def test_a_copy_of_what_was_shown_before_is_no_closing_value(prints, late, after_e4):
    """A print of 0 claims nothing, so such frames are no copies."""
    gathers = Levels(DAY)
    gathers.prints.extend(prints)
    for minute, fingerprint in enumerate(late, 1):
        frame = Frame(clock(f"15:4{minute}:00"), {"NIFTY": Quote(24_600 + minute)})
        gathers.hear(frame, fingerprint)
    assert gathers.closes().after_e4 == after_e4
