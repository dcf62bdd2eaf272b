"""What a person brings for a log-in goes to the broker once, however often it is brought here.

A request token counts there once, and a code that was wrong is one more wrong word each time: too
many of them lock the account. But buttons are clicked twice, requests sent again, and the address
that the browser was led to is pasted as well. So what is brought again while the first of it is
under way is answered with what comes of that, and what is brought later is refused. That holds as
well where nobody knows whether the broker took it. Of what was brought a keyed digest is kept.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from daemon.brokers.steps import STEPS, Brought
from daemon.control import Refusal
from daemon.control.line import DISARMED, GONE, NO_ANSWER
from daemon.domain.instants import DAY_NS
from daemon.errors import BrokerMisused
from daemon.messages import Done
from daemon.telemetry.redaction import Secret
from daemon.web.house import House

_MAY_HAVE_LEFT = frozenset({"session_refused", NO_ANSWER, DISARMED, GONE})
"""Refusals that come after the vault has taken what was brought; after any other nothing left."""
_KEPT_NS = DAY_NS
_Act = Callable[[], Coroutine[Any, Any, Done]]


class _Begun(Struct, frozen=True):
    """What was brought, from when on, and what comes of it."""

    at_ns: int
    task: asyncio.Task[Done]


class Bringing:
    """Takes what is brought.

    Args:
        house: what it is taken with.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._key = secrets.token_bytes(32)  # sim-ok: a secret, so that no digest can be guessed
        self._begun: dict[bytes, _Begun] = {}

    async def token(self, account: str, said: Secret, by: str) -> Done:
        """Take what the page led to, and have a session made of it.

        Args:
            account: whose session.
            said: the token, or the whole address.
            by: who.

        Raises:
            Refusal: it was brought before, or gave no session.
        """
        return await self._once(account, said, by, is_code=False)

    async def code(self, account: str, said: Secret, by: str) -> Done:
        """Take a one-time code, and have a session made of it.

        Args:
            account: whose session.
            said: the code.
            by: who.

        Raises:
            Refusal: it was brought before, or gave no session.
        """
        return await self._once(account, said, by, is_code=True)

    async def _once(self, account: str, said: Secret, by: str, *, is_code: bool) -> Done:
        broker, sessions = self._house.brokers.get(account, ""), self._house.control.sessions
        take = sessions.enter if is_code else sessions.bring
        act = partial(take, account, broker, said, by, self._house.wall.now_ns())
        digest = self._digest(account, said, _what(broker, is_code=is_code))
        if digest is None:
            return await act()  # which says why that is nothing
        begun = self._standing(digest)
        if begun is not None and begun.task.done():
            raise Refusal("brought_before", _came_of(begun.task))
        if begun is None:
            task = asyncio.get_running_loop().create_task(self._first(digest, act))
            begun = self._begun[digest] = _Begun(self._house.host.now_ns(), task)
        # Whoever brought it first may go meanwhile, and the next one still hears what came of it.
        return await asyncio.shield(begun.task)

    def _digest(self, account: str, said: Secret, what: Brought | None) -> bytes | None:
        """Return what tells apart what is brought; None: it holds nothing that a broker takes."""
        if what is None:
            return None
        try:
            read = what.read(said)
        except BrokerMisused:
            return None
        return hmac.digest(self._key, f"{account}\n{read.reveal()}".encode(), "sha256")

    async def _first(self, digest: bytes, act: _Act) -> Done:
        try:
            return await act()
        except Refusal as refusal:
            if refusal.code not in _MAY_HAVE_LEFT:
                del self._begun[digest]
            raise

    def _standing(self, digest: bytes) -> _Begun | None:
        """Return what was brought with that digest within a day; what is older is let go of."""
        now_ns = self._house.host.now_ns()
        self._begun = {
            known: begun
            for known, begun in self._begun.items()
            if not begun.task.done() or now_ns - begun.at_ns < _KEPT_NS
        }
        return self._begun.get(digest)


def _what(broker: str, *, is_code: bool) -> Brought | None:
    """Return what is brought at a broker; None: nobody logs in there."""
    step = STEPS.get(broker)
    if step is None:
        return None
    return step.otp if is_code else step.token


def _came_of(task: asyncio.Task[Done]) -> str:
    sentence = "that was brought before, and is not taken again; it came to this"
    error = None if task.cancelled() else task.exception()
    if isinstance(error, Refusal):
        return f"{sentence}: {error}"
    told = "nobody knows" if task.cancelled() or error is not None else task.result().text
    return f"{sentence}: {told}"


BRINGING: Final = web.AppKey("bringing", Bringing)
