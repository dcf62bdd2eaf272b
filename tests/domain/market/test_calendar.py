from __future__ import annotations

import csv
import gzip
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.instants import at, wall_of
from daemon.domain.market.calendar import (
    Segment,
    confidence_of,
    coverage,
    days_since_trading,
    is_session,
    knows_hours,
    may_trade,
    next_session,
    phases,
    presumed,
    previous_session,
    session_close_ns,
    sessions,
    settlement_ns,
)
from daemon.domain.market.closed_days import trades_ordinarily
from daemon.domain.market.rules import Confidence
from daemon.domain.market.session_parts import SessionKind
from daemon.errors import RuleUnknown
from tests.kit.recordings import data_path

CASH, DERIVATIVES = Segment.CASH, Segment.DERIVATIVES
FIRST, LAST = date(2019, 1, 1), date(2026, 12, 31)
NO_HOURS = date(2026, 11, 8)


def hours(day: date, segment: Segment) -> list[str]:
    return [
        f"{wall_of(part.open_ns):%H:%M}-{wall_of(part.close_ns):%H:%M}"
        for part in sessions(day, segment)
    ]


@pytest.mark.parametrize(
    ("day", "cash", "derivatives"),
    [
        (date(2019, 5, 7), ["09:15-15:30"], ["09:15-15:30"]),
        (date(2024, 1, 20), ["09:15-15:30"], ["09:15-15:30"]),
        (date(2024, 3, 2), ["09:15-10:00", "11:30-12:30"], ["09:15-10:00", "11:30-12:30"]),
        (date(2024, 5, 18), ["09:15-10:00", "11:30-12:30"], ["09:15-10:00", "11:30-12:30"]),
        (date(2024, 11, 1), ["18:15-19:15"], ["18:15-19:15"]),
        (date(2025, 8, 27), [], []),
        (date(2025, 10, 21), ["13:45-14:45"], ["13:45-14:45"]),
        (date(2026, 2, 1), ["09:15-15:30"], ["09:15-15:30"]),
        (date(2026, 7, 31), ["09:15-15:30"], ["09:15-15:30"]),
        (date(2026, 8, 2), [], []),
        (date(2026, 8, 3), ["09:15-15:15"], ["09:15-15:40"]),
        (date(2026, 11, 20), ["09:15-15:15"], ["09:15-15:40"]),
        (date(2026, 11, 24), [], []),
    ],
)
def test_a_day_has_the_sessions_of_its_segment(day, cash, derivatives):
    assert hours(day, CASH) == cash
    assert hours(day, DERIVATIVES) == derivatives


@pytest.mark.parametrize(
    ("day", "segment", "expected"),
    [
        (date(2025, 12, 5), DERIVATIVES, [("continuous", "15:30")]),
        (date(2025, 12, 8), DERIVATIVES, [("pre_open", "09:08"), ("continuous", "15:30")]),
        (
            date(2026, 8, 3),
            CASH,
            [("pre_open", "09:08"), ("continuous", "15:15"), ("closing_auction", "15:35")],
        ),
        (
            date(2026, 9, 7),
            CASH,
            [("pre_open", "09:10"), ("continuous", "15:15"), ("closing_auction", "15:35")],
        ),
        (date(2024, 11, 1), CASH, [("muhurat", "19:15")]),
        (date(2026, 11, 21), CASH, []),
    ],
)
def test_phases_name_the_parts_in_which_nothing_matches_continuously(day, segment, expected):
    found = [(part.kind, f"{wall_of(part.close_ns):%H:%M}") for part in phases(day, segment)]
    assert found == [(SessionKind(kind), close) for kind, close in expected]


@pytest.mark.parametrize(
    ("moment", "cash", "derivatives"),
    [
        ("2026-11-20 09:14:59", False, False),
        ("2026-11-20 09:15:00", True, True),
        ("2026-11-20 15:15:00", False, True),
        ("2026-11-20 15:25:00", False, True),
        ("2026-11-20 15:40:00", False, False),
        ("2026-07-31 15:29:59", True, True),
        ("2026-07-31 15:30:00", False, False),
        ("2024-03-02 10:30:00", False, False),
        ("2024-03-02 11:30:00", True, True),
        ("2026-11-22 11:30:00", False, False),
    ],
)
def test_a_segment_is_open_from_its_opening_until_its_closing_instant(moment, cash, derivatives):
    when = datetime.fromisoformat(moment)
    now_ns = at(when.date(), when.time())
    assert (may_trade(now_ns, CASH), may_trade(now_ns, DERIVATIVES)) == (cash, derivatives)


