from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.runtime.clock import (
    Clock,
    MonotonicClock,
    PacedClock,
    SteadyClock,
    VirtualClock,
    WallClock,
)

SECOND_NS = 1_000_000_000
START_NS = 1_795_405_500 * SECOND_NS
SPEEDS = st.fractions(min_value=Fraction(1, 1_000), max_value=1_000, max_denominator=1_000)


def paced(speed: Fraction) -> tuple[VirtualClock, PacedClock]:
    host = VirtualClock(7)
    return host, PacedClock(host, START_NS, speed)


@pytest.mark.parametrize(
    ("clock", "read"), [(WallClock(), time.time_ns), (MonotonicClock(), time.monotonic_ns)]
)
def test_a_host_clock_reads_its_source(clock: Clock, read) -> None:
    """Between two readings of the source lies the clock's own, or they are equal."""
    before = read()
    now = clock.now_ns()
    assert before <= now <= read()


def test_a_virtual_clock_stands_until_it_is_moved() -> None:
    """It shows the start, then what it was set to, then what it was advanced by."""
    clock = VirtualClock(100)
    seen = [clock.now_ns()]
    clock.set(100)
    seen.append(clock.now_ns())
    clock.set(250)
    seen.append(clock.now_ns())
    clock.advance(50)
    seen.append(clock.now_ns())
    assert seen == [100, 100, 250, 300]


def test_a_virtual_clock_refuses_to_go_back() -> None:
    """Neither an earlier instant nor a negative span is taken."""
    clock = VirtualClock(100)
    with pytest.raises(AssertionError, match="time never goes back: 99 is before 100"):
        clock.set(99)
    with pytest.raises(AssertionError, match="time never goes back"):
        clock.advance(-1)
    assert clock.now_ns() == 100


def test_a_paced_clock_runs_at_its_speed_from_its_start() -> None:
    """At sixty times the pace, a second on the host is a minute in the market."""
    host, clock = paced(Fraction(60))
    assert clock.now_ns() == START_NS
    host.advance(SECOND_NS)
    assert clock.now_ns() == START_NS + 60 * SECOND_NS


def test_a_paced_clock_does_not_drift() -> None:
    """Read at odd moments over a day, it ends where the ratio says, to the nanosecond."""
    host, clock = paced(Fraction(1, 3))
    for _ in range(1_000):
        host.advance(86_400_000_001)
        clock.now_ns()
    assert clock.now_ns() == START_NS + 1_000 * 86_400_000_001 // 3


@given(SPEEDS, st.integers(0, 10**14), st.integers(-(10**14), 10**15))
def test_the_delay_is_the_shortest_that_reaches_the_instant(
    speed: Fraction, elapsed_ns: int, ahead_ns: int
) -> None:
    """After the delay the instant is reached; a nanosecond of host time earlier it is not."""
    host, clock = paced(speed)
    host.advance(elapsed_ns)
    at_ns = START_NS + ahead_ns
    delay_ns = clock.delay_until_ns(at_ns)
    if delay_ns:
        host.advance(delay_ns - 1)
        assert clock.now_ns() < at_ns
        host.advance(1)
    assert clock.now_ns() >= at_ns


def test_an_instant_that_has_passed_needs_no_delay() -> None:
    """What lies behind is due at once."""
    host, clock = paced(Fraction(2))
    host.advance(SECOND_NS)
    assert clock.delay_until_ns(START_NS) == 0
    assert clock.delay_until_ns(START_NS + 2 * SECOND_NS) == 0


def test_a_change_of_speed_keeps_the_present_instant() -> None:
    """The market instant is the same before and after; only the pace differs."""
    host, clock = paced(Fraction(60))
    host.advance(SECOND_NS)
    clock.set_speed(Fraction(1, 2))
    assert clock.now_ns() == START_NS + 60 * SECOND_NS
    host.advance(SECOND_NS)
    assert clock.now_ns() == START_NS + 60 * SECOND_NS + SECOND_NS // 2


def test_a_change_of_speed_bears_a_host_that_moves_on_meanwhile() -> None:
    """On a real host every reading is later than the one before; the change is one reading."""
    clock = PacedClock(MonotonicClock(), START_NS, Fraction(10**6))
    clock.set_speed(Fraction(1, 10**6))
    assert clock.now_ns() >= START_NS


def test_a_jump_goes_forward_only() -> None:
    """From the evening to the next morning, and never back."""
    host, clock = paced(Fraction(10))
    host.advance(SECOND_NS)
    clock.jump(START_NS + 100 * SECOND_NS)
    host.advance(SECOND_NS)
    assert clock.now_ns() == START_NS + 110 * SECOND_NS
    with pytest.raises(AssertionError, match="time never goes back"):
        clock.jump(START_NS)


@pytest.mark.parametrize("speed", [Fraction(0), Fraction(-1)])
def test_market_time_that_stands_or_runs_back_is_refused(speed: Fraction) -> None:
    """A speed is above zero, at the start and when it is changed."""
    with pytest.raises(AssertionError, match="only runs forward"):
        paced(speed)
    _, clock = paced(Fraction(1))
    with pytest.raises(AssertionError, match="only runs forward"):
        clock.set_speed(speed)


def test_a_steady_clock_goes_on_from_the_wall_whatever_the_wall_is_set_to() -> None:
    """Read once at the start; what passes afterwards is running time."""
    wall, running = VirtualClock(START_NS), VirtualClock(7)
    clock = SteadyClock(wall, running)
    wall.advance(3_600 * SECOND_NS)
    running.advance(SECOND_NS)
    assert clock.now_ns() == START_NS + SECOND_NS
