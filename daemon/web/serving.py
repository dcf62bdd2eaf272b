"""From a row of the table to an answer: who asks, what is asked, once or again."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web

from daemon.control import Refusal
from daemon.domain.instants import SECOND_NS
from daemon.web.admission.auth import AUTH, demand
from daemon.web.admission.connection import Connection
from daemon.web.admission.guards import ASKED
from daemon.web.admission.origins import ORIGINS, SAFE
from daemon.web.admission.sessions import LONGEST_NS
from daemon.web.admission.tokens import Principal, Role
from daemon.web.house import HOUSE
from daemon.web.once import Acted, Once
from daemon.web.problems import Problem
from daemon.web.reading import body_of, read_body, read_query
from daemon.web.table import Answer, Call, Route, Writes

JSON: Final = "application/json"
_NOT_YET: Final = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
"""Statuses that say what is not known yet: a repeat may find out more."""
_encoder = msgspec.json.Encoder()


def add_routes(app: web.Application, routes: tuple[Route, ...]) -> None:
    """Serve every row of a table."""
    for path in dict.fromkeys(route.path for route in routes):
        here = [route for route in routes if route.path == path]
        for route in here:
            serve = _serve if route.handler or route.raw else _refuse
            app.router.add_route(route.method, path, partial(serve, route))


async def _refuse(route: Route, request: web.Request) -> web.StreamResponse:
    """Refuse by its name what is not built yet.

    Raises:
        Problem: always.
    """
    demand(await _who(route, request), route.role)
    asked = f"{route.method} {request.rel_url.raw_path}"  # the row's path may be a pattern
    raise Problem("not_built", f"{asked} comes with a later version")


async def _serve(route: Route, request: web.Request) -> web.StreamResponse:
    """Answer one request of a row.

    Raises:
        Problem: it is refused.
    """
    origins = request.app[ORIGINS]
    if route.upgrade or request.method not in SAFE:
        origins.check_origin(request)
    else:
        origins.check_asking(request)
    who = await _who(route, request)
    demand(who, route.role)
    if route.raw is not None:
        if route.upgrade and isinstance(request.protocol, Connection):
            request.protocol.stay()
        return await route.raw(request, who)
    query = read_query(route.query, request)
    data = await body_of(request)
    _prove(request)
    if route.body is None and data:
        raise Problem("invalid", f"{route.method} {route.path} takes no body")
    body = read_body(route.body, request, data, route.read) if route.body is not None else None
    call = Call(
        house=request.app[HOUSE],
        request=request,
        who=who,
        request_id=request[ASKED].request_id,
        path=request.match_info,
        query=query,
        body=body,
    )
    if route.writes is Writes.ORDER and not request[ASKED].given:
        sentence = "send X-Request-Id: under it the order is sent once, however often it is asked"
        raise Problem("request_id_needed", sentence)
    if route.writes is Writes.NO or not request[ASKED].given:
        return _response(request, await handled(route, call))
    return await Once(call, route.writes, data).answer(partial(recorded, route, call))


async def _who(route: Route, request: web.Request) -> Principal:
    """Return who is asking; what is open to anybody asks nobody for a credential."""
    if route.role is Role.NONE:
        return Principal("nobody", Role.NONE)
    cookie_alone = "Authorization" not in request.headers and "ticket" not in request.query
    if route.upgrade and cookie_alone and "Origin" not in request.headers:
        demand(Principal("nobody", Role.NONE), route.role)
    who = await request.app[AUTH].who(request)
    request[ASKED].user = who.name
    if who.role > Role.NONE:
        _prove(request)
    return who


def _prove(request: web.Request) -> None:
    """Let a connection stay, whoever else wants its place."""
    if isinstance(request.protocol, Connection):
        request.protocol.proven()


async def handled(route: Route, call: Call) -> Answer:
    """Return what a handler answers.

    Raises:
        Problem: it is refused.
    """
    assert route.handler is not None, "a row without a handler was refused before"
    try:
        told = await route.handler(call)
    except Refusal as refusal:
        raise Problem(refusal.code, str(refusal)) from refusal
    return told if isinstance(told, Answer) else Answer(route.status, told)


async def recorded(route: Route, call: Call) -> Acted:
    """Return what came of a request, as it is answered; a refusal is an answer."""
    try:
        answer = await handled(route, call)
    except Problem as problem:
        body, later = problem.body(call.request_id), problem.says_later
        return Acted(problem.status, body, not later and problem.status not in _NOT_YET, later)
    return Acted(answer.status, _encoder.encode(answer.document), answer.final)


def _response(request: web.Request, answer: Answer) -> web.Response:
    response = web.Response(
        status=answer.status, body=_encoder.encode(answer.document), content_type=JSON
    )
    if answer.session is not None:
        _keep_session(request, response, answer.session)
    return response


def _keep_session(request: web.Request, response: web.Response, session: str) -> None:
    cookie = request.app[AUTH].cookie
    if not session:
        response.del_cookie(cookie, path="/", httponly=True, samesite="Strict")
        return
    response.set_cookie(
        cookie,
        session,
        max_age=LONGEST_NS // SECOND_NS,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=request.headers.get("Origin", "").startswith("https://"),
    )