@pytest.mark.parametrize(
    ("day", "settled", "closed"),
    [
        (date(2025, 8, 28), time(15, 30), time(15, 30)),
        (date(2024, 3, 2), time(12, 30), time(12, 30)),
        (date(2026, 8, 4), time(15, 35), time(15, 40)),
    ],
)
def test_an_index_settles_on_the_cash_close_and_since_august_2026_on_the_auction(
    day, settled, closed
):
    assert settlement_ns(day) == at(day, settled)
    assert session_close_ns(day, DERIVATIVES) == at(day, closed)


def test_a_closed_day_has_no_close():
    with pytest.raises(RuleUnknown, match="the market is closed"):
        session_close_ns(date(2026, 11, 24), CASH)


def test_a_special_session_without_published_hours_is_a_session_and_its_hours_are_refused():
    assert is_session(NO_HOURS)
    with pytest.raises(RuleUnknown, match="does not know the hours on 2026-11-08"):
        sessions(NO_HOURS, DERIVATIVES)


@pytest.mark.parametrize("day", [date(2018, 12, 31), date(2027, 1, 1)])
def test_a_day_outside_the_calendar_is_refused_by_everything(day):
    assert coverage() == (FIRST, LAST)
    for ask in (is_session, previous_session, next_session, settlement_ns):
        with pytest.raises(RuleUnknown, match="reaches from 2019-01-01 to 2026-12-31"):
            ask(day)
    for ask_segment in (sessions, phases, session_close_ns, confidence_of):
        with pytest.raises(RuleUnknown, match="add the year's closed days"):
            ask_segment(day, CASH)


def test_beyond_the_last_session_there_is_no_next_one():
    with pytest.raises(RuleUnknown, match="2027-01-01"):
        next_session(LAST)
    with pytest.raises(RuleUnknown, match="2018-12-31"):
        previous_session(FIRST)


@pytest.mark.parametrize(
    ("moment", "days"),
    [
        ("2025-09-05 08:59:00", [5, 4]),
        ("2025-09-05 09:00:00", [5]),
        ("2025-09-06 23:00:00", [6, 5]),
        ("2025-09-08 06:00:00", [8, 7, 6, 5]),
        ("2025-10-21 13:44:00", [21, 20]),
        ("2025-10-21 13:45:00", [21]),
        ("2025-10-22 12:00:00", [22, 21]),
        ("2026-11-08 18:00:00", [8, 7, 6]),
        ("2030-09-08 12:00:00", [8, 7, 6]),
    ],
)
def test_the_days_back_to_the_last_trading_end_with_it(moment, days):
    when = datetime.fromisoformat(moment)
    found = days_since_trading(at(when.date(), when.time()))
    assert [day.day for day in found] == days


@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        (date(2026, 11, 20), date(2026, 11, 19), date(2026, 11, 23)),
        (date(2026, 11, 24), date(2026, 11, 23), date(2026, 11, 25)),
        (date(2024, 3, 1), date(2024, 2, 29), date(2024, 3, 2)),
        (date(2026, 2, 2), date(2026, 2, 1), date(2026, 2, 3)),
        (date(2026, 11, 9), date(2026, 11, 8), date(2026, 11, 11)),
    ],
)
def test_the_neighbours_of_a_day_are_sessions_special_ones_included(day, before, after):
    assert (previous_session(day), next_session(day)) == (before, after)


