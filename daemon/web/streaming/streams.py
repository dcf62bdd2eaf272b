"""The three WebSocket routes: who is let in, what a client may send, and how it leaves.

Whoever is let in is looked at again with each ping that is answered, every five seconds: a revoked
token and a session that is over let nobody watch on, be it by a ticket, and his stream ends with
1008. Whoever answers no ping is dropped within fifteen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from aiohttp import WSCloseCode, WSMsgType, web

from daemon.web.admission.auth import AUTH, address_of
from daemon.web.admission.connection import is_local
from daemon.web.admission.tokens import Principal, Role
from daemon.web.problems import Problem
from daemon.web.streaming.hub import Hub
from daemon.web.streaming.stream import Stream, Watcher
from daemon.web.table import Route

_FROM_CLIENT_BYTES = 64 * 1024
_FAREWELL_S = 1.0
_OVER = b"the token was revoked, or the session is over"

Pick = Callable[[web.Request], Stream]


class Streams:
    """Serves the streams of a hub to whoever is let in.

    Args:
        hub: the streams.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._open: set[web.WebSocketResponse] = set()

    @property
    def routes(self) -> tuple[Route, ...]:
        """The rows of the streams."""
        rows = (
            ("/ws/pnl", "profit and loss, whole in each message", self.pnl),
            ("/ws/ticks", "the newest prices of ?symbols=", self.ticks),
            ("/ws/events", "what is recorded, as it becomes durable", self.events),
        )
        return tuple(
            Route(method="GET", path=path, role=Role.VIEWER, summary=summary, raw=raw, upgrade=True)
            for path, summary, raw in rows
        )

    async def pnl(self, request: web.Request, who: Principal) -> web.StreamResponse:
        """Profit and loss, whole in each message."""
        return await self._serve(request, who, lambda _: self._hub.pnl)

    async def ticks(self, request: web.Request, who: Principal) -> web.StreamResponse:
        """The newest prices of the symbols that are named."""
        return await self._serve(request, who, self._of_symbols)

    async def events(self, request: web.Request, who: Principal) -> web.StreamResponse:
        """What is recorded, as it becomes durable."""
        return await self._serve(request, who, lambda _: self._hub.events)

    async def close(self) -> None:
        """Send everybody away: the daemon stops."""
        farewell = (WSCloseCode.GOING_AWAY, b"the daemon stops")
        await asyncio.gather(*(_send_away(each, *farewell) for each in self._open))

    def _of_symbols(self, request: web.Request) -> Stream:
        named = [s for s in request.query.get("symbols", "").split(",") if s]
        most = self._hub.caps.symbols
        if not named:
            raise Problem("bad_request", "name symbols, as in ?symbols=NIFTY,RELIANCE")
        if len(named) > most:
            sentence = f"{len(named)} symbols; one connection follows at most {most}"
            raise Problem("bad_request", sentence)
        return self._hub.ticks(named)

    async def _serve(self, request: web.Request, who: Principal, pick: Pick) -> web.StreamResponse:
        if is_local(address_of(request)):  # there the port's own cap of connections counts
            return await self._follow(request, who, pick)
        if not self._hub.admit(who.name):
            most = self._hub.caps.per_principal
            sentence = f"{who.name} has {most} WebSockets open; close one of them"
            raise Problem("too_many", sentence)
        try:
            return await self._follow(request, who, pick)
        finally:
            self._hub.dismiss(who.name)

    async def _follow(self, request: web.Request, who: Principal, pick: Pick) -> web.StreamResponse:
        # Without compression a message is the same bytes for everybody.
        response = web.WebSocketResponse(
            timeout=_FAREWELL_S, autoping=False, compress=False, max_msg_size=_FROM_CLIENT_BYTES
        )
        if not response.can_prepare(request):
            raise Problem("bad_request", "this address speaks WebSocket alone")
        pick(request)  # refuses before it is too late to answer
        await response.prepare(request)
        transport = request.transport
        if transport is None:  # gone while it was greeted
            return response
        loop = asyncio.get_running_loop()
        watcher = Watcher(transport, loop.time())
        stream = pick(request)
        self._open.add(response)
        self._hub.join(stream, watcher)
        try:
            async for message in response:
                if message.type is WSMsgType.PING:
                    await response.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    watcher.answered(loop.time())
                    if not await request.app[AUTH].still(who):
                        await _send_away(response, WSCloseCode.POLICY_VIOLATION, _OVER)
                        break
        finally:
            self._hub.leave(stream, watcher)
            self._open.discard(response)
        return response


async def _send_away(response: web.WebSocketResponse, code: WSCloseCode, because: bytes) -> None:
    with suppress(ConnectionError):  # gone already
        await response.close(code=code, message=because, drain=False)
