"""What a market lists on the present day: asked for as the day begins, until it is there.

A log-in may come before it is known, and where nobody trades through an account nobody reads it.
"""

from __future__ import annotations

import asyncio

from daemon.actors.timekeeper import DayBegins, DayEnds
from daemon.domain.instants import SECOND_NS
from daemon.ports.market import LiveMarket
from daemon.runtime.clock import MarketTime

_AGAIN_NS = 60 * SECOND_NS
"""So long after it was not there it is asked for again."""


class Upkeep:
    """Sees to it on each day, for as long as that lasts.

    Args:
        market: lists it.
        clock: market time.
    """

    def __init__(self, market: LiveMarket, clock: MarketTime) -> None:
        self._market = market
        self._clock = clock
        self._is_due = asyncio.Event()

    def begin(self) -> None:
        """Ask for what the day has."""
        self._is_due.set()

    def hear(self, turn: object) -> None:
        """Take that a day begins or ends; anything else is passed over."""
        if isinstance(turn, DayBegins):
            self.begin()
        elif isinstance(turn, DayEnds):
            self._is_due.clear()

    async def keep_up(self) -> None:
        """Ask whenever a day begins, for ever, and again each minute until it is there."""
        while await self._is_due.wait():
            if await self._market.keep_up():
                self._is_due.clear()
            else:
                await self._clock.reach(self._clock.now_ns() + _AGAIN_NS)
