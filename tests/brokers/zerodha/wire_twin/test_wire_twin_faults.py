"""What goes wrong on purpose at the twin, what arrives of it, and what the judge reads."""

from __future__ import annotations

import asyncio
from fractions import Fraction

import aiohttp
import pytest
from msgspec import structs

from daemon.errors import DataError
from tests.kit.wire_twin import LOT, stage, twin

TIMED_OUT = "Order request timed out. Please check the order book and confirm before placing again."
FALSE_ANSWERS = {
    "timed_out": (400, "OrderException", TIMED_OUT),
    "error": (503, "NetworkException", "The trading system cannot be reached."),
}


async def booked(client):
    return [each["tag"] for each in (await client.ask("GET", "/twin/book")).body["orders"]]


@pytest.mark.parametrize("kind", FALSE_ANSWERS)
@pytest.mark.parametrize(("arrives", "before", "after"), [("now", 1, 1), ("never", 0, 0)])
async def test_an_answer_that_fails_says_nothing_of_the_order(kind, arrives, before, after):
    async with twin() as client:
        await client.fault(kind=kind, on="place", arrives=arrives)
        told = await client.place(tag="mine")
        assert len(await booked(client)) == before
        await client.advance(60)
        assert len(await booked(client)) == after

    assert told.error == FALSE_ANSWERS[kind]


async def test_an_order_that_timed_out_can_arrive_later():
    async with twin() as client:
        await client.fault(kind="timed_out", on="place", arrives="late", late_ms=8_000)
        await client.place(tag="mine")
        await client.advance(7)
        assert await booked(client) == []
        await client.advance(8)
        assert await booked(client) == ["mine"]


async def test_a_late_order_that_is_refused_then_is_heard_of_nowhere():
    async with twin() as client:
        await client.fault(kind="timed_out", on="place", arrives="late", late_ms=8_000)
        await client.place(price=900)
        await client.advance(8)
        assert await booked(client) == []


async def test_a_connection_can_end_after_the_order_was_booked():
    async with twin() as client:
        await client.fault(kind="drop", on="place", tag="mine")
        assert (await client.place(tag="other")).status == 200
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.place(tag="mine")
        assert await booked(client) == ["other", "mine"]


async def test_an_answer_can_be_late():
    async with twin() as client:
        await client.fault(kind="delay", delay_ms=1, count=1)
        assert (await client.place()).status == 200
        assert (await client.ask("GET", "/twin/faults")).body == {"faults": []}


async def test_a_page_for_browsers_can_come_instead():
    async with twin() as client:
        await client.fault(kind="html", path="/orders", on="read", status=504)
        told = await client.ask("GET", "/orders")
        assert (await client.ask("GET", "/orders")).data == []

    assert told.status == 504
    assert told.body.startswith("<html>")


async def test_a_share_of_what_it_could_strike_is_struck_by_a_chance_that_hangs_on_the_seed():
    async def struck(seed):
        async with twin() as client:
            fault = {"share": 0.25, "seed": seed, "until": "2026-03-09T10:00:00"}
            await client.fault(kind="timed_out", on="place", **fault)
            return [(await client.place(tag=f"t{n}")).status != 200 for n in range(9)]

    first, again, other = [await struck(seed) for seed in (1, 1, 2)]
    assert first == again != other
    assert 0 < sum(first) < 9


@pytest.mark.parametrize("share", [0, 1.5])
async def test_a_share_is_one_of_what_there_is(share):
    async with twin() as client:
        with pytest.raises(AssertionError):
            await client.fault(kind="timed_out", share=share)


async def test_every_write_that_came_is_told_with_what_struck_it():
    async with twin() as client:
        await client.fault(kind="too_many", on="place")
        await client.place(tag="first")
        await client.place(tag="second")
        await client.ask("DELETE", "/orders/regular/1")
        writes = (await client.ask("GET", "/twin/book")).body["writes"]
    assert [(each["what"], each["tag"], each["fault"]) for each in writes] == [
        ("place", "first", "too_many"),
        ("place", "second", ""),
        ("cancel", "", ""),
    ]
    assert {each["at"] for each in writes} == {"2026-03-09T09:15:00+05:30"}


async def test_an_order_can_be_rejected_after_it_was_taken():
    async with twin() as client:
        await client.fault(kind="reject", on="write", count=2)
        record = await client.order(await client.placed(tag="mine"))
        cancelled = await client.ask("DELETE", "/orders/regular/1")

    assert (record["status"], record["tag"]) == ("REJECTED", "mine")
    assert "rejected on purpose" in record["status_message"]
    assert (record["exchange_order_id"], record["filled_quantity"]) == (None, 0)
    assert cancelled.error[:2] == (400, "InputException")


