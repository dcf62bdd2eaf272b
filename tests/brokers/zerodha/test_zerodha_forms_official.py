"""What we send is what the client that Zerodha publishes sends for the same call, byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from daemon.brokers.zerodha import gtt
from daemon.brokers.zerodha.forms import (
    SIDES,
    VARIETIES,
    Change,
    OrderForm,
    Sent,
    cancellation,
    form_of,
    modification,
)
from daemon.brokers.zerodha.instruments import Listed
from daemon.brokers.zerodha.symbols import plain
from daemon.domain.money import units
from daemon.domain.orders.limits import Approved, _Seal
from daemon.domain.orders.words import Intent, OrderType, Product, Purpose, Side
from tests.kit.official_kite import official_client

PRICES = st.integers(1, 10**9).map(lambda steps: plain(steps * 500))
NUMBERS = st.integers(1, 10**6)
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def official():
    with official_client() as ask:
        yield ask


def maybe(values):
    return st.none() | values


FORMS = st.builds(
    OrderForm,
    variety=st.sampled_from(sorted(VARIETIES)),
    exchange=st.sampled_from(["NSE", "NFO", "BFO", "MCX"]),
    tradingsymbol=st.sampled_from(
        ["NIFTY26AUG24350CE", "M&M26AUG3000PE", "NIFTY 50", "BAJAJ-AUTO"]
    ),
    transaction_type=st.sampled_from(["BUY", "SELL"]),
    quantity=NUMBERS,
    product=st.sampled_from(["NRML", "MIS", "CNC", "MTF"]),
    order_type=st.sampled_from(["LIMIT", "SL", "MARKET", "SL-M"]),
    price=maybe(PRICES),
    validity=maybe(st.sampled_from(["DAY", "IOC", "TTL"])),
    validity_ttl=maybe(NUMBERS),
    disclosed_quantity=maybe(NUMBERS),
    trigger_price=maybe(PRICES),
    iceberg_legs=maybe(st.integers(2, 10)),
    iceberg_quantity=maybe(NUMBERS),
    auction_number=maybe(st.just("22")),
    algo_id=maybe(st.just("ALGO1")),
    tag=maybe(st.from_regex(r"OR[0-9A-V]{16}", fullmatch=True)),
    market_protection=st.sampled_from(["-1", "2", "0.5"]),
)
CHANGES = st.builds(
    Change,
    parent_order_id=maybe(st.just("14")),
    quantity=maybe(NUMBERS),
    price=maybe(PRICES),
    order_type=maybe(st.sampled_from(["LIMIT", "MARKET"])),
    trigger_price=maybe(PRICES),
    validity=maybe(st.just("DAY")),
    disclosed_quantity=maybe(NUMBERS),
    market_protection=st.just("-1"),
)


def same(ours: Sent, theirs: list[str]) -> bool:
    return [ours.method, ours.path, ours.body.decode()] == theirs


@given(form=FORMS)
@QUICK
def test_an_order_is_placed_by_equal_bytes(official, form):
    assert same(form.request, official("place_order", asdict(form)))


@given(change=CHANGES)
@QUICK
def test_an_order_is_changed_by_equal_bytes(official, change):
    asked = asdict(change) | {"variety": "regular", "order_id": "15"}

    assert same(modification("regular", "15", change), official("modify_order", asked))


@pytest.mark.parametrize("parent", [None, "14"])
def test_an_order_is_cancelled_by_equal_bytes(official, parent):
    asked = {"variety": "co", "order_id": "15", "parent_order_id": parent}

    assert same(cancellation("co", "15", parent), official("cancel_order", asked))


LISTED = Listed(1, "X", "NFO", "M&M26AUG3000PE", 65, 500, None)
STEPS = st.lists(st.integers(1, 10**7), min_size=1, max_size=2, unique=True).map(sorted)


@given(steps=STEPS, quantity=NUMBERS, product=st.sampled_from(["CNC", "MTF", "NRML"]))
@QUICK
def test_a_trigger_is_placed_and_changed_by_equal_bytes(official, steps, quantity, product):
    children = tuple(
        gtt.Child(step * 500, side, quantity, step * 500 + 50, product)
        for step, side in zip(steps, Side, strict=False)
    )
    asked = {
        "trigger_type": {1: "single", 2: "two-leg"}[len(steps)],
        "exchange": LISTED.exchange,
        "tradingsymbol": LISTED.name,
        "trigger_values": [step / 20 for step in steps],
        "last_price": 250.5,
        "orders": [
            {
                "transaction_type": SIDES[each.side],
                "quantity": quantity,
                "order_type": "LIMIT",
                "product": product,
                "price": float(units(each.price_e4)),
            }
            for each in children
        ],
    }

    placed, changed = (
        official("place_gtt", asked),
        official("modify_gtt", asked | {"trigger_id": 7}),
    )
    assert same(gtt.placing(LISTED, 2_505_000, children), placed)
    assert same(gtt.changing(7, LISTED, 2_505_000, children), changed)


def test_triggers_are_read_and_deleted_by_equal_bytes(official):
    assert same(gtt.removal(7), official("delete_gtt", {"trigger_id": 7}))
    assert same(gtt.trigger(7).sent, official("get_gtt", {"trigger_id": 7}))
    assert same(gtt.triggers().sent, official("get_gtts", {}))


OURS = Intent(
    *("OR0000000010000001", "zerodha", "s", "ce", "X", Side.SELL, 130, OrderType.LIMIT, 1_186_000),
    *(Purpose.EXIT, "owed", 1, 2),
)


@pytest.mark.parametrize("exchange", ["NSE", "BSE", "NFO", "BFO"])
@pytest.mark.parametrize("product", Product)
def test_each_product_of_ours_is_one_that_the_broker_s_client_knows(official, exchange, product):
    """By the word of its own constants, and by equal bytes."""
    intent = replace(OURS, product=product)
    listed = Listed(1, "X", exchange, "X", 65, 500, None)
    form = form_of(Approved(intent, _Seal(intent)), listed)
    assert form.product in official("constants", {"prefix": "PRODUCT_"})
    assert same(form.request, official("place_order", asdict(form)))
