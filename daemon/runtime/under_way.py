"""What the actors of one tree are not done with, counted for whoever waits for less of it."""

from __future__ import annotations

import asyncio


class UnderWay:
    """Counts it, and wakes who waits.

    Attributes:
        unread: messages, the one in hand included.
        open: commits that are not done with.
        asked: what was asked of ports, or of a thread, and is not answered yet.
    """

    def __init__(self) -> None:
        self.unread = self.open = self.asked = 0
        self._over = False
        self._calm, self._idle, self._settled = (asyncio.Event() for _ in range(3))

    def mark(self) -> None:
        """Wake those who wait for no more than there is now.

        Who waits for idle actors comes before who waits for all, or a market that never waits
        would leave him no moment.
        """
        if not self.unread:
            self._calm.set()
            if not self.open:
                self._idle.set()
                if not self.asked:
                    self._settled.set()

    def end(self) -> None:
        """Let nobody wait any more: the tree has ended."""
        self._over = True
        for event in (self._calm, self._idle, self._settled):
            event.set()

    async def calm(self) -> None:
        """Wait until all is read."""
        while self.unread and not self._over:
            self._calm.clear()
            await self._calm.wait()

    async def idle(self) -> None:
        """Wait until all is read, and what was decided is durable, whatever ports are at."""
        while (self.unread or self.open) and not self._over:
            self._idle.clear()
            await self._idle.wait()

    async def settled(self) -> None:
        """Wait until nothing is under way any more."""
        while (self.unread or self.open or self.asked) and not self._over:
            self._settled.clear()
            await self._settled.wait()
