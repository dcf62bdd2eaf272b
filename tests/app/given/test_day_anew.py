"""A day whose hours are others by now than those that it was opened by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time

import pytest

from daemon.app.given.day_anew import day_anew
from daemon.domain.instants import SECOND_NS, at
from daemon.domain.market.notes import NoteKind
from daemon.domain.market.rules import Own, lay_over
from daemon.messages import DayEnded, DayOpened, Noted
from tests.kit.own_rules import unread_tables

DAY = date(2026, 3, 6)
BEFORE = "2026-03-06 was opened with the hours 09:15-15:30, and has"


def clock(wall: str, day: date = DAY) -> int:
    return at(day, time.fromisoformat(wall))


def opened(*parts: tuple[str, str], day: date = DAY) -> DayOpened:
    hours = tuple((clock(opens, day), clock(closes, day)) for opens, closes in parts)
    return DayOpened(day, hours, clock("08:55", day))


ORDINARY = opened(("09:15", "15:30"))
ENDED = DayEnded(DAY, clock("15:31"))


@pytest.fixture
def special(request) -> Iterator[None]:
    """A session at hours of one's own, in some parts."""
    parts = [
        {"kind": "special", "opens": time.fromisoformat(opens), "closes": time.fromisoformat(end)}
        for opens, end in request.param
    ]
    common = {"source": "a circular", "confidence": "HIGH"}
    row = {"effective_from": DAY, "effective_to": DAY, "parts": parts, **common}
    with unread_tables():
        lay_over({"calendar": Own("mine/calendar.toml", {"special": [row]})})
        yield


@pytest.fixture
def closed() -> Iterator[None]:
    """A day that is none after all."""
    dates = {"effective_from": date(2026, 1, 1), "effective_to": date(2026, 12, 31)}
    common = {"announced": DAY, "days": [DAY], "source": "a circular", "confidence": "HIGH"}
    with unread_tables():
        lay_over({"calendar": Own("mine/calendar.toml", {"closed": [{**dates, **common}]})})
        yield


LATER, TWO = [("14:00", "15:00")], [("09:15", "10:00"), ("15:45", "17:00")]


@pytest.mark.parametrize(
    ("special", "said"),
    [(LATER, "14:00-15:00"), (TWO, "09:15-10:00 and 15:45-17:00")],
    ids=["one part", "two"],
    indirect=["special"],
)
@pytest.mark.usefixtures("special")
def test_a_day_that_is_open_is_told_anew_with_the_hours_of_now_and_that_is_said(said):
    now_ns = clock("09:15:30")
    anew, noted = day_anew([opened(day=date(2026, 3, 5)), ORDINARY], now_ns, SECOND_NS)
    hours = tuple(tuple(part.split("-")) for part in said.split(" and "))
    assert anew == DayOpened(DAY, opened(*hours).sessions, now_ns, SECOND_NS)
    text = f"{BEFORE} the hours {said} from this start on: see that that is right"
    assert noted == Noted(NoteKind.HOURS, text, now_ns)
    assert day_anew([ORDINARY, anew, noted], now_ns, SECOND_NS) == ()


@pytest.mark.usefixtures("closed")
def test_a_day_that_is_no_session_after_all_is_told_anew_as_closed():
    anew, noted = day_anew([ORDINARY], clock("09:15:30"), 0)
    assert anew.sessions == ()
    assert noted.text == f"{BEFORE} no session from this start on: see that that is right"


@pytest.mark.parametrize("special", [TWO], indirect=True)
@pytest.mark.usefixtures("special")
def test_of_a_day_that_has_ended_the_part_that_is_still_to_come_is_told_once_and_alone():
    (noted,) = day_anew([ORDINARY, ENDED], clock("15:40"), 0)
    assert noted.text == (
        f"{BEFORE} ended; by now it has the hours 09:15-10:00 and 15:45-17:00: in what is still to "
        "come of that nothing is guarded and nothing is entered; look at the broker, and leave by "
        "hand there"
    )
    assert day_anew([ORDINARY, ENDED, noted], clock("15:41"), 0) == ()
    assert day_anew([ORDINARY, ENDED], clock("17:00"), 0) == ()


@pytest.mark.usefixtures("closed")
def test_of_a_day_that_has_ended_nothing_is_to_come_where_it_is_none_by_now():
    assert day_anew([ORDINARY, ENDED], clock("15:40"), 0) == ()


@pytest.mark.parametrize("special", [LATER], indirect=True)
@pytest.mark.usefixtures("special")
@pytest.mark.parametrize(
    "facts",
    [[], [opened(("09:15", "15:30"), day=date(2026, 3, 5))], [opened(("14:00", "15:00"))]],
    ids=["nothing", "another day", "the same hours"],
)
def test_otherwise_nothing_is_told(facts):
    assert day_anew(facts, clock("09:16"), 0) == ()
