"""The course of a day and the walk of days: their shape, and that they fit together."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from statistics import fmean

import pytest

from daemon.domain.market.calendar import next_session
from daemon.errors import RuleUnknown
from daemon.twin.generator.course import course, passed
from daemon.twin.generator.walk import Walk

DAY = date(2026, 3, 9)
SECONDS = 22_500
SHARES = passed(SECONDS)
QUARTER = 900


def days(count: int) -> list[date]:
    found = [DAY]
    while len(found) < count:
        found.append(next_session(found[-1]))
    return found


def made(day: date = DAY, seed: int = 1, name: str = "NIFTY"):
    return course(seed, name, Walk(seed, name, 24_500.0).of(day), SHARES)


def test_the_first_and_the_last_quarter_of_an_hour_move_most():
    """The share of the day's movement that they take, against one at noon."""
    opening = SHARES[QUARTER]
    noon = SHARES[12 * QUARTER] - SHARES[11 * QUARTER]
    closing = SHARES[-1] - SHARES[-1 - QUARTER]
    assert (SHARES[0], SHARES[-1]) == (0.0, 1.0)
    assert opening > 2 * noon
    assert closing > 1.3 * noon
    assert all(later > earlier for earlier, later in pairwise(SHARES))


@pytest.mark.untraced
def test_spot_moves_more_in_the_morning_than_at_noon():
    """In sum over the steps of some days."""
    moved = {"morning": 0.0, "noon": 0.0}
    for day in days(5):
        spot = made(day).spot
        for name, start in (("morning", 0), ("noon", 11 * QUARTER)):
            steps = pairwise(spot[start : start + QUARTER])
            moved[name] += sum(abs(later - earlier) for earlier, later in steps)
    assert moved["morning"] > 1.3 * moved["noon"]


@pytest.mark.untraced
def test_some_days_jump():
    """Steps of a second that no ordinary one comes near."""
    jumps = 0
    for day in days(8):
        spot = made(day).spot
        jumps += sum(abs(later / earlier - 1) > 0.0006 for earlier, later in pairwise(spot))
    assert jumps


@pytest.mark.untraced
def test_volatility_melts_within_the_first_half_hour():
    for day in days(5):
        volatility = made(day).volatility
        opening, later = fmean(volatility[:60]), fmean(volatility[1_800:3_600])
        assert opening > 1.1 * later


def test_a_day_ends_where_its_return_leads_and_the_next_begins_near_there():
    """The gap over a night is small, and no day is lost."""
    walk = Walk(1, "NIFTY", 24_500.0)
    first, second = days(2)
    end = made(first).spot[-1]
    assert end == pytest.approx(walk.of(first).closes)
    assert abs(walk.of(second).opens / end - 1) < 0.015


def test_years_of_days_stay_near_the_base():
    walk = Walk(3, "NIFTY", 24_500.0)
    walk.of(date(2026, 12, 31))
    levels = [each.opens for each in walk.since(date(2019, 1, 1), date(2026, 12, 31))]
    assert len(levels) > 1_900
    assert 24_500 * 0.75 < min(levels) < max(levels) < 24_500 * 1.25


@pytest.mark.untraced
def test_indices_move_together_and_not_alike():
    """Most of a day's moves are common to both."""
    first, second = made().spot, made(name="SENSEX").spot
    moves = [[b / a - 1 for a, b in pairwise(each[::60])] for each in (first, second)]
    together = sum(a * b for a, b in zip(*moves, strict=True))
    apart = [sum(a * a for a in each) for each in moves]
    assert 0.7 < together / (apart[0] * apart[1]) ** 0.5 < 0.999


def test_a_day_that_is_asked_for_first_is_the_same_as_after_others():
    walked, fresh = Walk(1, "NIFTY", 24_500.0), Walk(1, "NIFTY", 24_500.0)
    for day in days(4):
        walked.of(day)
    assert fresh.of(days(4)[-1]) == walked.of(days(4)[-1])
    assert walked.of(DAY) == Walk(1, "NIFTY", 24_500.0).of(DAY)


def test_a_day_beyond_the_calendar_is_refused():
    with pytest.raises(RuleUnknown):
        Walk(1, "NIFTY", 24_500.0).of(date(2027, 1, 4))
