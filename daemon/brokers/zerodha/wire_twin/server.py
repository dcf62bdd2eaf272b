"""The twin as a server on loopback: Zerodha's REST interface and ticker, and an admin beside them.

A request is let in, counted, struck by what goes wrong, and answered, in that order. What a row of
the table does is done at once, so nothing else happens in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import msgspec
from aiohttp import web
from msgspec import Struct

from daemon.brokers.zerodha.wire_twin import unsent
from daemon.brokers.zerodha.wire_twin.admin import Admin
from daemon.brokers.zerodha.wire_twin.api import ROWS, Call, House, Row, Text
from daemon.brokers.zerodha.wire_twin.asked import placement
from daemon.brokers.zerodha.wire_twin.limits import Bucket, Limits
from daemon.brokers.zerodha.wire_twin.market import Market
from daemon.brokers.zerodha.wire_twin.mischief import Arrives, Fault, Kind, Mischief, On
from daemon.brokers.zerodha.wire_twin.pages import Pages
from daemon.brokers.zerodha.wire_twin.session import API_KEY, API_SECRET
from daemon.brokers.zerodha.wire_twin.ticker import Ticker
from daemon.brokers.zerodha.wire_twin.words import Denied, denial, envelope, too_many, wrong
from daemon.domain.instants import MILLISECOND_NS, iso
from daemon.errors import OrdoError, SettingsError

_HOST = "127.0.0.1"
_JSON, _CSV = "application/json", "text/csv"
_HEARTBEAT_S = 1.0
_STOP_S = 0.2
_TIMED_OUT = (
    "Order request timed out. Please check the order book and confirm before placing again."
)
_GONE = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
_UNAVAILABLE = "The trading system cannot be reached."
_KINDS = {503: "NetworkException", 502: "DataException", 504: "DataException"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Parts(Struct, frozen=True):
    """What a twin is made of."""

    house: House
    market: Market
    mischief: Mischief
    ticker: Ticker
    limits: Limits


class Ready(Struct, frozen=True):
    """What a client must know to begin."""

    url: str
    ws_url: str
    api_key: str
    api_secret: str
    request_token: str


class Server:
    """Answers requests.

    Args:
        parts: of the twin.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def app(self) -> web.Application:
        """Return both sides: the broker's wire, and the admin."""
        app = web.Application(middlewares=[_in_envelope])
        for row in ROWS:
            app.router.add_route(row.method, row.path, partial(self._answer, row))
        app.router.add_get("/", self._socket)
        parts = self._parts
        Pages(parts.house, parts.market).add_to(app.router)
        Admin(parts.house, parts.market, parts.mischief, parts.ticker).add_to(app.router)
        return app

    async def _answer(self, row: Row, request: web.Request) -> web.StreamResponse:
        parts = self._parts
        call = await _call(row, request)
        await parts.market.still()
        now_ns = parts.market.now_ns()
        if row.session:
            parts.house.session.check_header(request.headers.get("Authorization", ""), now_ns)
        tag, told = call.form.get("tag", ""), None
        if row.bucket is Bucket.WRITE:
            told = {
                "at": iso(now_ns),
                "what": row.on,
                "tag": tag,
                "path": request.path,
                "fault": "",
            }
            parts.house.desk.books.writes.append(told)
        parts.limits.admit(row.bucket)
        fault = None
        if row.bucket is not Bucket.FREE:
            fault = parts.mischief.answer(row.on, tag, request.path, now_ns)
        if fault is not None and told is not None:
            told["fault"] = fault.kind
        if fault is None:
            return self._done(row, call)
        return await self._struck(row, call, fault, request)

    def _done(self, row: Row, call: Call) -> web.Response:
        told = row.answer(self._parts.house, call)
        if row.path == "/session/token" and row.method == "POST":
            self._parts.market.begin()
        if isinstance(told, Text):
            return web.Response(text=told.text, content_type=_CSV)
        return web.Response(body=envelope(told), content_type=_JSON)

    async def _struck(
        self, row: Row, call: Call, fault: Fault, request: web.Request
    ) -> web.StreamResponse:
        """Let a fault strike an answer, and what is asked arrive as the fault has it."""
        if fault.kind is Kind.TOO_MANY:
            raise too_many()
        if fault.kind in (Kind.REJECT, Kind.STICK):
            return self._unsent(row, call, fault)
        if fault.kind is Kind.DELAY:
            answer = self._done(row, call)
            await asyncio.sleep(fault.delay_ms / 1_000)
            return answer
        self._arrive(row, call, fault)
        match fault.kind:
            case Kind.DROP:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
            case Kind.HTML:
                return web.Response(
                    text=_GONE, status=fault.status or 502, content_type="text/html"
                )
            case Kind.TIMED_OUT:
                raise Denied(400, "OrderException", _TIMED_OUT)
        status = fault.status or 503
        raise Denied(status, _KINDS.get(status, "GeneralException"), _UNAVAILABLE)

    def _arrive(self, row: Row, call: Call, fault: Fault) -> None:
        """Do what is asked: now, later or never; nobody hears of a refusal."""

        def act() -> None:
            with suppress(Denied):
                row.answer(self._parts.house, call)

        if fault.arrives is Arrives.NOW:
            act()
        elif fault.arrives is Arrives.LATE:
            self._parts.house.desk.after(fault.late_ms * MILLISECOND_NS, act)

    def _unsent(self, row: Row, call: Call, fault: Fault) -> web.Response:
        """Take an order, and reject it or let it stick; refuse anything else."""
        if row.on is not On.PLACE:
            raise wrong("Your order could not be processed: rejected on purpose.")
        desk = self._parts.house.desk
        order = placement(call.path["variety"], call.form, desk.contracts)
        if fault.kind is Kind.STICK:
            number = unsent.stuck(desk, order, fault.late_ms * MILLISECOND_NS)
        else:
            number = unsent.rejected(desk, order, "rejected on purpose")
        return web.Response(body=envelope({"order_id": number}), content_type=_JSON)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        parts = self._parts
        await parts.market.still()
        now_ns = parts.market.now_ns()
        key, token = request.query.get("api_key", ""), request.query.get("access_token", "")
        parts.house.session.check(key, token, now_ns)
        fault = parts.mischief.strike(Kind.REFUSE_SOCKET, now_ns)
        if fault is not None:
            raise Denied(fault.status or 403, "TokenException", "Invalid session credentials")
        if parts.ticker.is_full:
            raise too_many()
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await parts.ticker.serve(socket, request.transport)
        return socket