@pytest.mark.parametrize(("price", "ends"), [(201, "COMPLETE"), (900, "REJECTED")])
async def test_an_order_can_stick_before_it_reaches_the_exchange(price, ends):
    async with twin() as client:
        await client.fault(kind="stick", late_ms=90_000)
        assert (await client.ask("GET", "/orders")).data == []  # it strikes orders alone
        number = await client.placed(tag="mine", price=price)
        cancelled = await client.ask("DELETE", f"/orders/regular/{number}")
        await client.advance(89)
        stuck = await client.order(number)
        await client.advance(90)
        record = await client.order(number)
        tags = await booked(client)

    assert (stuck["status"], stuck["exchange_order_id"]) == ("PUT ORDER REQ RECEIVED", None)
    assert cancelled.error[:2] == (400, "InputException")
    assert (record["status"], record["filled_quantity"]) == (ends, LOT if price == 201 else 0)
    assert tags == ["mine"]


async def test_a_fault_can_last_until_an_instant():
    async with twin() as client:
        await client.fault(kind="too_many", until="2026-03-09T09:16:00")
        answers = [await client.ask("GET", "/orders") for _ in range(2)]
        await client.advance(60)
        assert (await client.ask("GET", "/orders")).data == []

    assert [each.error for each in answers] == [(429, "NetworkException", "Too many requests")] * 2


async def test_faults_can_be_cleared_and_the_token_can_die():
    async with twin() as client:
        await client.fault(kind="error", count=9)
        await client.ask("DELETE", "/twin/faults")
        assert (await client.ask("GET", "/orders")).data == []
        await client.fault(kind="expire")
        assert (await client.ask("GET", "/orders")).error[:2] == (403, "TokenException")


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "earthquake"},
        {"kind": "delay"},
        {"kind": "drop", "arrives": "late"},
        {"kind": "stick"},
        {"kind": "drop", "until": "soon"},
        {"kind": "drop", "cuont": 1},
        [],
    ],
)
async def test_what_is_no_fault_is_refused(body):
    async with twin() as client:
        told = await client.ask("POST", "/twin/faults", json=body)

    assert told.error[:2] == (400, "InputException")


@pytest.mark.parametrize(
    "body", [{"to": "2026-03-09T09:00:00"}, {"by_ms": -1}, {"until": "x"}, {"to": "noon"}]
)
async def test_time_never_goes_back(body):
    async with twin() as client:
        told = await client.ask("POST", "/twin/advance", json=body)

    assert told.error[:2] == (400, "InputException")


@pytest.mark.parametrize(
    ("most", "method", "path"),
    [
        (10, "POST", "/orders/regular"),
        (10, "GET", "/orders"),
        (1, "GET", "/quote/ltp?i=NFO:X"),
        (3, "GET", "/instruments/historical/1/minute"),
    ],
)
async def test_whoever_asks_too_often_in_a_second_of_the_clock_waits_for_the_next(
    most, method, path
):
    async with twin() as client:
        client.host.advance(10**9)
        statuses = [(await client.at_once(method, path)).status for _ in range(most + 1)]
        later = await client.ask(method, path)

    assert 429 not in statuses[:most]
    assert statuses[most] == 429
    assert later.status != 429


async def test_four_hundred_orders_fit_into_a_minute_of_the_clock():
    async with twin() as client:
        client.host.advance(60 * 10**9 - client.host.now_ns() % (60 * 10**9))
        statuses = []
        for _ in range(41):
            client.host.advance(10**9)
            statuses += [(await client.at_once("POST", "/orders/x")).status for _ in range(10)]

    assert statuses == [400] * 400 + [429] * 10


async def lived(client):
    """A life of orders, some of which go wrong."""
    await client.fault(kind="timed_out", on="place", arrives="late", late_ms=500, count=1)
    await client.place(tag="late", price=201)
    order_id = await client.placed(tag="rests", price=150)
    await client.advance(120)
    await client.ask("PUT", f"/orders/regular/{order_id}", data={"price": "201"})
    await client.placed(tag="out", transaction_type="SELL", quantity=2 * LOT, price=199)
    await client.advance(180)
    return (await client.ask("GET", "/twin/book")).body


async def test_two_runs_in_lockstep_are_equal():
    books = []
    for _ in range(2):
        async with twin() as client:
            books.append(await lived(client))

    first, second = books
    assert first == second
    assert first["journal_sha256"] == second["journal_sha256"]
    assert len(first["trades"]) == 3
    assert first["held"] == []
    assert [each["tag"] for each in first["orders"]] == ["rests", "late", "out"]


def broken():
    """A market whose recording ends in the middle."""
    whole = stage()

    def beats(account):
        yield next(whole.beats(account))
        raise DataError("the recording ends in the middle")

    return structs.replace(whole, beats=beats)


async def test_a_market_that_fails_while_it_is_held_is_told_to_who_moves_it_on():
    async with twin(broken(), second=-1) as client:
        told = await client.ask("POST", "/twin/advance", json={"by_ms": 3_600_000})

    assert told.error == (500, "GeneralException", "the recording ends in the middle")


async def test_a_market_that_fails_at_its_pace_ends_the_twin_with_what_was_wrong():
    with pytest.raises(DataError, match="ends in the middle"):
        async with twin(broken(), speed=Fraction(1), second=-1):
            await asyncio.Event().wait()