@given(st.dates(FIRST + timedelta(days=7), LAST - timedelta(days=7)))
def test_sessions_are_ordered_and_the_neighbours_meet(day):
    assert previous_session(day) < day < next_session(day)
    assert (previous_session(next_session(day)) == day) is is_session(day)
    if day == NO_HOURS:
        return
    for segment in Segment:
        parts = phases(day, segment)
        assert bool(parts) == is_session(day, segment)
        edges = [edge for part in parts for edge in (part.open_ns, part.close_ns)]
        assert edges == sorted(set(edges))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2024, 3, 2), Confidence.HIGH),
        (date(2024, 11, 1), Confidence.MEM),
        (date(2026, 8, 3), Confidence.HIGH),
    ],
)
def test_the_hours_say_how_far_they_can_be_trusted(day, expected):
    assert confidence_of(day, CASH) is expected


def test_every_day_of_the_recorded_bhavcopies_is_a_session():
    days = {date.fromisoformat(p.name[-17:-7]) for p in data_path("bhavcopy").glob("*.csv.gz")}
    assert days
    assert all(trades_ordinarily(day) for day in days)


def test_the_recorded_chains_lie_on_a_session_and_on_a_holiday():
    data_path("chain_snapshots/nse_chain_NIFTY_20250829.parquet")
    assert is_session(date(2025, 8, 29))
    assert not is_session(date(2025, 8, 27))


def test_the_published_holidays_of_2026_are_closed():
    lines = data_path("holidays/nse_holidays_2026.csv").read_text().split()
    days = {datetime.strptime(line, "%d-%b-%Y").date() for line in lines}  # noqa: DTZ007
    closed = {FIRST.replace(year=2026) + timedelta(days=n) for n in range(365)}
    closed = {day for day in closed if day.weekday() < 5 and not is_session(day)}
    assert {day for day in days if day.weekday() < 5} == closed
    assert not any(trades_ordinarily(day) for day in days)


def test_every_recorded_minute_of_2024_lies_in_a_session():
    with gzip.open(data_path("spot_1min/NIFTY_2024.csv.gz"), "rt") as file:
        minutes = {(row["Date"], row["Time"]) for row in csv.DictReader(file)}
    junk = date(2024, 1, 20)  # recorded on after the close
    strays = set()
    for day_text, time_text in minutes:
        day = date.fromisoformat(day_text)
        if not may_trade(at(day, time.fromisoformat(time_text)), CASH):
            strays.add(day)
    assert strays <= {junk}


@pytest.mark.parametrize(
    ("day", "segment", "expected"),
    [
        (date(2027, 1, 4), DERIVATIVES, ["09:15-15:40"]),
        (date(2027, 1, 4), CASH, ["09:15-15:15"]),
        (date(2027, 1, 2), DERIVATIVES, []),
        (date(2027, 1, 26), DERIVATIVES, []),
        (NO_HOURS, DERIVATIVES, ["09:00-23:30"]),
        (date(2018, 12, 31), DERIVATIVES, []),
    ],
)
def test_a_day_that_no_table_knows_may_trade_as_an_ordinary_one(day, segment, expected):
    found = presumed(day, segment)

    assert [f"{wall_of(each.open_ns):%H:%M}-{wall_of(each.close_ns):%H:%M}" for each in found] == (
        expected
    )


@pytest.mark.parametrize(
    ("moment", "trades"),
    [
        ("2027-01-01 09:14:59", False),
        ("2027-01-01 09:15:00", True),
        ("2027-01-01 15:40:00", False),
        ("2027-01-02 12:00:00", False),
        ("2027-01-26 12:00:00", False),
        ("2026-11-08 08:59:59", False),
        ("2026-11-08 18:30:00", True),
        ("2199-03-11 12:00:00", True),
    ],
)
def test_on_a_day_that_no_table_knows_it_may_trade_in_the_hours_that_it_may_have(moment, trades):
    when = datetime.fromisoformat(moment)
    assert may_trade(at(when.date(), when.time())) is trades


@pytest.mark.parametrize(
    ("day", "known"),
    [
        (date(2026, 11, 20), True),
        (date(2026, 11, 21), True),
        (date(2027, 1, 4), False),
        (date(2026, 11, 8), False),
    ],
    ids=["a session", "a weekend", "beyond the calendar", "a session that nobody has timed"],
)
def test_the_hours_of_a_closed_day_are_known_and_those_of_an_untimed_session_are_not(day, known):
    assert knows_hours(day) is known
