"""Market time that flows on while the daemon works, and never goes back for whoever reads it.

What it is read from may step either way, as the machine's clock does. Back, and it waits for the
source, or goes on without it, as `Forward` says; forth, and what is due meanwhile is due at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from fractions import Fraction

from daemon.runtime.clock import Clock
from daemon.runtime.forward import Forward
from daemon.runtime.tasks_flowing import FlowingTasks

_SECOND_NS = 1_000_000_000
_LOOK_AGAIN_S = 0.25
"""A source that steps forth is noticed within so much host time."""


class Flow:
    """Market time of a world that waits for nobody.

    Attributes:
        driver: the live driver whose actors can go by it.
        waits: market time is held to a pace.

    Args:
        source: what it is read from: the wall, or a clock that runs at a pace.
        running: the host's running time, by which it goes on where the source is set back.
        speed: how many of the source's seconds pass in one second of the host's.
    """

    driver = FlowingTasks
    waits = True

    def __init__(self, source: Clock, running: Clock, speed: Fraction = Fraction(1)) -> None:
        self._clock = Forward(source, running, speed)
        self._speed = speed

    def now_ns(self) -> int:
        """Return the present instant, in ns, which is never before one that was read."""
        return self._clock.now_ns()

    def passing_ns(self) -> int:
        """Return the same, for eyes."""
        return self.now_ns()

    def shown_ns(self) -> int:
        """Return what the source shows, in ns: less than the present instant after a step back."""
        return self._clock.shown_ns()

    async def reach(self, at_ns: int) -> None:
        """Wait until market time is at that instant."""
        await self._until(self.now_ns, at_ns)

    async def reach_shown(self, at_ns: int) -> None:
        """Wait until the source shows that instant, and market time with it."""
        await self._until(self.shown_ns, at_ns)

    async def _until(self, clock: Callable[[], int], at_ns: int) -> None:
        while (left_ns := at_ns - clock()) > 0:  # noqa: ASYNC110  the source may step
            await asyncio.sleep(min(left_ns / _SECOND_NS / self._speed, _LOOK_AGAIN_S))

    def jump(self, at_ns: int) -> None:
        """Go on from a later instant, such as the start of the next session of a played world.

        What is due on the way is due at once. A world on the wall never asks for it.
        """
        self._clock.jump(at_ns)
