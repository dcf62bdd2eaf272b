"""What a row of the route table is; the router, the roles and the description are made of rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Any

from aiohttp import web
from msgspec import Struct

from daemon.domain.orders.arming import Mode
from daemon.messages import Scope
from daemon.web.admission.tokens import Principal, Role
from daemon.web.house import House


class Writes(Enum):
    """What becomes of a request that is sent again under its id.

    NO: nothing is changed, or secrets are handed out or in that no record may hold, not even as
        the digest of a body; a repeat does no harm.
    ONCE: it is recorded before it acts, so that not even a crash lets it act twice.
    ORDER: the router knows the orders of each request, so a repeat learns what became of it.
    BRAKE: it acts whatever else is broken, and a repeat does no harm.
    """

    NO = "no"
    ONCE = "once"
    ORDER = "order"
    BRAKE = "brake"


class Call(Struct, frozen=True):
    """One request, as a handler sees it.

    Attributes:
        house: what answers are given from.
        request: as it came; for its address and cookies alone.
        who: is asking.
        request_id: as the caller gave it, or made.
        path: the parts of the address that have names.
        query: read and judged.
        body: read and judged.
    """

    house: House
    request: web.Request
    who: Principal
    request_id: str
    path: Mapping[str, str]
    query: Any = None
    body: Any = None

    @property
    def mode(self) -> Mode:
        """Whose money it is about: that of the strategy or account it names, else of all."""
        body, names = self.body, self.house.control.line.names
        if strategy_id := self.path.get("strategy_id"):
            return names.mode(Scope.STRATEGY, strategy_id)
        if account := self.path.get("account") or getattr(body, "account", ""):
            return names.mode(Scope.ACCOUNT, account)
        return names.mode(getattr(body, "scope", Scope.ALL), getattr(body, "id", None) or "")


class Answer(Struct, frozen=True):
    """An answer other than a plain 200.

    Attributes:
        status: of HTTP.
        document: what is told.
        session: for the browser to keep; empty: to forget; None: no matter of sessions.
        final: a repeat would find out nothing more.
    """

    status: int
    document: Any
    session: str | None = None
    final: bool = True


Handler = Callable[[Call], Awaitable[Any]]
"""Returns a document, or an `Answer`."""
Raw = Callable[[web.Request, Principal], Awaitable[web.StreamResponse]]
"""Answers by itself: a page, a WebSocket."""


class Route(Struct, frozen=True, kw_only=True):
    """One row.

    Attributes:
        method: of HTTP.
        path: with the names of its parts in braces.
        role: who may; `NONE`: anybody.
        summary: what it does, in one line.
        handler: answers; None: not built yet, which is told by name.
        raw: answers by itself, instead of `handler`.
        upgrade: it becomes a WebSocket, so its Origin is judged like that of a write.
        writes: what a repeat does.
        query: what may stand in the address.
        body: what is taken.
        read: reads the body, where more than its form is judged.
        answer: what is told; None: nothing that has a form.
        status: of the plain answer.
        by_account: it is done in several accounts, which may answer differently.
    """

    method: str
    path: str
    role: Role
    summary: str
    handler: Handler | None = None
    raw: Raw | None = None
    upgrade: bool = False
    writes: Writes = Writes.NO
    query: type[Struct] | None = None
    body: type[Struct] | None = None
    read: Callable[[bytes], Any] | None = None
    answer: Any = None
    status: int = 200
    by_account: bool = False
