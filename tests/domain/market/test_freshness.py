from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.freshness import (
    GAPS_KEPT,
    Link,
    alive,
    beat,
    dies_at_ns,
    interval_ns,
    is_gap,
    lives_ns,
    opened,
)

MINUTE_NS = 60 * SECOND_NS


def beating(link: Link, *gaps_ns: int) -> Link:
    link = beat(opened(link, MINUTE_NS), MINUTE_NS)
    for gap_ns in gaps_ns:
        link = beat(link, link.last_ns + gap_ns)
    return link


@pytest.mark.parametrize(
    ("link", "gaps_s", "expected_s"),
    [
        (Link(65 * SECOND_NS), (), 65),
        (Link(65 * SECOND_NS), (10, 10, 10, 10), 65),
        (Link(65 * SECOND_NS), (10, 10, 10, 10, 20), 10),
        (Link(65 * SECOND_NS), (10, 10, 10, 20, 20, 20), 15),
        (Link(65 * SECOND_NS, 5 * SECOND_NS), (10,) * 20, 5),
    ],
    ids=["none known", "four are too few", "five are enough", "even count", "configured"],
)
def test_the_interval_is_configured_or_learnt_or_declared(link, gaps_s, expected_s):
    known = beating(link, *(gap * SECOND_NS for gap in gaps_s))
    assert interval_ns(known) == expected_s * SECOND_NS


@pytest.mark.parametrize(("interval_s", "lives_s"), [(1, 3), (2, 6), (65, 195)])
def test_a_link_lives_for_three_intervals_and_no_nanosecond_longer(interval_s, lives_s):
    link = beating(Link(interval_s * SECOND_NS))
    last_alive_ns = link.last_ns + lives_s * SECOND_NS
    found = alive(link, last_alive_ns), alive(link, last_alive_ns + 1), dies_at_ns(link)
    assert found == (True, False, last_alive_ns + 1)


@pytest.mark.parametrize(("declared_s", "gaps_s", "lives_s"), [(65, (), 195), (65, (1,) * 5, 3)])
def test_how_long_prices_live_follows_from_the_pace_alone(declared_s, gaps_s, lives_s):
    """Of a link that never beat, from what is declared."""
    gaps_ns = [gap * SECOND_NS for gap in gaps_s]
    assert lives_ns(beating(Link(declared_s * SECOND_NS), *gaps_ns)) == lives_s * SECOND_NS
    assert lives_ns(Link(declared_s * SECOND_NS)) == 3 * declared_s * SECOND_NS


def test_the_night_before_a_session_is_no_gap():
    link = beating(Link(SECOND_NS), SECOND_NS, SECOND_NS)
    morning_ns = link.last_ns + 18 * 60 * MINUTE_NS
    again = beat(opened(link, morning_ns), morning_ns + 7)
    assert again.gaps_ns == (SECOND_NS, SECOND_NS)


@pytest.mark.parametrize(
    ("interval_s", "silence_s", "expected"),
    [(65, 129, False), (65, 130, True), (1, 1, False), (1, 2, True)],
)
def test_a_gap_is_two_intervals_and_at_least_two_seconds(interval_s, silence_s, expected):
    assert is_gap(Link(interval_s * SECOND_NS), silence_s * SECOND_NS) is expected


def test_tiny_intervals_make_no_gaps_of_milliseconds():
    assert is_gap(Link(1_000_000), SECOND_NS) is False


@given(st.lists(st.integers(0, 10**12), min_size=5, max_size=60))
def test_the_learnt_interval_is_the_median_of_the_last_twenty_gaps(gaps_ns):
    learnt = interval_ns(beating(Link(SECOND_NS), *gaps_ns))
    middle_two = sorted(gaps_ns[-GAPS_KEPT:])
    low, high = statistics.median_low(middle_two), statistics.median_high(middle_two)
    assert learnt == (low + high) // 2


@given(st.lists(st.integers(0, 10**12), max_size=30), st.integers(0, 10**13))
def test_a_link_is_alive_exactly_before_the_instant_it_dies(gaps_ns, later_ns):
    link = beating(Link(SECOND_NS), *gaps_ns)
    now_ns = link.last_ns + later_ns
    assert alive(link, now_ns) is (now_ns < dies_at_ns(link))
