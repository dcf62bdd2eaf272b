"""Market time that a running world waits for: at a set pace, or as fast as it can be worked.

Between two events time stands still: what is read is the instant last reached, so a handler is
stamped with the instant of its message, however long the machine took to get there.
"""

from __future__ import annotations

import asyncio
from fractions import Fraction

from daemon.runtime.clock import Clock, PacedClock
from daemon.runtime.tasks_standing import StandingTasks

_SECOND_NS = 1_000_000_000


class Pace:
    """Market time of a replayed world.

    Attributes:
        driver: the live driver whose actors can go by it.

    Args:
        host: host time.
        speed: market seconds per host second; None: never wait.
    """

    driver = StandingTasks

    def __init__(self, host: Clock, speed: Fraction | None) -> None:
        self._host = host
        self._speed = speed
        self._paced: PacedClock | None = None
        self._target_ns = -1
        self._now_ns = self._awaited_ns = 0

    @property
    def waits(self) -> bool:
        """Whether market time is held to a pace at all."""
        return self._speed is not None

    def now_ns(self) -> int:
        """Return the instant last reached, in ns."""
        return self._now_ns

    def passing_ns(self) -> int:
        """Return where market time is on the way to what is waited for, in ns.

        For eyes alone: a clock that people watch goes on before the market opens.
        """
        if self._paced is None:
            return self._now_ns
        return max(self._now_ns, min(self._paced.now_ns(), self._awaited_ns))

    async def reach(self, at_ns: int) -> None:
        """Wait until market time is at that instant; never goes back."""
        self._awaited_ns = at_ns
        if at_ns >= self._target_ns:
            self._arrive()
            if self._paced is not None and at_ns > self._now_ns:
                delay_ns = self._paced.delay_until_ns(at_ns)
                if delay_ns:
                    await asyncio.sleep(delay_ns / _SECOND_NS)
        self._now_ns = max(self._now_ns, at_ns)

    def shown_ns(self) -> int:
        """Return the same as `now_ns`: nobody sets what this is read from."""
        return self._now_ns

    async def reach_shown(self, at_ns: int) -> None:
        """Wait until market time is at that instant."""
        await self.reach(at_ns)

    def jump(self, at_ns: int) -> None:
        """Wait for nothing before a later instant, such as the start of the next session.

        What is due on the way (an alarm of last night) is still reached at its own instant.
        """
        self._target_ns, self._paced = at_ns, None
        if at_ns <= self._now_ns:
            self._arrive()

    def _arrive(self) -> None:
        """Go on at the pace from where the jump led to."""
        self._now_ns = max(self._now_ns, self._target_ns)
        if self._paced is None and self._target_ns >= 0 and self._speed is not None:
            self._paced = PacedClock(self._host, self._now_ns, self._speed)
