"""How a browser comes in: log in, log out, and the ticket of a WebSocket."""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.instants import iso
from daemon.web.admission.auth import AUTH
from daemon.web.admission.origins import ORIGINS
from daemon.web.admission.tokens import Role
from daemon.web.table import Answer, Call, Route, Writes


class LoginBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The code of the ready address, after `#code=`."""

    code: str


class LoggedIn(Struct, frozen=True):
    """Who the browser's session stands for."""

    name: str
    role: str


class TicketDocument(Struct, frozen=True):
    """A ticket that opens one WebSocket, as `?ticket=`."""

    ticket: str
    expires_at: str


class CodeDocument(Struct, frozen=True):
    """A code that becomes a browser's session once."""

    code: str
    expires_at: str


class Nothing(Struct, frozen=True):
    """Nothing more is told."""

    ok: bool = True


async def log_in(call: Call) -> Answer:
    """Exchange a code for a session."""
    call.request.app[ORIGINS].check_confidential(call.request)
    session, who = await call.request.app[AUTH].log_in(call.request, call.body.code)
    return Answer(200, LoggedIn(who.name, who.role.word), session)


async def log_out(call: Call) -> Answer:
    """End the browser's session."""
    await call.request.app[AUTH].log_out(call.request)
    return Answer(200, Nothing(), "")


async def ticket(call: Call) -> TicketDocument:
    """Hand out a ticket."""
    secret, until_ns = call.request.app[AUTH].ticket(call.who)
    return TicketDocument(secret, iso(until_ns))


async def code(call: Call) -> CodeDocument:
    """Hand out a code, so that a browser can come in at any time."""
    secret, until_ns = call.request.app[AUTH].code(call.who)
    return CodeDocument(secret, iso(until_ns))


ROUTES = (
    Route(
        method="POST",
        path="/api/login",
        role=Role.NONE,
        summary="exchange a code for a session cookie",
        handler=log_in,
        body=LoginBody,
        answer=LoggedIn,
    ),
    Route(
        method="POST",
        path="/api/logout",
        role=Role.VIEWER,
        summary="end the browser's session",
        handler=log_out,
        answer=Nothing,
    ),
    Route(
        method="POST",
        path="/api/ws-ticket",
        role=Role.VIEWER,
        summary="a ticket that opens one WebSocket within 30 s",
        handler=ticket,
        answer=TicketDocument,
        writes=Writes.NO,
    ),
    Route(
        method="POST",
        path="/api/login-code",
        role=Role.ADMIN,
        summary="a code that becomes a browser's session within ten minutes",
        handler=code,
        answer=CodeDocument,
    ),
)
"""None of these is recorded under a request id, for their answers are secrets."""
