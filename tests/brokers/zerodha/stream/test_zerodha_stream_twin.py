"""Our ticker listens to the twin of Zerodha, and finds what goes wrong there."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager

from daemon.brokers.zerodha.instruments import read
from daemon.brokers.zerodha.stream.socket import access
from daemon.brokers.zerodha.stream.ticker import Around, Ticker
from daemon.domain.market.frames import Quote
from daemon.domain.money import E4
from daemon.feeds.live import LiveFeed
from daemon.messages import FrameArrived
from daemon.ports.market import BookWanted, LinkMoved, SessionLost
from daemon.telemetry.redaction import Secret
from tests.kit.ticker_server import HandTime
from tests.kit.wire_twin import CALL, LOT, OPEN_NS, frame, quote, stage, twin

FRAMES = tuple(
    frame(second, call=quote(200 + second), index=Quote((25_800 + second) * E4))
    for second in range(30)
)


@asynccontextmanager
async def listening():
    """A twin ten seconds into its day, a ticker that listens to it, and what it brings."""
    async with twin(stage(FRAMES), second=10) as client:
        master = read((await client.ask("GET", "/instruments")).body, OPEN_NS)
        time, ready = HandTime(OPEN_NS + 10 * 10**9), client.ready
        opening = access(3, Secret(ready.api_key), Secret(client.token), ready.ws_url)
        around = Around(lambda: opening, time, time, random.Random(1), sleep=time.sleep)
        ticker = Ticker(around, master.of_symbol)
        ticker.want([CALL], ["NIFTY"])
        feed = LiveFeed()
        task = asyncio.get_running_loop().create_task(ticker.listen(feed.hear))
        try:
            yield client, time, feed.arrivals()
        finally:
            task.cancel()
            await asyncio.wait({task})


async def next_of(kind, arrivals):
    async for each in arrivals:
        if isinstance(each, kind):
            return each
    return None


async def shown(arrivals):
    """Wait until the call and the index were shown."""
    symbols = set()
    while symbols != {CALL, "NIFTY"}:
        symbols |= (await next_of(FrameArrived, arrivals)).frame.quotes.keys()


async def test_prices_of_the_twin_come_with_their_touch_and_the_exchange_s_instant():
    async with listening() as (client, _, arrivals):
        await shown(arrivals)
        await client.advance(11)
        arrived = await next_of(FrameArrived, arrivals)

    assert arrived.frame.quotes == {
        CALL: Quote(211 * E4, 210 * E4, 10 * LOT, 212 * E4, 10 * LOT),
        "NIFTY": Quote(25_811 * E4),
    }
    assert arrived.frame.exchange_ns == OPEN_NS + 11 * 10**9


async def test_an_order_that_is_filled_has_the_book_read():
    async with listening() as (client, _, arrivals):
        await shown(arrivals)
        order_id = await client.placed(price=215)
        wanted = await next_of(BookWanted, arrivals)

    assert wanted == BookWanted(f"the broker pushes order {order_id}")


async def test_a_ticker_that_the_twin_freezes_is_found_and_made_again():
    async with listening() as (client, time, arrivals):
        await shown(arrivals)
        began_ns = time.now_ns()
        await client.fault(kind="freeze", count=1)
        for _ in range(3):
            await time.advance(1)
        down = await next_of(LinkMoved, arrivals)
        await time.advance(1.3)
        again = await next_of(LinkMoved, arrivals)

    assert (down.alive, down.in_session, down.at_ns - began_ns) == (False, True, 3 * 10**9)
    assert again.alive


async def test_a_session_that_the_twin_ends_is_asked_for():
    async with listening() as (client, time, arrivals):
        await shown(arrivals)
        await client.fault(kind="expire")
        for _ in range(3):
            await time.advance(1)
        await time.advance(1.3)
        lost = await next_of(SessionLost, arrivals)

    assert lost == SessionLost(3)
