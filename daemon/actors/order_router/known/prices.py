"""Prices as a router knows them: the newest of each contract, and whether they are fresh.

What is absent from a frame is unchanged, so a strike that did not trade is quiet, not stale. Once
the newest frame is older than prices live, or the link is told dead, or the day is over, every
price is stale: it sizes nothing and admits no entry, but an exit that is owed is still priced by
it. The age is asked beside the word, which may be read after what it forbids. A price of an earlier
day, told as such or kept over the night, is the last resort of such an exit.
"""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from daemon.actors.newest import Newest
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.bands import AVERAGED_FRAMES, averaged_e4, reference_e4
from daemon.domain.market.frames import Quote
from daemon.domain.market.freshness import STALE_FLOOR_NS
from daemon.domain.market.instruments import parts_of
from daemon.messages import FramePolled
from daemon.ports.market import BygonePrices

_NO_QUOTE = Quote(0)
_RECENT_NS = 60 * SECOND_NS
"""A print that lies further back than that is no reference beside a newer one."""


class Prices:
    """The quotes of one account's contracts.

    Args:
        ticks: among how many of the newest frames a reference is found.

    Attributes:
        lives_ns: how old the newest frame may be.
    """

    def __init__(self, ticks: int) -> None:
        self.lives_ns = STALE_FLOOR_NS
        self._newest = Newest(recent=max(ticks, AVERAGED_FRAMES))
        self._ticks = ticks
        self._stale: dict[str, Quote] = {}
        self._bygone: dict[str, Quote] = {}
        self.see = self._newest.see  # the path of every tick: not one call more

    def lose(self) -> None:
        """Hold every price for stale from here on."""
        for symbol, quote in self._newest.quotes().items():
            if not reference_e4(quote) and (worth_e4 := self._newest.worth_e4(symbol)):
                self._bygone[symbol] = replace(quote, ltp_e4=worth_e4)
            self._set_aside(symbol, quote)
        self._newest.lose()

    def begin_day(self, day: date) -> None:
        """Hold every price for one of an earlier day, and forget contracts that are over.

        The exchange measures its band around what a contract was worth last, until a new day has a
        price of its own.
        """
        self.lose()
        known = self._stale | self._bygone  # half a touch may be all that there is
        self._bygone = {symbol: known[symbol] for symbol in known if not _is_over(symbol, day)}
        self._stale.clear()

    def hear(self, told: FramePolled | BygonePrices) -> None:
        """Take prices that are not fresh: asked for on a dead link, or of an earlier day.

        The former are newer than the last. By the latter something is left where no other tells;
        where they tell of the very trade that was known last, what was quoted since is newer.
        """
        match told:
            case FramePolled(frame):
                for symbol, quote in frame.quotes.items():
                    self._set_aside(symbol, quote)
            case BygonePrices(quotes):
                for symbol, quote in quotes:
                    if self._bygone.get(symbol, _NO_QUOTE).ltp_e4 != quote.ltp_e4:
                        self._bygone[symbol] = quote

    def fresh(self, symbol: str, now_ns: int) -> Quote | None:
        """Return a quote that may be entered at now; None where there is none."""
        return self._newest.quote(symbol) if self._live(now_ns) else None

    def last(self, symbol: str) -> Quote:
        """Return the newest quote, stale or not; an empty one where there was none.

        Where it does not say what the contract is worth, as half a touch without a trade, the worth
        of the newest quote that does stands as its last trade, be it of an earlier day.
        """
        quote = self._newest.quote(symbol) or self._stale.get(symbol)
        if quote is not None and reference_e4(quote):
            return quote
        bygone = self._bygone.get(symbol, _NO_QUOTE)
        worth_e4 = self._newest.worth_e4(symbol) or reference_e4(bygone)
        return replace(bygone if quote is None else quote, ltp_e4=worth_e4)

    def ticks_e4(self, symbol: str, now_ns: int) -> tuple[int, ...]:
        """Return the newest fresh references, oldest first; one at least, however long quiet."""
        if not self._live(now_ns):
            return ()
        frames = tuple(self._newest.recent())[-self._ticks :]
        since_ns = frames[-1].at_ns - _RECENT_NS
        recent = (frame.quotes for frame in frames if frame.at_ns >= since_ns)
        seen = [quotes[symbol] for quotes in recent if symbol in quotes]
        if not seen and (quote := self._newest.quote(symbol)) is not None:
            seen = [quote]
        return tuple(tick for tick in map(reference_e4, seen) if tick)

    def mean_e4(self, symbol: str) -> int:
        """Return the mean of what a living link quoted of late, in `_e4`; 0 where it is not known.

        It tells what the exchange takes, and triggers nothing: so however old the newest frame is.
        """
        frames = self._newest.recent()
        return averaged_e4(frames, symbol, frames[-1].at_ns) if frames else 0

    def _set_aside(self, symbol: str, quote: Quote) -> None:
        """Hold a quote for stale, and keep it where it says what the contract is worth."""
        self._stale[symbol] = quote
        if reference_e4(quote):
            self._bygone[symbol] = quote

    def _live(self, now_ns: int) -> bool:
        """Say whether the newest frame may be acted on."""
        frames = self._newest.recent()
        return bool(frames) and now_ns - frames[-1].at_ns <= self.lives_ns


def _is_over(symbol: str, day: date) -> bool:
    """Say whether a contract expired before a day."""
    parts = parts_of(symbol)
    return parts is not None and parts.expiry is not None and parts.expiry < day
