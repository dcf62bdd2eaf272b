"""The control port: aiohttp's server with our deadlines, caps and answers around it.

async with serve(house) as served:
    ...  # served.ready_url holds a code that lets a browser in once
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from aiohttp import web
from msgspec import Struct

from daemon.errors import SettingsError
from daemon.web.admission.auth import AUTH, Auth
from daemon.web.admission.connection import Connection, Failed, Room
from daemon.web.admission.guards import ASKED, MODE, account_for, begin, dress, dress_bare, guard
from daemon.web.admission.origins import ORIGINS, Origins
from daemon.web.house import HOUSE, House
from daemon.web.logging_in import login_page
from daemon.web.logging_in.begun_logins import BEGUN, BegunLogins
from daemon.web.logging_in.bringing import BRINGING, Bringing
from daemon.web.problems import Problem
from daemon.web.reading import BODY_BYTES
from daemon.web.routes import ROUTES
from daemon.web.serving import add_routes
from daemon.web.table import Route

_BACKLOG = 256
_CONTINUE = "100-continue"
_Inner = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
_STOP_S = 2
"""An answer under way may take so long when the port closes; then it is cut."""


class Served(Struct, frozen=True):
    """A control port that is open.

    Attributes:
        url: without a path.
        port: that is listened on.
        app: for whoever belongs to it.
    """

    url: str
    port: int
    app: web.Application

    @property
    def ready_url(self) -> str:
        """The page's address with a new code, which lets a browser in once within ten minutes."""
        code, _ = self.app[AUTH].code()
        return f"{self.url}/#code={code}"


def build_app(house: House, port: int, more: tuple[Route, ...] = ()) -> web.Application:
    """Return the application: every route behind every guard.

    Args:
        house: what answers are given from.
        port: that is listened on.
        more: further rows, such as WebSockets and the page.

    Raises:
        SettingsError: a file of secrets is open to others or cannot be understood.
    """
    app = web.Application(middlewares=[guard], client_max_size=BODY_BYTES)
    origins = Origins(house.settings.allowed_hosts, house.settings.allowed_origins, port)
    app[HOUSE], app[ORIGINS], app[AUTH] = house, origins, Auth(house, origins)
    app[BEGUN], app[BRINGING] = BegunLogins(), Bringing(house)
    app.on_response_prepare.append(dress)
    add_routes(app, (*ROUTES, *login_page.ROUTES, *more))
    return app


@contextlib.asynccontextmanager
async def serve(house: House, more: tuple[Route, ...] = ()) -> AsyncIterator[Served]:
    """Open the control port until the block ends; then answers under way have 2 s.

    Raises:
        SettingsError: the address cannot be listened on, or a file of secrets is open to others.
    """
    settings, loop = house.settings, asyncio.get_running_loop()
    with _bound(settings.host, settings.port) as listener:
        port = listener.getsockname()[1]
        app = build_app(house, port, more)
        runner = web.AppRunner(app, shutdown_timeout=_STOP_S, access_log=None)
        await runner.setup()
        assert runner.server is not None, "a runner that is set up has a server"
        failed = partial(_failed, house)
        inner = runner.server.request_handler
        runner.server.request_handler = partial(_judge_expectation, failed, inner)
        make = partial(Connection, runner.server, loop, Room(settings), failed)
        try:
            server = await loop.create_server(make, sock=listener, backlog=_BACKLOG)
            try:
                name = f"[{settings.host}]" if ":" in settings.host else settings.host
                yield Served(f"http://{name}:{port}", port, app)
            finally:
                server.close()
        finally:
            await runner.cleanup()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"[web] {host} port {port} cannot be listened on: {error.strerror}; "
            "end what listens there, or let [web] port name another",
            "port_taken",
        ) from error
    listener.setblocking(False)  # noqa: FBT003 (the socket's own way)
    return listener


async def _judge_expectation(
    failed: Failed, inner: _Inner, request: web.BaseRequest
) -> web.StreamResponse:
    """Refuse an expectation before the server judges it, who would quote it as it came."""
    if request.headers.get("Expect", _CONTINUE).lower() != _CONTINUE:
        return failed(request, 400, None, "100-continue is the one expectation that is met here")
    return await inner(request)


def _failed(
    house: House, request: web.BaseRequest, status: int, error: BaseException | None, text: str
) -> web.Response:
    """Answer what could not be read, and what nobody foresaw."""
    begin(request)
    request_id = request[ASKED].request_id
    if status < web.HTTPInternalServerError.status_code:
        problem = Problem("bad_request", _one_line(text))
    else:
        house.log.error("defect", request_id=request_id, path=request.path, exc_info=error)
        sentence = f"the daemon's log tells of it under request_id {request_id}"
        problem = Problem("internal", sentence)
    response = problem.response(request_id)
    dress_bare(request, response, {MODE: house.modes.whole})
    account_for(house, request, problem.status)
    return response


def _one_line(text: str) -> str:
    """Return the first line of what a parser says; the rest quotes what was sent."""
    return text.strip().partition("\n")[0].rstrip(":") or "the request cannot be read"
