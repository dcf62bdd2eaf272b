"""Zerodha's prices as a live market: what it lists, its ticker, and word of each new session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date

from daemon.brokers.zerodha.contracts import Contracts
from daemon.brokers.zerodha.stream.spreading import ROOM
from daemon.brokers.zerodha.stream.ticker import Ticker
from daemon.domain.market.polled import Stamped
from daemon.ports.market import MarketReady, News

Quotes = Callable[[Iterable[str]], Awaitable[Mapping[str, Stamped]]]
"""Asks for the newest quotes, by symbol."""
KeepUp = Callable[[], Awaitable[bool]]
"""Sees to the contracts of the day, and says whether they are there."""


class Prices:
    """What is told of the market through one account.

    Args:
        ticker: brings the prices.
        contracts: of the day.
        quotes: asks for them without the ticker.
        keep_up: sees to the contracts of the day.
    """

    room = ROOM

    def __init__(
        self, ticker: Ticker, contracts: Contracts, quotes: Quotes, keep_up: KeepUp
    ) -> None:
        self._ticker = ticker
        self._contracts = contracts
        self._quotes = quotes
        self._keep_up = keep_up
        self._hear: Callable[[News], None] | None = None

    def lists(self, symbol: str) -> bool:
        """Say whether the broker lists a symbol today, as far as is known."""
        return self._contracts.find(symbol) is not None

    def options(self, underlying: str, expiry: date) -> Sequence[str]:
        """Return the symbols of all options of an underlying that expire on a day."""
        return [listed.symbol for listed in self._contracts.options(underlying, expiry)]

    def want(self, held: Iterable[str], others: Iterable[str]) -> Sequence[str]:
        """Show these symbols from now on, and no others; return why some are not.

        Raises:
            BrokerMisused: they are too many.
        """
        return self._ticker.want(held, others)

    def hold(self, symbols: Iterable[str]) -> None:
        """Take that some of what is shown has come to be held."""
        self._ticker.hold(symbols)

    async def quotes(self, symbols: Iterable[str]) -> Mapping[str, Stamped]:
        """Ask for the newest quotes, which the ticker does not tell.

        Raises:
            BrokerError: they could not be read.
        """
        return await self._quotes(symbols)

    async def keep_up(self) -> bool:
        """See to the contracts of the day; say whether they are there."""
        return await self._keep_up()

    def renew(self) -> None:
        """Use the present session, for the one before is none any more."""
        self._ticker.renew()

    def ready(self, *, renewed: bool) -> None:
        """Take that the contracts of the day are there; `renewed`: under another session."""
        if self._hear is not None:
            self._hear(MarketReady(renewed))

    async def listen(self, hear: Callable[[News], None]) -> None:
        """Tell all that comes, until this is cancelled.

        Args:
            hear: is told at once, and never waits.
        """
        self._hear = hear
        try:
            await self._ticker.listen(hear)
        finally:
            self._hear = None
