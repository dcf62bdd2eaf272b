"""A server on loopback that answers as Zerodha would, by a script: path -> what comes, one each.

An answer may be late, be cut, lead elsewhere, or not come at all. What was asked is kept.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from msgspec import Struct

CLOSES, CUTS, HANGS, NO_HTTP = "closes", "cuts", "hangs", "no http"
"""What becomes of a request in place of an answer."""
Made = Callable[["Asked"], "Answer | str"]


class Answer(Struct, frozen=True):
    """What is answered."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = {}


class Asked(Struct, frozen=True):
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def route(self) -> str:
        """Method and path without the query."""
        return f"{self.method} {self.path.partition('?')[0]}"


def yes(data: object) -> Answer:
    """A success."""
    return Answer(200, json.dumps({"status": "success", "data": data}).encode())


def no(status: int, error_type: str, message: str = "no") -> Answer:
    """A failure that the broker names."""
    told = {"status": "error", "error_type": error_type, "message": message, "data": None}
    return Answer(status, json.dumps(told).encode())


PAGE = Answer(502, b"<html>Bad gateway</html>", "text/html")
DEAD = no(403, "TokenException", "Incorrect `api_key` or `access_token`.")


class KiteScript:
    """The server.

    Attributes:
        asked: what came.
        came: is set with each request.
        url: where it is.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.came = asyncio.Event()
        self.url = ""
        self.released = asyncio.Event()
        self._answers: dict[str, list[Answer | str | Made]] = defaultdict(list)
        self._held: dict[str, asyncio.Event] = {}

    def on(self, route: str, *answers: Answer | str | Made) -> None:
        """Answer a route so, one after the other; the last one stays."""
        self._answers[route] = list(answers)

    def hold(self, route: str) -> asyncio.Event:
        """Keep what a route is answered back until the event that is returned is set."""
        return self._held.setdefault(route, asyncio.Event())

    def routes(self) -> list[str]:
        """Return what was asked, in order."""
        return [each.route for each in self.asked]

    async def until(self, count: int) -> None:
        """Wait until so many requests have come."""
        while len(self.asked) < count:
            self.came.clear()
            await self.came.wait()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        asked = Asked(request.method, request.raw_path, dict(request.headers), await request.read())
        self.asked.append(asked)
        self.came.set()
        if asked.route in self._held:
            await self._held[asked.route].wait()
        left = self._answers.get(asked.route)
        assert left, f"nothing is scripted for {asked.route}"
        answer = left.pop(0) if len(left) > 1 else left[0]
        answer = answer(asked) if callable(answer) else answer
        if isinstance(answer, Answer):
            return web.Response(
                status=answer.status,
                body=answer.body,
                content_type=answer.content_type,
                headers=answer.headers,
            )
        return await self._misbehave(answer, request)

    async def _misbehave(self, how: str, request: web.Request) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        if how == HANGS:
            await self.released.wait()
        elif how == NO_HTTP:
            transport.write(b"this is no answer\r\n\r\n")
        elif how == CUTS:
            answer = web.StreamResponse(headers={"Content-Length": "1000"})
            await answer.prepare(request)
            await answer.write(b'{"status":"success","data":{"order_id":"15')
        transport.close()
        return web.Response()


@asynccontextmanager
async def scripted_kite() -> AsyncIterator[KiteScript]:
    """Answer until the block ends."""
    script = KiteScript()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", script.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    script.url = f"http://{host}:{port}"
    try:
        yield script
    finally:
        script.released.set()
        await runner.cleanup()
