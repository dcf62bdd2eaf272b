"""Our own words to Zerodha are understood by the twin, and its answers by our own codec."""

from __future__ import annotations

from json import dumps

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import json

from daemon.brokers.zerodha import codec, forms
from daemon.brokers.zerodha.instruments import read
from daemon.brokers.zerodha.wire import Reply
from daemon.brokers.zerodha.wire_twin.api import ROWS, Call
from daemon.brokers.zerodha.wire_twin.opening import opened
from daemon.brokers.zerodha.wire_twin.words import Denied, envelope
from daemon.domain.money import E4
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.words import Side
from daemon.runtime.clock import VirtualClock
from daemon.runtime.pace import Pace
from tests.kit.wire_twin import CALL, FORM, LOT, NAME, OPEN_NS, PUT, stage, twin

TAG = "tag0000000000001"
ORDER = {
    "exchange": "NFO",
    "tradingsymbol": NAME,
    "transaction_type": "BUY",
    "quantity": LOT,
    "product": "NRML",
    "order_type": "LIMIT",
    "price": "201",
    "validity": "DAY",
    "tag": TAG,
}
NAMES = (
    *("/orders/{variety}", "/orders/{variety}/{order_id}", "/portfolio/positions"),
    *("/gtt/triggers", "/gtt/triggers/{trigger_id}"),
)
JSONS = ("/margins/orders", "/margins/basket", "/charges/orders")


async def replied(client, sent: forms.Sent) -> Reply:
    headers = {"Content-Type": sent.content_type} if sent.content_type else {}
    headers["Authorization"] = f"token {client.ready.api_key}:{client.token}"
    client.host.advance(10**9)
    async with client.http.request(
        sent.method, client.ready.url + sent.path, data=sent.body, headers=headers
    ) as answer:
        return Reply(answer.status, await answer.read())


async def test_the_margin_of_an_entry_is_read_beside_what_is_free():
    async with twin() as client:
        master = read((await client.ask("GET", "/instruments")).body, OPEN_NS)
        legs = [
            (MarginLeg(symbol, Side.SELL, LOT, 200 * E4), master.of_symbol(symbol))
            for symbol in (CALL, PUT)
        ]
        basket = await replied(client, forms.basket(legs))
        funds = await replied(client, forms.Sent("GET", "/user/margins"))

    assert codec.required_e4(basket) == 2 * 25_800 * 12 * LOT * E4 // 100
    assert codec.available_e4(funds) == 1_000_000 * E4


async def test_a_position_is_moved_to_another_product_at_what_it_cost():
    form = {"exchange": "NFO", "tradingsymbol": NAME, "old_product": "NRML", "new_product": "MIS"}
    async with twin() as client:
        await client.placed(price=201)
        path = "/portfolio/positions"
        assert (await client.ask("PUT", path, data=form | {"quantity": str(LOT)})).data is True
        gone = await client.ask("PUT", path, data=form | {"quantity": str(LOT)})
        net = {each["product"]: each for each in (await client.ask("GET", path)).data["net"]}

    assert gone.error[:2] == (400, "InputException")
    assert (net["NRML"]["quantity"], net["NRML"]["value"]) == (0, 0)
    assert (net["MIS"]["quantity"], net["MIS"]["average_price"]) == (LOT, 201)


WORDS = st.sampled_from(
    (
        *("", "0", "-1", "1", "65", "65.0", "200", "200.05", "1e9", "NaN", "LIMIT", "SL", "SL-M"),
        *("MARKET", "BUY", "SELL", "NRML", "MIS", "DAY", "IOC", "TTL", "NFO", "NSE", NAME),
        "NIFTY 50",
    )
)
FIELDS = (
    *(FORM.keys()),
    *("trigger_price", "validity", "validity_ttl", "disclosed_quantity", "market_protection"),
    *("tag", "old_product", "new_product", "autoslice"),
)
ORDERS = st.lists(
    st.dictionaries(
        st.sampled_from((*FORM, "extra")), st.one_of(st.none(), st.floats(), WORDS)
    ).map(lambda given: FORM | given),
    max_size=2,
)
PRICES = st.lists(
    st.sampled_from((150, 199.99, 200, 200.05, 250, -1, 1e300, "9", None)), max_size=2
)
TRIGGERS = st.fixed_dictionaries(
    {"type": st.sampled_from(("single", "two-leg")), "orders": ORDERS.map(dumps)},
    optional={
        "condition": st.builds(
            lambda prices, last: dumps(FORM | {"trigger_values": prices, "last_price": last}),
            PRICES,
            WORDS,
        )
    },
)
FORMS = st.one_of(
    st.dictionaries(st.sampled_from(FIELDS), WORDS).map(lambda given: FORM | given), TRIGGERS
)
BODIES = st.one_of(
    st.none(),
    st.lists(
        st.dictionaries(
            st.sampled_from(("exchange", "average_price", *FORM)),
            st.one_of(st.none(), st.integers(), st.floats(), WORDS, st.lists(WORDS, max_size=1)),
        ).map(lambda given: FORM | given),
        max_size=3,
    ),
    st.lists(st.integers()),
)


@pytest.fixture(scope="module")
def house():
    host = VirtualClock()
    played = stage()
    parts = opened(played, Pace(host, None), host)
    for beat in parts.market._beats:
        beat.act()
    return parts.house


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(form=FORMS, body=BODIES, row=st.sampled_from([r for r in ROWS if r.path in NAMES + JSONS]))
def test_whatever_is_asked_is_answered_or_denied(house, form, body, row):
    known = [kept.order_id for kept in house.desk.books.orders()]
    path = {"variety": "regular", "order_id": known[-1] if known else "1", "trigger_id": "1"}
    try:
        told = {"told": row.answer(house, Call(path, form, form, body=body))}
    except Denied as denied:
        told = {"denied": denied.status}

    assert "told" in told or told["denied"] in (400, 404)
    assert json.decode(envelope(told))["status"] == "success"
