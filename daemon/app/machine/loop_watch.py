"""A watch on the event loop: how late it wakes whoever sleeps."""

from __future__ import annotations

import asyncio
from typing import Final

from daemon.app.machine.telemetry import Telemetry
from daemon.domain.instants import MILLISECOND_NS, SECOND_NS

_NAP_NS: Final = 100 * MILLISECOND_NS
_AGAIN_NS: Final = 10 * SECOND_NS


class LoopWatch:
    """Sleeps for a moment, again and again, and looks how late it is woken.

    Args:
        telemetry: takes the figures.

    Attributes:
        lag_ns: how late it was woken last; None: it has not slept yet.
        most_ns: the most since the start; None: as above.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self.lag_ns: int | None = None
        self.most_ns: int | None = None
        self._telemetry = telemetry
        self._warned_ns = -_AGAIN_NS

    async def keep(self) -> None:
        """Go on until cancelled."""
        now_ns = self._telemetry.host.now_ns
        while True:
            due_ns = now_ns() + _NAP_NS
            await asyncio.sleep(_NAP_NS / SECOND_NS)
            self.woken(now_ns(), due_ns)

    def woken(self, now_ns: int, due_ns: int) -> None:
        """Take down how late it is; a lag that an actor is to blame for was told with its name."""
        self.lag_ns = lag_ns = max(0, now_ns - due_ns)
        self.most_ns = max(lag_ns, self.most_ns or 0)
        self._telemetry.metrics.loop_lag.observe(lag_ns / SECOND_NS)
        if lag_ns > self._telemetry.slow_ns and now_ns - self._warned_ns >= _AGAIN_NS:
            self._warned_ns = now_ns
            lag_ms = round(lag_ns / MILLISECOND_NS, 1)
            self._telemetry.log.warning("loop held up", lag_ms=lag_ms)
