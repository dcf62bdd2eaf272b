"""Orders at the twin: what is taken, what is refused in which words, and what the books show."""

from __future__ import annotations

import pytest

from daemon.brokers.zerodha.answers import kind_of
from daemon.brokers.zerodha.wire_twin.asked import placement
from daemon.brokers.zerodha.wire_twin.desk import ORDERS
from daemon.brokers.zerodha.wire_twin.words import Denied
from daemon.domain.orders.words import Refusal
from tests.kit.wire_twin import FORM, LOT, frame, quote, stage, twin


async def test_an_order_that_crosses_is_complete_at_once():
    async with twin() as client:
        order_id = await client.placed(price=201, tag="mine")
        record = await client.order(order_id)
        history = (await client.ask("GET", f"/orders/{order_id}")).data
        trades = (await client.ask("GET", f"/orders/{order_id}/trades")).data
        all_trades = (await client.ask("GET", "/trades")).data

    assert (len(order_id), record["status"], record["tag"]) == (19, "COMPLETE", "mine")
    assert (record["average_price"], record["filled_quantity"]) == (201, LOT)
    assert record["order_timestamp"] == "2026-03-09 09:15:00"
    assert [each["status"] for each in history] == [
        *("PUT ORDER REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING", "OPEN", "COMPLETE")
    ]
    assert trades == all_trades
    assert (trades[0]["quantity"], trades[0]["order_timestamp"]) == (LOT, "09:15:00")


async def test_an_order_below_the_market_rests_until_the_market_comes():
    falls = (frame(0, call=quote(200)), frame(60, call=quote(190)))
    async with twin(stage(falls)) as client:
        order_id = await client.placed(price=195)
        before = await client.order(order_id)
        await client.advance(60)
        after = await client.order(order_id)

    assert (before["status"], before["pending_quantity"]) == ("OPEN", LOT)
    assert (after["status"], after["average_price"]) == ("COMPLETE", 191)


async def test_a_part_that_is_filled_shows_as_open():
    thin = (frame(0, call=quote(200, size=LOT)),)
    async with twin(stage(thin)) as client:
        order_id = await client.placed(price=201, quantity=2 * LOT)
        record = await client.order(order_id)

    assert (record["status"], record["filled_quantity"]) == ("OPEN", LOT)


async def test_what_was_at_the_market_shows_as_a_limit_with_tags():
    async with twin() as client:
        own = await client.order(
            await client.placed(order_type="MARKET", price=None, market_protection=-1, tag="a")
        )
        given = await client.order(
            await client.placed(order_type="MARKET", price=None, market_protection=2)
        )

    assert (own["order_type"], own["market_protection"]) == ("LIMIT", 0)
    assert (own["tags"], given["tags"]) == (["a", "mktp"], ["mktp", "mktp:2.00"])
    assert given["price"] == 205.05
    assert given["average_price"] == 201


@pytest.mark.parametrize("order_type", ["SL", "SL-M"])
async def test_a_stop_waits_for_its_trigger(order_type):
    falls = (frame(0, call=quote(200)), frame(60, call=quote(189)))
    price = {"price": 180} if order_type == "SL" else {"price": None, "market_protection": 5}
    async with twin(stage(falls)) as client:
        order_id = await client.placed(
            transaction_type="SELL", order_type=order_type, trigger_price=190, **price
        )
        before = await client.order(order_id)
        await client.advance(60)
        after = await client.order(order_id)

    assert (before["status"], before["order_type"]) == ("TRIGGER PENDING", "SL")
    assert (after["status"], after["average_price"]) == ("COMPLETE", 188)


async def test_a_stop_can_be_made_a_limit_or_sent_to_the_market():
    async with twin() as client:
        sold = {"transaction_type": "SELL", "order_type": "SL", "trigger_price": 190, "price": 180}
        first, second = await client.placed(**sold), await client.placed(**sold)
        limit = {"order_type": "LIMIT", "price": "205", "variety": "regular", "order_id": first}
        await client.ask("PUT", f"/orders/regular/{first}", data=limit)
        market = {"order_type": "MARKET", "market_protection": "-1"}
        await client.ask("PUT", f"/orders/regular/{second}", data=market)
        rests, gone = await client.order(first), await client.order(second)

    assert (rests["status"], rests["price"], rests["modified"]) == ("OPEN", 205, True)
    assert (gone["status"], gone["average_price"]) == ("COMPLETE", 199)


