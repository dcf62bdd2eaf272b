from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.instants import (
    DAY_NS,
    IST,
    at,
    day_of,
    instant,
    iso,
    moment_of,
    start_of,
    wall_of,
)

DAY = date(2025, 8, 29)
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


def test_an_instant_counts_nanoseconds_since_1970_in_utc():
    assert instant(datetime(1970, 1, 2, 0, 0, 0, 1, tzinfo=UTC)) == DAY_NS + 1_000


def test_a_moment_without_offset_is_refused():
    with pytest.raises(ValueError, match="no offset"):
        instant(datetime(2025, 8, 29, 9, 15))  # noqa: DTZ001


@given(DAYS, st.times())
def test_indian_clocks_read_as_the_time_zone_says(day, wall):
    there = datetime.combine(day, wall, ZoneInfo("Asia/Kolkata"))

    assert at(day, wall) == instant(there)
    assert (day_of(at(day, wall)), wall_of(at(day, wall))) == (day, wall)


def test_a_day_begins_at_midnight_in_india():
    assert day_of(start_of(DAY)) == DAY
    assert day_of(start_of(DAY) - 1) == DAY - timedelta(days=1)


def test_a_moment_is_aware_and_indian():
    assert moment_of(at(DAY, time(9, 30, 51))) == datetime(2025, 8, 29, 9, 30, 51, tzinfo=IST)


def test_an_instant_is_written_in_indian_time():
    assert iso(at(DAY, time(9, 30, 51))) == "2025-08-29T09:30:51+05:30"
