"""What arrives of our requests is what arrives of the vendor's own: method, path, head and body.

Only `User-Agent` differs, for we say who speaks. Those that the way there makes are compared like
all others (`Host`, `Accept`, `Accept-Encoding`, `Connection`, `Content-Length`). Not compared is in
which order headers stand, for each library puts its own first, and in HTTP it means nothing; nor
the length of JSON, which each writes with spaces of its own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from msgspec.structs import asdict, replace

from daemon.brokers.zerodha import gtt, login, questions
from daemon.brokers.zerodha.forms import (
    JSON_FORM,
    Change,
    OrderForm,
    Sent,
    basket,
    cancellation,
    modification,
)
from daemon.brokers.zerodha.gtt import Child
from daemon.brokers.zerodha.instruments import Listed
from daemon.brokers.zerodha.transport import Transport
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.words import Side
from daemon.telemetry.redaction import Secret
from tests.kit.kite_script import Answer, KiteScript, scripted_kite, yes
from tests.kit.official_kite import Ask, official_client

ORDER = OrderForm(
    exchange="NFO",
    tradingsymbol="M&M26AUG3000PE",
    transaction_type="BUY",
    quantity=65,
    product="MIS",
    order_type="LIMIT",
    price="118.6",
    tag="OR0000000010000001",
)
LEG = MarginLeg("NIFTY-2026-08-25-24350-CE", Side.SELL, 130, 1_186_000)
LISTED = Listed(1, LEG.symbol, "NFO", "NIFTY26AUG24350CE", 65, 500, None)
BASKET = basket([(LEG, LISTED)])
CHILD = Child(1_100_000, Side.SELL, 65, 1_099_500)
TRIGGER = {
    "trigger_type": "single",
    "tradingsymbol": LISTED.name,
    "exchange": "NFO",
    "trigger_values": [110.0],
    "last_price": 118.6,
    "orders": [
        {
            "transaction_type": "SELL",
            "quantity": 65,
            "order_type": "LIMIT",
            "product": "NRML",
            "price": 109.95,
        }
    ],
}
Call = tuple[str, dict[str, Any], Sent]

# a call of the vendor's client, its arguments, and our request for the same
CALLS: tuple[Call, ...] = (
    ("place_order", asdict(ORDER), ORDER.request),
    (
        "modify_order",
        {"variety": "regular", "order_id": "15", "price": "118.65"},
        modification("regular", "15", Change(price="118.65")),
    ),
    ("cancel_order", {"variety": "regular", "order_id": "15"}, cancellation("regular", "15")),
    ("orders", {}, questions.orders().sent),
    ("trades", {}, questions.trades().sent),
    ("instruments", {}, questions.contracts().sent),
    ("place_gtt", TRIGGER, gtt.placing(LISTED, 1_186_000, (CHILD,))),
    ("modify_gtt", TRIGGER | {"trigger_id": 7}, gtt.changing(7, LISTED, 1_186_000, (CHILD,))),
    ("delete_gtt", {"trigger_id": 7}, gtt.removal(7)),
    ("get_gtts", {}, gtt.triggers().sent),
    ("get_gtt", {"trigger_id": 7}, gtt.trigger(7).sent),
    (
        "basket_order_margins",
        {"params": json.loads(BASKET.body), "mode": "compact"},
        BASKET,
    ),
)


@pytest.fixture
async def script() -> AsyncIterator[KiteScript]:
    async with scripted_kite() as made:
        for _, _, sent in CALLS:
            told = [] if sent.method == "GET" else {"order_id": "15"}
            made.on(f"{sent.method} {sent.path.partition('?')[0]}", yes(told))
        made.on("GET /instruments", Answer(200, b"instrument_token\n", "text/csv"))
        granted = {"access_token": "later", "login_time": "2026-03-09 09:00:00"}
        made.on("POST /session/token", yes(granted))
        yield made


@pytest.fixture(scope="module")
def official() -> Iterator[Ask]:
    with official_client() as ask:
        yield ask


async def assert_same(script: KiteScript, official: Ask, call: Call, token: str) -> None:
    """Have both send a call under a session, and hold one against the other."""
    name, arguments, sent = call
    for asked in (
        ("set_access_token", {"access_token": token}),
        ("speak_to", {"root": script.url}),
        (name, arguments),
    ):
        await asyncio.to_thread(official, *asked)  # the loop answers it meanwhile
    transport = Transport(script.url)
    await transport.send(sent, Secret(f"token key:{token}") if token else None)
    await transport.close()
    theirs, ours = script.asked

    assert ours.headers.pop("User-Agent") != theirs.headers.pop("User-Agent")
    assert ("Authorization" in ours.headers) == bool(token)
    if sent.content_type == JSON_FORM:  # whose numbers and spaces each library writes its own way
        assert json.loads(ours.body) == json.loads(theirs.body)
        for each in (ours, theirs):
            assert each.headers.pop("Content-Length") == str(len(each.body))
        ours, theirs = replace(ours, body=b""), replace(theirs, body=b"")
    assert ours == theirs


@pytest.mark.parametrize("call", CALLS, ids=[call[0] for call in CALLS])
async def test_of_one_call_the_same_arrives_of_the_vendor_s_client_and_of_ours(
    script, official, call
):
    await assert_same(script, official, call, "token")


async def test_a_session_is_asked_for_without_one_by_both(script, official):
    sent = login.exchange(Secret("key"), Secret("secret"), Secret("brought"))
    asked = {"request_token": "brought", "api_secret": "secret"}

    await assert_same(script, official, ("generate_session", asked, sent), "")
