"""Prices as a router knows them: the newest of each contract, and whether they are fresh.

What is absent from a frame is unchanged, so a strike that did not trade is quiet, not stale. Once
the link is dead, or the day is over, every price is stale: it sizes nothing and admits no entry,
but an exit that is owed is still priced by it.
"""

from __future__ import annotations

from collections import deque

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Frame, Quote

_NO_QUOTE = Quote(0)
_RECENT_NS = 60 * SECOND_NS
"""A print that lies further back than that is no reference beside a newer one."""
_MOST_UNREAD = 64
"""Frames laid down while nobody asks; more are read, so that memory stays bounded."""


class Prices:
    """The quotes of one account's contracts.

    Args:
        ticks: how many of the newest are kept to find a reference among.
    """

    def __init__(self, ticks: int) -> None:
        self._fresh: dict[str, Quote] = {}
        self._stale: dict[str, Quote] = {}
        self._frames: deque[Frame] = deque(maxlen=ticks)
        self._unread: list[Frame] = []

    def see(self, frame: Frame) -> None:
        """Lay a frame's prices down until somebody asks."""
        unread = self._unread
        unread.append(frame)
        if len(unread) >= _MOST_UNREAD:
            self._read()

    def lose(self) -> None:
        """Hold every price for stale from here on."""
        self._read()
        self._stale.update(self._fresh)
        self._fresh = {}
        self._frames.clear()

    def fresh(self, symbol: str) -> Quote | None:
        """Return a quote that may be entered at; None where there is none."""
        self._read()
        return self._fresh.get(symbol)

    def last(self, symbol: str) -> Quote:
        """Return the newest quote, stale or not; an empty one where there was none."""
        self._read()
        return self._fresh.get(symbol) or self._stale.get(symbol, _NO_QUOTE)

    def ticks_e4(self, symbol: str) -> tuple[int, ...]:
        """Return the newest fresh references, oldest first; one at least, however old."""
        self._read()
        since_ns = self._frames[-1].at_ns - _RECENT_NS if self._frames else 0
        recent = (frame.quotes for frame in self._frames if frame.at_ns >= since_ns)
        seen = [quotes[symbol] for quotes in recent if symbol in quotes]
        if not seen and symbol in self._fresh:
            seen = [self._fresh[symbol]]
        return tuple(tick for tick in map(reference_e4, seen) if tick)

    def _read(self) -> None:
        """Read the frames that were laid down."""
        for frame in self._unread:
            self._fresh.update(frame.quotes)
        self._frames.extend(self._unread)
        self._unread.clear()


def reference_e4(quote: Quote) -> int:
    """Return what band and collar are measured around; 0 where there is nothing.

    The last price while it lies within the touch: an old trade that the touch has left behind
    says nothing of now, and the mid does. Half a touch has no mid, so the last price stands.
    """
    ltp_e4, bid_e4, ask_e4 = quote.ltp_e4, quote.bid_e4, quote.ask_e4
    if not bid_e4 or not ask_e4 or bid_e4 <= ltp_e4 <= ask_e4:
        return ltp_e4
    return (bid_e4 + ask_e4) // 2
