"""The port at which the quotes of a market are asked for."""

from __future__ import annotations

import asyncio

from daemon.domain.market.frames import Quote
from daemon.domain.market.polled import Stamped
from daemon.errors import SessionRefused
from daemon.feeds import polling
from daemon.feeds.polling import asking
from daemon.messages import QuotesRead, QuotesUnread, ReadQuotes

NOW = 7


class Market:
    """A market of quotes alone; an error is raised in their place, and None never comes."""

    def __init__(self, told: dict[str, Stamped] | Exception | None) -> None:
        self.told = told
        self.asked: list[tuple[str, ...]] = []

    async def quotes(self, symbols):
        self.asked.append(tuple(symbols))
        if self.told is None:
            await asyncio.Event().wait()
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


async def answered(market: Market):
    (answer,) = await asking(market, lambda: NOW)(ReadQuotes(("A", "B")))
    return answer


async def test_what_the_market_says_is_answered_as_it_says_it():
    market = Market({"A": Stamped(Quote(10), 5)})
    assert await answered(market) == QuotesRead({"A": Stamped(Quote(10), 5)}, NOW)
    assert market.asked == [("A", "B")]


async def test_what_went_wrong_is_the_answer_where_there_is_none():
    assert await answered(Market(SessionRefused("log in"))) == QuotesUnread("log in", NOW)


async def test_a_market_that_never_answers_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(polling, "LIMIT_S", 0)
    told = "the broker told no quotes within 0 s"
    assert await answered(Market(None)) == QuotesUnread(told, NOW)