@web.middleware
async def _in_envelope(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what is refused, or fails, in Zerodha's envelope."""
    try:
        return await handler(request)
    except Denied as denied:
        found = denied
    except OrdoError as error:
        found = Denied(500, "GeneralException", str(error))
    except web.HTTPException as error:
        text = {404: "Route not found", 405: "Method not allowed"}.get(error.status, error.reason)
        found = Denied(error.status, "GeneralException", text)
    return web.Response(body=denial(found), status=found.status, content_type=_JSON)


async def _call(row: Row, request: web.Request) -> Call:
    """Read a request.

    Raises:
        Denied: its body cannot be understood.
    """
    body, form = None, {}
    if row.method in ("POST", "PUT"):
        if row.path.startswith(("/margins", "/charges")):
            try:
                body = msgspec.json.decode(await request.read())
            except msgspec.MsgspecError as error:
                raise wrong("The body is no JSON.") from error
        else:
            form = {name: str(value) for name, value in (await request.post()).items()}
    return Call(
        path=dict(request.match_info),
        query=dict(request.query),
        form=form,
        instruments=request.query.getall("i", []),
        body=body,
    )


@asynccontextmanager
async def serving(parts: Parts, port: int) -> AsyncIterator[Ready]:
    """Serve a twin on loopback until the block ends, and let its market go on meanwhile.

    Args:
        parts: of the twin.
        port: to listen on; 0: any that is free.

    Raises:
        SettingsError: the port cannot be listened on.
        OrdoError: the market cannot go on.
    """
    runner = web.AppRunner(Server(parts).app(), access_log=None, shutdown_timeout=_STOP_S)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, _HOST, port).start()
        except OSError as error:
            raise SettingsError(
                f"port {port} of {_HOST} cannot be listened on: {error.strerror}; "
                "end what listens there, or name another with --port",
                "port_taken",
            ) from error
        place = f"{_HOST}:{runner.addresses[0][1]}"
        token = parts.house.session.request_token()
        async with asyncio.TaskGroup() as group:
            under_way = [
                group.create_task(parts.market.run()),
                group.create_task(_beating(parts.ticker)),
            ]
            yield Ready(f"http://{place}", f"ws://{place}", API_KEY, API_SECRET, token)
            for each in under_way:
                each.cancel()
            parts.ticker.drop()
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None  # one thing fails first, and is what to tell
    finally:
        await runner.cleanup()


async def _beating(ticker: Ticker) -> None:
    while True:
        await asyncio.sleep(_HEARTBEAT_S)
        ticker.beat()
