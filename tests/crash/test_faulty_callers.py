"""Whoever asks the control port over a bad wire: an order has one effect and one answer."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from urllib.parse import urlsplit

import aiohttp
import pytest
from msgspec import Struct

from daemon.messages import OrderAsked
from tests.kit import crashes
from tests.kit.crash_days import MANY
from tests.kit.daemon_process import DaemonProcess, running
from tests.kit.fault_proxy import FaultProxy, fault_proxy
from tests.kit.fault_ways import Fault, Then

SYMBOL = "NIFTY-2026-03-10-{}-CE"
HEAD_BYTES = 60
PACE = ("--speed", "20")


class Manner(Struct, frozen=True):
    """How a caller asks, and goes.

    Attributes:
        asks: what befalls its request; `after_bytes` below 0 count from its end.
        tells: what befalls the answer.
        half_closes: it says at once that it will say no more.
    """

    asks: Fault = Fault()
    tells: Fault = Fault()
    half_closes: bool = False


def at(after_bytes: int, then: Then) -> Fault:
    return Fault(after_bytes=after_bytes, then=then)


MANNERS = {
    "slowly, a byte at a time": Manner(Fault(bytes_per_s=4_000, piece_bytes=1)),
    "half closed": Manner(half_closes=True),
    "half closed within its body": Manner(at(-5, Then.ENDS)),
    "stalled within its head": Manner(at(HEAD_BYTES, Then.STALLS)),
    "stalled within its body": Manner(at(-5, Then.STALLS)),
    "swallowed within its body": Manner(at(-5, Then.SWALLOWS)),
    "cut within its head": Manner(at(HEAD_BYTES, Then.CUTS)),
    "cut within its body": Manner(at(-5, Then.CUTS)),
    "reset within its body": Manner(at(-5, Then.RESETS)),
    "cut before the answer": Manner(tells=at(0, Then.CUTS)),
    "reset before the answer": Manner(tells=at(0, Then.RESETS)),
    "answer swallowed": Manner(tells=at(0, Then.SWALLOWS)),
    "answer cut within its head": Manner(tells=at(HEAD_BYTES, Then.CUTS)),
    "answer cut within its body": Manner(tells=at(700, Then.CUTS)),
    "answer reset within its body": Manner(tells=at(700, Then.RESETS)),
}


@pytest.fixture
def process(held) -> Iterator[DaemonProcess]:
    with running(held, *PACE) as made:
        yield made.wait_ready()


@pytest.fixture
def proxy(process) -> Iterator[FaultProxy]:
    with fault_proxy(urlsplit(process.url).port) as made:
        yield made


def test_an_order_that_was_asked_for_over_a_bad_wire_is_sent_once_and_answered_alike(
    held, process, proxy
):
    symbols = [SYMBOL.format(strike) for strike in range(22_950, 22_950 + 50 * len(MANNERS), 50)]
    process.wait(lambda: is_priced(process, symbols[0]), "has a price")
    for (name, manner), symbol in zip(MANNERS.items(), symbols, strict=True):
        order = {"symbol": symbol, "side": "buy", "quantity": 65, "order_type": "market"}
        request_id = name.replace(" ", "-").replace(",", "")
        heard = call(process, proxy, manner, order, request_id)
        proxy.heal()
        proxy.cut()
        first = process.post("/api/order", order, request_id)
        again = process.post("/api/order", order, request_id)
        assert (first.status, first.body) == (again.status, again.body), name
        assert first.status == 200, (name, first.body)
        if heard.endswith(b"}"):
            assert heard.endswith(b"\r\n\r\n" + first.body), name
    assert process.get("/api/admin/health").status == 200
    process.kill()

    day = crashes.read(held / "state")
    wanted = {name.replace(" ", "-").replace(",", "") for name in MANNERS}
    assert Counter(f.request_id for f in day.of(OrderAsked)) == Counter(wanted)
    assert Counter(o.symbol for o in day.orders if o.symbol in symbols) == Counter(symbols)
    assert crashes.sent_twice(day) == []


@pytest.mark.parametrize("way", ["both", "asks"] if MANY else ["both"])
async def test_who_watches_over_a_wire_that_went_is_dropped_and_nobody_else(process, proxy, way):
    """Without its answers to our pings nobody knows whether it is still there."""
    gone = Fault(after_bytes=0, then=Then.SWALLOWS)
    async with (
        watching(process, urlsplit(process.url).port) as near,
        near.ws_connect("/ws/pnl") as other,
        watching(process, proxy.at) as far,
        far.ws_connect("/ws/pnl") as lost,
    ):
        assert (await lost.receive_json())["type"] == "snapshot"
        first = (await other.receive_json())["seq"]
        await asyncio.to_thread(proxy.tell, gone, gone if way == "both" else Fault())
        dropped = asyncio.ensure_future(
            asyncio.to_thread(
                process.wait,
                lambda: any("watcher dropped" in line for line in process.log),
                "drops it",
            )
        )
        newest, count = first, 1
        while not dropped.done():
            newest, count = (await other.receive_json(timeout=10))["seq"], count + 1
        await dropped
        assert newest - first + 1 == count > 10  # it has missed nothing
        (line,) = (each for each in process.log if "watcher dropped" in each)
        assert "has not answered a ping" in json.loads(line)["because"]
        await asyncio.to_thread(proxy.cut)


def call(
    process: DaemonProcess, proxy: FaultProxy, manner: Manner, order: object, request_id: str
) -> bytes:
    """Ask for an order, wait a moment for what comes, and return it."""
    body = json.dumps(order).encode()
    token = (process.state / "operator.token").read_text().strip()
    head = (
        f"POST /api/order HTTP/1.1\r\nHost: {urlsplit(process.url).netloc}\r\n"
        f"Authorization: Bearer {token}\r\nX-Request-Id: {request_id}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    asked, asks = head.encode() + body, manner.asks
    if asks.after_bytes is not None and asks.after_bytes < 0:
        asks = at(len(asked) + asks.after_bytes, asks.then)
    proxy.tell(asks, manner.tells)
    assert isinstance(proxy.at, int)
    with closing(socket.create_connection(("127.0.0.1", proxy.at), timeout=0.3)) as end:
        heard = b""
        with suppress(OSError):
            end.sendall(asked)
            if manner.half_closes:
                end.shutdown(socket.SHUT_WR)
            while data := end.recv(65_536):
                heard += data
    return heard


def watching(process: DaemonProcess, port: object) -> aiohttp.ClientSession:
    token = (process.state / "operator.token").read_text().strip()
    return aiohttp.ClientSession(
        f"http://127.0.0.1:{port}",
        headers={"Authorization": f"Bearer {token}", "Host": urlsplit(process.url).netloc},
    )


def is_priced(process: DaemonProcess, symbol: str) -> bool:
    return process.get(f"/api/ltp?symbol={symbol}").status == 200
