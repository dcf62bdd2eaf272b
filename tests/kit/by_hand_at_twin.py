"""A control port before the twin of Zerodha: what a person brings is sent there, and counted."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pyotp
import pytest

from daemon.actors.session_keeper import Session, SessionKeeper, TryAgain
from daemon.brokers.door import Door
from daemon.brokers.zerodha import headless
from daemon.brokers.zerodha.broker import Zerodha
from daemon.brokers.zerodha.client import Client
from daemon.brokers.zerodha.contracts import Contracts
from daemon.brokers.zerodha.forms import Sent
from daemon.brokers.zerodha.headless import Headless
from daemon.brokers.zerodha.signing_in import SigningIn
from daemon.brokers.zerodha.transport import Transport
from daemon.brokers.zerodha.wire import Reply
from daemon.brokers.zerodha.wire_twin.session import USER
from daemon.brokers.zerodha.wire_twin.website import PASSWORD, TOTP_SECRET
from daemon.control import LiveTerms
from daemon.domain.instants import SECOND_NS
from daemon.errors import OutcomeUnknown
from daemon.runtime.clock import MonotonicClock
from daemon.runtime.words import Alarm, Call, Commit, Publish, Show
from daemon.storage.sealed import Sealed
from daemon.storage.vault import Place, Vault
from daemon.telemetry.redaction import Secret
from tests.kit import wire_twin
from tests.kit.canary import remembered
from tests.kit.control_port import HOST_NS, Port, open_port

ACCOUNT = "second"
PATH = f"/api/sessions/{ACCOUNT}/login"
CODE, TOKEN = "/api/twofa", "/session/token"
_KEEPER = f"session_keeper:{ACCOUNT}"


class Wire:
    """What of log-ins goes to the broker.

    Attributes:
        sent: the paths, in order.
        left: something of a log-in has left.
        open: an answer to it comes only while this is set.
        silent: no answer to it comes at all.
    """

    def __init__(self) -> None:
        self.sent = list[str]()
        self.left, self.open, self.silent = asyncio.Event(), asyncio.Event(), False
        self.open.set()


class _Watched(Transport):
    """A way to the broker that is looked at."""

    def __init__(self, wire: Wire, root: str, **more: Any) -> None:
        super().__init__(root, **more)
        self._wire = wire

    async def send(
        self,
        sent: Sent,
        authorization: Secret | None,
        timeout_ms: int | None = None,
        in_time: Callable[[], bool] | None = None,
    ) -> Reply:
        reply = await super().send(sent, authorization, timeout_ms, in_time)
        if sent.path in (CODE, TOKEN):
            self._wire.sent.append(sent.path)
            self._wire.left.set()
            await self._wire.open.wait()
            if self._wire.silent:
                raise OutcomeUnknown("it took too long")
        return reply


class ByHand:
    """An account that a person logs in.

    Attributes:
        twin: the broker.
        port: where he brings what he has.
        wire: between the two.
    """

    def __init__(self, twin: wire_twin.Client, port: Port, vault: Vault, wire: Wire) -> None:
        self.twin, self.port, self.wire = twin, port, wire
        self._now_ns, page = twin.parts.market.now_ns, twin.ready.url
        self._keeper = SessionKeeper(ACCOUNT, "broker")
        client = Client(_Watched(wire, page), MonotonicClock(), lambda _: None)
        sealed = Sealed(vault, ACCOUNT, port.clock)
        alone = Headless(sealed, self._now_ns, port.clock, page)
        signing_in = SigningIn(client, sealed, self._now_ns, alone)
        self.broker = Zerodha(client, Contracts(), signing_in, self._now_ns)
        self._door = Door(self.broker, self._now_ns, lambda *_: "")
        self._calls: set[asyncio.Task[None]] = set()
        port.actors.line.tell = self._tell

    @property
    def session(self) -> Session:
        """Where its session stands."""
        return self._keeper._state

    @property
    def wrong(self) -> int:
        """So many words the broker holds against the account; the third locks it."""
        return self.twin.parts.house.website.wrong

    async def try_again(self) -> None:
        """Let the keeper try again, as it does by a clock."""
        self._tell(_KEEPER, TryAgain(self._keeper._generation))
        await asyncio.gather(*self._calls)

    async def bring(self, path: str = PATH, **what: str) -> tuple[int, dict[str, Any]]:
        """Bring something, a second after whatever was brought before."""
        self.port.clock.advance(SECOND_NS)
        status, told, _ = await self.port.ask("POST", path, json=what)
        return status, told

    def code(self, seconds: int = 0) -> str:
        """Return the one-time code of so many seconds from now."""
        return pyotp.TOTP(TOTP_SECRET).at(self._now_ns() // SECOND_NS + seconds)

    async def token(self) -> str:
        """Return what the page of the broker leads to."""
        told = await self.twin.at_once("POST", "/twin/request_token")
        return remembered(told.body["request_token"])

    def _tell(self, to: str, message: Any, lane: Any = None) -> None:
        if to != _KEEPER:
            self.port.actors.tell(to, message, lane)
            return
        waiting = deque(self._keeper.handle(message, self._now_ns()))
        while waiting:
            match waiting.popleft():
                case Commit(_, then):
                    waiting.extendleft(reversed(then))
                case Call(_, request):
                    task = asyncio.get_running_loop().create_task(self._ask(request))
                    self._calls.add(task)
                    task.add_done_callback(self._calls.discard)
                case Show(view):
                    self.port.actors.line.shown(view)
                case Alarm() | Publish():
                    pass
                case other:
                    raise AssertionError(f"a keeper does {other!r}")

    async def _ask(self, request: Any) -> None:
        for answer in await self._door.ask(request):
            self._tell(_KEEPER, answer)


@asynccontextmanager
async def by_hand(state_dir: Path, patch: pytest.MonkeyPatch) -> AsyncIterator[ByHand]:
    """Keep an account that a person logs in by a token or by a code, until the block ends.

    Args:
        state_dir: of the daemon.
        patch: has what is sent to the page of the broker looked at.
    """
    vault, wire = Vault(Place(state_dir)), Wire()
    terms = LiveTerms(alone=frozenset({ACCOUNT}))
    patch.setattr(headless, "Transport", partial(_Watched, wire))
    async with (
        wire_twin.twin() as twin,
        open_port(state_dir, brokers={ACCOUNT: "zerodha"}, terms=terms) as port,
    ):
        kept = {"api_key": twin.ready.api_key, "user_id": USER, "password": remembered(PASSWORD)}
        kept["api_secret"] = remembered(twin.ready.api_secret)
        vault.begin(HOST_NS)
        vault.put(ACCOUNT, {field: Secret(text) for field, text in kept.items()}, HOST_NS)
        account = ByHand(twin, port, vault, wire)
        try:
            yield account
        finally:
            wire.open.set()
            await account.broker.close()
