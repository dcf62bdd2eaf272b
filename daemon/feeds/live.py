"""A live market as a feed: what is heard of it waits here, within bounds, until it is brought in.

Whoever hears never waits, and whoever brings in may lag. What is not a price goes first and is
kept once. Prices that pile up are joined: the newest of each instrument, and no extreme lost.

A book may go back to what it was within a second of the exchange, in the same bytes. So only what
comes again at once is a copy, and what was joined is like nothing before it.

Whoever brings a frame in does so at once, at the present instant. The frame's own instant rises
with each, so where the market's clock was set back it lies a little ahead of what that shows.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.merge import merge
from daemon.feeds.formats.words import fold_prints
from daemon.messages import FrameArrived
from daemon.ports.market import (
    BookWanted,
    BygonePrices,
    FrameHeard,
    LinkMoved,
    MarketReady,
    News,
    NoticeHeard,
    SessionLost,
)

MOST_FRAMES = 64
MOST_WORDS = 256
Word = BookWanted | BygonePrices | SessionLost | LinkMoved | NoticeHeard | MarketReady
Brought = FrameArrived | Word
"""What a live feed yields."""


class LiveFeed:
    """What was heard and is not yet brought in.

    Attributes:
        memory: how many contents the feed should remember: the last.
        interval_ns: how far apart its frames are, at most, while the market is open.
        joined: how many frames were joined with one before, for nobody took that in time.
        lost: how many notices found no room.
    """

    memory = 1
    interval_ns = SECOND_NS

    def __init__(self, most_frames: int = MOST_FRAMES) -> None:
        self.joined = self.lost = 0
        self._unlike = 0
        self._most_frames = most_frames
        self._frames = deque[FrameArrived]()
        self._words = dict[object, Word]()
        self._woken = asyncio.Event()

    def hear(self, news: News) -> None:
        """Take something in; never waits."""
        if isinstance(news, FrameHeard):
            self._frame(news)
        elif isinstance(news, NoticeHeard) and len(self._words) >= MOST_WORDS:
            self.lost += 1
        else:  # that the book be read need be said but once
            self._words[BookWanted if isinstance(news, BookWanted) else news] = news
        self._woken.set()

    async def arrivals(self) -> AsyncGenerator[Brought, None]:
        """Yield what was heard, for ever: what is not a price first, prices in their order."""
        while True:
            while self._words:
                yield self._words.pop(next(iter(self._words)))
            if self._frames:
                yield self._frames.popleft()
                continue
            self._woken.clear()
            await self._woken.wait()

    def _frame(self, heard: FrameHeard) -> None:
        if len(self._frames) < self._most_frames:
            self._frames.append(FrameArrived(heard.frame, self._print_of(heard.content)))
            return
        last = self._frames[-1]
        self._frames[-1] = FrameArrived(merge(last.frame, heard.frame), self._print_of(0))
        self.joined += 1

    def _print_of(self, content: int) -> int:
        """Return the fingerprint of a content; one that nobody knows is like none before it."""
        if content:
            return fold_prints(content)
        self._unlike += 1
        return self._unlike
