"""The clients that Zerodha publishes take a full tour of the twin, and find nothing amiss."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from daemon.brokers.zerodha.wire_twin.api import ROWS
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Quote
from daemon.domain.money import E4
from tests.kit.official_kite import Ask, official_client, official_clients
from tests.kit.wire_twin import LOT, NAME, PUT_NAME, Client, frame, quote, stage, twin

FALLS = (
    frame(0, call=quote(200), put=quote(180), index=Quote(25_800 * E4)),
    frame(1, call=quote(201), put=quote(179), index=Quote(25_801 * E4)),
    frame(2, call=quote(189), index=Quote(25_780 * E4)),
    frame(3, call=quote(190, size=LOT), index=Quote(25_790 * E4)),
)
OURS = {"variety": "regular", "exchange": "NFO", "tradingsymbol": NAME, "product": "NRML"}
BUY = OURS | {"transaction_type": "BUY", "quantity": LOT, "order_type": "LIMIT"}

NOT_ANSWERED = {
    "market.margins",  # no call of the client's asks it
    "market.trigger_range",  # of cover orders, which the twin does not take
}
SHORT = {"transaction_type": "SELL", "quantity": 20 * LOT}


class Tourist:
    """Zerodha's own client at a twin in this process.

    Args:
        ask: has a call done in its process.
        client: ours, who moves time on.
    """

    def __init__(self, ask: Ask, client: Client) -> None:
        self._ask = ask
        self.client = client

    async def said(self, call: str, *listed: object, **arguments: object) -> list[Any]:
        """Return what came of a call, a second of the host after the one before."""
        self.client.host.advance(SECOND_NS)
        return await asyncio.to_thread(self._ask, call, listed or arguments)

    async def done(self, call: str, *listed: object, **arguments: object) -> Any:
        """Return what a call returned."""
        kind, *told = await self.said(call, *listed, **arguments)
        assert kind == "done", (call, told)
        return told[0]

    async def failed(self, call: str, **arguments: object) -> tuple[str, int, str]:
        """Return class, code and sentence of the error that a call raised."""
        kind, *told = await self.said(call, **arguments)
        assert kind == "failed", (call, told)
        return tuple(told)


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with official_clients() as asked:
        yield asked


@asynccontextmanager
async def touring(ask: Ask):
    async with twin(stage(FALLS), second=-1) as client:
        tourist, ready = Tourist(ask, client), client.ready
        token = (await client.ask("POST", "/twin/request_token")).body["request_token"]
        await tourist.done("open", url=ready.url, key=ready.api_key)
        session = await tourist.done(
            "generate_session", request_token=token, api_secret=ready.api_secret
        )
        client.token = session["access_token"]
        yield tourist


async def test_it_logs_in_and_out(ask):
    async with touring(ask) as tourist:
        profile = await tourist.done("profile")
        renewed = {"refresh_token": "any", "api_secret": tourist.client.ready.api_secret}
        renewing = await tourist.failed("renew_access_token", **renewed)
        ending = await tourist.failed("invalidate_refresh_token", refresh_token="any")
        await tourist.done("invalidate_access_token")
        name, code, _ = await tourist.failed("orders")

    assert (profile["broker"], name, code) == ("ZERODHA", "TokenException", 403)
    assert renewing[:2] == ("PermissionException", 403)
    assert ending[:2] == ("TokenException", 403)


def test_what_it_can_ask_is_answered_but_for_what_is_named():
    with official_client() as asked:
        (routes,) = asked("constants", {"prefix": "_routes"})
    rows = [re.compile(re.sub(r"{\w+}", "[^/]+", row.path)) for row in ROWS]
    missing = {
        name for name, path in routes.items() if not any(row.fullmatch(path) for row in rows)
    }

    assert {name for name in missing if not name.startswith("mf.")} == NOT_ANSWERED


async def test_it_reads_the_contracts_of_the_day(ask):
    async with touring(ask) as tourist:
        every = await tourist.done("instruments")
        of_options = await tourist.done("instruments", exchange="NFO")

    assert {each["tradingsymbol"] for each in every} == {NAME, PUT_NAME, "NIFTY 50"}
    call = next(each for each in of_options if each["tradingsymbol"] == NAME)
    assert (call["lot_size"], call["strike"], call["expiry"]) == (LOT, 25_800.0, "2026-03-10")
    assert (call["segment"], call["instrument_token"] % 256) == ("NFO-OPT", 2)


async def test_it_places_modifies_cancels_and_reads_every_book(ask):
    async with touring(ask) as tourist:
        await tourist.client.advance(0)
        filled = await tourist.done(
            "place_order",
            **BUY | {"order_type": "MARKET", "market_protection": -1, "tag": "tour1"},
        )
        rests = await tourist.done("place_order", **BUY, price=150.05, validity="DAY")
        changed = await tourist.done(
            "modify_order", variety="regular", order_id=rests, price=151, quantity=2 * LOT
        )
        before = await tourist.done("order_history", order_id=rests)
        await tourist.done("cancel_order", variety="regular", order_id=rests)
        sliced = await tourist.done(
            "place_autoslice_order", **BUY | {"quantity": 28 * LOT}, price=150
        )
        orders = await tourist.done("orders")
        trades = await tourist.done("trades")
        own = await tourist.done("order_trades", order_id=filled)
        positions = await tourist.done("positions")
        holdings = await tourist.done("holdings")
        auctions = await tourist.done("get_auction_instruments")
        margins = await tourist.done("margins")
        equity = await tourist.done("margins", segment="equity")

    assert changed == rests
    assert (before[-1]["price"], before[-1]["quantity"]) == (151, 2 * LOT)
    assert len(sliced["children"]) == 2
    assert [(o["order_id"], o["status"]) for o in orders[:2]] == [
        (filled, "COMPLETE"),
        (rests, "CANCELLED"),
    ]
    assert (orders[0]["tag"], orders[0]["order_timestamp"]) == ("tour1", "2026-03-09 09:15:00")
    assert trades == own
    assert (trades[0]["average_price"], trades[0]["quantity"]) == (201, LOT)
    (net,) = positions["net"]
    assert (net["quantity"], net["average_price"], net["pnl"]) == (LOT, 201, -LOT)
    assert positions["day"][0]["day_buy_quantity"] == LOT
    assert holdings == auctions == []
    assert margins["equity"] == equity
    assert equity["net"] == 1_000_000 - 201 * LOT - 28 * 150 * LOT


async def test_it_places_changes_and_cancels_after_market_orders(ask):
    async with touring(ask) as tourist:
        waits = {"variety": "amo"}
        sent = await tourist.done("place_order", **BUY | waits, price=150)
        await tourist.done("modify_order", **waits, order_id=sent, price=201)
        gone = await tourist.done("place_order", **BUY | waits, price=201)
        await tourist.done("cancel_order", **waits, order_id=gone)
        before = await tourist.done("orders")
        await tourist.client.advance(0)
        after = await tourist.done("orders")
        late = await tourist.failed("place_order", **BUY | waits, price=150)

    assert [each["status"] for each in before] == ["AMO REQ RECEIVED", "CANCELLED"]
    assert [each["status"] for each in after] == ["COMPLETE", "CANCELLED"]
    assert late[:2] == ("InputException", 400)


async def test_it_places_changes_reads_and_deletes_triggers(ask):
    """And finds in the order book what one of them placed."""
    contract = {"tradingsymbol": NAME, "exchange": "NFO", "last_price": 200}
    sale = {
        "transaction_type": "SELL",
        "quantity": LOT,
        "order_type": "LIMIT",
        "product": "NRML",
        "price": 188.5,
    }
    single = contract | {"trigger_type": "single", "trigger_values": [180], "orders": [sale]}
    two = {"trigger_type": "two-leg", "trigger_values": [150, 250], "orders": [sale, sale]}
    async with touring(ask) as tourist:
        await tourist.client.advance(0)
        first = (await tourist.done("place_gtt", **single))["trigger_id"]
        second = (await tourist.done("place_gtt", **contract | two))["trigger_id"]
        near = await tourist.failed("place_gtt", **single | {"trigger_values": [199.9]})
        nearer = single | {"trigger_values": [190], "trigger_id": first}
        changed = await tourist.done("modify_gtt", **nearer)
        await tourist.done("delete_gtt", trigger_id=second)
        await tourist.client.advance(2)
        one = await tourist.done("get_gtt", trigger_id=first)
        every = await tourist.done("get_gtts")
        late = await tourist.failed("modify_gtt", **nearer)
        (order,) = await tourist.done("orders")

    assert changed == {"trigger_id": first}
    assert [(each["id"], each["status"]) for each in every] == [
        (first, "triggered"),
        (second, "deleted"),
    ]
    placed = one["orders"][0]["result"]["order_result"]
    assert (placed["status"], placed["order_id"]) == ("success", order["order_id"])
    assert (order["price"], order["status"], order["average_price"]) == (188.5, "OPEN", 0)
    assert (near[:2], late[:2]) == (("InputException", 400),) * 2


async def test_it_meets_refusals_as_its_own_errors(ask):
    async with touring(ask) as tourist:
        closed = await tourist.failed("place_order", **BUY, price=150)
        await tourist.client.advance(0)
        naked = await tourist.failed("place_order", **BUY | {"order_type": "MARKET"})
        tagged = await tourist.failed("place_order", **BUY, price=150, tag="t" * 21)
        dear = await tourist.failed("place_order", **BUY | SHORT, price=200)
        unknown = await tourist.failed("cancel_order", variety="regular", order_id="1")

    assert (closed[0], naked[0], tagged[0]) == ("InputException",) * 3
    assert (closed[1], naked[1], tagged[1]) == (400, 400, 400)
    assert "market protection" in naked[2]
    assert dear[:2] == ("GeneralException", 400)  # it has no class of its own for margins
    assert dear[2].startswith("Insufficient funds")
    assert unknown[:2] == ("DataException", 404)


async def test_it_asks_for_margins_quotes_and_candles(ask):
    leg = {
        "exchange": "NFO",
        "transaction_type": "SELL",
        "variety": "regular",
        "product": "NRML",
        "order_type": "LIMIT",
        "quantity": LOT,
        "price": 200,
    }
    legs = [leg | {"tradingsymbol": name} for name in (NAME, PUT_NAME)]
    async with touring(ask) as tourist:
        await tourist.client.advance(3)
        alone = await tourist.done("order_margins", params=legs)
        basket = await tourist.done("basket_order_margins", params=legs)
        note = await tourist.done(
            "get_virtual_contract_note",
            params=[legs[0] | {"order_id": "any", "average_price": 200}],
        )
        key = f"NFO:{NAME}"
        quotes = await tourist.done("quote", key, "NSE:NIFTY 50", "NFO:NOTHING")
        ohlc = await tourist.done("ohlc", key)
        ltp = await tourist.done("ltp", key)
        token = quotes[key]["instrument_token"]
        candles = await tourist.done(
            "historical_data",
            instrument_token=token,
            from_date="2026-03-09 09:15:00",
            to_date="2026-03-09 09:16:00",
            interval="minute",
        )

    assert [each["total"] for each in alone] == [25_800 * 12 * LOT / 100] * 2
    assert basket["final"]["total"] == sum(each["total"] for each in alone)
    assert note[0]["charges"]["brokerage"] == 20
    assert set(quotes) == {key, "NSE:NIFTY 50"}
    assert quotes[key]["depth"]["buy"][0] == {"price": 189, "quantity": LOT, "orders": 1}
    assert ohlc[key]["ohlc"] == {"open": 200, "high": 201, "low": 189, "close": 200}
    assert ltp[key]["last_price"] == 190
    assert [list(each.values())[1:] for each in candles] == [[200, 201, 189, 190, 4 * LOT]]


async def test_it_streams_ticks_in_all_modes_and_orders_as_they_are_filled(ask):
    """One ticker for all of it: its reactor starts once in a process."""
    async with touring(ask) as tourist:
        client, wait = tourist.client, "wait"
        listed = {each["tradingsymbol"]: each for each in await tourist.done("instruments")}
        call, put, index = (
            listed[name]["instrument_token"] for name in (NAME, PUT_NAME, "NIFTY 50")
        )
        await client.advance(0)
        modes = {"ltp": [put], "quote": [index], "full": [call]}
        ready = client.ready
        await tourist.done("stream", url=ready.ws_url, key=ready.api_key, modes=modes)
        await tourist.done(wait, kind="open")
        shown = {}  # what is known is shown at once, in quote mode first
        while [shown.get(each, {}).get("mode") for each in (put, index, call)] != list(modes):
            for ticks in await tourist.done(wait, kind="ticks"):
                shown |= {each["instrument_token"]: each for each in ticks}

        await client.advance(1)
        (second,) = await tourist.done(wait, kind="ticks")
        order_id = await tourist.done("place_order", **BUY, price=190)
        change = {"variety": "regular", "order_id": order_id, "quantity": 2 * LOT}
        await tourist.done("modify_order", **change)
        (changed,) = await tourist.done(wait, kind="order")
        await client.advance(2)
        await client.advance(3)
        (complete,) = await tourist.done(wait, kind="order")
        await tourist.done("unsubscribe", tokens=[put, index, call])
        await tourist.done("garble")
        (garbled,) = await tourist.done(wait, kind="error")
        heartbeat = await tourist.done(wait, kind="heartbeat")

        await client.fault(kind="drop_socket")
        (closed,) = await tourist.done(wait, kind="close")
        await tourist.done(wait, kind="open")  # it comes back by itself
        await client.fault(kind="expire")
        await client.fault(kind="drop_socket")
        _, refused = await tourist.done(wait, kind="error", count=2)
        await tourist.done("stop")

    assert [each["mode"] for each in second] == ["full", "ltp", "quote"]
    told = {each["instrument_token"]: each for each in second}
    full = told[call]
    assert (full["last_price"], full["ohlc"]["high"], full["volume_traded"]) == (201, 201, 2 * LOT)
    assert full["depth"]["sell"][0] == {"quantity": 10 * LOT, "price": 202, "orders": 1}
    assert told[put]["last_price"] == 179
    assert (told[index]["last_price"], told[index]["ohlc"]["open"]) == (25_801, 25_800)
    assert (changed["status"], changed["quantity"]) == ("UPDATE", 2 * LOT)
    assert (complete["status"], complete["average_price"]) == ("COMPLETE", 190)
    assert heartbeat == ["00"]
    assert closed[0] == 1006
    assert garbled[1].startswith("Invalid message")
    assert "403" in refused[1]
