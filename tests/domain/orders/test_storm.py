"""Storms: what happens more often than it may within a while."""

import pytest

from daemon.domain.orders.storm import REFUSALS, REPEATS, Rate, Storm

# instants at which something happens, at which of them it is too often: 2 within 10
WALKS = [
    ((0, 4, 9), (9,)),
    ((0, 4, 10), ()),
    ((0, 4, 9, 10), (9, 10)),
    ((0, 0, 0), (0,)),
    ((0, 10, 20, 30), ()),
    ((0, 9, 11, 13), (13,)),
]


@pytest.mark.parametrize(("instants", "storms"), WALKS)
def test_one_more_than_the_rate_within_the_while_is_a_storm(instants, storms):
    """An instant that lies a whole while back is not within it any more."""
    storm = Storm(Rate(2, 10))
    hits = [at_ns for n, at_ns in enumerate(instants) if storm.hit(("s",), str(n), at_ns)]
    assert tuple(hits) == storms


def test_each_matter_is_counted_by_itself():
    storm = Storm(Rate(1, 10))
    assert not storm.hit(("s", "band"), "1", 0)
    assert not storm.hit(("s", "margin"), "2", 0)
    assert not storm.hit(("t", "band"), "3", 0)
    assert storm.hit(("s", "band"), "4", 0)


def test_what_is_told_twice_is_counted_once():
    storm = Storm(Rate(1, 10))
    assert not any(storm.hit(("s",), "the same", at_ns) for at_ns in range(5))


def test_what_did_not_come_about_is_counted_no_more():
    storm = Storm(Rate(1, 10))
    for n in range(4):
        assert not storm.hit(("s",), str(n), n)
        storm.take_back(("s",), str(n))
    storm.take_back(("t",), "0")
    storm.hit(("s",), "4", 4)
    storm.take_back(("s",), "another")
    assert storm.hit(("s",), "5", 5)


def test_a_person_who_looked_ends_the_count_of_that_strategy_alone():
    storm = Storm(Rate(1, 10))
    for strategy_id in ("s", "t"):
        storm.hit((strategy_id, "band"), "1", 0)
    storm.calm("s")
    assert not storm.hit(("s", "band"), "2", 0)
    assert storm.hit(("t", "band"), "2", 0)


def test_the_presets_are_ten_entries_in_an_hour_and_two_refusals_in_ten_seconds():
    assert (Rate(10, 3_600 * 10**9), Rate(2, 10 * 10**9)) == (REPEATS, REFUSALS)
