"""The beat: what makes it, what stops it, and what follows."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from daemon.app.machine.sentry import LOOKS
from daemon.app.watching import beat as beats
from daemon.app.watching.beat import FEED, SILENT, Beat
from daemon.errors import StoreError
from daemon.messages import Alive, FreeEntries, HeldBy, HoldEntries, Pulse
from daemon.runtime.words import Call, Lane, Show
from tests.kit.disks import turns
from tests.kit.scripted import Stage, Word

ROUTERS = ("router:a", "router:b")
HOLD = [(router, HoldEntries(HeldBy.BEAT, SILENT), Lane.CONTROL) for router in ROUTERS]
FREE = [(router, FreeEntries(HeldBy.BEAT), Lane.CONTROL) for router in ROUTERS]


class Driver:
    """What a beat is told through; it settles at once, or never, or not at all."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any, Lane]] = []
        self.calm = asyncio.Event()
        self.calm.set()
        self.error: Exception | None = None
        self.beaten = 0
        self.held = asyncio.Event()
        self.beat = Beat(self.tell, self.settle, ROUTERS, self.count)

    def tell(self, to: str, message: Any, lane: Lane) -> None:
        self.told.append((to, message, lane))
        if isinstance(message, HoldEntries):
            self.held.set()

    async def settle(self) -> None:
        await self.calm.wait()
        if self.error is not None:
            raise self.error

    def count(self) -> None:
        self.beaten += 1

    def holding(self) -> list[Any]:
        return [each for each in self.told if not isinstance(each[1], Pulse)]

    async def pulsed(self, *alive: tuple[int, str]) -> int:
        """Pulse once, let these watchdogs answer, and return how many beats there were."""
        await self.beat.pulse()
        for number, router in alive:
            assert self.beat.shown(Alive(number, router))
        return self.beaten


async def test_a_pulse_goes_to_the_feed_and_to_every_router():
    driver = Driver()
    await driver.beat.pulse()

    assert driver.told == [
        (who, Pulse(1, who), Lane.FACTS) for who in ("feed", "router:a", "router:b")
    ]


async def test_it_beats_once_every_watchdog_has_answered_one_pulse():
    driver = Driver()
    assert await driver.pulsed((1, "router:a")) == 0
    assert await driver.pulsed((2, "router:b")) == 0
    assert await driver.pulsed((3, "router:a"), (3, "router:b"), (3, "router:b")) == 1
    assert driver.beat.count == 1


async def test_the_answer_to_the_pulse_before_the_newest_counts_and_an_older_one_does_not():
    driver = Driver()
    for _ in range(2):
        await driver.beat.pulse()
    assert await driver.pulsed((1, "router:a"), (1, "router:b")) == 0
    assert await driver.pulsed((3, "router:a"), (3, "router:b")) == 1


async def test_an_answer_that_was_never_asked_for_is_no_beat():
    assert await Driver().pulsed((9, "router:a"), (9, "router:b")) == 0


def test_what_is_no_sign_of_life_is_left_to_others():
    assert not Beat(lambda *_: None, asyncio.Event().wait, ROUTERS, lambda: None).shown("view")


async def test_a_driver_that_is_stuck_is_told_no_pulse():
    driver = Driver()
    driver.calm.clear()
    pulsing = asyncio.ensure_future(driver.beat.pulse())
    await asyncio.wait({pulsing}, timeout=0)
    assert driver.told == []
    driver.calm.set()
    await pulsing
    assert len(driver.told) == 3


async def test_eight_looks_without_a_beat_hold_entries_and_the_next_beat_frees_them():
    driver = Driver()
    for _ in range(7):
        driver.beat.look()
    assert driver.holding() == []
    for _ in range(3):
        driver.beat.look()
    assert driver.holding() == HOLD
    await driver.pulsed((1, "router:a"), (1, "router:b"))
    driver.beat.look()
    driver.beat.look()
    assert driver.holding() == [*HOLD, *FREE]


async def test_it_goes_on_pulsing_and_looking_until_it_is_ended(monkeypatch):
    monkeypatch.setattr(beats, "LOOK_S", 0)
    driver = Driver()
    keeping = asyncio.ensure_future(driver.beat.keep())
    async with asyncio.timeout(20):
        await driver.held.wait()
    keeping.cancel()
    await asyncio.wait({keeping})
    assert driver.holding() == HOLD
    assert max(each.number for _, each, _ in driver.told if isinstance(each, Pulse)) > 1


async def test_a_tree_that_ended_ends_it(monkeypatch):
    monkeypatch.setattr(beats, "LOOK_S", 0)
    driver = Driver()
    driver.error = StoreError("disk full")
    with pytest.raises(StoreError, match="disk full"):
        async with asyncio.timeout(20):
            await driver.beat.keep()


async def test_a_job_that_takes_long_keeps_nobody_from_the_beat_in_a_world_that_stands():
    """Its market waits for the job; those who guard are idle, and alive."""
    stage, let_go = Stage(), asyncio.Event()

    async def jobs(_: object) -> list[Word]:
        await let_go.wait()
        return [Word("done")]

    def alive(router: str, message: object) -> tuple[Show, ...]:
        return (Show(Alive(message.number, router)),) if isinstance(message, Pulse) else ()

    stage.ports["jobs"] = jobs
    stage.add("timekeeper", {"08:30": (Call("jobs", Word("check")),)}).add(FEED)
    for router in ROUTERS:
        stage.add(router, partial(alive, router))
    async with stage.tasks() as tasks:
        beat = Beat(tasks.say, tasks.caught_up, ROUTERS, lambda: None)
        market = asyncio.ensure_future(tasks.tell("timekeeper", Word("08:30"), 5))
        await turns()
        for _ in range(LOOKS + 1):
            await beat.pulse()
            await tasks.caught_up()
            while stage.shown:
                assert beat.shown(stage.shown.pop())
            beat.look()
        assert (beat.count, market.done()) == (LOOKS + 1, False)
        let_go.set()
        await market
    assert stage.handled("timekeeper") == ["08:30", "done"]
    assert not any(isinstance(message, HoldEntries) for _, message, _ in stage.log)
