"""The exchange twins of the accounts on paper, as any world around them lets them see the market.

A twin sees every frame that the feed takes before the other actors do; a frame that the feed drops
is no news to it either, so a duplicate refills no order book.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from msgspec.structs import replace

from daemon.actors.timekeeper import DayBegins, DaySettles
from daemon.brokers.paper import settled
from daemon.domain.instants import SECOND_NS, day_of
from daemon.domain.market.calendar import settlement_ns
from daemon.domain.market.closes import Closes
from daemon.domain.market.frames import Frame
from daemon.domain.market.instruments import parse_symbol
from daemon.errors import RuleUnknown
from daemon.messages import FrameArrived, Settled
from daemon.twin.exchange import Exchange
from daemon.twin.words import OrderType
from daemon.worlds.closing import Closing, closing, recorded
from daemon.worlds.entry import AT_THE_START, Entry
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
        entry: where the record ends; what was settled before and is not in it is told anew.
    """

    def __init__(
        self,
        papers: Mapping[str, Account],
        interval_ns: Callable[[date], int],
        entry: Entry = AT_THE_START,
    ) -> None:
        self._papers = papers
        self._interval_ns = interval_ns
        self._takers = tuple(papers.items())
        self._untold = tuple(_untold(papers, entry))

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
            case DaySettles(day, closes):
                return (*self._tell_of(day), *self._settle(day, closes, at_ns))
        return ()

    def link(self, *, alive: bool) -> None:
        """Tell the twins that the link to the market has died, or lives again."""
        for paper in self._papers.values():
            paper.exchange.link(alive=alive)

    def _rested(self, spent: str) -> Iterator[str]:
        """Yield what is to be said of each account with orders that rest, and what time it slept.

        Args:
            spent: the time, in words.
        """
        for router, paper in self._papers.items():
            orders = [each for each in paper.exchange.orders() if each.resting]
            stops = sum(each.order_type is OrderType.STOP_LIMIT for each in orders)
            if orders:
                name = router.removeprefix("router:")
                yield (
                    f"while the daemon was away, {spent}, the exchange on paper of {name} saw no "
                    f"price: orders that rested there unwatched: {len(orders)}, stops among them: "
                    f"{stops}"
                )

    def _tell_of(self, day: date) -> News:
        """Tell once of contracts that were settled on a day before the exchange was listened to."""
        told = [each for each in self._untold if day_of(each[1].at_ns) == day]
        self._untold = tuple(each for each in self._untold if each not in told)
        return told

    def _each(self, asked: Callable[[Account], Sequence[Any]]) -> News:
        return tuple(
            (router, told) for router, paper in self._papers.items() for told in asked(paper)
        )

    def _settle(self, day: date, closes: Closes | None, at_ns: int) -> News:
        """Let the exchange settle what expires, and say what prices it went by."""
        closings = self._closings(day, closes)
        if not closings:
            return ()
        values_e4 = {name: each.value_e4 for name, each in closings.items()}
        return tuple(
            (router, self._dated(told, closings, day) if type(told) is Settled else told)
            for router, told in self._each(lambda paper: paper.settle(day, values_e4, at_ns))
        )

    def _dated(self, settled: Settled, closings: Mapping[str, Closing], day: date) -> Settled:
        """Say of a settlement how old its price is, if it is not one of the close, and what."""
        known = closings[parse_symbol(settled.symbol).underlying]
        aged_ns = _close_ns(day) - known.at_ns
        aged_ns = aged_ns if aged_ns > self._usual_ns(day) else 0
        return replace(settled, aged_ns=aged_ns, basis=known.basis)

    def _usual_ns(self, day: date) -> int:
        """How long before the close the last prices of a day may lie."""
        return max(_MINUTE_NS, _INTERVALS * self._interval_ns(day))

    def _closings(self, day: date, closes: Closes | None) -> dict[str, Closing]:
        """What every underlying was worth at the close; without those of which nothing tells it."""
        underlyings = {
            expiring.underlying
            for paper in self._papers.values()
            for expiring in paper.exchange.expiring(day)
        }
        if not underlyings:
            return {}
        exchange, usual_ns = self._takers[0][1].exchange, self._usual_ns(day)
        last = exchange.quotes(day)
        fresh_ns = _close_ns(day) - usual_ns
        found = {name: closing(last, name, day, fresh_ns, usual_ns) for name in sorted(underlyings)}
        if closes is not None:
            for name, known in found.items():
                found[name] = recorded(known, last.quotes.get(name), name, closes)
        return {name: known for name, known in found.items() if known.value_e4}


def _untold(papers: Mapping[str, Account], entry: Entry) -> Iterator[tuple[str, Settled]]:
    """Yield what the exchanges have settled that the record does not know of.

    It is asked for as the world is entered: an exchange forgets its day as the next one begins.
    """
    if entry.day is None:
        return
    for router, paper in papers.items():
        account = router.removeprefix("router:")
        for told in (settled(each) for each in paper.exchange.trades() if each.settlement):
            if (account, told.pocket) not in entry.settled:
                yield router, told


def _close_ns(day: date) -> int:
    """When the closing value of an index is known; 0: no table says, and no price is too old."""
    try:
        return settlement_ns(day)
    except RuleUnknown:
        return 0
