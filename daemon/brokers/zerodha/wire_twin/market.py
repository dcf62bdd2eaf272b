"""The market behind the twin: what happens when, and who moves time on.

It is paced by host time, or it is held: then it moves only when it is told to, and equal orders at
equal instants lead to equal days.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from msgspec import Struct

from daemon.brokers.zerodha.wire_twin.desk import Desk
from daemon.runtime.pace import Pace


class Beat(Struct, frozen=True):
    """Something that happens in the market.

    Attributes:
        at_ns: when.
        act: lets the exchange see it.
        jump: nothing happens before it; who is paced need not wait for it.
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
        starts_ns: where a market that is held stands at first.
    """

    def __init__(self, beats: Iterator[Beat], desk: Desk, pace: Pace, starts_ns: int) -> None:
        self._beats = beats
        self._next = next(beats, None)
        self._desk = desk
        self._pace = pace
        self._held = not pace.waits
        self._began = asyncio.Event()
        desk.turn(starts_ns)

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens."""
        return self._next is None

    def begin(self) -> None:
        """Let the pace begin."""
        self._began.set()

    def now_ns(self) -> int:
        """Return market time, and turn the desk to it."""
        if not self._held and self._began.is_set():
            self._desk.turn(self._pace.passing_ns())
        return self._desk.now_ns

    def advance(self, to_ns: int) -> None:
        """Hold the market, and let everything happen up to an instant."""
        self._held = True
        while self._next is not None and self._next.at_ns <= to_ns:
            self._play(self._next)
        self._desk.turn(to_ns)

    async def run(self) -> None:
        """Let things happen at their pace, from the beginning on until they are over or held."""
        await self._began.wait()
        while self._next is not None and not self._held:
            beat = self._next
            if beat.jump:
                self._pace.jump(beat.at_ns)
            await self._pace.reach(beat.at_ns)
            await asyncio.sleep(0)  # who is late still answers in between
            if self._next is beat and not self._held:
                self._play(beat)

    def _play(self, beat: Beat) -> None:
        self._desk.turn(beat.at_ns)
        beat.act()
        self._next = next(self._beats, None)