async def test_a_changed_order_goes_through_its_states():
    async with twin() as client:
        order_id = await client.placed(price=150)
        form = {"price": "151", "quantity": str(2 * LOT), "order_type": "LIMIT"}
        await client.ask("PUT", f"/orders/regular/{order_id}", data=form)
        history = (await client.ask("GET", f"/orders/{order_id}")).data
        to_stop = await client.ask(
            "PUT", f"/orders/regular/{order_id}", data={"order_type": "SL", "trigger_price": "9"}
        )
        naked = await client.ask(
            "PUT", f"/orders/regular/{order_id}", data={"order_type": "MARKET"}
        )
        no_type = await client.ask("PUT", f"/orders/regular/{order_id}", data={"order_type": "X"})

    assert [each["status"] for each in history[-5:]] == [
        *("OPEN", "MODIFY VALIDATION PENDING", "MODIFY PENDING", "MODIFIED", "OPEN")
    ]
    assert (history[-1]["price"], history[-1]["quantity"]) == (151, 2 * LOT)
    assert to_stop.error[1] == naked.error[1] == no_type.error[1] == "InputException"
    assert "market protection" in naked.error[2]


async def test_an_order_is_changed_twenty_five_times_at_most():
    async with twin() as client:
        order_id = await client.placed(price=150)
        for number in range(25):
            form = {"price": str(151 + number % 2)}
            told = await client.ask("PUT", f"/orders/regular/{order_id}", data=form)
            assert told.status == 200, told
            await client.advance(number + 1)
        told = await client.ask("PUT", f"/orders/regular/{order_id}", data={"price": "155"})

    assert told.error == (400, "InputException", "Maximum allowed order modifications exceeded.")


async def test_a_cancelled_order_is_over():
    async with twin() as client:
        order_id = await client.placed(price=150)
        await client.ask("DELETE", f"/orders/regular/{order_id}")
        record = await client.order(order_id)
        again = await client.ask("DELETE", f"/orders/regular/{order_id}?parent_order_id=1")
        changed = await client.ask("PUT", f"/orders/regular/{order_id}", data={"price": "1"})

    assert (record["status"], record["cancelled_quantity"]) == ("CANCELLED", LOT)
    assert again.error[2] == "Order cannot be cancelled as it is in the status CANCELLED."
    assert changed.error[2] == "Order cannot be modified as it is in the status CANCELLED."


@pytest.mark.parametrize("path", ["regular/1", "amo/{order_id}"])
async def test_an_order_is_found_under_its_number_and_variety_alone(path):
    async with twin() as client:
        order_id = await client.placed(price=150)
        told = await client.ask("DELETE", "/orders/" + path.format(order_id=order_id))

    assert told.error == (404, "DataException", "Couldn't find that `order_id`.")


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({"price": 200.02}, Refusal.TICK),
        ({"quantity": 1}, Refusal.LOT),
        ({"quantity": LOT * 1_000}, Refusal.FREEZE),
        ({"price": 900}, Refusal.BAND),
        ({"tradingsymbol": "NIFTY2631099999CE"}, Refusal.INSTRUMENT),
        ({"tradingsymbol": "NIFTY 50", "exchange": "NSE"}, Refusal.OTHER),
    ],
)
async def test_our_own_client_reads_the_reason_of_a_refusal(asked, kind):
    async with twin() as client:
        status, name, text = (await client.place(**asked)).error

    assert (status, name, kind_of(text)) == (400, "InputException", kind)


async def test_what_is_too_large_is_refused_in_the_broker_s_own_words():
    async with twin() as client:
        order_id = await client.placed(price=150)
        asked = {"quantity": LOT * 1_000}
        placed = (await client.place(**asked)).error
        changed = (await client.ask("PUT", f"/orders/regular/{order_id}", data=asked)).error

    said = (
        f"The order quantity {LOT * 1_000} (1000 lots) is higher than the maximum quantity of "
        "1800 (27 lots) allowed by the exchanges. Please reduce the order quantity or use iceberg "
        "orders."
    )
    assert placed == changed == (400, "InputException", said)


async def test_what_is_refused_before_it_is_an_order_stands_in_no_book():
    async with twin() as client:
        await client.place(price=200.02)
        assert (await client.ask("GET", "/orders")).data == []


async def test_an_order_beyond_the_funds_is_refused_with_an_error_of_its_own():
    async with twin(stage(cash=1_000)) as client:
        status, name, text = (await client.place()).error

    assert (status, name, kind_of(text)) == (400, "MarginException", Refusal.MARGIN)


