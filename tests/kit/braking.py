"""A kill socket over actors that answer as told, in this event loop or on a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daemon.control import Brakes, Line, Names, Reads
from daemon.control.local import LocalSocket
from daemon.messages import (
    AccountSeen,
    Ask,
    Declined,
    Done,
    KillStaged,
    Latched,
    SeeAccount,
    SeeKill,
    Stage,
    Told,
)
from daemon.messages.arming import SeeSession

MARKET_NS = 77


class Actors:
    """Routers of two accounts, and what they answer.

    Attributes:
        told: what they were told: address, message, lane.
        latches: those that every router goes by.
        stages: the answers to how far a kill is, the last one again and again; by address.
        sessions: how the session of each account is that is asked for; by account.
        silent: no question is answered.
    """

    def __init__(self) -> None:
        self.told: list[tuple[str, Any, Any]] = []
        self.latches: tuple[Latched, ...] = ()
        self.stages: dict[str, list[Any]] = {}
        self.sessions: dict[str, str] = {}
        self.silent = False
        self.line: Line | None = None

    def tell(self, to: str, message: Any, lane: Any) -> None:
        """Take a message, and answer it where it is a question."""
        self.told.append((to, message, lane))
        if isinstance(message, Ask) and not self.silent:
            answer = Told(message.number, self._answer(to, message.about))
            asyncio.get_running_loop().call_soon(self.line.shown, answer)

    def _answer(self, to: str, about: Any) -> Any:
        if isinstance(about, SeeAccount):
            account = to.partition(":")[2]
            return AccountSeen(account, "paper", True, "", self.latches, (), (), (), 0)
        if isinstance(about, SeeSession):
            return self.sessions[to.partition(":")[2]]
        if not isinstance(about, SeeKill):
            return Done("done")
        stages = self.stages.get(to, [])
        if not stages:
            return Declined("unknown_latch", f"no kill {about.latch_id}")
        return stages.pop(0) if len(stages) > 1 else stages[0]


def staged(stage: str, *left: str, attempts: int = 1) -> KillStaged:
    """Return how far a kill is."""
    return KillStaged("kill-1", Stage(stage), left, attempts, MARKET_NS)


def socket_over(actors: Actors, state_dir: Path, patience_s: float = 5.0) -> LocalSocket:
    """Return the kill socket of two accounts and two strategies."""
    names = Names(
        state_dir=state_dir,
        routers={"paper": "router:paper", "other": "router:other"},
        strategies={"straddle": "runner:straddle"},
        accounts={"straddle": ("paper",)},
    )
    actors.line = Line(actors.tell, lambda: MARKET_NS, names)
    return LocalSocket(state_dir, Brakes(actors.line), Reads(actors.line), patience_s)


async def exchanged(path: Path, sent: bytes, *, end: bool = False) -> Any:
    """Send bytes to a socket, and return its answer; None: it closed without one."""
    reader, writer = await asyncio.open_unix_connection(path, limit=2**20)
    try:
        writer.write(sent)
        if end:
            writer.write_eof()
        line = await reader.readline()
        assert await reader.read() == b"", "one line is answered"
    finally:
        writer.close()
    return json.loads(line) if line else None


async def until(true: Callable[[], object]) -> None:
    """Let the event loop run until something is so."""
    while not true():  # noqa: ASYNC110  nobody tells of it
        await asyncio.sleep(0)


@contextmanager
def serving(actors: Actors, state_dir: Path) -> Iterator[None]:
    """Serve the kill socket of a state folder on a thread of its own."""
    began, loop = threading.Event(), asyncio.new_event_loop()
    ends: list[asyncio.Event] = []

    async def serve() -> None:
        async with socket_over(actors, state_dir):
            ends.append(asyncio.Event())
            began.set()
            await ends[0].wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert began.wait(10), "the socket is served"
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ends[0].set)
        thread.join()
        loop.close()
