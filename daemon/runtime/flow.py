"""Market time that flows on while the daemon works, and never goes back for whoever reads it.

What it is read from may step either way, as the machine's clock does. Back, and the newest instant
stands until the source has caught up with it; forth, and what is due meanwhile is due at once.
"""

from __future__ import annotations

import asyncio
from fractions import Fraction

from daemon.runtime.clock import Clock
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
        speed: how many of the source's seconds pass in one second of the host's.
    """

    driver = FlowingTasks
    waits = True

    def __init__(self, source: Clock, speed: Fraction = Fraction(1)) -> None:
        self._source = source
        self._speed = speed
        self._ahead_ns = 0
        self._newest_ns = source.now_ns()

    def now_ns(self) -> int:
        """Return the present instant, in ns, which is never before one that was read."""
        self._newest_ns = max(self._newest_ns, self._source.now_ns() + self._ahead_ns)
        return self._newest_ns

    def passing_ns(self) -> int:
        """Return the same, for eyes."""
        return self.now_ns()

    async def reach(self, at_ns: int) -> None:
        """Wait until market time is at that instant."""
        while (left_ns := at_ns - self.now_ns()) > 0:  # noqa: ASYNC110  the source may step
            await asyncio.sleep(min(left_ns / _SECOND_NS / self._speed, _LOOK_AGAIN_S))

    def jump(self, at_ns: int) -> None:
        """Go on from a later instant, such as the start of the next session of a played world.

        What is due on the way is due at once. A world on the wall never asks for it.
        """
        if at_ns > self.now_ns():
            self._ahead_ns = at_ns - self._source.now_ns()
