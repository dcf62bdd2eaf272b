"""What every request passes, and what every answer carries."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web
from msgspec import Struct
from structlog.contextvars import bound_contextvars

from daemon.domain.instants import SECOND_NS
from daemon.runtime.clock import MonotonicClock
from daemon.telemetry.tracing import Span, SpanKind
from daemon.web.admission.auth import address_of
from daemon.web.admission.connection import Connection
from daemon.web.admission.origins import ORIGINS
from daemon.web.house import HOUSE, House
from daemon.web.problems import Problem

_HOST: Final = MonotonicClock()  # the loop's own clock counts in whole milliseconds
_UNMATCHED: Final = "unmatched"
_UNREAD: Final = "unread"
_UNKNOWN: Final = frozenset({_UNMATCHED, _UNREAD})


class Asked(Struct):
    """What is known of a request while it is answered.

    Attributes:
        request_id: as the caller gave it, or made.
        given: the caller gave it, in a form that is taken.
        began_ns: when, in host time.
        route: the template of the route that it took.
        user: who asks, once that is known.
        order_id: which order it was about.
        strategy_id: which strategy.
    """

    request_id: str
    given: bool
    began_ns: int
    route: str = _UNREAD
    user: str = ""
    order_id: str = ""
    strategy_id: str = ""


MODE: Final = "X-Ordo-Mode"
"""The header that says on every answer whose money is traded with, `paper` or `live`."""
ASKED: Final = web.RequestKey("asked", Asked)
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_SECURITY: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_HTTP_CODES: Final = {404: "no_route", 405: "not_allowed", 413: "too_large"}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Let a request in, answer every no as a problem, and write a line of log.

    What nobody foresaw passes through here: `Connection` answers it, and logs it.
    """
    connection = request.protocol
    assert isinstance(connection, Connection), "every connection is made by the server"
    connection.began(whole=request.content.is_eof())
    begin(request)
    _place(request)
    with bound_contextvars(request_id=request[ASKED].request_id):
        try:
            response = await _answer(request, handler)
        finally:
            connection.ended()
        account_for(request.app[HOUSE], request, response.status)
    return response


def begin(request: web.BaseRequest) -> None:
    """Give a request its id and its beginning; a second time changes nothing."""
    if ASKED in request:
        return
    given = request.headers.get("X-Request-Id", "")
    fits = _ID.fullmatch(given) is not None
    request[ASKED] = Asked(given if fits else _made_id(), fits, _HOST.now_ns())


def _place(request: web.Request) -> None:
    """Note which route a request took, and what its address names."""
    asked, found = request[ASKED], request.match_info
    resource = found.route.resource
    asked.route = resource.canonical if resource is not None else _UNMATCHED
    asked.order_id, asked.strategy_id = found.get("order_id", ""), found.get("strategy_id", "")


async def dress(request: web.Request, response: web.StreamResponse) -> None:
    """Put on an answer what every answer carries."""
    begin(request)
    told = {MODE: request.app[HOUSE].modes.whole}
    dress_bare(request, response, told | request.app[ORIGINS].cors(request))


def dress_bare(
    request: web.BaseRequest, response: web.StreamResponse, more: dict[str, str]
) -> None:
    """Put on an answer what it carries even where the request could not be read."""
    begin(request)
    asked = request[ASKED]
    spent_s = (_HOST.now_ns() - asked.began_ns) / SECOND_NS
    for name, value in {**_SECURITY, **more}.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = asked.request_id
    response.headers["X-Process-Time"] = f"{spent_s:.6f}"


def account_for(house: House, request: web.BaseRequest, status: int) -> None:
    """Write the line of a request, and count it; nothing of what it carried is told.

    The address is told where no route knows it: there it says what was looked for. Of a flood of
    requests that nobody was let in for, most are counted alone.
    """
    asked = request[ASKED]
    ended_ns = _HOST.now_ns()
    spent_s = (ended_ns - asked.began_ns) / SECOND_NS
    left_out = 0 if asked.user else house.strangers.take(ended_ns)
    if left_out is not None:
        _write_line(house, request, status, (spent_s, left_out))
    house.metrics.http_requests.labels(asked.route, str(status)).inc()
    if status != HTTPStatus.SWITCHING_PROTOCOLS:  # a stream lasts as long as somebody watches
        house.metrics.http_seconds.labels(asked.route).observe(spent_s)
    if house.tracer is not None:
        span = Span(
            kind=SpanKind.ROUTE,
            mode=house.modes.whole,
            name=f"{request.method} {asked.route}",
            began_ns=asked.began_ns,
            ended_ns=ended_ns,
            request_id=asked.request_id,
        )
        house.tracer.ended(span)


def _write_line(
    house: House, request: web.BaseRequest, status: int, counted: tuple[float, int]
) -> None:
    """Write the line of a request.

    Args:
        house: whose log it is.
        request: which.
        status: of its answer.
        counted: how many seconds it took, and of how many others no line was written before it.
    """
    asked, (spent_s, left_out) = request[ASKED], counted
    told = {
        "method": request.method,
        "route": asked.route,
        "path": request.path if asked.route in _UNKNOWN else "",
        "client": address_of(request),
        "status": status,
        "latency_ms": round(spent_s * 1_000, 3),
        "request_id": asked.request_id,
        "user": asked.user,
        "order_id": asked.order_id,
        "strategy_id": asked.strategy_id,
        "left_out": left_out or "",
    }
    house.log.info("request", **{key: value for key, value in told.items() if value != ""})


async def _answer(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        origins = request.app[ORIGINS]
        origins.check_host(request)
        _check_id(request)
        origins.check_query(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return origins.preflight(request)
        return await handler(request)
    except Problem as problem:
        return problem.response(request[ASKED].request_id)
    except web.HTTPException as error:
        return _translated(request, error)


def _check_id(request: web.Request) -> None:
    if "X-Request-Id" in request.headers and not request[ASKED].given:
        raise Problem("bad_request_id", "X-Request-Id is 1 to 64 letters, digits and ._:-")


def _translated(request: web.Request, error: web.HTTPException) -> web.Response:
    """Return what the server itself refused, as a problem."""
    code = _HTTP_CODES.get(error.status, "bad_request")
    sentence = {
        "no_route": f"{request.path} is nothing here; GET /api/openapi.json lists what there is",
        "not_allowed": f"{request.method} is not taken at {request.path}",
        "too_large": "a body has at most 256 KiB",
    }.get(code, error.reason)
    response = Problem(code, sentence).response(request[ASKED].request_id)
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response


def _made_id() -> str:
    return secrets.token_hex(8)  # sim-ok: a name that only the caller repeats
