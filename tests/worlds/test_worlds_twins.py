"""The exchange twins of a world that was left: what they settled, and what they had not yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from daemon.actors.timekeeper import DaySettles
from daemon.brokers.paper import Paper
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import E4
from daemon.domain.orders.words import Pocket
from daemon.feeds.live import LiveFeed
from daemon.messages import LinkDied, LinkRevived, Settled
from daemon.twin.words import OrderType, Side, TwinOrder
from daemon.worlds import Entry, Generated, GeneratedMarket, Live, Source
from daemon.worlds.twins import Twins
from tests.kit.acting import clock
from tests.kit.paper_accounts import paper, reopened, sold

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


def test_the_live_world_tells_its_exchanges_of_a_silence_of_the_feed_and_of_its_end():
    """What left in the silence waits for a price of its own, not for one of anything."""
    account, at_ns = paper(), clock("10:00:00", TUE)
    symbol, later_ns = f"NIFTY-{TUE}-22900-CE", clock("10:20:00", TUE)
    world = live(account, Entry(0))
    quoted, index = Quote(130 * E4, 129 * E4, 65, 131 * E4, 65), Quote(22_900 * E4)
    world.see(Frame(at_ns, {"NIFTY": index, symbol: quoted}), at_ns)
    world.hear(LinkDied(at_ns))
    asked = TwinOrder("c", symbol, Side.BUY, 65, OrderType.LIMIT, 180 * E4, later_ns)
    account.exchange.place(asked, later_ns)
    world.see(Frame(later_ns + 1, {"NIFTY": index}), later_ns + 1)
    world.hear(LinkRevived(later_ns + 2))
    world.see(Frame(later_ns + 2, {"NIFTY": index}), later_ns + 2)
    assert account.exchange.trades() == []

    now = Quote(170 * E4, 169 * E4, 65, 171 * E4, 65)
    news = world.see(Frame(later_ns + 3, {symbol: now}), later_ns + 3)
    assert news
    assert [each.price_e4 for each in account.exchange.trades()] == [171 * E4]


@pytest.mark.parametrize(
    ("now", "to"), [("11:30:01", "11:30:01"), ("16:00:00", "15:30:00"), ("10:00:00", "")]
)
def test_what_rested_on_paper_while_no_daemon_was_there_is_told_with_how_long_it_slept(now, to):
    """Until its day closed at most; where nothing rests there is nothing to tell."""
    account, at_ns = paper(), clock("10:00:00", TUE)
    symbol, quoted = f"NIFTY-{TUE}-22900-CE", Quote(130 * E4, 129 * E4, 65, 131 * E4, 65)
    account.on_frame(Frame(at_ns, {"NIFTY": Quote(22_900 * E4), symbol: quoted}), at_ns)
    for kind, trigger_e4 in ((OrderType.LIMIT, 0), (OrderType.STOP_LIMIT, 140 * E4)):
        price_e4 = (trigger_e4 or 120 * E4) + 5 * E4
        asked = TwinOrder("c", symbol, Side.BUY, 65, kind, price_e4, at_ns, trigger_e4)
        account.exchange.place(asked, at_ns)
    now_ns = clock(now, TUE)
    told = [each.text for each in live(reopened(account), Entry(at_ns)).slept(now_ns)]

    so = (
        f"while the daemon was away, from 10:00:00 at the earliest to {to}, the exchange on paper "
        "of paper saw no price: orders that rested there unwatched: 2, stops among them: 1"
    )
    assert told == ([so] if to else [])
    assert list(live(paper(), Entry(at_ns)).slept(now_ns)) == []
    assert list(live(reopened(account), Entry(0)).slept(now_ns)) == []
