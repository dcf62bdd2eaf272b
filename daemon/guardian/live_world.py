"""Accounts at their brokers without a daemon: read, priced and closed over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from daemon.domain.market.calendar import may_trade
from daemon.domain.market.frames import Quote
from daemon.domain.orders.words import OrderUpdated
from daemon.errors import BrokerError, SessionRefused
from daemon.guardian.ways import Way, Ways

_PAUSE_S = 0.25
"""Between two rounds; with each of them the brokers are read, and those count."""
_PATIENCE_S = 0.5
"""So long a round waits for an account that is slow; a step of an exit's ladder is a second."""
_PRICES_S = 5.0
"""So long quotes may take."""


class LiveWorld:
    """The accounts at brokers whose sessions stand.

    Prices are asked for with each round. Where that fails those before go on to count: an exit is
    a limit inside the band, and one at an old price is better than none.

    Args:
        ways: to the accounts.
        others: what cannot be closed from here.
        clock: tells market time.

    Attributes:
        doors: the last line before each account.
        others: what cannot be closed from here.
        patience_s: how long one account may hold up the others' next round.
        quotes: the newest, by symbol.
    """

    patience_s = _PATIENCE_S

    def __init__(self, ways: Sequence[Way], others: Sequence[str], clock: Ways) -> None:
        self._ways = {way.account: way for way in ways}
        self._clock = clock
        self.doors = {way.account: way.door for way in ways}
        self.others = others
        self.quotes: dict[str, Quote] = {}

    def now_ns(self) -> int:
        """Return market time."""
        return self._clock.now_ns()

    async def ready(self, account: str) -> str:
        """Take up the session of an account, unless one stands; return why it cannot be asked.

        Raises:
            SessionRefused: there is none that stands any more.
        """
        return await _taken_up(self._ways[account])

    async def price(self, account: str, symbols: Iterable[str]) -> str:
        """Ask for the newest quotes; return why they are not had."""
        wanted = tuple(dict.fromkeys(symbols))
        if not wanted:
            return ""
        way = self._ways[account]
        try:
            async with asyncio.timeout(_PRICES_S):
                told = await way.broker.quotes(wanted)
        except (BrokerError, TimeoutError) as error:
            return f"prices of {account} cannot be read: {error or 'it took too long'}"
        self.quotes |= {symbol: each.quote for symbol, each in told.items()}
        return ""

    async def go_on(self) -> Mapping[str, Sequence[OrderUpdated]] | None:
        """Let a moment pass; what was filled meanwhile the next reading tells."""
        await asyncio.sleep(_PAUSE_S)
        return dict.fromkeys(self.doors, ()) if may_trade(self.now_ns()) else None


async def reached(ways: Ways) -> LiveWorld:
    """Return the accounts whose sessions stand; of the others it is told that they do not.

    Raises:
        SessionRefused: no account has one.
        BrokerUnavailable: a stand-in for a broker does not say what time it is.
    """
    every = ways.all()
    told = await asyncio.gather(*map(_refused, every))  # one that is slow holds up no other
    others = [sentence for sentence in told if sentence]
    found = [way for way, sentence in zip(every, told, strict=True) if not sentence]
    if not found:
        raise SessionRefused("; ".join(others))
    return LiveWorld(found, others, ways)


async def _refused(way: Way) -> str:
    """Take up the session of an account; return why there is none that stands, if so."""
    try:
        await _taken_up(way)  # what hinders it for now each round tells
    except SessionRefused as error:
        return str(error)
    return ""


async def _taken_up(way: Way) -> str:
    """Take up the session of an account, unless one stands; return why it cannot be asked now.

    Raises:
        SessionRefused: there is none that stands.
    """
    try:
        await way.take_up()
    except SessionRefused:
        raise
    except BrokerError as error:
        return f"{way.account} cannot be asked: {error}"
    return ""