async def test_before_the_open_the_market_is_closed():
    async with twin(second=-1) as client:
        status, name, text = (await client.place()).error

    assert (status, name, kind_of(text)) == (400, "InputException", Refusal.CLOSED)


@pytest.mark.parametrize("protection", [None, 0, -2, 101, "x"])
@pytest.mark.parametrize("order_type", ["MARKET", "SL-M"])
async def test_an_order_at_the_market_without_protection_is_refused(order_type, protection):
    async with twin() as client:
        told = await client.place(
            order_type=order_type, market_protection=protection, trigger_price=190
        )

    assert told.error[:2] == (400, "InputException")


@pytest.mark.parametrize(
    ("variety", "asked", "said"),
    [
        ("bo", {}, "Invalid `variety`."),
        ("iceberg", {}, "not enabled"),
        ("regular", {"tag": "a" * 21}, "Invalid `tag`"),
        ("regular", {"transaction_type": "HOLD"}, "Invalid `transaction_type`."),
        ("regular", {"product": None}, "Invalid `product`."),
        ("regular", {"quantity": "many"}, "Invalid `quantity`."),
        ("regular", {"price": "dear"}, "Invalid `price`."),
        ("regular", {"price": None}, "Invalid `price`."),
    ],
)
async def test_a_field_that_cannot_be_is_refused_by_its_name(variety, asked, said):
    async with twin() as client:
        told = await client.place(variety, **asked)

    assert told.error[:2] == (400, "InputException")
    assert said in told.error[2]


async def test_an_order_for_now_or_never_leaves_nothing_resting():
    thin = (frame(0, call=quote(200, size=LOT)),)
    async with twin(stage(thin)) as client:
        order_id = await client.placed(price=201, quantity=2 * LOT, validity="IOC")
        record = await client.order(order_id)

    assert (record["status"], record["filled_quantity"]) == ("CANCELLED", LOT)


async def test_an_order_for_some_minutes_ends_after_them():
    async with twin() as client:
        order_id = await client.placed(price=150, validity="TTL", validity_ttl=2)
        await client.advance(119)
        before = await client.order(order_id)
        await client.advance(120)
        after = await client.order(order_id)

    assert (before["status"], after["status"]) == ("OPEN", "CANCELLED")
    assert after["order_timestamp"] == "2026-03-09 09:17:00"


async def test_the_book_lives_one_day():
    async with twin() as client:
        order_id = await client.placed(price=150)
        await client.advance(86_400 - 9 * 3600 - 900)
        await client.log_in((await client.ask("POST", "/twin/request_token")).body["request_token"])
        book = (await client.ask("GET", "/orders")).data
        judged = (await client.ask("GET", "/twin/book")).body

    assert book == []
    ended = judged["journal"][-1]
    assert (ended["order_id"], ended["status"]) == (order_id, "CANCELLED")


async def test_a_market_without_a_price_protects_nothing():
    async with twin(stage((frame(60, call=quote(200)),)), second=0) as client:
        told = await client.place(order_type="MARKET", market_protection=2)

    assert told.error[2] == "There is no price to protect the order with."


@pytest.mark.untraced
async def test_a_day_takes_five_thousand_requests_for_orders():
    async with twin() as client:
        desk = client.parts.house.desk
        order = placement("regular", FORM | {"price": "200.02"}, desk.contracts)
        for _ in range(ORDERS):
            with pytest.raises(Denied, match="Tick size"):
                desk.place(order)
        told = await client.place()

    assert told.error == (400, "InputException", "Maximum allowed order requests exceeded.")


async def test_an_order_above_the_freeze_is_cut_where_that_is_asked():
    """A slice that fails does not fail the others; a small order is not cut."""
    async with twin(stage(cash=10_000_000)) as client:
        told = (await client.place(price=201, quantity=2 * 1_755 + 1, autoslice="true")).data
        small = (await client.place(price=201, autoslice="true", tag="small")).data
        book = (await client.ask("GET", "/orders")).data

    first, second, last = told["children"]
    assert [each["order_id"] for each in book[:2]] == [first["order_id"], second["order_id"]]
    assert [each["quantity"] for each in book] == [1_755, 1_755, LOT]
    assert book[0]["tags"] == ["autoslice", f"autoslice:{told['order_id']}"]
    assert (last["error"]["code"], last["error"]["error_type"]) == (400, "InputException")
    assert (list(small), book[-1]["tags"]) == (["order_id"], ["small"])
