"""The wall clock held against running time."""

from __future__ import annotations

import pytest

from daemon.app.machine.clock_watch import ClockWatch, Looked, Wall, jump_sentence
from daemon.domain.instants import DAY_NS, MILLISECOND_NS, SECOND_NS
from daemon.runtime.forward import STANDS_NS

HOUR_NS = 3_600 * SECOND_NS
EVEN = Looked(Wall.EVEN)


@pytest.mark.parametrize(
    ("by_ns", "found"),
    [
        (0, EVEN),
        (500 * MILLISECOND_NS, EVEN),
        (-500 * MILLISECOND_NS, EVEN),
        *(
            (sign * by_ns, Looked(Wall.JUMPED, sign * by_ns))
            for by_ns in (501 * MILLISECOND_NS, SECOND_NS, HOUR_NS, DAY_NS)
            for sign in (1, -1)
        ),
    ],
)
def test_a_wall_that_moves_half_a_second_more_or_less_than_running_time_has_jumped(by_ns, found):
    watch = ClockWatch(10 * DAY_NS, 5)

    assert watch.look(10 * DAY_NS + SECOND_NS + by_ns, 5 + SECOND_NS) == found


def test_it_is_steady_once_it_has_run_evenly_for_a_minute_after_its_last_jump():
    watch, found = ClockWatch(0, 0), []
    for second in range(1, 200):
        jumps = (second >= 5) + (second >= 30)
        found.append(watch.look(second * SECOND_NS + jumps * HOUR_NS, second * SECOND_NS).wall)

    assert [second for second, wall in enumerate(found, 1) if wall is Wall.JUMPED] == [5, 30]
    assert [second for second, wall in enumerate(found, 1) if wall is Wall.STEADY] == [90]


def test_it_is_not_steady_before_market_time_agrees_with_it():
    """Set back by an hour, market time goes on ahead of it and comes nearer by a third."""
    watch, found = ClockWatch(HOUR_NS, 0), []
    for minute in range(1, 190):
        running_ns = minute * 60 * SECOND_NS
        ahead_ns = max(0, HOUR_NS - running_ns // 3)
        found.append(watch.look(running_ns, running_ns, ahead_ns).wall)

    assert found[0] is Wall.JUMPED
    assert [minute for minute, wall in enumerate(found, 1) if wall is Wall.STEADY] == [180]


def test_a_clock_that_is_set_right_bit_by_bit_has_not_jumped():
    watch = ClockWatch(0, 0)
    found = {
        watch.look(second * (SECOND_NS + SECOND_NS // 2_000), second * SECOND_NS)
        for second in range(1, 7_200)
    }

    assert found == {EVEN}


@pytest.mark.parametrize(
    ("by_ns", "told"), [(HOUR_NS, "forward by 3,600.0 s"), (-SECOND_NS, "back by 1.0 s")]
)
def test_a_jump_is_told_with_its_way_and_its_mend(by_ns, told):
    assert told in jump_sentence(by_ns)
    assert "chrony" in jump_sentence(by_ns)
    assert "market time" not in jump_sentence(by_ns, STANDS_NS)


def test_where_market_time_goes_on_ahead_of_it_a_person_is_told_what_that_means_and_what_to_do():
    told = jump_sentence(-HOUR_NS, HOUR_NS)
    for said in ("3,600.0 s ahead of it", "stops and exits", "no entry", "start the daemon again"):
        assert said in told


def test_where_market_time_stands_after_the_close_he_is_told_that_nothing_is_guarded():
    told = jump_sentence(-HOUR_NS, HOUR_NS, trades=False)
    for said in ("3,600.0 s ahead of it", "nothing is guarded", "start the daemon again now"):
        assert said in told
    assert "before the market closes" not in told
