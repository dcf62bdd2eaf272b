"""The exchange twins of a world that was left: what they settled, and what they had not yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from daemon.actors.timekeeper import DaySettles
from daemon.brokers.paper import Paper
from daemon.domain.instants import SECOND_NS
from daemon.domain.money import E4
from daemon.domain.orders.words import Pocket
from daemon.feeds.live import LiveFeed
from daemon.messages import Settled
from daemon.worlds import Entry, Generated, GeneratedMarket, Live, Source
from daemon.worlds.twins import Twins
from tests.kit.acting import clock
from tests.kit.paper_accounts import reopened, sold

pytestmark = pytest.mark.untraced

MON, TUE = date(2026, 3, 9), date(2026, 3, 10)
ROUTER = "router:paper"
MARKET = GeneratedMarket(1, MON, 60 * SECOND_NS)
CLOSED = clock("15:30:00", TUE) + 1


class Hour:
    """A clock of market time that stands."""

    def now_ns(self) -> int:
        return CLOSED


def generated(account: Paper, entry: Entry) -> Twins:
    return Generated(MARKET, {ROUTER: account}, entry)


def live(account: Paper, entry: Entry) -> Twins:
    """A world whose prices a broker tells, which has told none since."""
    return Live(Source("zed", None), LiveFeed(), Hour(), entry, {ROUTER: account})


@pytest.mark.parametrize("world", [generated, live])
@pytest.mark.parametrize("recorded", [True, False])
def test_what_the_exchange_settled_is_told_once_to_who_had_not_recorded_it(
    world: Callable[[Paper, Entry], Twins], recorded: bool
):
    """The fall came between the settlement and our own book; afterwards both agree."""
    account, symbol = sold(MARKET, clock("15:29:00", TUE))
    account.exchange.settle(TUE, {"NIFTY": 23_000 * E4}, CLOSED)
    known = frozenset({("paper", Pocket(symbol))}) if recorded else frozenset()
    entered = world(reopened(account), Entry(CLOSED, day=TUE, first=MON, settled=known))
    news = entered.see(DaySettles(TUE), CLOSED)

    told = [(to, type(each), each.symbol, each.quantity) for to, each in news]
    assert told == ([] if recorded else [(ROUTER, Settled, symbol, 65)])
    assert entered.see(DaySettles(TUE), CLOSED) == ()


def test_what_was_settled_on_the_day_before_is_told_though_the_exchange_has_gone_on():
    """The start comes in the morning, and reads the book first: its exchange begins the day."""
    account, symbol = sold(MARKET, clock("15:29:00", TUE))
    account.exchange.settle(TUE, {"NIFTY": 23_000 * E4}, CLOSED)
    again, morning_ns = reopened(account), clock("09:00:00", date(2026, 3, 11))
    entered = live(again, Entry(CLOSED, day=TUE, first=MON))
    again.advance(morning_ns)
    news = entered.see(DaySettles(TUE), morning_ns)

    assert [(each.symbol, each.quantity) for _, each in news] == [(symbol, 65)]
    assert entered.see(DaySettles(TUE), morning_ns) == ()


def test_a_settlement_that_had_not_happened_happens_once():
    account, symbol = sold(MARKET, clock("15:29:00", TUE))
    again = reopened(account)
    entered = generated(again, Entry(CLOSED - 1, day=TUE, first=MON))
    news = entered.see(DaySettles(TUE), CLOSED)

    assert [(type(each), each.symbol) for _, each in news] == [(Settled, symbol)]
    assert again.exchange.positions()[0].net_quantity == 0
