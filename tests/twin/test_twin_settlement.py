from datetime import time

import pytest
from msgspec.structs import replace

from daemon.domain.instants import DAY_NS, at
from daemon.domain.money import e4
from daemon.errors import BrokerMisused
from daemon.twin.exchange import Exchange, settlement_price
from daemon.twin.file import SqliteFile
from daemon.twin.words import FinalPrice, Status, Trade
from tests.kit.exchange import (
    CALL,
    DAY,
    EXPIRY,
    FUTURE,
    PUT,
    RULES,
    T0,
    contract,
    exchange,
    frame,
    order,
    quote,
    terms,
)

CLOSED = at(EXPIRY, time(15, 40))


def straddle(*plan):
    """A short straddle at 99.95 twice."""
    ex = exchange(*plan)
    ex.on_frame(frame(call=quote(), put=quote(), future=quote("24500", "24499", "24501")), T0)
    for symbol in (CALL, PUT):
        ex.place(order("sell", price="99.95", symbol=symbol), T0)
    ex.advance(T0)
    return ex


@pytest.mark.parametrize(
    ("symbol", "value", "expected"),
    [
        (CALL, "24600.10", "50.10"),
        (CALL, "24500", "0"),
        (PUT, "24500", "50"),
        (PUT, "24600", "0"),
        (FUTURE, "24512.35", "24512.35"),
    ],
)
def test_a_contract_is_worth_its_intrinsic_value_at_the_end(symbol, value, expected):
    """Options their distance in the money, futures the value itself."""
    assert settlement_price(contract(symbol, DAY), e4(value)) == e4(expected)


def test_expired_options_are_settled_at_the_index_value_as_trades_of_no_order():
    """Both legs are closed, one of them at nothing, and the margin is free again."""
    ex = straddle()
    events = ex.settle(EXPIRY, {"NIFTY": e4("24600")}, CLOSED)
    assert [(t.symbol, t.quantity, t.price_e4, t.side) for t in events] == [
        (CALL, 75, e4(50), "buy"),
        (PUT, 75, 0, "buy"),
    ]
    assert all(t.settlement and t.order_id == "" and t.at_ns == CLOSED for t in events)
    funds = ex.funds()
    assert funds.realised_e4 == 75 * (2 * e4("99.95") - e4(50))
    assert funds.used_e4 == 0


def test_settling_twice_settles_once():
    """What is flat has nothing to settle."""
    ex = straddle()
    ex.settle(EXPIRY, {"NIFTY": e4(24_600)}, CLOSED)
    assert ex.settle(EXPIRY, {"NIFTY": e4(24_600)}, CLOSED) == []


def test_other_days_other_underlyings_and_later_contracts_are_left_alone():
    """A missing value leaves a contract open for a later call."""
    ex = straddle()
    ex.place(order(price="24501", symbol=FUTURE), T0)
    ex.advance(T0)
    assert ex.settle(DAY, {"NIFTY": e4(24_600)}, CLOSED) == []
    assert ex.settle(EXPIRY, {"BANKNIFTY": e4(50_000)}, CLOSED) == []
    ex.settle(EXPIRY, {"NIFTY": e4(24_600)}, CLOSED)
    assert [(p.symbol, p.net_quantity) for p in ex.positions() if p.net_quantity] == [(FUTURE, 75)]


def test_orders_in_an_expired_contract_lapse():
    """Nothing works in a contract that is no more."""
    ex = straddle()
    morning = at(EXPIRY, time(9, 30))
    ex.place(order(price="90", decided_ns=morning), morning)
    ex.advance(morning)
    ex.settle(EXPIRY, {"NIFTY": e4(24_600)}, CLOSED)
    assert [o.status for o in ex.orders()] == [Status.CANCELLED]


def test_what_still_trades_is_not_settled():
    """Settling in session is a defect of the caller, and nothing is settled by it."""
    ex = straddle()
    with pytest.raises(BrokerMisused, match="still trades"):
        ex.settle(EXPIRY, {"NIFTY": e4(24_600)}, at(EXPIRY, time(15, 29)))
    assert all(p.net_quantity == -75 for p in ex.positions())


def test_what_was_never_settled_is_dropped_when_its_day_is_over(tmp_path):
    """Nobody knows what it was worth: nothing is held, no margin is used, nothing was earned."""
    ex = exchange(file=SqliteFile(tmp_path / "twin"))
    ex.on_frame(frame(call=quote()), T0)
    ex.place(order("sell", price="99.95"), T0)
    ex.advance(CLOSED)
    assert [p.net_quantity for p in ex.positions()] == [-75]
    ex.advance(CLOSED + DAY_NS)
    ex.close()
    again = exchange(file=SqliteFile(tmp_path / "twin"))
    again.advance(CLOSED + DAY_NS)
    for each in (ex, again):
        assert each.positions() == []
        assert (each.funds().used_e4, each.funds().realised_e4) == (0, 0)
    again.close()


def test_a_flat_contract_that_no_rule_knows_any_more_is_forgotten(tmp_path):
    """Only what is held must be known."""
    ex = exchange(file=SqliteFile(tmp_path / "twin"))
    ex.on_frame(frame(call=quote()), T0)
    ex.place(order("sell", price="99.95"), T0)
    ex.place(order("buy", price="100.05"), T0)
    ex.close()
    rules = replace(RULES, contract=lambda symbol, day: None)
    opened = Exchange.open(replace(terms(), rules=rules), SqliteFile(tmp_path / "twin"))
    assert opened.expiring(EXPIRY) == []
    opened.close()
    known = exchange(file=SqliteFile(tmp_path / "twin"))
    assert [each.symbol for each in known.expiring(EXPIRY)] == [CALL]
    known.close()


def test_each_product_of_a_contract_is_settled_by_itself():
    """Long in one and short in the other: two trades; what is flat in one is told its price."""
    ex = exchange()
    ex.on_frame(frame(call=quote(), put=quote(), future=quote("24500", "24499", "24501")), T0)
    ex.place(order("sell", price="99.95"), T0)
    ex.place(order("buy", price="100.05", product="carry"), T0)
    ex.place(order("sell", price="99.95", symbol=PUT), T0)
    ex.place(order("buy", price="100.05", symbol=PUT), T0)
    ex.place(order("sell", price="99.95", symbol=PUT, product="carry"), T0)
    ex.advance(T0)
    events = ex.settle(EXPIRY, {"NIFTY": e4("24600")}, CLOSED)
    trades = [(t.symbol, t.product, t.side, t.quantity) for t in events if isinstance(t, Trade)]
    assert trades == [
        (CALL, "intraday", "buy", 75),
        (CALL, "carry", "sell", 75),
        (PUT, "carry", "buy", 75),
    ]
    told = [(p.symbol, p.product) for p in events if isinstance(p, FinalPrice)]
    assert told == [(PUT, "intraday")]
    assert not any(p.net_quantity for p in ex.positions())
    assert ex.expiring(EXPIRY) == []
