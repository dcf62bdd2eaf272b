"""Our sessions against exchange_calendars' XBOM, which knows no special sessions."""

from __future__ import annotations

import warnings
from datetime import date, timedelta

import pytest

from daemon.domain.market.calendar import coverage, is_session

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    exchange_calendars = pytest.importorskip("exchange_calendars")

SPECIAL = {
    date(2019, 10, 27),
    date(2020, 2, 1),
    date(2020, 11, 14),
    date(2021, 11, 4),
    date(2022, 10, 24),
    date(2023, 11, 12),
    date(2024, 1, 20),
    date(2024, 3, 2),
    date(2024, 5, 18),
    date(2024, 11, 1),
    date(2025, 2, 1),
    date(2025, 10, 21),
    date(2026, 2, 1),
    date(2026, 11, 8),
}


def test_our_sessions_are_those_of_xbom_and_the_special_ones():
    first, last = coverage()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bombay = exchange_calendars.get_calendar("XBOM", start=first, end=last)
    theirs = {stamp.date() for stamp in bombay.sessions}
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    ours = {day for day in days if is_session(day)}
    assert theirs - ours == set()
    assert ours - theirs == SPECIAL
