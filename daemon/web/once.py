"""A write under a request id: it acts once, and every repeat is answered with the same bytes.

What was refused for now did nothing and is no answer for the day: its repeat acts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from daemon.control import Refusal
from daemon.messages import (
    AbandonRequest,
    Ask,
    ClaimRequest,
    Done,
    FinishRequest,
    RequestAnswered,
)
from daemon.runtime.words import Lane
from daemon.web.problems import CONTENT_TYPE, Problem, patience
from daemon.web.table import Call, Writes

_BRAKE_WAITS_S = 0.25
_JSON = "application/json"


class Acted(Struct, frozen=True):
    """What came of a request.

    Attributes:
        status: of the answer.
        body: of the answer.
        final: a repeat would find out nothing more.
        later: it was refused for now, and nothing was done.
    """

    status: int
    body: bytes
    final: bool
    later: bool = False


Act = Callable[[], Awaitable[Acted]]


class _Refused(Struct):
    """What a problem's document says of time."""

    retry_after: int | None = None


class Once:
    """One request on its way through the clerk.

    Args:
        call: the request.
        writes: what a repeat does.
        data: its body.
    """

    def __init__(self, call: Call, writes: Writes, data: bytes) -> None:
        self._line = call.house.control.line
        self._clerk = call.house.clerk
        self._host = call.house.host
        self._id = call.request_id
        self._brake = writes is Writes.BRAKE
        self._once = writes is Writes.ONCE
        self._digest = _digest(call, data)

    async def answer(self, act: Act) -> web.Response:
        """Let the request act, or answer it as it was answered before.

        Raises:
            Problem: its id was used for another one, or its answer could not be made durable.
        """
        claimed = await self._claim()
        if isinstance(claimed, RequestAnswered):
            return _response(claimed.status, claimed.body.encode())
        finished = False
        try:
            acted = await act()
            if acted.final or self._once:
                await self._finish(acted)
                finished = True
            return _response(acted.status, acted.body)
        finally:
            if not finished:
                abandoned = Ask(0, AbandonRequest(self._id))
                self._line.tell(self._clerk, abandoned, Lane.FACTS)

    async def _claim(self) -> Any:
        """Ask the clerk; a brake waits for nobody who is broken."""
        wanted = ClaimRequest(self._id, self._digest, self._host.now_ns(), self._once)
        try:
            async with asyncio.timeout(_BRAKE_WAITS_S if self._brake else None):
                return await self._line.ask(self._clerk, wanted)
        except TimeoutError:
            return Done()
        except Refusal as refusal:
            if self._brake and refusal.code != "request_reused":
                return Done()
            raise Problem(refusal.code, str(refusal)) from refusal

    async def _finish(self, acted: Acted) -> None:
        answered = RequestAnswered(
            request_id=self._id,
            digest=self._digest,
            status=acted.status,
            body=acted.body.decode(),
            host_ns=self._host.now_ns(),
            again=acted.later,
        )
        try:
            await self._line.ask(self._clerk, FinishRequest(answered))
        except Refusal as refusal:
            if self._brake:
                return  # it holds, and a person waits to hear so
            sentence = f"the request acted, but its answer could not be recorded: {refusal}"
            raise Problem(refusal.code, sentence) from refusal


def _digest(call: Call, data: bytes) -> str:
    """Return what tells two requests under one id apart."""
    request = call.request
    parts = (call.who.name.encode(), request.method.encode(), request.path_qs.encode(), data)
    return sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()


def _response(status: int, body: bytes) -> web.Response:
    if status < HTTPStatus.BAD_REQUEST:
        return web.Response(status=status, body=body, content_type=_JSON)
    waits = patience(status, msgspec.json.decode(body, type=_Refused).retry_after)
    return web.Response(status=status, body=body, content_type=CONTENT_TYPE, headers=waits)
