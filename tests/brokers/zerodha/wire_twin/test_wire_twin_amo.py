"""After-market orders at the twin: taken while it is closed, sent when it opens."""

from __future__ import annotations

import pytest

from daemon.domain.instants import DAY_NS
from daemon.domain.market.frames import Frame
from tests.kit.wire_twin import CALL, LOT, OPEN_NS, frame, quote, stage, twin

HOUR, DAY = 3_600, 86_400
EVENING = 7 * HOUR  # 16:15, counted from the open
OPENS = (frame(0, call=quote(200)), frame(1, call=quote(199)))
TWO_DAYS = (frame(0, call=quote(200)), Frame(OPEN_NS + DAY_NS, {CALL: quote(210)}))


async def amo(client, **more) -> str:
    return await client.placed(variety="amo", **more)


async def states(client, order_id: str) -> list[str]:
    return [each["status"] for each in (await client.ask("GET", f"/orders/{order_id}")).data]


async def log_in(client) -> None:
    await client.log_in((await client.ask("POST", "/twin/request_token")).body["request_token"])


async def test_an_order_of_the_morning_is_sent_when_the_market_opens():
    async with twin(stage(OPENS), second=-1) as client:
        order_id = await amo(client, price=201, tag="mine")
        before = await client.order(order_id)
        await client.advance(-1)
        waits = await client.order(order_id)
        await client.advance(0)
        after = await client.order(order_id)
        history = await states(client, order_id)

    assert (before["status"], before["variety"], before["exchange_order_id"]) == (
        *("AMO REQ RECEIVED", "amo"),
        None,
    )
    assert waits == before
    assert (after["status"], after["average_price"], after["tag"]) == ("COMPLETE", 201, "mine")
    assert history == [
        *("AMO REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING", "OPEN", "COMPLETE")
    ]


async def test_an_order_at_the_market_is_protected_from_the_first_price_of_the_day():
    async with twin(stage(OPENS), second=-1) as client:
        order_id = await amo(client, order_type="MARKET", price=None, market_protection=2)
        await client.advance(0)
        order = await client.order(order_id)

    assert (order["price"], order["status"]) == (205.05, "COMPLETE")


async def test_an_order_of_the_evening_waits_over_the_night():
    async with twin(stage(TWO_DAYS)) as client:
        await client.placed(price=150)
        await client.advance(EVENING)
        order_id = await amo(client, price=211)
        await client.advance(DAY - HOUR)
        await log_in(client)
        orders = (await client.ask("GET", "/orders")).data
        await client.advance(DAY)
        order = await client.order(order_id)

    assert [each["status"] for each in orders] == ["AMO REQ RECEIVED"]
    assert (order["status"], order["average_price"]) == ("COMPLETE", 211)
    assert order["order_timestamp"] == "2026-03-10 09:15:00"


async def test_over_a_weekend_one_can_be_placed_at_any_time():
    friday = OPEN_NS - 3 * DAY_NS
    frames = (Frame(friday, {CALL: quote(200)}), Frame(OPEN_NS, {CALL: quote(200)}))
    async with twin(stage(frames), second=-3 * DAY) as client:
        await client.advance(-2 * DAY)
        await log_in(client)
        order_id = await amo(client, price=201)
        await client.advance(0)
        await log_in(client)
        order = await client.order(order_id)

    assert (order["status"], order["order_timestamp"]) == ("COMPLETE", "2026-03-09 09:15:00")


@pytest.mark.parametrize(
    ("second", "is_taken"),
    [
        (-301, True),
        (-300, False),
        (0, False),
        (6 * HOUR + 1_799, False),
        (6 * HOUR + 1_800, True),
    ],
    ids=["09:09:59", "09:10", "09:15", "15:44:59", "15:45"],
)
async def test_none_is_taken_changed_or_cancelled_while_the_market_is_open_or_about_to_be(
    second, is_taken
):
    async with twin(stage((frame(8 * HOUR, call=quote(200)),)), second=-400) as client:
        order_id = await amo(client, price=150)
        await client.advance(second)
        place = await client.place(variety="amo")
        path = f"/orders/amo/{order_id}"
        change = await client.ask("PUT", path, data={"price": "151"})
        cancel = await client.ask("DELETE", path)

    for answer in (place, change, cancel):
        assert answer.status == (200 if is_taken else 400)
        assert is_taken or "After market orders cannot be" in answer.error[2]


async def test_one_that_waits_is_changed_and_one_that_is_cancelled_is_never_sent():
    async with twin(stage(OPENS), second=-1) as client:
        changed, gone = await amo(client, price=150), await amo(client, price=201)
        form = {"price": "201", "quantity": str(2 * LOT)}
        await client.ask("PUT", f"/orders/amo/{changed}", data=form)
        before = await client.order(changed)
        await client.ask("DELETE", f"/orders/amo/{gone}")
        again = await client.ask("DELETE", f"/orders/amo/{gone}")
        await client.advance(0)
        filled, cancelled = await client.order(changed), await client.order(gone)

    assert (before["status"], before["price"], before["modified"]) == (
        *("AMO REQ RECEIVED", 201),
        True,
    )
    assert (filled["filled_quantity"], filled["modified"]) == (2 * LOT, True)
    assert (cancelled["status"], cancelled["cancelled_quantity"]) == ("CANCELLED", LOT)
    assert again.error[:2] == (400, "InputException")


async def test_one_that_waits_can_be_changed_twenty_five_times():
    async with twin(stage(OPENS), second=-1) as client:
        path = f"/orders/amo/{await amo(client, price=150)}"
        answers = [
            await client.ask("PUT", path, data={"price": str(151 + number)}) for number in range(26)
        ]

    assert [each.status for each in answers] == [200] * 25 + [400]


async def test_what_the_exchange_refuses_at_the_open_is_rejected():
    async with twin(stage(OPENS, cash=1), second=-1) as client:
        order_id = await amo(client, price=201)
        await client.advance(0)
        order = await client.order(order_id)

    assert order["status"] == "REJECTED"
    assert "Insufficient funds" in order["status_message"]


async def test_one_is_found_under_its_own_variety_alone_and_once_sent_is_like_any_other():
    async with twin(stage(OPENS), second=-1) as client:
        order_id = await amo(client, price=150)
        regular = await client.ask("DELETE", f"/orders/regular/{order_id}")
        await client.advance(1)
        await client.ask("PUT", f"/orders/amo/{order_id}", data={"price": "151"})
        rests = await client.order(order_id)
        await client.ask("DELETE", f"/orders/amo/{order_id}")
        gone = await client.order(order_id)

    assert regular.error[:2] == (404, "DataException")
    assert (rests["status"], rests["price"], gone["status"]) == ("OPEN", 151, "CANCELLED")
