"""Accounts opened at their brokers, and how a run lets go of them at its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct

from daemon.app.at_brokers.accounts import Account
from daemon.brokers.paper import Paper
from daemon.brokers.paper_exchange import exchange
from daemon.ports.broker import Broker
from daemon.ports.market import LiveMarket
from daemon.telemetry.log import Log
from daemon.twin.file import TwinFile

GOODBYE_S: Final = 5.0
"""A broker that does not answer keeps a daemon from its end for no longer."""

Close = Callable[[], Coroutine[Any, Any, None]]
"""Closes a connection; is awaited once, at the end of a run, and only for so long."""


class Opened(Struct, frozen=True):
    """An account, opened at its broker.

    Attributes:
        broker: whom its door asks.
        paper: the exchange that sees the market as the world shows it; None: the market is none of
            our making.
        market: tells prices as they are; None: it tells none.
        close: lets go of the broker at the end; None: there is nothing to let go of.
    """

    broker: Broker
    paper: Paper | None = None
    close: Close | None = None
    market: LiveMarket | None = None


Opener = Callable[[Account, TwinFile | None, Callable[[], int]], Opened]
"""Opens an account at one kind of broker: whose, where an exchange on paper keeps its book, and
what tells market time."""


def on_paper(account: Account, file: TwinFile | None, now_ns: Callable[[], int]) -> Opened:
    """Open an account at an exchange twin in this process."""
    paper = Paper(exchange(account.cash_e4, account.latency, file, account.faults), now_ns)
    return Opened(paper, paper)


OPENERS: Mapping[str, Opener] = MappingProxyType({"paper": on_paper})
"""How an account is opened, by the canonical id of its broker."""


@asynccontextmanager
async def let_go(closes: Mapping[str, Close], log: Log) -> AsyncIterator[None]:
    """Close every connection when the block ends, side by side; none keeps another open.

    Args:
        closes: how the connection of each account is closed.
        log: is told of one that could not be.
    """
    try:
        yield
    finally:
        loop = asyncio.get_running_loop()
        closing = {loop.create_task(close(), name=name) for name, close in closes.items()}
        if closing:
            _, late = await asyncio.wait(closing, timeout=GOODBYE_S)
            for task in late:
                task.cancel()
                log.error("connection left behind", account=task.get_name(), within_s=GOODBYE_S)
            for task in closing - late:
                error = None if task.cancelled() else task.exception()
                if error is not None:
                    log.error("connection not closed", account=task.get_name(), exc_info=error)
