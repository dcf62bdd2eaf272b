"""The exchange twins of the accounts on paper, as any world around them lets them see the market.

A twin sees every frame that the feed takes before the other actors do; a frame that the feed drops
is no news to it either, so a duplicate refills no order book.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from msgspec.structs import replace

from daemon.actors.timekeeper import DayBegins, DaySettles
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.calendar import settlement_ns
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.instruments import Kind, parts_of
from daemon.domain.market.parity import synthetic_forward
from daemon.errors import RuleUnknown
from daemon.messages import FrameArrived, Settled
from daemon.twin.exchange import Exchange
from daemon.worlds.words import News

_MINUTE_NS = 60 * SECOND_NS
_INTERVALS = 3
"""A last price may lie so many intervals of its feed before the close, and a minute in any case."""


class Account(Protocol):
    """An account at the exchange twin, as the world around it meets it."""

    @property
    def exchange(self) -> Exchange:
        """The twin."""
        ...

    def on_frame(self, frame: Frame, now_ns: int) -> Sequence[Any]:
        """Let the twin see a frame, and return what it told."""
        ...

    def advance(self, now_ns: int) -> Sequence[Any]:
        """Let the twin's day go on without a frame, and return what it told."""
        ...

    def settle(self, day: date, values_e4: Mapping[str, int], now_ns: int) -> Sequence[Any]:
        """Let the twin settle what expires on a day, and return what it told."""
        ...


class Twins:
    """The twins of a world.

    Args:
        papers: the paper account of each router, by the router's address.
        interval_ns: tells how far apart the frames of a day typically are, in ns; 0: not known.
    """

    def __init__(self, papers: Mapping[str, Account], interval_ns: Callable[[date], int]) -> None:
        self._papers = papers
        self._interval_ns = interval_ns
        self._takers = tuple(papers.items())

    def see(self, message: object, at_ns: int) -> News:
        """Let the twins see what is coming, and return what that led to."""
        if type(message) is FrameArrived:
            return ()  # once the feed has taken it: what it drops is no news to them
        if type(message) is Frame:  # the path of every tick: not one call more
            news: News = ()
            for router, paper in self._takers:
                updates = paper.on_frame(message, at_ns)
                if updates:
                    news = (*news, *((router, update) for update in updates))
            return news
        match message:
            case DayBegins():
                return self._each(lambda paper: paper.advance(at_ns))
            case DaySettles(day):
                return self._settle(day, at_ns)
        return ()

    def _each(self, asked: Callable[[Account], Sequence[Any]]) -> News:
        return tuple(
            (router, told) for router, paper in self._papers.items() for told in asked(paper)
        )

    def _settle(self, day: date, at_ns: int) -> News:
        """Let the exchange settle what expires, and say how old the prices were that it went by."""
        values_e4 = self._settlement_values(day)
        if not values_e4:
            return ()
        aged_ns = self._aged_ns(day)
        return tuple(
            (router, replace(told, aged_ns=aged_ns) if type(told) is Settled else told)
            for router, told in self._each(lambda paper: paper.settle(day, values_e4, at_ns))
        )

    def _aged_ns(self, day: date) -> int:
        """How long before its closing value was known an index was last priced; 0: not long."""
        try:
            known_ns = settlement_ns(day)
        except RuleUnknown:
            return 0
        aged_ns = known_ns - self._takers[0][1].exchange.quoted_ns()
        usual_ns = max(_MINUTE_NS, _INTERVALS * self._interval_ns(day))
        return aged_ns if aged_ns > usual_ns else 0

    def _settlement_values(self, day: date) -> dict[str, int]:
        """The last price of every underlying, or the forward that its expiring options imply."""
        underlyings = {
            expiring.underlying
            for paper in self._papers.values()
            for expiring in paper.exchange.expiring(day)
        }
        quotes = self._takers[0][1].exchange.quotes(day) if underlyings else {}
        values_e4 = {name: _settlement_e4(quotes, name, day) for name in sorted(underlyings)}
        return {name: value for name, value in values_e4.items() if value}


def _settlement_e4(quotes: Mapping[str, Quote], underlying: str, day: date) -> int:
    spot = quotes.get(underlying)
    if spot is not None and spot.ltp_e4:
        return spot.ltp_e4
    calls: dict[int, Quote] = {}
    puts: dict[int, Quote] = {}
    for symbol, quote in quotes.items():
        parts = parts_of(symbol)
        if parts is not None and (parts.underlying, parts.expiry) == (underlying, day):
            {Kind.CALL: calls, Kind.PUT: puts}.get(parts.kind, {})[parts.strike_e4] = quote
    rows = ((strike, calls[strike], puts[strike]) for strike in calls if strike in puts)
    return synthetic_forward(rows) or 0
