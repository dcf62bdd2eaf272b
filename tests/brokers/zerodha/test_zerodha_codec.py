"""Zerodha's records become words of the domain, and the fields that lie are not read."""

from __future__ import annotations

import json

import msgspec
import pytest

from daemon.brokers.zerodha import codec, held
from daemon.brokers.zerodha.codec import STATUSES, OrderRecord
from daemon.brokers.zerodha.wire import Reply
from daemon.domain.orders.ids import IntentIds, parse
from daemon.domain.orders.words import (
    OrderUpdated,
    Pocket,
    Product,
    Refusal,
    Side,
    State,
)
from daemon.errors import SessionRefused, WireGarbled
from daemon.messages import AccountRead, BrokerOrder, BrokerPosition, OrderNotFound
from tests.kit.recordings import data_path

NOW = 1_773_000_000_000_000_000
OURS = IntentIds(7).next()
RECORD = {
    "order_id": "1953367517640548352",
    "status": "OPEN",
    "exchange": "NFO",
    "tradingsymbol": "NIFTY26AUG24350CE",
    "transaction_type": "SELL",
    "product": "NRML",
    "quantity": 150,
    "filled_quantity": 75,
    "average_price": 118.65,
    "pending_quantity": 75,
    "cancelled_quantity": 0,
    "order_type": "LIMIT",
    "market_protection": 0,
    "variety": "regular",
    "tag": OURS,
    "tags": [OURS],
    "status_message": None,
    "exchange_order_id": None,
    "meta": {},
}
TOO_FAR = (
    "The order was cancelled by the exchange because the price is outside the current allowed "
    "limit price protection range."
)
FILL = {"exchange": "NFO", "order_id": RECORD["order_id"], "tradingsymbol": "x"}


def names(exchange: str, name: str) -> str:
    return {"NFO:NIFTY26AUG24350CE": "NIFTY-2026-08-25-24350-CE"}.get(
        f"{exchange}:{name}", f"{exchange}:{name}"
    )


def reply(data: object) -> Reply:
    return Reply(200, json.dumps({"status": "success", "data": data}).encode())


def record(**changes: object) -> OrderRecord:
    (told,) = codec.orders(reply([RECORD | changes]))
    return told


def sample(name: str) -> Reply:
    return Reply(200, data_path(f"kite_mocks/{name}.json").read_bytes())


def test_an_order_that_is_partly_filled_works():
    assert codec.updated(record(), NOW) == OrderUpdated(
        OURS, RECORD["order_id"], State.WORKING, 75, 75 * 1_186_500, NOW, quantity=150
    )


@pytest.mark.parametrize(
    ("status", "told"),
    [("OPEN", 75), ("TRIGGER PENDING", 75), ("COMPLETE", 75), ("CANCELLED", 0), ("REJECTED", 0)],
)
def test_of_how_many_units_an_order_is_now_is_told_while_it_says_what_fills(status, told):
    """Its record shows what somebody made of it in the app, and its fills end it by that."""
    changed = record(status=status, quantity=75, pending_quantity=0)

    assert codec.updated(changed, NOW).quantity == told
    assert codec.shown(changed, names).quantity == 75


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("OPEN", (2_105_000, 2_100_000)),
        ("TRIGGER PENDING", (2_105_000, 2_100_000)),
        ("COMPLETE", (0, 0)),
        ("CANCELLED", (0, 0)),
        ("REJECTED", (0, 0)),
    ],
)
def test_at_which_prices_an_order_rests_is_told_while_it_works(status, told):
    filled = 150 if status == "COMPLETE" else 75
    moved = record(status=status, filled_quantity=filled, price=210.5, trigger_price=210)
    news, shown = codec.updated(moved, NOW), codec.shown(moved, names)
    assert (news.price_e4, news.trigger_e4) == (shown.price_e4, shown.trigger_e4) == told


@pytest.mark.parametrize("price", [None, "", "210", "x", -5, 1e30, [], {"a": 1}, True])
def test_a_price_that_cannot_be_read_is_none_and_hides_no_fill(price):
    told = codec.updated(record(price=price, trigger_price=price), NOW)
    assert (told.price_e4, told.trigger_e4) in [(0, 0), (2_100_000, 2_100_000)]
    assert told.filled_quantity == 75


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("COMPLETE", State.FILLED),
        ("CANCELLED", State.CANCELLED),
        ("REJECTED", State.REJECTED),
        *((status, State.WORKING) for status in (
            "PUT ORDER REQ RECEIVED", "AMO REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING",
            "OPEN", "TRIGGER PENDING", "MODIFY VALIDATION PENDING", "MODIFY PENDING", "MODIFIED",
            "CANCEL PENDING",
        )),
    ],
)  # fmt: skip
def test_every_status_of_the_table_is_told(status, state):
    told = record(status=status, filled_quantity=150)

    assert codec.updated(told, NOW).state is state
    assert told.is_told


