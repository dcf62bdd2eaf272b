"""Prices as a router knows them: the newest of each contract, and whether they are fresh.

What is absent from a frame is unchanged, so a strike that did not trade is quiet, not stale. Once
the link is dead, or the day is over, every price is stale: it sizes nothing and admits no entry,
but an exit that is owed is still priced by it.
"""

from __future__ import annotations

from daemon.actors.newest import Newest
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.bands import reference_e4
from daemon.domain.market.frames import Quote

_NO_QUOTE = Quote(0)
_RECENT_NS = 60 * SECOND_NS
"""A print that lies further back than that is no reference beside a newer one."""


class Prices:
    """The quotes of one account's contracts.

    Args:
        ticks: how many of the newest are kept to find a reference among.
    """

    def __init__(self, ticks: int) -> None:
        self._newest = Newest(recent=ticks)
        self._stale: dict[str, Quote] = {}
        self.see = self._newest.see  # the path of every tick: not one call more

    def lose(self) -> None:
        """Hold every price for stale from here on."""
        self._stale.update(self._newest.quotes())
        self._newest.lose()

    def fresh(self, symbol: str) -> Quote | None:
        """Return a quote that may be entered at; None where there is none."""
        return self._newest.quote(symbol)

    def last(self, symbol: str) -> Quote:
        """Return the newest quote, stale or not; an empty one where there was none."""
        return self.fresh(symbol) or self._stale.get(symbol, _NO_QUOTE)

    def ticks_e4(self, symbol: str) -> tuple[int, ...]:
        """Return the newest fresh references, oldest first; one at least, however old."""
        frames = self._newest.recent()
        since_ns = frames[-1].at_ns - _RECENT_NS if frames else 0
        recent = (frame.quotes for frame in frames if frame.at_ns >= since_ns)
        seen = [quotes[symbol] for quotes in recent if symbol in quotes]
        if not seen and (quote := self.fresh(symbol)) is not None:
            seen = [quote]
        return tuple(tick for tick in map(reference_e4, seen) if tick)
