"""The market behind the twin: what happens when, and who moves time on.

It is paced by host time, and each day waits for the first login of its morning; or it is held:
then it moves only when it is told to, and equal orders at equal instants lead to equal days.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import time

from msgspec import Struct

from daemon.brokers.zerodha.wire_twin.desk import Desk
from daemon.domain.instants import at, day_of
from daemon.runtime.pace import Pace

MORNING = time(8, 45)
"""Where a day begins: the file of contracts is made, nothing trades yet."""


class Beat(Struct, frozen=True):
    """Something that happens in the market.

    Attributes:
        at_ns: when.
        act: lets the exchange see it.
        jump: it begins a day, and nothing happens before it; who is paced need not wait for it.
    """

    at_ns: int
    act: Callable[[], object]
    jump: bool = False


class Market:
    """Plays what happens.

    Args:
        beats: in order of time.
        desk: is turned to each instant.
        pace: by which time passes while it is not held.
        starts_ns: where it stands at first.
    """

    def __init__(self, beats: Iterator[Beat], desk: Desk, pace: Pace, starts_ns: int) -> None:
        self._beats = beats
        self._next = next(beats, None)
        self._desk = desk
        self._pace = pace
        self._held = not pace.waits
        self._logged_in = asyncio.Event()
        self._advancing = asyncio.Lock()
        desk.turn(starts_ns)

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens."""
        return self._next is None

    def begin(self) -> None:
        """Somebody has logged in: let a day that waits for it begin."""
        self._logged_in.set()

    def now_ns(self) -> int:
        """Return market time, and turn the desk to it."""
        if not self._held:
            self._desk.turn(self._pace.passing_ns())
        return self._desk.now_ns

    async def still(self) -> None:
        """Wait until nobody moves time on: what is asked meanwhile is done after it."""
        async with self._advancing:
            return

    async def advance(self, to_ns: int, taken: Callable[[], Awaitable[None]]) -> None:
        """Hold the market, and let everything happen up to an instant.

        Args:
            to_ns: the instant, not before now.
            taken: waits until clients have taken what they were sent; asked after each event.
        """
        self._held = True
        async with self._advancing:
            while self._next is not None and self._next.at_ns <= to_ns:
                self._play(self._next)
                await taken()
            self._desk.turn(to_ns)

    async def run(self) -> None:
        """Let things happen at their pace until they are over, or the market is held."""
        while self._next is not None and not self._held:
            beat = self._next
            if beat.jump:
                await self._dawn(beat.at_ns)
            await self._pace.reach(beat.at_ns)
            await asyncio.sleep(0)  # who is late still answers in between
            if self._next is beat and not self._held:
                self._play(beat)

    async def _dawn(self, at_ns: int) -> None:
        """Stand at the morning of a day, where every token is dead, until somebody logs in."""
        if not self._held:
            self._desk.turn(min(at(day_of(at_ns), MORNING), at_ns))
        await self._logged_in.wait()
        self._logged_in.clear()
        self._pace.jump(at_ns)

    def _play(self, beat: Beat) -> None:
        self._desk.turn(beat.at_ns)
        beat.act()
        self._next = next(self._beats, None)
