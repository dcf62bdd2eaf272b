"""Market time that a running world waits for, against a host clock of our own."""

import asyncio
from fractions import Fraction

import pytest

from daemon.runtime.clock import VirtualClock
from daemon.runtime.pace import Pace

SECOND = 1_000_000_000


@pytest.fixture
def host(monkeypatch) -> VirtualClock:
    """Host time that passes only while somebody sleeps; what was slept is kept in `slept`."""
    clock = VirtualClock(77)
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.advance(round(seconds * SECOND))

    monkeypatch.setattr(asyncio, "sleep", sleep)
    clock.slept = slept
    return clock


async def test_without_a_speed_nothing_is_waited_for(host) -> None:
    """As fast as it can be worked, jumps included."""
    pace = Pace(host, None)
    assert pace.now_ns() == 0
    pace.jump(5 * SECOND)
    await pace.reach(10 * SECOND)
    assert (pace.now_ns(), host.slept) == (10 * SECOND, [])
    assert not pace.waits
    assert Pace(host, Fraction(60)).waits


async def test_nobody_sets_what_it_is_read_from(host) -> None:
    pace = Pace(host, None)
    await pace.reach_shown(10 * SECOND)
    assert (pace.now_ns(), pace.shown_ns()) == (10 * SECOND, 10 * SECOND)


@pytest.mark.parametrize(
    ("speed", "slept"), [(Fraction(1), 30.0), (Fraction(60), 0.5), (Fraction(1, 2), 60.0)]
)
async def test_an_instant_is_waited_for_at_the_pace(host, speed, slept) -> None:
    """Half a minute of market time from where it was jumped to."""
    pace = Pace(host, speed)
    pace.jump(100 * SECOND)
    await pace.reach(130 * SECOND)
    assert (pace.now_ns(), host.slept) == (130 * SECOND, [slept])


async def test_work_that_took_long_is_caught_up(host) -> None:
    """What is overdue is not slept for, and the next instant only for the rest."""
    pace = Pace(host, Fraction(1))
    pace.jump(0)
    host.advance(3 * SECOND)
    await pace.reach(2 * SECOND)
    await pace.reach(4 * SECOND)
    assert (pace.now_ns(), host.slept) == (4 * SECOND, [1.0])


async def test_time_never_goes_back(host) -> None:
    """Neither by reaching nor by jumping to what is past; nothing is waited for then."""
    pace = Pace(host, Fraction(1))
    pace.jump(10 * SECOND)
    await pace.reach(10 * SECOND)
    await pace.reach(5 * SECOND)
    pace.jump(5 * SECOND)
    assert (pace.now_ns(), host.slept) == (10 * SECOND, [])
    await pace.reach(11 * SECOND)
    assert (pace.now_ns(), host.slept) == (11 * SECOND, [1.0])


async def test_before_the_first_jump_there_is_no_pace(host) -> None:
    """A world says first where its time begins."""
    pace = Pace(host, Fraction(1))
    await pace.reach(9 * SECOND)
    assert (pace.now_ns(), host.slept) == (9 * SECOND, [])


async def test_time_stands_still_while_it_is_waited_for(host, monkeypatch) -> None:
    """A handler that runs meanwhile is stamped with the instant last reached."""
    pace, seen = Pace(host, Fraction(1)), []

    async def sleep(seconds: float) -> None:
        seen.append(pace.now_ns())

    monkeypatch.setattr(asyncio, "sleep", sleep)
    pace.jump(SECOND)
    await pace.reach(2 * SECOND)
    assert (seen, pace.now_ns()) == ([SECOND], 2 * SECOND)


async def test_a_clock_for_people_goes_on_while_time_is_waited_for(host, monkeypatch) -> None:
    """At the pace, never past what is waited for, and not at all before there is a pace."""
    pace, seen = Pace(host, Fraction(60)), []

    async def sleep(seconds: float) -> None:
        for _ in range(3):
            host.advance(round(seconds * SECOND / 2))
            seen.append(pace.passing_ns())

    monkeypatch.setattr(asyncio, "sleep", sleep)
    assert pace.passing_ns() == 0
    pace.jump(SECOND)
    await pace.reach(121 * SECOND)
    assert seen == [61 * SECOND, 121 * SECOND, 121 * SECOND]
    assert pace.passing_ns() == pace.now_ns() == 121 * SECOND


async def test_what_is_due_before_a_jump_ends_has_its_own_instant(host) -> None:
    """An alarm of last night rings at last night's time, without a wait; then the pace goes on."""
    pace = Pace(host, Fraction(1))
    pace.jump(10 * SECOND)
    await pace.reach(10 * SECOND)
    pace.jump(100 * SECOND)
    await pace.reach(40 * SECOND)
    assert (pace.now_ns(), host.slept) == (40 * SECOND, [])
    await pace.reach(102 * SECOND)
    assert (pace.now_ns(), host.slept) == (102 * SECOND, [2.0])
