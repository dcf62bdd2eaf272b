"""A market is let come: all know of a day before its first frame, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from daemon.actors.timekeeper import DayBegins, DayEnds
from daemon.app.given import playing
from daemon.worlds import Step

DAY = date(2026, 3, 9)


class Driver:
    """Notes what is brought in; it may never be done."""

    def __init__(self, *, busy: bool = False) -> None:
        self.done: list[str] = []
        self._busy = busy

    async def tell(self, to: str, message: object, at_ns: int) -> None:
        self.done.append(f"{to} {type(message).__name__}")

    async def settle(self) -> None:
        if self._busy:
            await asyncio.Event().wait()
        self.done.append("settled")


async def played(driver: Driver, *, jump: bool) -> list[str]:
    async def coming() -> AsyncGenerator[Step, None]:
        yield Step("timekeeper", DayBegins(DAY), 1, jump)
        yield Step("feed", "a frame", 2)
        yield Step("timekeeper", DayEnds(DAY), 3)

    app: Any = SimpleNamespace(world=SimpleNamespace(coming=coming))
    market: Any = SimpleNamespace(is_beyond=lambda message: isinstance(message, DayEnds))
    pace: Any = SimpleNamespace(jump=lambda at_ns: driver.done.append(f"jump {at_ns}"))
    tasks: Any = driver
    await playing.play(app, market, pace, tasks)
    return driver.done


@pytest.mark.parametrize("jump", [True, False])
async def test_all_know_of_a_day_before_its_first_frame_and_beyond_the_end_nothing_is_told(jump):
    told = ["timekeeper DayBegins", "settled", "feed str"]
    assert await played(Driver(), jump=jump) == (["jump 1"] if jump else []) + told


async def test_where_time_flows_a_day_goes_on_though_somebody_is_never_done(monkeypatch):
    monkeypatch.setattr(playing, "KNOWN_S", 0.01)
    driver = Driver(busy=True)
    assert await played(driver, jump=False) == ["timekeeper DayBegins", "feed str"]
