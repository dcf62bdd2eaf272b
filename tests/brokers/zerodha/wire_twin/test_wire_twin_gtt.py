"""Triggers at the twin: they wait for a price, place the limit order they hold, and are over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from json import dumps

import pytest
from aiohttp import ServerDisconnectedError
from msgspec.structs import replace

from daemon.brokers.zerodha import gtt
from daemon.brokers.zerodha.answers import done
from daemon.brokers.zerodha.gtt import Child, Status, Taken
from daemon.brokers.zerodha.instruments import read
from daemon.brokers.zerodha.wire_twin.contracts import Contracts
from daemon.brokers.zerodha.wire_twin.triggers import TABLE, Happening, expiry_ns
from daemon.domain.instants import DAY_NS, SECOND_NS, at
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import E4
from daemon.domain.orders.words import Side
from tests.kit.kite_at_twin import AtTwin
from tests.kit.wire_twin import (
    CALL,
    DAY,
    LOT,
    NAME,
    OPEN_NS,
    PUT_NAME,
    Client,
    frame,
    quote,
    stage,
    twin,
)

PATH = "/gtt/triggers"
FALLS = tuple(frame(second, call=quote(last)) for second, last in enumerate((200, 196, 189, 211)))
"""Three seconds in which the call falls from 200 to 189, and then stands at 211."""
AFTER_EXPIRY = Frame(OPEN_NS + 2 * DAY_NS, {CALL: quote(150)})


@dataclass
class Form:
    """A trigger as it is asked for; the sale of one lot below the market."""

    values: tuple[float, ...] = (190,)
    last: float = 200
    side: str = "SELL"
    quantity: int = LOT
    price: float = 185
    product: str = "NRML"
    order_type: str = "LIMIT"
    name: str = NAME
    of_orders: str = NAME

    @property
    def fields(self) -> dict[str, str]:
        place = {"exchange": "NFO", "tradingsymbol": self.name}
        condition = place | {"trigger_values": self.values, "last_price": self.last}
        order = {
            "exchange": "NFO",
            "tradingsymbol": self.of_orders,
            "transaction_type": self.side,
            "quantity": self.quantity,
            "order_type": self.order_type,
            "product": self.product,
            "price": self.price,
        }
        return {
            "type": "single" if len(self.values) == 1 else "two-leg",
            "condition": dumps(condition),
            "orders": dumps([order for _ in self.values]),
        }


async def placed(client: Client, **more) -> int:
    return (await client.ask("POST", PATH, data=Form(**more).fields)).data["trigger_id"]


async def shown(client: Client, number: int) -> dict:
    return (await client.ask("GET", f"{PATH}/{number}")).data


async def orders(client: Client) -> list[dict]:
    return (await client.ask("GET", "/orders")).data


async def test_a_trigger_rests_as_zerodha_shows_one():
    async with twin() as client:
        number = await placed(client, values=(190, 215.5))
        record = await shown(client, number)
        every = (await client.ask("GET", PATH)).data
        book = (await client.ask("GET", "/twin/book")).body

    leg = {
        "exchange": "NFO",
        "tradingsymbol": NAME,
        "product": "NRML",
        "order_type": "LIMIT",
        "transaction_type": "SELL",
        "quantity": LOT,
        "price": 185,
        "result": None,
    }
    condition = record["condition"]
    assert every == book["triggers"] == [record]
    assert condition["instrument_token"] % 256 == 2
    assert record == {
        "id": number,
        "user_id": "TW0001",
        "parent_trigger": None,
        "type": "two-leg",
        "created_at": "2026-03-09 09:15:00",
        "updated_at": "2026-03-09 09:15:00",
        "expires_at": "2026-03-11 00:00:00",
        "status": "active",
        "condition": {
            "exchange": "NFO",
            "last_price": 200,
            "tradingsymbol": NAME,
            "trigger_values": [190, 215.5],
            "instrument_token": condition["instrument_token"],
        },
        "orders": [leg, leg],
        "meta": {},
    }


async def test_a_trigger_needs_no_margin_until_it_places_its_order():
    async with twin(stage(FALLS, cash=1)) as client:
        number = await placed(client)
        await client.advance(2)
        record = await shown(client, number)

    (leg,) = record["orders"]
    result = leg["result"]["order_result"]
    assert (record["status"], result["status"], result["order_id"]) == ("triggered", "failed", "")
    assert result["rejection_reason"].startswith("Insufficient funds")


async def test_the_order_is_placed_once_when_the_price_is_reached_and_not_before():
    async with twin(stage(FALLS)) as client:
        number = await placed(client)
        await client.advance(1)
        before = await orders(client)
        await client.advance(2)
        record = await shown(client, number)
        await client.advance(3)
        (order,) = await orders(client)

    (leg,) = record["orders"]
    assert before == []
    assert record["status"] == "triggered"
    assert leg["result"]["order_result"] == {
        "status": "success",
        "order_id": order["order_id"],
        "rejection_reason": "",
    }
    assert (leg["result"]["triggered_at"], leg["result"]["timestamp"]) == (
        190,
        "2026-03-09 09:15:02",
    )
    assert (order["order_type"], order["price"], order["status"]) == ("LIMIT", 185, "COMPLETE")
    assert (order["transaction_type"], order["product"], order["average_price"]) == (
        *("SELL", "NRML"),
        188,
    )


@pytest.mark.parametrize(
    ("value", "last", "triggers_at"),
    [(190, 200, 2), (210, 200, 3), (210, 220, 0), (190, 180, 0)],
    ids=["from above", "from below", "beyond already", "below already"],
)
async def test_the_last_price_that_the_client_names_says_from_which_side_it_is_reached(
    value, last, triggers_at
):
    """Where the client is wrong about it, the first price that comes may reach it."""
    async with twin(stage(FALLS), second=-1) as client:
        number = await placed(client, values=(value,), last=last)
        statuses = []
        for second in range(4):
            await client.advance(second)
            statuses.append((await shown(client, number))["status"])

    assert statuses == ["active"] * triggers_at + ["triggered"] * (4 - triggers_at)


@pytest.mark.parametrize(("values", "leg"), [((195, 215), 0), ((180, 205), 1)])
async def test_of_two_prices_the_one_that_is_reached_places_its_order_alone(values, leg):
    async with twin(stage(FALLS)) as client:
        number = await placed(client, values=values)
        await client.advance(3)
        record = await shown(client, number)
        book = await orders(client)

    results = [each["result"] for each in record["orders"]]
    assert len(book) == 1
    assert results[leg]["order_result"]["order_id"] == book[0]["order_id"]
    assert results[1 - leg] is None


async def test_a_price_between_two_frames_counts():
    spike = replace(quote(200), low_e4=180 * E4, high_e4=220 * E4)
    calm = (frame(0, call=quote(200)), frame(1, call=spike))
    async with twin(stage(calm)) as client:
        falls = await placed(client, values=(181,))
        rises = await placed(client, values=(219,))
        both = await placed(client, values=(181, 219))
        await client.advance(1)
        records = [await shown(client, number) for number in (falls, rises, both)]

    assert [each["status"] for each in records] == ["triggered"] * 3
    assert [each["result"] is not None for each in records[2]["orders"]] == [True, False]


async def test_what_is_not_quoted_or_quoted_outside_the_session_reaches_nothing():
    early = Frame(OPEN_NS - 60 * SECOND_NS, {CALL: quote(150)})
    frames = (early, frame(0, put=quote(180)), frame(1, call=Quote(0, 0, 0, 0, 0)))
    async with twin(stage(frames), second=-1) as client:
        number = await placed(client)
        await client.advance(1)
        record = await shown(client, number)

    assert record["status"] == "active"


async def test_a_trigger_that_is_changed_waits_for_what_it_is_now():
    async with twin(stage(FALLS)) as client:
        number = await placed(client)
        await client.advance(1)
        asked = Form(values=(195,), last=200, price=194).fields
        changed = (await client.ask("PUT", f"{PATH}/{number}", data=asked)).data
        other = await client.ask("PUT", f"{PATH}/{number}", data=Form((150, 250)).fields)
        record = await shown(client, number)
        await client.advance(2)
        (order,) = await orders(client)

    assert changed == {"trigger_id": number}
    assert (record["condition"]["trigger_values"], record["updated_at"]) == (
        [195],
        "2026-03-09 09:15:01",
    )
    assert (order["price"], order["status"]) == (194, "OPEN")
    assert other.error[:2] == (400, "InputException")


async def test_a_trigger_that_is_deleted_places_nothing_and_stays_to_be_seen():
    async with twin(stage(FALLS)) as client:
        number = await placed(client)
        deleted = (await client.ask("DELETE", f"{PATH}/{number}")).data
        await client.advance(3)
        record, book = await shown(client, number), await orders(client)

    assert (deleted, record["status"], book) == ({"trigger_id": number}, "deleted", [])


async def test_a_trigger_lives_as_long_as_its_contract_and_no_longer():
    days = (frame(0, call=quote(200)), AFTER_EXPIRY)
    async with twin(stage(days)) as client:
        number = await placed(client)
        await client.advance(86_400)
        await client.log_in((await client.ask("POST", "/twin/request_token")).body["request_token"])
        kept = (await shown(client, number))["status"]
        await client.advance(2 * 86_400)
        await client.log_in((await client.ask("POST", "/twin/request_token")).body["request_token"])
        record, book = await shown(client, number), await orders(client)

    assert (kept, record["status"], book) == ("active", "expired", [])
    assert record["updated_at"] == record["expires_at"]


@pytest.mark.parametrize(
    ("placed_on", "expires_on"),
    [(date(2026, 3, 9), date(2027, 3, 9)), (date(2028, 2, 29), date(2029, 2, 28))],
)
def test_a_trigger_of_shares_expires_after_a_year(placed_on, expires_on):
    shares = Contracts(["RELIANCE"], DAY).of_symbol["RELIANCE"]

    assert expiry_ns(shares, at(placed_on, time(10))) == at(expires_on, time(10))


async def test_what_is_over_cannot_be_changed_or_deleted_and_what_is_not_there_cannot_be_found():
    async with twin() as client:
        number = await placed(client)
        await client.ask("DELETE", f"{PATH}/{number}")
        again = await client.ask("DELETE", f"{PATH}/{number}")
        changed = await client.ask("PUT", f"{PATH}/{number}", data=Form().fields)
        unknown = [await client.ask("GET", f"{PATH}/{each}") for each in ("77", "x")]

    assert again.error == (
        *(400, "InputException"),
        "The trigger cannot be deleted as it is deleted.",
    )
    assert changed.error[:2] == (400, "InputException")
    assert {each.error[:2] for each in unknown} == {(404, "DataException")}


def test_only_an_active_trigger_can_come_to_anything():
    ends = {Status.ACTIVE, Status.TRIGGERED, Status.EXPIRED, Status.DELETED}

    assert set(TABLE) == set(Status)
    assert set(TABLE[Status.ACTIVE]) == set(Happening)
    assert set(TABLE[Status.ACTIVE].values()) == ends
    assert not any(row for status, row in TABLE.items() if status is not Status.ACTIVE)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"values": (200,)}, "equal to the last price"),
        ({"values": (201, 220)}, "first value above"),
        ({"values": (180, 199)}, "second value below"),
        ({"values": (199.6,)}, "must be 0.50 or more away"),
        ({"values": (40.05,), "last": 40}, "must be 0.09 or more away"),
        ({"values": (1, 2, 3)}, "trigger_values"),
        ({"values": (-5,)}, "trigger_values"),
        ({"last": 0}, "last_price"),
        ({"name": "NOTHING"}, "does not exist"),
        ({"of_orders": PUT_NAME}, "of the instrument of the `condition`"),
        ({"order_type": "MARKET"}, "Only LIMIT"),
        ({"product": "MIS"}, "`product`"),
        ({"side": "HOLD"}, "`transaction_type`"),
        ({"quantity": 0}, "`quantity`"),
        ({"price": 0}, "`price`"),
    ],
)
async def test_what_cannot_be_is_refused_and_says_why(wrong, told):
    async with twin() as client:
        answer = await client.ask("POST", PATH, data=Form(**wrong).fields)

    assert answer.error[:2] == (400, "InputException")
    assert told in answer.error[2]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"type": "three-leg"},
        {"condition": "{"},
        {"condition": "[]"},
        {"condition": '{"exchange": "NSE", "tradingsymbol": "NIFTY 50"}'},
        {"condition": dumps({"exchange": "NFO", "tradingsymbol": NAME, "trigger_values": 190})},
        {"orders": "[]"},
        {"orders": "[7]"},
    ],
)
async def test_a_form_that_cannot_be_read_is_refused(spoilt):
    async with twin() as client:
        answer = await client.ask("POST", PATH, data=Form().fields | spoilt)

    assert answer.error[:2] == (400, "InputException")


async def test_a_fault_strikes_triggers_by_their_path():
    async with twin() as client:
        await client.fault(kind="drop", path=PATH, arrives="now")
        with pytest.raises(ServerDisconnectedError):
            await client.ask("POST", PATH, data=Form().fields)
        every = (await client.ask("GET", PATH)).data

    assert [each["status"] for each in every] == ["active"]


async def test_our_own_words_for_triggers_are_understood_and_read_back():
    """Placed, changed, read, deleted, and of one that triggered what it placed."""
    async with twin(stage(FALLS)) as client, AtTwin.open(client) as ours:
        await ours.broker.log_in(1)
        text = (await client.ask("GET", "/instruments")).body
        listed = read(text, OPEN_NS).of_symbol(CALL)

        async def written(sent) -> int:
            return done(await ours.client.write(sent), Taken).trigger_id

        low, high = (Child(each * E4, Side.SELL, LOT, each * E4) for each in (190, 250))
        number = await written(gtt.placing(listed, 200 * E4, (low,)))
        other = await written(gtt.placing(listed, 200 * E4, (low, high)))
        lower = replace(low, price_e4=185 * E4)
        await written(gtt.changing(number, listed, 200 * E4, (lower,)))
        await written(gtt.removal(other))
        await client.advance(2)
        found = await ours.client.read(gtt.trigger(number))
        every = await ours.client.read(gtt.triggers())
        (order,) = await orders(client)

    assert (found.status, found.order_id, found.refusal) == (
        Status.TRIGGERED,
        order["order_id"],
        "",
    )
    assert order["price"] == 185
    assert [each.status for each in every] == [Status.TRIGGERED, Status.DELETED]
