"""What befalls the bytes of a connection on their way through the fault proxy."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from enum import Enum

from msgspec import Struct

PIECE_BYTES = 65_536
_PIECES = 64
_RESETS = struct.pack("ii", 1, 0)
"""Let go at once, with a reset and without what is still to be sent."""


class Then(Enum):
    """What becomes of the bytes beyond those that are passed on.

    STALLS: they are not taken; whoever sends them finds out when the network is full.
    SWALLOWS: they are taken, and reach nobody.
    ENDS: they reach nobody, and this way has ended for who listens; the other one goes on.
    CUTS: the connection ends, in order.
    RESETS: the connection ends by a reset, and what was on the way may be lost with it.
    """

    STALLS = "stalls"
    SWALLOWS = "swallows"
    ENDS = "ends"
    CUTS = "cuts"
    RESETS = "resets"


class Fault(Struct, frozen=True):
    """What befalls one way of a connection; as preset, nothing.

    Attributes:
        latency_ms: so much later all arrives, in order.
        jitter_ms: and by chance up to so much later again.
        bytes_per_s: so many pass in a second; 0: as many as come.
        piece_bytes: in pieces of at most so many.
        after_bytes: so many pass, counted from when this was told; None: all.
        then: what becomes of the rest.
    """

    latency_ms: float = 0
    jitter_ms: float = 0
    bytes_per_s: int = 0
    piece_bytes: int = PIECE_BYTES
    after_bytes: int | None = None
    then: Then = Then.STALLS


SOUND = Fault()


class Way:
    """One way of a connection: one task takes what comes, another gives it when it is due.

    Args:
        come: where its bytes come from.
        go: where they go.
        chance: decides what is left to it.
        hit: is told whenever a fault does something.

    Attributes:
        go: where they go.
    """

    def __init__(
        self,
        come: asyncio.StreamReader,
        go: asyncio.StreamWriter,
        chance: random.Random,
        hit: Callable[[], None],
    ) -> None:
        self.go = go
        self._come = come
        self._chance = chance
        self._hit = hit
        self._fault = SOUND
        self._passed = 0
        self._news = asyncio.Event()
        self._due: asyncio.Queue[tuple[float, bytes | Then]] = asyncio.Queue(_PIECES)

    def meet(self, fault: Fault) -> None:
        """Be told of something else; whoever waits because of what was told before looks again."""
        self._fault, self._passed = fault, 0
        self._news.set()
        self._news = asyncio.Event()

    async def take(self) -> None:
        """Take what comes, until the end or what ends it."""
        try:
            while data := await self._come.read(PIECE_BYTES):
                if not await self._judged(data):
                    return
            end = Then.ENDS
        except OSError:
            end = Then.RESETS
        while self._left == 0 and self._fault.then in (Then.STALLS, Then.SWALLOWS):
            await self._news.wait()  # an end does not come through either
        await self._enter(end)

    async def give(self) -> Then:
        """Give it on, piece by piece; return how it ended."""
        while True:
            due_s, what = await self._due.get()
            await self._pause(due_s - _now_s())
            if isinstance(what, Then):
                return what
            try:
                await self._written(what)
            except OSError:
                return Then.RESETS

    @property
    def _left(self) -> int | None:
        most = self._fault.after_bytes
        return None if most is None else max(most - self._passed, 0)

    async def _judged(self, data: bytes) -> bool:
        """Pass on what may pass, let the rest meet its fate; return whether more is taken."""
        while data:
            passing = data[: self._left]
            self._passed += len(passing)
            if passing:
                await self._enter(passing)
            data = data[len(passing) :]
            if not data:
                break
            self._hit()
            match self._fault.then:
                case Then.STALLS:
                    await self._news.wait()
                case Then.SWALLOWS:
                    break
                case then:
                    await self._enter(then)
                    return False
        return True

    async def _enter(self, what: bytes | Then) -> None:
        fault = self._fault
        later_ms = fault.latency_ms + self._chance.uniform(0, fault.jitter_ms)
        await self._due.put((_now_s() + later_ms / 1_000, what))

    async def _written(self, data: bytes) -> None:
        while data:
            fault = self._fault
            piece, data = data[: fault.piece_bytes], data[fault.piece_bytes :]
            self.go.write(piece)
            await self.go.drain()
            if fault.bytes_per_s:
                await self._pause(len(piece) / fault.bytes_per_s)

    async def _pause(self, span_s: float) -> None:
        """Wait, at most until something else is told."""
        if span_s <= 0:
            return
        self._hit()
        with suppress(TimeoutError):
            async with asyncio.timeout(span_s):
                await self._news.wait()


class Pair:
    """The two ways of one connection, which end together unless only one of them has."""

    def __init__(self, ways: tuple[Way, Way]) -> None:
        self.ways = ways
        self._ended = 0
        self._over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def end(self, *, resets: bool = False) -> None:
        """End both ways, in order or by a reset."""
        if not self._over.done():
            self._over.set_result(resets)

    async def pass_on(self) -> None:
        """Pass on both ways until the connection has ended."""
        passing = [asyncio.ensure_future(self._pass(way)) for way in self.ways]
        resets = False
        try:
            resets = await self._over
        finally:
            for each in passing:
                each.cancel()
            for way in self.ways:
                let_go(way.go, resets=resets)

    async def _pass(self, way: Way) -> None:
        taking = asyncio.ensure_future(way.take())
        try:
            how = await way.give()
        finally:
            taking.cancel()
        if how is not Then.ENDS:
            self.end(resets=how is Then.RESETS)
            return
        with suppress(OSError):
            way.go.write_eof()
        self._ended += 1
        if self._ended == len(self.ways):
            self.end()


def let_go(writer: asyncio.StreamWriter, *, resets: bool) -> None:
    if not resets:
        writer.close()
        return
    end = writer.get_extra_info("socket")
    if end.family == socket.AF_INET and end.fileno() >= 0:  # it may have ended before
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETS)
    writer.transport.abort()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
