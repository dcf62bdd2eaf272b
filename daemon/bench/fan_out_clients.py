"""The clients of the fan-out bench, in a process of their own: they note when each message came.

They speak WebSocket by hand, because a thousand whole clients would be what is measured. Run as
`python -m daemon.bench.fan_out_clients`, with an `Order` as JSON on stdin; the answer, a `Noted` as
JSON, comes on stdout.
"""

from __future__ import annotations

import asyncio
import re
import sys
from array import array
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import cast

import msgspec
import uvloop
from msgspec import Struct

from daemon.domain.instants import instant
from daemon.runtime.clock import MonotonicClock

_AT_ONCE = 50
_US_IN_MS = 1_000
_TEXT, _PING = 0x81, 0x89
_AT = re.compile(rb'"at":"([^"]+)"')
_PONG = bytes((0x8A, 0x80, 0, 0, 0, 0))
_SHORT, _LONG = 126, 127


class Order(Struct, frozen=True):
    """What is wanted.

    Attributes:
        port: on 127.0.0.1.
        token: that lets in.
        clients: how many, the stuck ones included.
        stuck: of them never read.
        seconds: how long they listen.
    """

    port: int
    token: str
    clients: int
    stuck: int
    seconds: float


class Spread(Struct, frozen=True):
    """How a measure is spread, in ms."""

    p50: float
    p99: float
    max: float


def spread(values_us: Sequence[int]) -> Spread:
    """Return how values in us are spread."""
    ordered, last = sorted(values_us), len(values_us) - 1
    p50, p99 = (ordered[min(len(ordered) * percent // 100, last)] for percent in (50, 99))
    return Spread(p50 / _US_IN_MS, p99 / _US_IN_MS, ordered[last] / _US_IN_MS)


class Noted(Struct, frozen=True):
    """What was noted.

    Attributes:
        messages: that came to those who read.
        latency: from the making of each message to its receipt.
        fewest: messages that the client with the fewest has got.
        lost: clients that read, and whose connection ended all the same.
    """

    messages: int
    latency: Spread
    fewest: int
    lost: int


class Client(asyncio.Protocol):
    """One client: it shakes hands and then notes when each message was made and came."""

    def __init__(self, token: str, latencies_us: array[int], *, reads: bool) -> None:
        self.open = asyncio.get_running_loop().create_future()
        self.messages = 0
        self.lost = False
        self._token = token
        self._reads = reads
        self._latencies_us = latencies_us
        self._clock = MonotonicClock()
        self._transport: asyncio.Transport | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass
        host, port = transport.get_extra_info("peername")[:2]
        lines = (
            "GET /ws/pnl HTTP/1.1",
            f"Host: {host}:{port}",
            f"Authorization: Bearer {self._token}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        )
        self._transport.write("\r\n".join((*lines, "", "")).encode())

    def connection_lost(self, exc: BaseException | None) -> None:
        """Note that it is over."""
        self.lost = True
        if not self.open.done():
            self.open.set_exception(exc or ConnectionError("the handshake was refused"))

    def data_received(self, data: bytes) -> None:
        """Note what came."""
        now_ns = self._clock.now_ns()
        self._buffer += data
        if not self.open.done():
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self._buffer = rest
            self._greeted(head)
        while frame := self._frame():
            self._take(frame, now_ns)

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.abort()

    def _greeted(self, head: bytes) -> None:
        if not head.startswith(b"HTTP/1.1 101"):
            self.open.set_exception(ConnectionError(head.decode()))
            return
        self.open.set_result(None)
        if not self._reads and self._transport is not None:
            self._transport.pause_reading()

    def _frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:  # noqa: PLR2004 (the shortest frame)
            return None
        size, start = buffer[1], 2
        if size >= _SHORT:
            start = 4 if size == _SHORT else 10
            size = int.from_bytes(buffer[2:start])
        if len(buffer) < max(start + size, start):
            return None
        self._buffer = buffer[start + size :]
        return buffer[0], buffer[start : start + size]

    def _take(self, frame: tuple[int, bytes], now_ns: int) -> None:
        opcode, payload = frame
        if opcode == _PING and self._transport is not None:
            self._transport.write(_PONG)
        elif opcode == _TEXT:
            self.messages += 1
            found = _AT.search(payload)
            if self.messages > 1 and found is not None:
                made_ns = instant(datetime.fromisoformat(found[1].decode()))
                self._latencies_us.append((now_ns - made_ns) // 1_000)


async def listen(order: Order) -> Noted:
    """Connect everybody, listen, and return what was noted."""
    loop = asyncio.get_running_loop()
    latencies_us = array("q")
    clients: list[Client] = []
    for number in range(order.clients):
        reads = number >= order.stuck
        make = partial(Client, order.token, latencies_us, reads=reads)
        _, client = await loop.create_connection(make, "127.0.0.1", order.port)
        clients.append(client)
        if number % _AT_ONCE == 0:
            await client.open
    await asyncio.gather(*(client.open for client in clients))
    del latencies_us[:]  # what came while others shook hands is no measure of the streams
    await asyncio.sleep(order.seconds)
    reading = clients[order.stuck :]
    noted = Noted(
        len(latencies_us),
        spread(latencies_us),
        min(client.messages for client in reading),
        sum(client.lost for client in reading),
    )
    for client in clients:
        client.close()
    return noted


def main() -> None:
    """Take the order, and answer it."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        noted = runner.run(listen(order))
    sys.stdout.buffer.write(msgspec.json.encode(noted))


if __name__ == "__main__":
    main()
