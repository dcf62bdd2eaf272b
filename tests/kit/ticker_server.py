"""A ticker on loopback that does as it is told, and time that a test moves by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from daemon.domain.instants import SECOND_NS


class HandTime:
    """Running and market time, from an instant of the market on; sleepers wake when it is moved."""

    def __init__(self, market_ns: int) -> None:
        self._passed_ns = 0
        self._market_ns = market_ns
        self._woken = asyncio.Event()
        self._sleeps = asyncio.Event()

    def now_ns(self) -> int:
        return self._market_ns + self._passed_ns

    async def sleep(self, _: float) -> None:
        self._sleeps.set()
        await self._woken.wait()
        self._woken.clear()

    async def advance(self, seconds: float) -> None:
        """Let time pass, and wait until whoever slept has looked and sleeps again."""
        await self._sleeps.wait()
        self._sleeps.clear()
        self._passed_ns += int(seconds * SECOND_NS)
        self._woken.set()
        await self._sleeps.wait()


class TickerServer:
    """A server of web sockets.

    Attributes:
        tokens: the session of each handshake.
        heard: what clients say, in order.
        status: what handshakes are answered with; 101: they are taken.
        answers_pings: whether pings are answered.
        root: where it is.
    """

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.heard: asyncio.Queue[Any] = asyncio.Queue()
        self.status = 101
        self.answers_pings = True
        self.root = ""
        self.sockets: list[web.WebSocketResponse] = []

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.tokens.append(request.query["access_token"])
        if self.status != 101:
            return web.Response(status=self.status, text=f"token {self.tokens[-1]} is refused")
        socket = web.WebSocketResponse(autoping=self.answers_pings)
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self.heard.put_nowait(json.loads(message.data))
            elif message.type is WSMsgType.PONG:
                self.heard.put_nowait(bytes(message.data))
        self.heard.put_nowait("gone")
        return socket

    async def send(self, message: bytes | str) -> None:
        """Send to the client that came last."""
        if isinstance(message, bytes):
            await self.sockets[-1].send_bytes(message)
        else:
            await self.sockets[-1].send_str(message)


@asynccontextmanager
async def ticker_server() -> AsyncIterator[TickerServer]:
    """Serve until the block ends."""
    ticker = TickerServer()
    app = web.Application()
    app.router.add_get("/", ticker.serve)
    async with TestServer(app) as server:
        ticker.root = f"ws://127.0.0.1:{server.port}"
        yield ticker
