"""Which shares of a leg are the owner's own, by an order and by a reading."""

from __future__ import annotations

from datetime import date, time
from itertools import count

import pytest
from msgspec.structs import replace

from daemon.domain.instants import at, day_of
from daemon.domain.orders.book import Book, Position
from daemon.domain.orders.reconcile import EXTERNAL, MANUAL, external_id
from daemon.domain.orders.shares import (
    BACK,
    MOVED,
    SOLD,
    Kept,
    beyond,
    booked,
    by_order,
    by_reading,
    is_shareless,
    told_apart,
)
from daemon.domain.orders.shown import AccountRead, BrokerOrder, BrokerPosition
from daemon.domain.orders.words import (
    IntentRecorded,
    OrderUpdated,
    Pocket,
    Product,
    Purpose,
    Side,
    State,
)
from tests.kit.facts import INTENT

BUY, SELL = Side.BUY, Side.SELL
SHARES = Pocket("SBIN", Product.CARRY)
LEG = (EXTERNAL, SHARES.leg_id)
NOON = at(date(2025, 9, 2), time(12))
DAY = day_of(NOON)
YESTERDAY = at(date(2025, 9, 1), time(12))
E4 = 800_0000


class Made:
    """A book of one pocket, and what its legs have traded."""

    def __init__(self, pocket: Pocket = SHARES) -> None:
        self.book, self._pocket, self._ids = Book(), pocket, count(1)

    def trades(self, side: Side, units: int, at_ns: int = NOON, strategy_id: str = EXTERNAL, **how):
        made = replace(
            INTENT,
            intent_id=f"O{next(self._ids)}",
            strategy_id=strategy_id,
            leg_id=self._pocket.leg_id,
            symbol=self._pocket.symbol,
            product=self._pocket.product,
            side=side,
            quantity=units,
            purpose=Purpose.ENTRY,
            decided_ns=at_ns,
        )
        intent = replace(made, **how)
        self.book.apply(IntentRecorded(intent, at_ns))
        return self.book.apply(
            OrderUpdated(intent.intent_id, "B1", State.FILLED, units, units * E4, at_ns)
        )

    def traded(self, leg=LEG) -> Position:
        return self.book.position(*leg)

    def ordered(self, order, own: int, more: int = 0):
        leg = (order.intent.strategy_id, order.intent.leg_id)
        units = more or order.filled_quantity
        return self._take(by_order(self.book, order, units, own, self.traded(leg)))

    def read(self, kept: Kept, leg=LEG):
        return self._take(by_reading(self.book, (leg, self._pocket), kept, self.traded(leg), DAY))

    def _take(self, booking):
        if booking is None:
            return None
        for fact in booked(booking, "acc", f"H{next(self._ids)}", NOON):
            self.book.apply(fact)
        assert booking.value_e4 == booking.quantity * E4
        return booking.side, booking.quantity, booking.text


@pytest.mark.parametrize("strategy_id", [EXTERNAL, MANUAL])
def test_what_he_sells_is_his_own_as_far_as_he_has_it(strategy_id):
    made = Made()
    assert made.ordered(made.trades(SELL, 40, strategy_id=strategy_id), 100) == (BUY, 40, SOLD)
    assert made.ordered(made.trades(SELL, 40, strategy_id=strategy_id), 30) == (BUY, 30, SOLD)
    assert made.ordered(made.trades(SELL, 40, strategy_id=strategy_id), 0) is None
    assert made.book.within(SHARES).net == -50


def test_of_what_was_bought_before_nothing_is_sold_of_his_own():
    made = Made()
    made.trades(BUY, 30)
    assert made.ordered(made.trades(SELL, 40), 100) == (BUY, 10, SOLD)


def test_what_he_buys_back_is_no_more_than_he_sold_on_the_day():
    made = Made()
    made.ordered(made.trades(SELL, 40), 100)
    assert made.ordered(made.trades(BUY, 25), 60) == (SELL, 25, BACK)
    assert made.ordered(made.trades(BUY, 25), 85) == (SELL, 15, BACK)
    assert made.ordered(made.trades(BUY, 25), 100) is None
    assert made.book.within(SHARES).net == 35


