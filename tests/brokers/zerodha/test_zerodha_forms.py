"""What Zerodha is sent, field by field; an unprotected order at the market is never made."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest
from msgspec.structs import replace

from daemon.brokers.zerodha.forms import (
    Change,
    OrderForm,
    Sent,
    basket,
    cancellation,
    form_of,
    modification,
)
from daemon.brokers.zerodha.instruments import Listed
from daemon.domain.market.instruments import parse_symbol
from daemon.domain.orders.limits import Approved, _Seal
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.words import Intent, OrderType, Product, Purpose, Side
from daemon.errors import BrokerMisused

SYMBOL = "NIFTY-2026-08-25-24350-CE"
LISTED = Listed(11, SYMBOL, "NFO", "NIFTY26AUG24350CE", 65, 500, parse_symbol(SYMBOL))
ID = "OR0000000010000001"
INTENT = Intent(
    intent_id=ID,
    account="zerodha",
    strategy_id="straddle",
    leg_id="call",
    symbol=SYMBOL,
    side=Side.SELL,
    quantity=130,
    order_type=OrderType.LIMIT,
    price_e4=1_186_000,
    purpose=Purpose.ENTRY,
    parent="basket",
    decided_ns=1,
    deadline_ns=2,
)
FORM = {
    "exchange": "NFO",
    "tradingsymbol": "NIFTY26AUG24350CE",
    "transaction_type": "SELL",
    "quantity": 130,
    "product": "NRML",
    "order_type": "LIMIT",
    "price": "118.6",
}


def sent(**changes: object) -> dict[str, str]:
    intent = replace(INTENT, **changes)
    request = form_of(Approved(intent, _Seal(intent)), LISTED).request
    assert (request.method, request.path) == ("POST", "/orders/regular")
    assert request.content_type == "application/x-www-form-urlencoded"
    return dict(parse_qsl(request.body.decode(), strict_parsing=True))


def test_an_order_is_sent_with_its_id_as_the_tag():
    assert list(sent().items()) == [
        ("variety", "regular"),
        ("exchange", "NFO"),
        ("tradingsymbol", "NIFTY26AUG24350CE"),
        ("transaction_type", "SELL"),
        ("quantity", "130"),
        ("product", "MIS"),
        ("order_type", "LIMIT"),
        ("price", "118.6"),
        ("validity", "DAY"),
        ("tag", ID),
    ]


def test_a_stop_has_its_trigger_and_its_limit():
    told = sent(order_type=OrderType.STOP_LIMIT, trigger_e4=1_500_500, side=Side.BUY)

    assert (told["order_type"], told["transaction_type"]) == ("SL", "BUY")
    assert (told["trigger_price"], told["price"]) == ("150.05", "118.6")


def test_a_market_order_with_a_price_of_ours_is_a_limit_at_it():
    told = sent(order_type=OrderType.MARKET)

    assert (told["order_type"], told["price"]) == ("LIMIT", "118.6")
    assert "market_protection" not in told


def test_a_market_order_without_one_has_the_broker_s_protection():
    told = sent(order_type=OrderType.MARKET, price_e4=0)

    assert (told["order_type"], told["market_protection"]) == ("MARKET", "-1")
    assert "price" not in told


@pytest.mark.parametrize("order_type", ["MARKET", "SL-M"])
@pytest.mark.parametrize("protection", [None, "", "0", "0.0", "-2", "100.1", "101", "all", "1e1"])
def test_an_order_at_the_market_without_protection_cannot_be_made(order_type, protection):
    with pytest.raises(BrokerMisused, match="without market protection"):
        OrderForm(**FORM | {"order_type": order_type}, market_protection=protection)
    with pytest.raises(BrokerMisused, match="without market protection"):
        modification("regular", "1", Change(order_type=order_type, market_protection=protection))


@pytest.mark.parametrize("protection", ["-1", "0.5", "2", "100"])
def test_an_order_at_the_market_with_protection_is_made(protection):
    form = OrderForm(**FORM | {"order_type": "SL-M"}, market_protection=protection)

    assert f"market_protection={protection}" in form.request.body.decode()


@pytest.mark.parametrize("tag", ["", "x" * 21, "a b", "a-b", "ä"])
def test_a_tag_that_the_broker_would_not_take_is_not_sent(tag):
    with pytest.raises(BrokerMisused, match="no tag"):
        OrderForm(**FORM, tag=tag)


@pytest.mark.parametrize("variety", ["regular", "amo", "co", "iceberg", "auction"])
def test_the_path_is_that_of_the_variety(variety):
    assert OrderForm(**FORM, variety=variety).request.path == f"/orders/{variety}"


def test_a_variety_that_is_none_is_not_sent():
    with pytest.raises(BrokerMisused, match="no variety"):
        OrderForm(**FORM, variety="bo")


def test_a_contract_s_name_is_encoded():
    form = OrderForm(**FORM | {"tradingsymbol": "M&M26AUG3000CE"})

    assert b"tradingsymbol=M%26M26AUG3000CE&" in form.request.body


def test_a_change_sends_what_changes():
    told = modification("regular", "15", Change(quantity=65, price="118.65"))

    assert told == Sent(
        "PUT",
        "/orders/regular/15",
        b"variety=regular&order_id=15&quantity=65&price=118.65",
        "application/x-www-form-urlencoded",
    )


def test_a_cancellation_names_the_order_by_its_own_variety():
    assert cancellation("iceberg", "15") == Sent("DELETE", "/orders/iceberg/15")
    assert cancellation("co", "16", "15").path == "/orders/co/16?parent_order_id=15"
    assert cancellation("regular", "../x?y").path == "/orders/regular/..%2Fx%3Fy"


def test_the_margin_is_asked_for_all_legs_in_one():
    leg = MarginLeg(SYMBOL, Side.SELL, 130, 1_186_000, Product.CARRY)
    told = basket([(leg, LISTED)])

    assert (told.method, told.content_type) == ("POST", "application/json")
    assert told.path == "/margins/basket?consider_positions=True&mode=compact"
    assert json.loads(told.body) == [
        FORM | {"variety": "regular", "price": 118.6, "trigger_price": 0}
    ]


@pytest.mark.parametrize(
    ("exchange", "product", "word"),
    [
        ("NFO", Product.INTRADAY, "MIS"),
        ("NFO", Product.CARRY, "NRML"),
        ("BFO", Product.CARRY, "NRML"),
        ("NSE", Product.INTRADAY, "MIS"),
        ("NSE", Product.CARRY, "CNC"),
        ("BSE", Product.CARRY, "CNC"),
    ],
)
@pytest.mark.parametrize("purpose", Purpose)
def test_an_order_leaves_in_its_product_whatever_it_is_for(exchange, product, word, purpose):
    """An exit under another word would open a second position."""
    intent = replace(INTENT, product=product, purpose=purpose)
    listed = replace(LISTED, exchange=exchange)
    assert form_of(Approved(intent, _Seal(intent)), listed).product == word
