"""Log-ins that were begun here: each waits for the one browser that a broker sends back.

Whoever is sent back shows a state, which was handed out with the page and counts once. So nobody
can have another session taken for one that was asked for here. A state is 256 bits of chance, known
here only by its SHA-256; a later log-in of the same account takes the place of an earlier one.
"""

from __future__ import annotations

import hmac
import secrets
from enum import StrEnum
from hashlib import sha256
from typing import Final

from aiohttp import web
from msgspec import Struct

from daemon.telemetry.redaction import Secret
from daemon.web.admission.sessions import CODE_NS


class Stage(StrEnum):
    """How far a log-in has come."""

    WAITING = "waiting"
    TAKEN = "taken"
    LOGGED_IN = "logged_in"
    REFUSED = "refused"
    OVER = "over"


class Begun(Struct):
    """A log-in that was begun here.

    Attributes:
        login_id: names it, and lets nobody in.
        account: whose.
        by: who began it.
        digest: of its state.
        until_ns: host time from which nobody is waited for any more.
        stage: how far it has come.
        text: the same in words, once it has ended.
    """

    login_id: str
    account: str
    by: str
    digest: str
    until_ns: int
    stage: Stage = Stage.WAITING
    text: str = ""

    def stage_at(self, now_ns: int) -> Stage:
        """Return how far it has come by now."""
        if self.stage is Stage.WAITING and now_ns >= self.until_ns:
            return Stage.OVER
        return self.stage

    def take(self, now_ns: int) -> bool:
        """Return whether what was brought back may be used: once, and in time."""
        if self.stage_at(now_ns) is not Stage.WAITING:
            return False
        self.stage = Stage.TAKEN
        return True

    def end(self, stage: Stage, text: str) -> None:
        """Note what came of it."""
        self.stage, self.text = stage, text


class BegunLogins:
    """Those of every account, the newest of each."""

    def __init__(self) -> None:
        self._begun: dict[str, Begun] = {}

    def begin(self, account: str, by: str, now_ns: int) -> tuple[Begun, Secret]:
        """Begin one; return it with its state."""
        state = secrets.token_urlsafe(32)  # sim-ok: a secret must be chance that nobody can repeat
        login_id = secrets.token_hex(8)  # sim-ok: a name that only the caller repeats
        begun = Begun(login_id, account, by, _digest(state), now_ns + CODE_NS)
        self._begun[account] = begun
        return begun, Secret(state)

    def of_state(self, state: str) -> Begun | None:
        """Return the one that a state belongs to; None: it was not begun here, or not lately."""
        digest = _digest(state)
        return next(
            (b for b in self._begun.values() if hmac.compare_digest(b.digest, digest)), None
        )

    def of_id(self, login_id: str) -> Begun | None:
        """Return the one of a name; None: there is none, or a later one took its place."""
        return next((b for b in self._begun.values() if b.login_id == login_id), None)

    def drop(self, account: str) -> None:
        """Wait for nobody any more: what he would bring was brought another way.

        Who has come back meanwhile is still told what came of it.
        """
        begun = self._begun.get(account)
        if begun is not None and begun.stage is Stage.WAITING:
            del self._begun[account]


def _digest(state: str) -> str:
    return sha256(state.encode("utf-8", "surrogatepass")).hexdigest()


BEGUN: Final = web.AppKey("begun_logins", BegunLogins)