@pytest.mark.parametrize(
    "how", [{"strategy_id": "s"}, {"purpose": Purpose.EXIT}], ids=["a strategy", "an exit"]
)
def test_what_he_did_not_sell_himself_is_not_of_his_own(how):
    made = Made()
    assert made.ordered(made.trades(SELL, 40, **how), 100) is None


def test_a_short_that_was_heard_before_his_shares_were_is_his_own_by_a_reading():
    made = Made()
    made.trades(SELL, 40)
    assert made.read(Kept(30)) == (BUY, 30, SOLD)
    assert made.read(Kept(0)) is None
    assert made.read(Kept(100)) == (BUY, 10, SOLD)
    assert made.ordered(made.trades(BUY, 40), 100) == (SELL, 40, BACK)


def test_a_short_of_an_earlier_day_is_nothing_that_could_be_bought_back_today():
    made = Made()
    made.trades(SELL, 40, YESTERDAY)
    assert made.read(Kept(60)) == (BUY, 40, MOVED)
    assert made.ordered(made.trades(BUY, 40), 60) is None


def test_what_was_bought_outside_on_an_earlier_day_is_his_own_and_what_was_today_is_not():
    made = Made()
    made.trades(BUY, 40, YESTERDAY)
    made.trades(BUY, 10)
    assert made.read(Kept(100)) == (SELL, 40, MOVED)
    assert made.read(Kept(140)) is None
    assert made.book.within(SHARES).net == 10


@pytest.mark.parametrize(("today", "moved"), [((SELL, 15), 25), ((SELL, 40), 0), ((SELL, 60), 0)])
def test_what_he_sold_of_it_meanwhile_is_gone_from_it(today, moved):
    made = Made()
    made.trades(BUY, 40, YESTERDAY)
    made.trades(*today)
    seen = made.read(Kept(0)) if made.book.within(SHARES).net else None
    assert seen == ((SELL, moved, MOVED) if moved else None)


def test_what_was_bought_at_bse_lies_by_its_name_at_nse_from_the_next_day():
    pocket = Pocket("BSE:SBIN", Product.CARRY)
    made = Made(pocket)
    made.trades(BUY, 40, YESTERDAY)
    leg = (EXTERNAL, pocket.leg_id)
    assert made.read(Kept(None), leg) is None
    assert made.read(Kept(None, -40), leg) == (SELL, 40, MOVED)


def test_what_was_bought_by_hand_is_ours_as_long_as_it_is_held():
    made, leg = Made(), (MANUAL, SHARES.leg_id)
    made.trades(BUY, 40, YESTERDAY, strategy_id=MANUAL)
    assert made.read(Kept(100), leg) is None


@pytest.mark.parametrize(("side", "owner"), [(BUY, EXTERNAL), (SELL, EXTERNAL), (SELL, MANUAL)])
def test_what_no_reading_shows_for_a_while_of_an_earlier_day_is_gone(side, owner):
    made, leg = Made(), (owner, SHARES.leg_id)
    made.trades(side, 40, YESTERDAY, strategy_id=owner)
    assert made.read(Kept(None), leg) is None
    assert made.read(Kept(None, 40 * side.sign), leg) is None
    assert made.read(Kept(None, -30 * side.sign), leg) == (side.opposite, 30, MOVED)
    assert made.read(Kept(None, -30 * side.sign), leg) == (side.opposite, 10, MOVED)


@pytest.mark.parametrize(
    "pocket",
    [
        Pocket(INTENT.symbol, Product.CARRY),
        Pocket("SBIN"),
        Pocket("BSE:SBIN"),
        Pocket("x y", Product.CARRY),
        Pocket("BFO:SENSEX5026NOVFUT", Product.CARRY),
    ],
)
@pytest.mark.parametrize("side", Side)
def test_what_are_no_shares_that_are_carried_stays_what_it_is(pocket, side):
    made = Made(pocket)
    made.trades(side, 40, YESTERDAY)
    assert made.read(Kept(None, -40 * side.sign), (EXTERNAL, pocket.leg_id)) is None


