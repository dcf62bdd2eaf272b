"""Orders by hand: sent once per account under the request's id."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.actors.order_router import Terms
from daemon.domain.orders.heard import Order
from daemon.domain.orders.words import Intent, OrderType, Product, Purpose, Refusal, Side, State
from daemon.messages import (
    CancelByHand,
    Declined,
    Done,
    OrderAsked,
    PlaceByHand,
    SeeAccount,
    SeeOrders,
)
from daemon.runtime.words import Lane
from tests.kit.control_port import MARKET_NS, open_port
from tests.kit.router import SYMBOLS, Stage
from tests.kit.seen import ACCOUNT

BODY = {
    "symbol": "NIFTY-2026-11-23-24550-CE",
    "side": "sell",
    "quantity": 75,
    "order_type": "limit",
    "price": 118.65,
}
ID = {"X-Request-Id": "order-1"}
INTENT = Intent(
    intent_id="OR01",
    account="paper",
    strategy_id="by-hand",
    leg_id="order-1",
    symbol=BODY["symbol"],
    side=Side.SELL,
    quantity=75,
    order_type=OrderType.LIMIT,
    price_e4=1_186_500,
    purpose=Purpose.ENTRY,
    parent="",
    decided_ns=MARKET_NS,
    deadline_ns=MARKET_NS,
)
WORKING = Order(INTENT, State.WORKING, "7001", 0, 0, 75, None, "", MARKET_NS)
REFUSED = replace(WORKING, state=State.REFUSED, refusal=Refusal.MARGIN, text="Rs 10 short")
HALTED = Declined("halted", "a kill stands")
PAUSED = Declined("paused", "the books differ")
REUSED = Declined("request_reused", "order-1 asked for another order before; take a new id")


def placing(answer, **accounts):
    """Return actors who answer an order, other accounts otherwise."""
    return {PlaceByHand: lambda about: accounts.get(about.asked.account, answer)}


async def place(port, body=None, **more):
    return await port.ask("POST", "/api/order", json={**BODY, **(body or {})}, headers=ID, **more)


@pytest.mark.parametrize("code", ["message_rate", "stale_price"])
async def test_an_order_that_came_too_soon_is_sent_when_it_is_repeated_under_its_id(tmp_path, code):
    """The refusal says when; what is refused for good, or was sent, is answered so for the day."""
    async with open_port(tmp_path, placing(Declined(code, "wait for a slot"))) as port:
        refused, document, headers = await place(port)
        port.actors.answers |= placing(WORKING)
        sent, told, _ = await place(port)
        port.actors.answers |= placing(HALTED)
        again, repeated, _ = await place(port)

    assert (refused, document["code"], document["retry_after"]) == (409, code, 1)
    assert headers["Retry-After"] == "1"
    assert (sent, again, repeated) == (200, 200, told)
    assert len(port.actors.told(PlaceByHand)) == 2


async def test_an_order_that_repeats_another_tells_no_program_to_send_it_again(tmp_path):
    """Else whoever obeys holds twice what he meant, a second later."""
    refusal = Declined("duplicate", "it repeats OR1 of a moment ago")
    async with open_port(tmp_path, placing(refusal)) as port:
        refused, document, headers = await place(port)

    assert (refused, document["code"]) == (409, "duplicate")
    assert (document["recoverable"], document["retry_after"]) == (False, None)
    assert "Retry-After" not in headers


async def test_an_order_goes_to_the_first_account_with_all_that_was_said(tmp_path):
    async with open_port(tmp_path, placing(WORKING)) as port:
        status, told, _ = await place(port, {"tag": "mine"})
        line = port.lines()[-1]

    assert (status, told) == (
        200,
        {
            "request_id": "order-1",
            "results": [
                {
                    "account": "paper",
                    "broker": "paper",
                    "status": "WORKING",
                    "order_id": "OR01",
                    "broker_order_id": "7001",
                    "reason": "",
                    "code": "",
                    "mode": "paper",
                }
            ],
            "mode": "paper",
        },
    )
    assert port.actors.told(PlaceByHand) == [
        PlaceByHand(
            OrderAsked(
                request_id="order-1",
                account="paper",
                symbol=BODY["symbol"],
                side=Side.SELL,
                quantity=75,
                order_type=OrderType.LIMIT,
                price_e4=1_186_500,
                trigger_e4=0,
                tag="mine",
                by="operator",
                at_ns=MARKET_NS,
            )
        )
    ]
    assert (line["order_id"], line["user"]) == ("OR01", "operator")


async def test_an_order_needs_a_request_id(tmp_path):
    async with open_port(tmp_path, placing(WORKING)) as port:
        status, told, _ = await port.ask("POST", "/api/order", json=BODY)

    assert (status, told["code"]) == (400, "request_id_needed")
    assert port.actors.asked == []


async def test_what_nobody_answered_is_asked_again_under_the_same_id(tmp_path, monkeypatch):
    """Whoever knows the id, the router, tells what became of it, and compares the two orders."""
    monkeypatch.setattr("daemon.control.line.Line.ask.__defaults__", (Lane.FACTS, 0.02))
    async with open_port(tmp_path) as port:
        status, told, _ = await place(port)
        port.actors.answers[PlaceByHand] = lambda _: WORKING
        again, found, _ = await place(port)

    assert (status, told["code"], told["recoverable"]) == (504, "no_answer", False)
    assert (again, found["results"][0]["status"]) == (200, "WORKING")
    first, second = port.actors.told(PlaceByHand)
    assert first == second


async def test_an_order_is_never_told_what_became_of_another_under_its_id(tmp_path, monkeypatch):
    """The first answer came late, so the clerk does not know the id; the router does."""
    monkeypatch.setattr("daemon.control.line.Line.ask.__defaults__", (Lane.FACTS, 0.02))
    stage = Stage(["work"], terms=Terms("paper", "broker", strict=False))
    body = {"symbol": SYMBOLS["ce"], "side": "buy", "price": 100.05}

    async with open_port(tmp_path) as port:
        late, _, _ = await place(port, body)
        stage.ask(*port.actors.told(PlaceByHand))
        stage.run()
        port.actors.answers[PlaceByHand] = stage.ask
        status, told, _ = await place(port, {**body, "side": "sell", "quantity": 750})

    assert (late, status, told["code"]) == (504, 422, "request_reused")
    assert told["detail"] == REUSED.sentence
    assert len(stage.intents()) == 1


async def test_accounts_that_differ_are_told_apart(tmp_path):
    async with open_port(tmp_path, placing(WORKING, second=HALTED)) as port:
        status, told, _ = await place(port, {"accounts": ["paper", "second"]})

    assert status == 207
    assert [row["status"] for row in told["results"]] == ["WORKING", "DECLINED"]
    assert told["results"][1]["reason"] == "a kill stands"


@pytest.mark.parametrize(
    ("second", "status"),
    [(HALTED, 409), (Declined("halted", "another kill stands"), 409), (PAUSED, 207)],
    ids=["alike", "the same in other words", "for another reason"],
)
async def test_accounts_that_refuse_for_different_reasons_differ(tmp_path, second, status):
    """A program that reads one code must not take it for that of every account."""
    async with open_port(tmp_path, placing(HALTED, second=second)) as port:
        answered, told, _ = await place(port, {"accounts": ["paper", "second"]})

    assert (answered, told.get("code")) == (status, "halted" if status == 409 else None)
    assert [row["code"] for row in told["results"]] == ["halted", second.code]


async def test_an_answer_that_lacks_an_account_is_completed_by_the_repeat(tmp_path, monkeypatch):
    monkeypatch.setattr("daemon.control.line.Line.ask.__defaults__", (Lane.FACTS, 0.02))
    async with open_port(tmp_path, placing(WORKING, second=HALTED)) as port:
        port.actors.answers[PlaceByHand] = lambda about: WORKING
        tell = port.actors.line.tell

        def deaf(to, message, lane):
            if to != "router:second":
                tell(to, message, lane)

        port.actors.line.tell = deaf
        first, _, _ = await place(port, {"accounts": ["paper", "second"]})
        port.actors.line.tell = tell
        again, told, _ = await place(port, {"accounts": ["paper", "second"]})

    assert (first, again) == (207, 200)
    assert [row["status"] for row in told["results"]] == ["WORKING", "WORKING"]


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (HALTED, 409, "halted"),
        (REFUSED, 422, "order_refused"),
        (Declined("unknown_symbol", "no such thing"), 404, "unknown_symbol"),
        (Declined("freeze", "too many"), 409, "freeze"),
    ],
)
async def test_a_refusal_says_why(tmp_path, answer, status, code):
    async with open_port(tmp_path, placing(answer)) as port:
        answered, told, headers = await place(port)

    assert (answered, told["code"], told["status"]) == (status, code, status)
    assert told["detail"] == told["results"][0]["reason"]
    assert headers["Content-Type"].startswith("application/problem+json")


async def test_a_dry_run_passes_every_gate_and_sends_nothing(tmp_path):
    async with open_port(tmp_path, placing(Done("would be sent"))) as port:
        status, told, _ = await place(port, {"dry_run": True})

    assert (status, told["results"][0]["status"]) == (200, "PASSED")
    assert [about.dry_run for about in port.actors.told(PlaceByHand)] == [True]


@pytest.mark.parametrize(
    ("wrong", "place_of_it"),
    [
        ({"price": None}, "$.price"),
        ({"order_type": "market"}, "$.price"),
        ({"order_type": "sl"}, "$.trigger_price"),
        ({"trigger_price": 5}, "$.trigger_price"),
        ({"price": 0.00001}, "$.price"),
        ({"price": 0}, "$.price"),
        ({"price": -5}, "$.price"),
        ({"price": "118.65"}, "$.price"),
        ({"price": 1e300}, "$.price"),
        ({"quantity": 0}, "$.quantity"),
        ({"quantity": 7.5}, "$.quantity"),
        ({"quantity": True}, "$.quantity"),
        ({"side": "short"}, "$.side"),
        ({"symbol": "../etc"}, "$.symbol"),
        ({"accounts": []}, "$.accounts"),
        ({"accounts": ["paper", "paper"]}, "$.accounts"),
        ({"strange": 1}, "strange"),
    ],
)
async def test_an_order_that_cannot_be_is_refused_with_its_key(tmp_path, wrong, place_of_it):
    async with open_port(tmp_path, placing(WORKING)) as port:
        status, told, _ = await place(port, wrong)

    assert (status, told["code"]) == (422, "invalid")
    assert place_of_it in told["detail"]
    assert port.actors.told(PlaceByHand) == []


async def test_an_unknown_account_is_refused_before_anything_is_sent(tmp_path):
    async with open_port(tmp_path, placing(WORKING)) as port:
        status, told, _ = await place(port, {"accounts": ["paper", "third"]})

    assert (status, told["code"]) == (404, "unknown_account")
    assert port.actors.told(PlaceByHand) == []


@pytest.mark.parametrize("product", [None, *Product])
async def test_the_product_of_an_order_is_what_was_named_and_else_left_to_the_router(
    tmp_path, product
):
    async with open_port(tmp_path, placing(WORKING)) as port:
        status, _, _ = await place(port, {"product": product} if product else {})

    (wanted,) = port.actors.told(PlaceByHand)
    assert (status, wanted.asked.product) == (200, product)


async def test_a_product_that_is_none_of_ours_is_refused(tmp_path):
    async with open_port(tmp_path, placing(WORKING)) as port:
        status, told, _ = await place(port, {"product": "NRML"})

    assert (status, told["code"]) == (422, "invalid")
    assert "$.product" in told["detail"]
    assert port.actors.told(PlaceByHand) == []


async def test_the_book_of_an_account_that_there_is_not_is_refused_with_those_there_are(tmp_path):
    async with open_port(
        tmp_path, {SeeOrders: lambda _: (), SeeAccount: lambda _: ACCOUNT}
    ) as port:
        status, told, _ = await port.ask("GET", "/api/orders?account=nope")

    assert (status, told["code"]) == (404, "unknown_account")
    assert "no account nope; there are: paper" in told["detail"]


async def test_the_book_is_told_in_rupees_and_indian_time(tmp_path):
    carried = replace(INTENT, product=Product.CARRY)
    half = replace(WORKING, intent=carried, filled_quantity=50, filled_value_e4=50 * 1_186_500)
    answers = {SeeOrders: lambda _: (half,), SeeAccount: lambda _: ACCOUNT}
    async with open_port(tmp_path, answers) as port:
        _, one, _ = await port.ask("GET", "/api/orders/OR01")
        _, mine, _ = await port.ask("GET", "/api/orders?account=paper&strategy_id=by-hand")
        _, others, _ = await port.ask("GET", "/api/orders?strategy_id=straddle")
        status, told, _ = await port.ask("GET", "/api/orders/OR99")

    assert one == {
        "order_id": "OR01",
        "account": "paper",
        "strategy_id": "by-hand",
        "leg_id": "order-1",
        "symbol": BODY["symbol"],
        "side": "sell",
        "quantity": 75,
        "filled_quantity": 50,
        "remaining_quantity": 75,
        "average_price": 118.65,
        "order_type": "limit",
        "price": 118.65,
        "trigger_price": None,
        "purpose": "entry",
        "state": "WORKING",
        "broker_order_id": "7001",
        "reason": "",
        "decided_at": "2025-11-23T09:30:51+05:30",
        "at": "2025-11-23T09:30:51+05:30",
        "product": "carry",
        "mode": "paper",
    }
    assert len(mine["orders"]) == 2  # each of the two routers showed it
    assert others == {"orders": [], "unread": [], "mode": "paper"}
    assert (status, told["code"]) == (404, "unknown_order")


async def test_an_order_is_taken_out_of_the_book(tmp_path):
    answers = {SeeOrders: lambda _: (WORKING,), CancelByHand: lambda _: Done("asked for")}
    async with open_port(tmp_path, answers) as port:
        done = await port.ask("DELETE", "/api/orders/OR01", headers=ID)
        unknown = await port.ask("DELETE", "/api/orders/OR02")

    assert done[:2] == (200, {"ok": True, "text": "asked for", "mode": "paper"})
    assert (unknown[0], unknown[1]["code"]) == (404, "unknown_order")
    assert port.actors.told(CancelByHand) == [CancelByHand("OR01", "operator")]
