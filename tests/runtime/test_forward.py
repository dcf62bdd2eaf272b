"""A clock that is read forward only: it stands for a moment, and goes on where that would last."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.runtime.budget import Budget, Granted, Priority, Window
from daemon.runtime.clock import VirtualClock
from daemon.runtime.forward import SLOWED, STANDS_NS, Forward
from tests.kit.scripted import Wall

SECOND = 1_000_000_000
MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND
START = 100 * HOUR
ZONE = 5 * HOUR + 30 * MINUTE


class Machine:
    """A wall that somebody sets, running time that never steps, and the clock over both."""

    def __init__(self, speed: Fraction = Fraction(1)) -> None:
        self.wall, self.running = Wall(START), VirtualClock(7)
        self.clock = Forward(self.wall, self.running, speed)

    def passes(self, by_ns: int, wall_ns: int | None = None) -> int:
        """Time passes; the wall moves by as much, or by what is said. Returns what is shown."""
        self.running.advance(by_ns)
        self.wall.step(self.wall.now_ns() + (by_ns if wall_ns is None else wall_ns))
        return self.clock.now_ns()


def test_a_clock_that_is_not_set_is_followed():
    machine = Machine()
    assert [machine.passes(each) for each in (0, 5, 0, SECOND)] == [
        *(START, START + 5, START + 5, START + 5 + SECOND)
    ]


@pytest.mark.parametrize("back_ns", [1, SECOND, STANDS_NS])
def test_set_back_by_seconds_it_stands_until_the_clock_has_caught_up(back_ns):
    machine = Machine()
    assert machine.passes(0, -back_ns) == START
    assert machine.passes(back_ns - 1) == START
    assert machine.passes(1) == START
    assert machine.passes(1) == START + 1


@pytest.mark.parametrize("back_ns", [STANDS_NS + 1, MINUTE, ZONE, 50 * HOUR])
def test_set_back_by_more_it_goes_on_slower_until_the_clock_has_caught_up(back_ns):
    machine = Machine()
    assert machine.passes(0, -back_ns) == START
    assert machine.passes(3 * SECOND) == START + 2 * SECOND
    caught_up_ns = back_ns * SLOWED.denominator
    assert machine.passes(caught_up_ns - 4 * SECOND) < START - back_ns + caught_up_ns
    for _ in range(3):
        assert machine.passes(SECOND) == machine.wall.now_ns()


def test_it_slows_the_pace_that_it_is_held_to():
    machine = Machine(Fraction(60))
    machine.passes(0, -HOUR)
    assert machine.passes(3 * SECOND, 180 * SECOND) == START + 120 * SECOND


def test_half_a_days_time_zone_is_caught_up_between_a_close_and_the_next_opening():
    machine = Machine()
    machine.passes(0, -ZONE)
    assert machine.passes(17 * HOUR) == machine.wall.now_ns()


def test_set_forth_it_follows_at_once_and_goes_on_where_that_was_wrong():
    machine = Machine()
    assert machine.passes(SECOND, ZONE) == START + ZONE
    assert machine.passes(0, -ZONE) == START + ZONE
    assert machine.passes(3 * SECOND) == START + ZONE + 2 * SECOND


def test_a_machine_that_slept_lets_it_catch_up_with_a_clock_that_went_on():
    """Running time stands while the machine sleeps; the wall does not."""
    machine = Machine()
    machine.passes(0, -MINUTE)
    machine.passes(3 * SECOND)
    assert machine.passes(0, 30 * SECOND) == START + 2 * SECOND
    assert machine.passes(0, HOUR) == machine.wall.now_ns()


def test_who_begins_anew_goes_by_the_clock_as_it_is():
    machine = Machine()
    machine.passes(0, -ZONE)
    machine.clock.begin_anew()
    assert machine.passes(SECOND) == START - ZONE + SECOND


def test_a_budget_in_it_holds_up_no_exit_for_longer_than_it_would_a_slower_clock():
    """What was counted before the clock was set back is free again after its window."""
    machine, budget = Machine(), Budget((Window(3, SECOND), Window(60, MINUTE)))
    machine.passes(SECOND)
    for _ in range(3):
        assert isinstance(budget.take(machine.clock.now_ns(), Priority.EXIT), Granted)
    machine.passes(0, -ZONE)
    sent = 0
    for _ in range(600):
        now_ns = machine.passes(SECOND)
        sent += isinstance(budget.take(now_ns, Priority.EXIT), Granted)
    assert sent >= 300


steps = st.lists(
    st.tuples(
        st.integers(0, 10 * HOUR),
        st.one_of(st.just(0), st.integers(-10 * HOUR, 10 * HOUR)),
    ),
    max_size=30,
)


@example([(0, -STANDS_NS - 1), (STANDS_NS + 1, 0)])
@given(steps)
def test_it_never_goes_back_is_never_behind_the_clock_and_never_stands_for_long(steps):
    machine = Machine()
    shown_ns, alone = START, False
    for passed_ns, set_ns in steps:
        before_ns = shown_ns
        shown_ns = machine.passes(passed_ns, passed_ns + set_ns)
        assert shown_ns >= before_ns
        assert shown_ns >= machine.wall.now_ns()
        if alone:  # it went on by itself already, so it has not stood
            assert shown_ns >= before_ns + passed_ns * SLOWED - 1
        if shown_ns > machine.wall.now_ns():
            assert shown_ns - before_ns <= passed_ns
        alone = shown_ns - machine.wall.now_ns() > STANDS_NS