def test_while_an_exit_is_at_a_leg_nothing_of_it_is_taken_for_his_own():
    made = Made()
    made.trades(SELL, 40, purpose=Purpose.EXIT)
    assert made.read(Kept(100)) is None


def test_a_leg_of_a_strategy_is_never_his_own():
    made, leg = Made(), ("s", SHARES.leg_id)
    made.trades(BUY, 40, YESTERDAY, strategy_id="s")
    assert made.read(Kept(100), leg) is None


def seen(*orders: BrokerOrder, position: int = 0, owned: int = 0) -> AccountRead:
    held, kept = (BrokerPosition("SBIN", n, Product.CARRY) for n in (position, owned))
    return AccountRead(orders, (held,), NOON, (kept,))


def sold(number: str, units: int, client_id: str = "") -> BrokerOrder:
    return BrokerOrder(
        *(client_id, number, "SBIN", SELL, units, State.FILLED, units, units * E4),
        product=Product.CARRY,
    )


@pytest.mark.parametrize(
    ("ours", "position", "owned", "his"),
    [
        pytest.param(0, 0, 100, 100, id="all his"),
        pytest.param(10, 0, 110, 100, id="beside ours of earlier days"),
        pytest.param(10, 10, 100, 100, id="beside ours of today"),
        pytest.param(10, -40, 110, 60, id="sold by orders that were heard"),
        pytest.param(0, 40, 100, 100, id="bought, by no order that is known"),
        pytest.param(10, 0, 4, 0, id="fewer than ours"),
    ],
)
def test_his_own_shares_are_those_that_our_book_has_not(ours, position, owned, his):
    made = Made()
    made.trades(BUY, ours or 1, strategy_id="s")
    if not ours:
        made.trades(SELL, 1, strategy_id="s")
    assert told_apart(made.book, seen(position=position, owned=owned))[0] == {SHARES: his}


def test_what_a_reading_tells_of_orders_counts_as_heard():
    """Of a stranger's order all of it, of one that is known what it has filled since."""
    made = Made()
    made.trades(BUY, 10, strategy_id="s")
    known = made.trades(SELL, 15, intent_id=external_id(made.book, "7", NOON))
    read = seen(sold("7", 40), sold("8", 5), position=-45, owned=110)
    assert told_apart(made.book, read)[0] == {SHARES: 100}
    assert beyond(made.book, read)[SHARES] == 100
    assert known.filled_quantity == 15


def test_what_the_broker_shows_beyond_our_book_is_told_apart_from_his_own_shares():
    made = Made()
    made.trades(BUY, 10, strategy_id="s")
    assert told_apart(made.book, seen(position=25, owned=100))[1] == {SHARES: 15}
    assert told_apart(made.book, seen(position=-4, owned=4))[1] == {SHARES: -10}
    assert told_apart(made.book, seen(sold("7", 4), position=-4, owned=110))[1] == {SHARES: 0}


@pytest.mark.parametrize(
    ("symbol", "is_one"),
    [
        ("SBIN", True),
        ("BSE:SBIN", True),
        ("NSE:SGBFEB32IV-GB", True),
        (INTENT.symbol, False),
        ("MCX:GOLD26DECFUT", False),
    ],
)
@pytest.mark.parametrize("where", ["a position", "an order", "ours"])
def test_those_of_earlier_days_matter_where_either_book_has_to_do_with_a_share(
    symbol, is_one, where
):
    made = Made(Pocket(symbol, Product.CARRY))
    if where == "ours":
        made.trades(BUY, 5)
    held = (BrokerPosition(symbol, -5, Product.CARRY),) if where == "a position" else ()
    orders = (replace(sold("1", 5), symbol=symbol),) if where == "an order" else ()
    assert is_shareless(made.book, AccountRead(orders, held, NOON)) is not is_one


def test_a_share_of_which_nothing_is_left_in_our_book_matters_no_more():
    made = Made()
    made.trades(BUY, 5)
    made.trades(SELL, 5)
    assert is_shareless(made.book, AccountRead((), (), NOON))