@pytest.mark.parametrize("filled", [None, 0, 75])
def test_an_order_that_is_complete_before_all_of_it_is_counted_still_works(filled):
    """An exit that was over with nothing filled left once more."""
    told = record(status="COMPLETE", filled_quantity=filled)

    assert codec.updated(told, NOW).state is State.WORKING
    assert codec.shown(told, names).state is State.WORKING


def test_the_table_ends_an_order_by_three_statuses_alone():
    ends = {status for status, state in STATUSES.items() if state is not State.WORKING}

    assert ends == {"COMPLETE", "CANCELLED", "REJECTED"}


@pytest.mark.parametrize("status", ["UPDATE", "CANCEL", "complete", "EXPIRED", ""])
def test_a_status_that_nobody_knows_ends_nothing_and_is_to_be_read_again(status):
    told = record(status=status)

    assert codec.updated(told, NOW).state is State.WORKING
    assert not told.is_told


@pytest.mark.parametrize(
    "lie",
    [
        {"pending_quantity": 150, "cancelled_quantity": 0},
        {"pending_quantity": 0, "cancelled_quantity": 150},
        {"order_type": "MARKET", "market_protection": 2},
        {"order_type": "SL", "market_protection": -1, "tags": ["mktp", "mktp:2.00", OURS]},
        {"price": 1, "trigger_price": 2, "exchange_order_id": "9", "meta": {"iceberg": {}}},
    ],
)
def test_the_fields_that_lie_change_nothing(lie):
    told, plain = record(status="CANCELLED", **lie), record(status="CANCELLED")

    assert codec.updated(told, NOW) == codec.updated(plain, NOW)
    assert codec.shown(told, names) == codec.shown(plain, names)


@pytest.mark.parametrize(
    ("tag", "tags", "client_id"),
    [
        (OURS, None, OURS),
        (None, ["autoslice", OURS], OURS),
        ("desk", ["desk", OURS], OURS),
        ("desk", ["desk"], "desk"),
        (None, ["mktp", "mktp:2.00"], "mktp"),
        (None, [], ""),
        ("", None, ""),
    ],
)
def test_our_id_is_found_among_all_tags(tag, tags, client_id):
    assert record(tag=tag, tags=tags).client_id == client_id


def test_a_rejection_says_why():
    told = codec.updated(
        record(
            status="REJECTED",
            filled_quantity=0,
            average_price=0,
            status_message="Insufficient funds. Required margin is 95417.84.",
            status_message_raw="RMS:Margin Exceeds",
        ),
        NOW,
    )

    assert (told.state, told.kind) == (State.REJECTED, Refusal.MARGIN)
    assert told.text.startswith("Insufficient funds")
    assert codec.updated(record(status_message_raw="16387"), NOW).text == "16387"


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        ("CANCELLED", TOO_FAR, Refusal.BAND),
        ("CANCELLED", "Cancelled by the owner", None),
        ("CANCELLED", None, None),
        ("REJECTED", TOO_FAR, Refusal.BAND),
        ("REJECTED", None, Refusal.OTHER),
        ("OPEN", TOO_FAR, None),
        ("COMPLETE", TOO_FAR, None),
    ],
)
def test_why_an_order_was_cancelled_or_rejected_is_told_by_its_text_to_whoever_reads(
    status, text, kind
):
    """The book as a whole, too: who has no other word of an order goes by that."""
    told = record(status=status, filled_quantity=150, status_message=text)

    assert codec.updated(told, NOW).kind is kind
    assert codec.shown(told, names).kind is kind


def test_numbers_may_come_with_a_point_and_as_nothing():
    told = codec.updated(record(filled_quantity=75.0, average_price=None), NOW)

    assert (told.filled_quantity, told.filled_value_e4) == (75, 0)


@pytest.mark.parametrize(
    "wrong",
    [{"quantity": None}, {"quantity": -1}, {"quantity": 1.5}, {"transaction_type": "HOLD"},
     {"average_price": "NaN"}, {"filled_quantity": -75}],
)  # fmt: skip
def test_a_record_that_cannot_be_is_refused(wrong):
    with pytest.raises(WireGarbled):
        codec.shown(record(**wrong), names)


def test_each_fill_is_told_once():
    fills = codec.trades(
        reply(
            [
                FILL | {"trade_id": "1", "average_price": 118.65, "quantity": 50},
                FILL | {"trade_id": "2", "average_price": 118.7, "quantity": 25},
                FILL | {"trade_id": "2", "average_price": 118.7, "quantity": 25},
                FILL | {"trade_id": "2", "exchange": "BFO", "average_price": 1, "quantity": 1,
                        "order_id": "another"},
            ]
        )
    )  # fmt: skip

    assert [(each.exchange, each.trade_id) for each in fills] == [
        ("NFO", "1"), ("NFO", "2"), ("BFO", "2"),
    ]  # fmt: skip


