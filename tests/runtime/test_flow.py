from __future__ import annotations

import asyncio
from fractions import Fraction

import pytest

from daemon.runtime.clock import VirtualClock
from daemon.runtime.flow import Flow
from tests.kit.scripted import Wall

SECOND = 1_000_000_000


class Sleeps:
    """Stands in for `asyncio.sleep`: notes each, and sets the clock then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, wall: Wall, *then_ns: int) -> None:
        self.took: list[float] = []
        self._wall, self._then_ns = wall, list(then_ns)
        monkeypatch.setattr(asyncio, "sleep", self)

    async def __call__(self, seconds: float) -> None:
        self.took.append(float(seconds))
        self._wall.step(self._then_ns.pop(0))


def test_it_goes_as_its_source_goes_but_never_back():
    wall = Wall(10)
    flow = Flow(wall, VirtualClock())
    seen = []
    for at_ns in (10, 12, 7, 11, 13):
        wall.step(at_ns)
        seen.append((flow.now_ns(), flow.passing_ns()))
    assert seen == [(10, 10), (12, 12), (12, 12), (12, 12), (13, 13)]


def test_what_was_never_read_is_no_floor_but_its_beginning_is():
    wall = Wall(10)
    flow = Flow(wall, VirtualClock())
    wall.step(3)
    assert flow.now_ns() == 10


ROWS = {
    "reached already": (5, Fraction(1), (), []),
    "soon": (10 + SECOND // 10, Fraction(1), (10 + SECOND,), [0.1]),
    "a timer that rang early": (
        *(10 + SECOND // 10, Fraction(1)),
        *((9 + SECOND // 10, 10 + SECOND // 10), [0.1, 1e-9]),
    ),
    "far, so that a step is noticed": (10 + 9 * SECOND, Fraction(1), (10 + 9 * SECOND,), [0.25]),
    "the source stepped back": (
        *(10 + SECOND // 10, Fraction(1)),
        *((0, 10 + SECOND), [0.1, 0.1]),
    ),
    "at sixty times the pace": (10 + 6 * SECOND, Fraction(60), (10 + 6 * SECOND,), [0.1]),
}


@pytest.mark.parametrize(("at_ns", "speed", "then_ns", "took"), ROWS.values(), ids=ROWS)
async def test_an_instant_is_waited_for_until_the_clock_shows_it(
    monkeypatch, at_ns, speed, then_ns, took
):
    wall = Wall(10)
    sleeps = Sleeps(monkeypatch, wall, *then_ns)
    await Flow(wall, VirtualClock(), speed).reach(at_ns)
    assert sleeps.took == took


@pytest.mark.parametrize("back_ns", [6 * SECOND, 5 * 3_600 * SECOND + 1_800 * SECOND])
async def test_an_alarm_of_a_second_rings_soon_though_the_source_was_set_back_by_hours(
    monkeypatch, back_ns
):
    wall, host = Wall(10**15), VirtualClock()
    flow, slept = Flow(wall, host), []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        for clock in (wall, host):
            clock.advance(-int(-seconds * SECOND // 1))

    monkeypatch.setattr(asyncio, "sleep", sleep)
    wall.step(wall.now_ns() - back_ns)
    await flow.reach(10**15 + SECOND)
    assert sum(slept) == pytest.approx(1.5, abs=1e-6)
    assert flow.shown_ns() == wall.now_ns() < flow.now_ns()
    await flow.reach_shown(10**15)
    assert sum(slept) == pytest.approx(back_ns / SECOND)
    assert flow.now_ns() >= 10**15 + SECOND


def test_a_played_world_goes_on_from_a_later_instant_and_from_no_earlier_one():
    wall = Wall(10)
    flow = Flow(wall, VirtualClock())
    flow.jump(100)
    seen = [flow.now_ns()]
    wall.step(12)
    seen.append(flow.now_ns())
    flow.jump(50)
    seen.append(flow.now_ns())
    assert seen == [100, 102, 102]
    assert flow.waits
