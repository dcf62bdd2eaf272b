"""A control port on 127.0.0.1 for tests: scripted actors behind it, aiohttp's client before it."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp

from daemon.actors.request_clerk import RequestClerk
from daemon.control import Control, Line, LiveTerms, Names
from daemon.messages import Ask, Told
from daemon.runtime.clock import VirtualClock
from daemon.runtime.words import Commit, Lane, Show, Tell
from daemon.settings.web import Web
from daemon.telemetry.log import make_log
from daemon.web.admission.tokens import create_token, operator_token
from daemon.web.house import House
from daemon.web.server import Served, serve
from daemon.web.table import Route

MARKET_NS = 1_763_870_451_000_000_000
HOST_NS = 1_764_000_000_000_000_000
Answers = dict[type, Callable[[Any], Any]]


class Actors:
    """Answers whatever is asked with what the script says; the clerk is the real one.

    Attributes:
        answers: by the type of what is asked: what is answered; None: nobody answers.
        asked: all that was asked, with its address.
        recorded: the clerk's facts.
    """

    def __init__(self, answers: Answers, state_dir: Path) -> None:
        self.answers = dict(answers)
        self.asked: list[tuple[str, Any]] = []
        self.recorded: list[Any] = []
        self.durable = True
        self.clerk = RequestClerk("request_clerk")
        names = Names(
            state_dir=state_dir,
            routers={"paper": "router:paper", "second": "router:second"},
            strategies={"straddle": "runner:straddle"},
            accounts={"straddle": ("paper",)},
        )
        self.line = Line(self.tell, lambda: MARKET_NS, names)

    def tell(self, to: str, message: Any, lane: Lane) -> None:
        if to == "request_clerk":
            self._clerk(message)
            return
        if not isinstance(message, Ask):
            self.asked.append((to, message))
            return
        self.asked.append((to, message.about))
        answer = self.answers.get(type(message.about))
        if answer is not None:
            self.line.shown(Told(message.number, answer(message.about)))

    def told(self, kind: type) -> list[Any]:
        """Return what of a type was asked."""
        return [about for _, about in self.asked if isinstance(about, kind)]

    def restart(self) -> None:
        """Begin anew with what was recorded."""
        self.clerk = RequestClerk("request_clerk", self.recorded)

    def _clerk(self, message: Any) -> None:
        waiting = list(self.clerk.handle(message, MARKET_NS))
        while waiting:
            effect = waiting.pop(0)
            match effect:
                case Commit(facts, then) if self.durable:
                    self.recorded += facts
                    waiting = [*then, *waiting]
                case Tell(_, told):
                    waiting += self.clerk.handle(told, MARKET_NS)
                case Show(view):
                    self.line.shown(view)


class Port:
    """An open control port.

    Attributes:
        served: address and application.
        actors: behind it.
        clock: host time.
        client: without any credential of its own.
        admin: the headers of the operator.
    """

    def __init__(
        self, served: Served, actors: Actors, clock: VirtualClock, client: aiohttp.ClientSession
    ) -> None:
        self.served = served
        self.actors = actors
        self.clock = clock
        self.client = client
        self.log = io.StringIO()
        self.state_dir = actors.line.names.state_dir
        self.admin = {"Authorization": f"Bearer {operator_token(self.state_dir)}"}

    def token(self, role: str) -> dict[str, str]:
        """Return the headers of somebody with that role."""
        token = create_token(self.state_dir, f"some-{role}-{self.clock.now_ns()}", role, 0)
        self.clock.advance(1)
        return {"Authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any, Any]:
        """Ask as the operator; return status, document and headers."""
        headers = {**self.admin, **more.pop("headers", {})}
        return await self.bare(method, path, headers=headers, **more)

    async def bare(self, method: str, path: str, **more: Any) -> tuple[int, Any, Any]:
        """Ask as nobody; return status, document and headers."""
        async with self.client.request(method, self.served.url + path, **more) as response:
            data = await response.read()
            told = json.loads(data) if "json" in response.content_type else data
            return response.status, told, response.headers

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of the log."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@contextlib.asynccontextmanager
async def open_port(
    state_dir: Path,
    answers: Answers | None = None,
    settings: Web | None = None,
    more: tuple[Route, ...] = (),
    terms: LiveTerms | None = None,
    **house: Any,
) -> AsyncIterator[Port]:
    """Open a control port over scripted actors."""
    actors, clock, log = Actors(answers or {}, state_dir), VirtualClock(HOST_NS), io.StringIO()
    built = House(
        control=Control(actors.line, None, terms or LiveTerms()),
        settings=settings or Web(port=0),
        state_dir=state_dir,
        host=clock,
        log=make_log(log, clock.now_ns),
        **{"brokers": {"paper": "paper", "second": "paper"}, "wall": clock, **house},
    )
    jar = aiohttp.DummyCookieJar()
    async with serve(built, more) as served, aiohttp.ClientSession(cookie_jar=jar) as client:
        port = Port(served, actors, clock, client)
        port.log = log
        yield port
