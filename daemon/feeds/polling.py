"""Quotes that are asked for: the port behind which a live market answers a question of prices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from daemon.errors import BrokerError
from daemon.messages import QuotesRead, QuotesUnread, ReadQuotes
from daemon.ports.market import LiveMarket
from daemon.runtime.words import Port

LIMIT_S = 5.0
"""So long an answer may take; one that is later would be told for old anyway."""


def asking(market: LiveMarket, now_ns: Callable[[], int]) -> Port:
    """Return the port at which the quotes of a market are asked for.

    Args:
        market: is asked.
        now_ns: tells market time.
    """

    async def ask(request: ReadQuotes) -> Sequence[QuotesRead | QuotesUnread]:
        try:
            async with asyncio.timeout(LIMIT_S):
                quotes = await market.quotes(request.symbols)
        except BrokerError as error:
            return (QuotesUnread(str(error), now_ns()),)
        except TimeoutError:
            text = f"the broker told no quotes within {LIMIT_S:g} s"
            return (QuotesUnread(text, now_ns()),)
        return (QuotesRead(quotes, now_ns()),)

    return ask
