"""The real shell on real sockets: what it says, what it finds dead, and what it never tells."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import asynccontextmanager
from datetime import time

import pytest
from msgspec.structs import replace

from daemon.brokers.zerodha.instruments import Listed
from daemon.brokers.zerodha.stream.socket import access
from daemon.brokers.zerodha.stream.ticker import MOST_UNSENT, Around, Ticker
from daemon.domain.instants import at
from daemon.errors import BrokerMisused, WireGarbled
from daemon.feeds.live import LiveFeed
from daemon.messages import FrameArrived
from daemon.ports.market import BookWanted, LinkMoved, NoticeHeard, SessionLost
from daemon.telemetry.redaction import Secret
from tests.kit.canary import planted
from tests.kit.kite_frames import frame
from tests.kit.ticker_line import NIFTY, OPTION, TRADING_DAY, index_packet, option_packet
from tests.kit.ticker_server import HandTime, ticker_server

KEY, TOKEN = planted("key"), planted("token")
TOKENS = {"NIFTY": NIFTY, "NIFTY26D0124350CE": OPTION}
START_NS = at(TRADING_DAY, time(10))


def of_symbol(symbol):
    return Listed(TOKENS[symbol], symbol, "NFO", symbol, 75, 500, None)


class Heard:
    """A ticker that listens to a server, and what it tells."""

    def __init__(self, server):
        self.time = HandTime(START_NS)
        self.generation = 7
        around = Around(
            access=lambda: access(
                self.generation, Secret(KEY), Secret(f"{TOKEN}-{self.generation}"), server.root
            ),
            running=self.time,
            market=self.time,
            dice=random.Random(1),
            sleep=self.time.sleep,
        )
        self.ticker = Ticker(around, of_symbol)
        self.ticker.want(["NIFTY26D0124350CE"], ["NIFTY"])
        self.feed = LiveFeed()
        self.arrivals = self.feed.arrivals()

    async def next(self):
        return await anext(self.arrivals)

    async def until_down(self):
        while True:
            news = await self.next()
            if isinstance(news, LinkMoved) and not news.alive:
                return news


@asynccontextmanager
async def listening(server):
    heard = Heard(server)
    task = asyncio.get_running_loop().create_task(heard.ticker.listen(heard.feed.hear))
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()


@asynccontextmanager
async def streaming():
    """A server and a ticker that has shown one frame."""
    async with ticker_server() as server, listening(server) as heard:
        assert await heard.next() == LinkMoved(0, START_NS, alive=True)
        assert isinstance(await heard.next(), BookWanted)
        assert [await server.heard.get() for _ in range(2)] == [
            {"a": "subscribe", "v": [NIFTY, OPTION]},
            {"a": "mode", "v": ["full", [NIFTY, OPTION]]},
        ]
        at_s = START_NS // 10**9
        packets = (index_packet(NIFTY, 2_435_000, at_s), option_packet(OPTION, 1_000, at_s))
        await server.send(frame(*packets))
        yield server, heard


async def test_one_message_of_the_socket_is_one_frame_with_our_symbols():
    async with streaming() as (_, heard):
        arrived = await heard.next()

    assert isinstance(arrived, FrameArrived)
    assert (arrived.frame.at_ns, arrived.frame.exchange_ns) == (START_NS, START_NS)
    assert {symbol: quote.ltp_e4 for symbol, quote in arrived.frame.quotes.items()} == {
        "NIFTY": 243_500_000,
        "NIFTY26D0124350CE": 100_000,
    }
    assert arrived.fingerprint


async def test_a_frozen_ticker_is_found_and_made_again():
    async with streaming() as (server, heard):
        await heard.next()
        for _ in range(3):
            await heard.time.advance(1)
        down = await heard.until_down()
        assert await server.heard.get() == "gone"
        await heard.time.advance(1.3)
        assert (await heard.next()).alive
        assert isinstance(await heard.next(), BookWanted)

        assert (down.at_ns - START_NS, down.in_session) == (3 * 10**9, True)
        assert (await server.heard.get())["a"] == "subscribe"


async def test_a_ticker_that_sends_heartbeats_and_no_prices_is_found():
    async with streaming() as (server, heard):
        await heard.next()
        for _ in range(3):
            await server.send(b"\x00")
            await server.send('{"type":"message","data":"still here"}')
            assert isinstance(await heard.next(), NoticeHeard)
            await heard.time.advance(1)
        down = await heard.until_down()

    assert (down.at_ns - START_NS, down.why) == (3 * 10**9, "no index has moved for 3 s")


async def test_a_socket_with_nobody_behind_it_is_found():
    async with ticker_server() as server:
        server.answers_pings = False
        async with listening(server) as heard:
            assert (await heard.next()).alive
            for _ in range(3):
                await heard.time.advance(1)
            down = await heard.until_down()

    assert (down.at_ns - START_NS, down.why) == (3 * 10**9, "no byte for 3 s")


async def test_an_old_token_stops_it_until_there_is_another_session():
    async with ticker_server() as server:
        server.status = 403
        async with listening(server) as heard:
            assert await heard.next() == SessionLost(7)
            for _ in range(60):
                await heard.time.advance(1)
            assert server.tokens == [f"{TOKEN}-7"]

            server.status, heard.generation = 101, 8
            heard.ticker.renew()
            assert (await heard.next()).alive
            assert server.tokens == [f"{TOKEN}-7", f"{TOKEN}-8"]


async def test_a_change_of_the_set_and_an_end_are_said_to_the_broker():
    async with streaming() as (server, heard):
        heard.ticker.want([], ["NIFTY"])
        assert await server.heard.get() == {"a": "unsubscribe", "v": [OPTION]}
    assert server.heard.get_nowait() == "gone"


async def test_what_comes_to_be_held_on_a_further_connection_moves_to_the_first():
    """By the first it is told whether what is held has prices of now."""
    tokens = {f"S{number:04}": number << 8 | 2 for number in range(3_000)}
    async with ticker_server() as server:
        heard = Heard(server)
        heard.ticker._of_symbol = lambda name: replace(
            of_symbol("NIFTY"), token=tokens.get(name, NIFTY)
        )
        heard.ticker.want([], ["NIFTY", *tokens])
        heard.ticker.hold(["S0001"])
        task = asyncio.get_running_loop().create_task(heard.ticker.listen(heard.feed.hear))
        for _ in range(2 * 15 + 2):  # 200 are named in one message, and then their mode
            await server.heard.get()
        heard.ticker.hold(["S0002", "NIFTY", "unknown"])
        heard.ticker.hold(["S2999"])
        said = [await server.heard.get() for _ in range(6)]
        task.cancel()
        await asyncio.wait({task})

    far, other = tokens["S2999"], tokens["S2998"]
    for each, gone, new in (("first", other, far), ("further", far, other)):
        assert {"a": "unsubscribe", "v": [gone]} in said, each
        assert {"a": "subscribe", "v": [new]} in said, each


async def test_prices_of_what_nobody_wants_are_counted_and_end_nothing():
    async with streaming() as (server, heard):
        await heard.next()
        await server.send(frame(option_packet(OPTION + 256, 1, 1)))
        await server.send(b"\x00\x09")
        notice = await heard.next()
        counts = heard.ticker.counts

    assert (counts.unknown, counts.garbled, notice.kind) == (1, 1, "garbled")


async def test_a_broker_that_asks_is_answered_and_one_that_closes_is_lost():
    async with ticker_server() as server:
        server.answers_pings = False
        async with listening(server) as heard:
            assert (await heard.next()).alive
            for _ in range(2):
                await server.heard.get()
            await server.sockets[-1].ping(b"there?")
            assert await server.heard.get() == b"there?"

            await server.sockets[-1].close()
            down = await heard.until_down()

    assert (down.why, down.in_session) == ("the broker closed the connection", True)


async def test_without_a_session_none_is_tried():
    async with ticker_server() as server:
        heard = Heard(server)
        heard.ticker._around = replace(heard.ticker._around, access=lambda: None)
        listening_on = asyncio.get_running_loop().create_task(heard.ticker.listen(heard.feed.hear))
        assert await heard.next() == SessionLost(0)
        listening_on.cancel()
        await asyncio.wait({listening_on})

    assert server.tokens == []


class Stuck:
    """A socket that takes nothing, and on which nothing comes."""

    async def send(self, _):
        await asyncio.Event().wait()

    async def messages(self):
        await asyncio.Event().wait()
        yield


@asynccontextmanager
async def stuck(_):
    yield Stuck()


async def test_a_socket_that_takes_nothing_is_let_go_of():
    async with ticker_server() as server:
        heard = Heard(server)
        heard.ticker._around = replace(heard.ticker._around, connect=stuck)
        task = asyncio.get_running_loop().create_task(heard.ticker.listen(heard.feed.hear))
        assert (await heard.next()).alive
        for _ in range(MOST_UNSENT):
            heard.ticker.want([], [])
            heard.ticker.want([], ["NIFTY"])
        down = await heard.until_down()
        task.cancel()
        await asyncio.wait({task})

    assert down.why == "the broker takes nothing any more"


@pytest.mark.parametrize("error", [BrokerMisused, WireGarbled])
async def test_a_symbol_that_the_broker_does_not_list_keeps_no_other_from_being_shown(error):
    def of_known(symbol):
        if symbol not in TOKENS:
            raise error(f"there is no {symbol}")
        return of_symbol(symbol)

    async with streaming() as (server, heard):
        heard.ticker._of_symbol = of_known
        lacking = heard.ticker.want(["UNKNOWN"], ["NIFTY", "UNKNOWN", "OTHER"])
        assert list(lacking) == ["there is no UNKNOWN", "there is no OTHER"]
        assert await server.heard.get() == {"a": "unsubscribe", "v": [OPTION]}


async def test_more_than_it_can_show_is_refused_before_and_while_it_listens():
    many = [f"S{number}" for number in range(9_001)]
    async with streaming() as (server, heard):
        for ticker in (heard.ticker, Ticker(heard.ticker._around, of_symbol)):
            ticker._of_symbol = lambda name: replace(of_symbol("NIFTY"), token=hash(name) << 8)
            with pytest.raises(BrokerMisused, match="9,001 instruments are wanted"):
                ticker.want([], many)
        heard.ticker._of_symbol = of_symbol
        heard.ticker.want([], ["NIFTY"])
        assert await server.heard.get() == {"a": "unsubscribe", "v": [OPTION]}


async def test_who_listens_again_begins_anew():
    async with ticker_server() as server:
        heard = Heard(server)
        for _ in range(2):
            task = asyncio.get_running_loop().create_task(heard.ticker.listen(heard.feed.hear))
            assert (await heard.next()).alive
            assert isinstance(await heard.next(), BookWanted)
            assert (await server.heard.get())["a"] == "subscribe"
            assert (await server.heard.get())["a"] == "mode"
            task.cancel()
            await asyncio.wait({task})
            assert await server.heard.get() == "gone"


@pytest.mark.parametrize("status", [400, 403, 429, 503, 101])
async def test_no_log_and_no_error_tells_the_session(status, caplog):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.CRITICAL, "aiohttp.access")  # that of the stand-in is not ours
    told = []
    async with ticker_server() as server:
        server.status = status
        async with listening(server) as heard:
            told.append(await heard.next())
            if status != 101:
                server.root = "ws://127.0.0.1:1"
                await heard.time.advance(2)
                heard.ticker.renew()
                told.append(await heard.next())
            told.append(repr(heard.ticker._around.access()))

    for text in (*map(str, told), *(each.getMessage() for each in caplog.records)):
        assert TOKEN not in text
        assert KEY not in text