def test_the_account_is_the_orders_and_what_is_held_in_each_product():
    call = {"exchange": "NFO", "tradingsymbol": "NIFTY26AUG24350CE"}
    lines = [
        call | {"product": "MIS", "quantity": -75, "m2m": 9},
        call | {"product": "NRML", "quantity": -150},
        {"exchange": "NSE", "tradingsymbol": "SBIN", "product": "CNC", "quantity": 0},
        {"exchange": "MCX", "tradingsymbol": "GOLD26OCTFUT", "product": "NRML", "quantity": 1},
    ]
    positions = held.positions(reply({"net": lines, "day": []}), names)
    told, odd = codec.account([record()], positions, names, NOW)

    assert odd == ""
    assert told == AccountRead(
        orders=(
            BrokerOrder(
                *(OURS, RECORD["order_id"], "NIFTY-2026-08-25-24350-CE", Side.SELL, 150),
                *(State.WORKING, 75, 75 * 1_186_500),
                product=Product.CARRY,
            ),
        ),
        positions=(
            BrokerPosition("NIFTY-2026-08-25-24350-CE", -75),
            BrokerPosition("NIFTY-2026-08-25-24350-CE", -150, Product.CARRY),
            BrokerPosition("MCX:GOLD26OCTFUT", 1, Product.CARRY),
        ),
        at_ns=NOW,
    )


def test_all_orders_that_bear_our_id_are_found():
    other = IntentIds(8).next()
    book = [record(), record(order_id="2", status="COMPLETE"), record(tag=other, tags=[other])]

    assert [told.broker_order_id for told in codec.found(OURS, book, NOW)] == [
        RECORD["order_id"],
        "2",
    ]
    assert codec.found(OURS, book[2:], NOW) == (OrderNotFound(OURS, NOW),)


def test_margin_is_that_of_the_whole_basket_and_what_is_free():
    basket = reply({"initial": {"total": 96504.975}, "final": {"total": 34787.225}, "orders": []})
    funds = reply({"equity": {"net": 99725.05000000002}, "commodity": {"net": 1}})

    assert codec.required_e4(basket) == 347_872_250
    assert codec.available_e4(funds) == 997_250_500


def test_a_dead_session_is_told_by_every_read():
    dead = Reply(403, b'{"status":"error","error_type":"TokenException","message":"Incorrect"}')

    for read in (codec.orders, codec.trades, codec.available_e4):
        with pytest.raises(SessionRefused, match="Incorrect"):
            read(dead)


def test_our_ids_fit_the_broker_s_tag():
    assert parse(OURS)
    assert len(OURS) <= 20
    assert OURS.isalnum()


def test_the_broker_s_own_samples_are_read():
    book = codec.orders(sample("orders"))
    told, odd = codec.account(book, held.positions(sample("positions"), names), names, NOW)
    history = codec.orders(sample("order_info"))
    rejected = codec.updated(book[3], NOW)

    assert odd == ""
    assert len(told.orders) == 10
    assert [order.state for order in told.orders].count(State.FILLED) == 6
    assert all(order.filled_quantity in (0, order.quantity) for order in told.orders)
    assert rejected.kind is Refusal.MARGIN
    assert all(each.is_told for each in (*book, *history))
    assert {position.net_quantity for position in told.positions} <= {1, -3}
    assert len(codec.trades(sample("trades"))) > 1
    assert codec.available_e4(sample("margins")) == 997_250_500
    assert codec.required_e4(sample("basket_margins")) > 0
    pushed = msgspec.json.decode(sample("postback").body, type=OrderRecord)
    assert codec.updated(pushed, NOW).filled_value_e4 == 4_700_000


@pytest.mark.parametrize(
    ("exchange", "word", "pocket"),
    [
        ("NFO", "MIS", Pocket("X")),
        ("NFO", "NRML", Pocket("X", Product.CARRY)),
        ("NSE", "MIS", Pocket("X")),
        ("NSE", "CNC", Pocket("X", Product.CARRY)),
        ("NSE", "MTF", Pocket("X:MTF")),
        ("NSE", "NRML", Pocket("X:NRML")),
        ("NFO", "CNC", Pocket("X:CNC")),
        ("NFO", "CO", Pocket("X:CO")),
        ("MCX", "NRML", Pocket("X", Product.CARRY)),
    ],
)
def test_what_is_held_or_ordered_in_a_product_that_is_not_ours_keeps_the_broker_s_word(
    exchange, word, pocket
):
    """It is there, and nothing of ours: no order of ours would close it."""
    row = {"exchange": exchange, "tradingsymbol": "X", "product": word, "quantity": 1}
    (position,) = held.positions(reply({"net": [row]}), lambda _, name: name)
    shown = codec.shown(record(**row), lambda _, name: name)

    assert (position.symbol, position.product) == pocket
    assert (shown.symbol, shown.product) == pocket
