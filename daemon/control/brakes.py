"""Brakes: pause, cancel all, kill, and the release of what was pulled."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from daemon import kill as latch_files
from daemon.control.line import Line, Refusal
from daemon.domain.orders.arming import Mode
from daemon.messages import (
    CancelAll,
    Done,
    Latched,
    LatchKind,
    PullLatch,
    ReleaseLatch,
    Scope,
    SeeAccount,
)
from daemon.runtime.words import Lane


class Brakes:
    """What stops trading, by scope.

    Args:
        line: to the actors.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._unwritten: dict[tuple[LatchKind, Scope, str], Latched] = {}

    async def pause(self, scope: Scope, name: str, reason: str, by: str) -> Latched:
        """Take no new entries in a scope, until that is released."""
        return await self._latch(LatchKind.PAUSE, scope, name, (reason, by))

    async def kill(self, scope: Scope, name: str, reason: str, by: str) -> Latched:
        """Stop the entries of a scope durably, and have all of it closed."""
        return await self._latch(LatchKind.KILL, scope, name, (reason, by))

    async def cancel_all(self, scope: Scope, name: str, reason: str, by: str) -> Done:
        """Take every working order of a scope out of the book."""
        asked = CancelAll(scope, name, because(by, reason))
        await self._ask_all(self._line.reached(scope, name), asked)
        return Done()

    async def rearm(self, latch_id: str, by: str) -> Done:
        """Release a latch.

        Raises:
            Refusal: there is no such latch, or it could not be removed.
        """
        try:
            there = latch_files.release(self._line.names.state_dir, latch_id)
        except latch_files.LatchUnwritten as error:
            raise Refusal("latch_unwritten", str(error)) from error
        if not there and not await self._is_in_the_record_alone(latch_id):
            raise Refusal("unknown_latch", f"no latch {latch_id} stands; `ordo status` lists them")
        await self._ask_all(self._line.names.routers.values(), ReleaseLatch(latch_id, by))
        for key, latched in tuple(self._unwritten.items()):
            if latched.latch_id == latch_id:
                del self._unwritten[key]
        return Done()

    def mode(self, scope: Scope, name: str, latch_id: str = "") -> Mode:
        """Return whose money a scope is about, or that of a latch, where a file tells of it."""
        for latch in latch_files.standing(self._line.names.state_dir) if latch_id else ():
            if latch.latch_id == latch_id:
                scope, name = Scope(latch.scope), latch.id
        return self._line.names.mode(scope, name)

    async def _is_in_the_record_alone(self, latch_id: str) -> bool:
        """Say whether a router goes by a latch that the disk refused.

        Who does not answer could not be told to release it either.
        """
        routers = self._line.names.routers.values()
        try:
            seen = await asyncio.gather(*(self._line.ask(to, SeeAccount()) for to in routers))
        except Refusal:
            return False
        return any(latch_id == each.latch_id for account in seen for each in account.latches)

    async def _ask_all(self, routers: Iterable[str], about: Any) -> None:
        """Ask routers at once; one that does not answer keeps none of the others from acting."""
        asked = (self._line.ask(to, about, Lane.CONTROL) for to in routers)
        for answer in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer

    async def _latch(
        self, kind: LatchKind, scope: Scope, name: str, told: tuple[str, str]
    ) -> Latched:
        """Pull a latch, or the one again that stands for the same; whoever must act is told."""
        reached, (reason, by) = self._line.reached(scope, name), told
        for latch in latch_files.standing(self._line.names.state_dir):
            same = (latch.kind, latch.scope, latch.id) == (kind.value, scope.value, name)
            if same and latch.by != latch_files.UNREAD:
                again = as_latched(latch, self._line.now_ns())
                self._tell(reached, again)
                return again
        latched = self._unwritten.get((kind, scope, name))
        if latched is None:
            latch_id = f"{kind}-{secrets.token_hex(8)}"  # sim-ok: a name that only a person repeats
            latched = Latched(latch_id, kind, scope, name, reason, by, self._line.now_ns())
        try:
            latch_files.pull(self._line.names.state_dir, as_latch(latched))
        except latch_files.LatchUnwritten:  # the actors are told all the same
            self._unwritten[kind, scope, name] = latched
            self._tell(reached, replace(latched, unwritten=True))
            raise
        self._unwritten.pop((kind, scope, name), None)  # its file stands for it from here on
        self._tell(reached, latched)
        return latched

    def _tell(self, reached: tuple[str, ...], latched: Latched) -> None:
        for to in reached:
            self._line.tell(to, PullLatch(latched), Lane.CONTROL)


def because(by: str, reason: str) -> str:
    """Return who wants something and why, for what has no other place for it."""
    return f"{by} ({reason})" if reason else by


def as_latch(latched: Latched) -> latch_files.Latch:
    """Return a latch as its file holds it."""
    return latch_files.Latch(
        latch_id=latched.latch_id,
        kind=latched.kind.value,
        scope=latched.scope.value,
        id=latched.id,
        reason=latched.reason,
        by=latched.by,
        at_ns=latched.at_ns,
    )


def as_latched(latch: latch_files.Latch, at_ns: int) -> Latched:
    """Return the latch of a file as it is recorded, at an instant of market time."""
    return Latched(
        latch_id=latch.latch_id,
        kind=LatchKind(latch.kind),
        scope=Scope(latch.scope),
        id=latch.id,
        reason=latch.reason,
        by=latch.by,
        at_ns=at_ns,
    )
