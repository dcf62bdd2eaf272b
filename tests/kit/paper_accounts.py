"""Accounts on paper that are left and found again, with something held that expires."""

from __future__ import annotations

from daemon.brokers.paper import Paper
from daemon.brokers.paper_exchange import exchange
from daemon.domain.instants import day_of
from daemon.domain.money import E4
from daemon.runtime.clock import VirtualClock
from daemon.twin.file import Saved
from daemon.twin.latency import Latency
from daemon.twin.words import OrderType, Side, TwinOrder
from daemon.worlds import GeneratedMarket

_CASH_E4 = 1_000_000 * E4


class _Left:
    """The file of an exchange that was left, as it is found again."""

    def __init__(self, account: Paper) -> None:
        self._account = account

    def load(self) -> Saved:
        left = self._account.exchange
        counters = dict(left._counters) | {"clock_ns": left.reached_ns()}
        return Saved(left.orders(), left.trades(), [], [], counters)

    def save(self, changes: object) -> None:
        pass

    def close(self) -> None:
        pass


def paper() -> Paper:
    """Return an account that has never traded."""
    return Paper(exchange(_CASH_E4, Latency()), VirtualClock().now_ns)


def reopened(account: Paper) -> Paper:
    """Return an account as it is found by whoever starts after it was left."""
    return Paper(exchange(_CASH_E4, Latency(), _Left(account)), VirtualClock().now_ns)


def sold(market: GeneratedMarket, at_ns: int) -> tuple[Paper, str]:
    """Return an account that is short one call at the money, and which; it expires on that day."""
    account, day = paper(), day_of(at_ns)
    known = market.newest(day, at_ns)
    account.exchange.prime(known)
    quotes = account.exchange.quotes(day).quotes
    strike = round(quotes["NIFTY"].ltp_e4 / E4 / 50) * 50
    symbol = f"NIFTY-{day}-{strike}-CE"
    asked = TwinOrder(
        "c", symbol, Side.SELL, 65, OrderType.LIMIT, quotes[symbol].bid_e4, known[-1].at_ns
    )
    account.exchange.place(asked, at_ns)
    account.exchange.advance(at_ns)
    return account, symbol
