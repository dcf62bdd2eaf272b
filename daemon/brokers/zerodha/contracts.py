"""The contracts of the day at Zerodha: fetched once each morning, and looked up from then on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date

from daemon.brokers.zerodha import instruments, questions
from daemon.brokers.zerodha.client import Client
from daemon.brokers.zerodha.instruments import Listed, Master
from daemon.domain.instants import SECOND_NS, day_of
from daemon.errors import BrokerError, BrokerMisused, WireGarbled

_AGAIN_NS = 60 * SECOND_NS
"""So long after a file that was not yet that of its day the next one is asked for."""
_NONE = "the contracts of Zerodha are not there yet"


class Contracts:
    """What an account can trade.

    Attributes:
        on_fetched: is called once others than before are there.

    Args:
        master: the contracts of a day; None: they are yet to be fetched.
    """

    def __init__(self, master: Master | None = None) -> None:
        self._master = master
        self._fetching: asyncio.Task[None] | None = None
        self.on_fetched: Callable[[], None] | None = None

    def objection(self, now_ns: int) -> str:
        """Return why these are not the contracts of the present day; empty: they are."""
        return self._master.objection(day_of(now_ns)) if self._master else _NONE

    def of_symbol(self, symbol: str) -> Listed:
        """Return the contract that a symbol of ours stands for.

        Raises:
            BrokerMisused: there is none.
            WireGarbled: its line cannot be understood.
        """
        listed = self._master.of_symbol(symbol) if self._master else None
        if listed is None:
            raise BrokerMisused(f"Zerodha lists no {symbol}" if self._master else _NONE)
        return listed

    def find(self, symbol: str) -> Listed | None:
        """Return the contract that a symbol stands for; None: there is none that is understood."""
        try:
            return self.of_symbol(symbol)
        except (BrokerMisused, WireGarbled):
            return None

    def symbol_of(self, exchange: str, name: str) -> str:
        """Return our symbol of what the broker calls so; exchange and name where there is none."""
        return self._master.symbol_of(exchange, name) if self._master else f"{exchange}:{name}"

    def options(self, underlying: str, expiry: date) -> tuple[Listed, ...]:
        """Return all options of an underlying that expire on a day; none without a file."""
        return self._master.options(underlying, expiry) if self._master else ()

    async def refresh(self, client: Client, now_ns: int) -> None:
        """Fetch the contracts, unless those of the day are there.

        Who gives up waiting ends nothing: the file is large, and the next who asks finds it.

        Raises:
            BrokerError: they did not come, or cannot be understood.
        """
        known = self._master
        if known is not None and (
            not known.objection(day_of(now_ns)) or now_ns - known.fetched_ns < _AGAIN_NS
        ):
            return
        if self._fetching is None or self._fetching.done():
            fetching = self._fetch(client, now_ns)
            self._fetching = asyncio.get_running_loop().create_task(fetching, name="contracts")
            self._fetching.add_done_callback(_heard)
        await asyncio.shield(self._fetching)

    async def keep_up(self, client: Client, now_ns: int, within_s: float) -> None:
        """Fetch the contracts as `refresh` does; where they do not come, go on with earlier ones.

        What is held was listed before. So it can be read and closed by those; what cannot be told
        by them bears the broker's name, and nothing is entered.

        Args:
            client: asks for them.
            now_ns: market time.
            within_s: earlier ones wait no longer.

        Raises:
            BrokerError: there are none at all.
        """
        try:
            async with asyncio.timeout(None if self._master is None else within_s):
                await self.refresh(client, now_ns)
        except (BrokerError, TimeoutError):
            if self._master is None:
                raise

    async def close(self) -> None:
        """Fetch no further."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait({self._fetching})

    async def _fetch(self, client: Client, now_ns: int) -> None:
        text = await client.read(questions.contracts())
        self._master = await asyncio.to_thread(instruments.read, text, now_ns)
        if self.on_fetched is not None:
            self.on_fetched()


def _heard(fetching: asyncio.Task[None]) -> None:
    """Take note of a failure that nobody waits for any more; whoever asks next meets the next."""
    if not fetching.cancelled():
        fetching.exception()
