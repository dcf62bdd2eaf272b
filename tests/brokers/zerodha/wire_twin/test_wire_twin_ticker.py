"""The ticker of the twin, read by our own decoder."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import pytest

from daemon.brokers.zerodha import codec
from daemon.brokers.zerodha.packets import Mode, decode
from daemon.brokers.zerodha.stream import texts
from daemon.brokers.zerodha.wire_twin import ticker
from daemon.domain.market.frames import Quote
from daemon.domain.money import E4
from tests.kit.wire_twin import CALL, LOT, OPEN_NS, frame, quote, stage, twin

FRAMES = tuple(
    frame(second, call=quote(200 + second), index=Quote((25_800 + second) * E4))
    for second in range(5)
)


@asynccontextmanager
async def streaming(*frames, second=0):
    async with twin(stage(frames or FRAMES), second=second) as client:
        ready = client.ready
        url = f"{ready.ws_url}/?api_key={ready.api_key}&access_token={client.token}"
        async with client.http.ws_connect(url) as socket:
            yield client, socket


def token_of(client, symbol):
    return client.parts.house.desk.contracts.of_symbol[symbol].token


async def subscribe(client, socket, symbol):
    token = token_of(client, symbol)
    await socket.send_str(json.dumps({"a": "subscribe", "v": [token]}))
    return token


async def subscribed(client, socket, symbol, mode=None):
    token = await subscribe(client, socket, symbol)
    (tick,) = decode(await socket.receive_bytes())
    if mode:
        await socket.send_str(json.dumps({"a": "mode", "v": [mode, [token]]}))
        (tick,) = decode(await socket.receive_bytes())
    return tick


async def pushed(socket):
    """Return the record of the next order, past ticks and heartbeats, or what else is said."""
    while True:
        message = await socket.receive()
        assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), message
        if message.type is aiohttp.WSMsgType.TEXT:
            told = texts.pushed(message.data)
            if isinstance(told, texts.Notice):
                return told
            record = json.dumps(json.loads(message.data)["data"])
            return msgspec.json.decode(record, type=codec.OrderRecord)


async def test_a_subscription_shows_what_is_known_and_then_each_frame():
    async with streaming() as (client, socket):
        first = await subscribed(client, socket, CALL)
        await client.advance(1)
        (second,) = decode(await socket.receive_bytes())

    assert (first.mode, first.quote.ltp_e4) == (Mode.QUOTE, 200 * E4)
    assert second.quote.ltp_e4 == 201 * E4


async def test_a_full_packet_tells_the_touch_the_day_and_the_instant():
    async with streaming(second=1) as (client, socket):
        tick = await subscribed(client, socket, CALL, "full")

    assert tick.quote == Quote(201 * E4, 200 * E4, 10 * LOT, 202 * E4, 10 * LOT)
    assert tick.exchange_ns == OPEN_NS + 10**9
    figures = tick.figures()
    assert (figures.open_e4, figures.high_e4, figures.low_e4) == (200 * E4, 201 * E4, 200 * E4)
    assert (figures.average_e4, figures.volume, figures.last_quantity) == (2_005_000, 2 * LOT, LOT)
    depth = tick.depth()
    assert [level.quantity for level in depth.bids] == [10 * LOT, 0, 0, 0, 0]


@pytest.mark.parametrize(("mode", "length"), [("ltp", 8), ("quote", 28), ("full", 32)])
async def test_an_index_has_packets_of_its_own(mode, length):
    async with streaming() as (client, socket):
        tick = await subscribed(client, socket, "NIFTY", mode)

    assert (tick.is_tradable, tick.quote.ltp_e4) == (False, 25_800 * E4)
    assert tick.length == length


async def test_what_is_no_longer_subscribed_or_unknown_is_not_sent():
    async with streaming() as (client, socket):
        await subscribed(client, socket, CALL)
        index = await subscribed(client, socket, "NIFTY", "ltp")
        await socket.send_str(json.dumps({"a": "subscribe", "v": [999]}))
        await socket.send_str(json.dumps({"a": "unsubscribe", "v": [token_of(client, CALL)]}))
        await socket.send_str("{")
        assert (await pushed(socket)).kind == "error"  # whatever was said before is done by now
        await client.advance(1)
        (tick,) = decode(await socket.receive_bytes())

    assert tick.token == index.token


async def test_a_frozen_ticker_sends_no_ticks_until_it_is_let_go():
    async with streaming() as (client, socket):
        await subscribed(client, socket, CALL)
        await client.fault(kind="freeze", count=2)
        await client.advance(3)
        (tick,) = decode(await socket.receive_bytes())

    assert tick.quote.ltp_e4 == 203 * E4


@pytest.mark.parametrize("heartbeats", [True, False])
async def test_a_frozen_ticker_sends_heartbeats_or_not(heartbeats):
    async with streaming() as (client, socket):
        await client.fault(kind="freeze", heartbeats=heartbeats)
        for _ in range(2):
            client.parts.ticker.beat()
        await client.place(price=201)
        first = await socket.receive()

    assert (first.data == b"\x00") is heartbeats


async def test_an_order_is_pushed_when_it_is_filled_and_not_when_it_is_taken():
    async with streaming() as (client, socket):
        rests = await client.placed(price=150)
        filled = await client.placed(price=201)
        await client.ask("DELETE", f"/orders/regular/{rests}")
        told = [await pushed(socket) for _ in range(2)]

    assert [(each.order_id, each.status) for each in told] == [
        (filled, "COMPLETE"),
        (rests, "CANCELLED"),
    ]


async def test_a_part_that_is_filled_is_pushed_as_an_update():
    thin = (frame(0, call=quote(200, size=LOT)),)
    async with streaming(*thin) as (client, socket):
        await client.placed(price=201, quantity=2 * LOT)
        told = await pushed(socket)

    assert (told.status, told.filled_quantity) == ("UPDATE", LOT)


@pytest.mark.parametrize(
    ("kind", "order"),
    [("duplicate_push", [0, 0, 1]), ("reorder_push", [1, 0]), ("omit_push", [1])],
)
async def test_pushes_come_twice_late_or_not_at_all_as_asked(kind, order):
    async with streaming() as (client, socket):
        await client.fault(kind=kind)
        numbers = [await client.placed(price=201) for _ in range(2)]
        told = [(await pushed(socket)).order_id for _ in order]

    assert told == [numbers[each] for each in order]


async def test_a_handshake_can_be_refused_and_there_are_three_connections_at_most():
    async with streaming() as (client, socket):
        url = str(socket._response.url)
        async with client.http.ws_connect(url), client.http.ws_connect(url):
            with pytest.raises(aiohttp.WSServerHandshakeError) as full:
                await client.http.ws_connect(url)
            await client.fault(kind="refuse_socket")
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.http.ws_connect(url)

    assert (full.value.status, refused.value.status) == (429, 403)


async def test_a_dropped_socket_ends_without_a_farewell():
    async with streaming() as (client, socket):
        await client.fault(kind="drop_socket")
        message = await socket.receive()

    assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


async def test_a_client_that_leaves_too_much_unread_is_let_go():
    async with streaming() as (client, socket):
        link = client.parts.ticker._links[0]
        for _ in range(5_000):
            link.send("x")
        message = await socket.receive()

    assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


async def test_nothing_is_done_while_time_is_moved_on():
    """A reaction to a tick comes after the whole advance, in every run."""
    async with streaming() as (client, socket):
        await subscribed(client, socket, CALL)
        moving = asyncio.ensure_future(client.advance(4))
        await socket.receive_bytes()
        record = await client.order(await client.placed(price=250))
        await moving

    assert record["order_timestamp"] == "2026-03-09 09:15:04"


async def test_a_client_that_takes_nothing_holds_time_up_for_some_seconds_alone(monkeypatch):
    monkeypatch.setattr(ticker, "_PATIENCE_S", 0.0)
    async with streaming() as (client, socket):
        link = client.parts.ticker._links[0]
        monkeypatch.setattr(link, "send", lambda _: link._taken.clear())
        await subscribe(client, socket, CALL)
        await client.advance(4)
        message = await socket.receive()

    assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
