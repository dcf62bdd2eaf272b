"""Actors that follow a script, and a world for them: a ledger, market time and ports.

Nothing here waits unless a test makes it, and everything that happens is noted in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from daemon.runtime.clock import VirtualClock
from daemon.runtime.pump import Pump
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.tasks import Tasks
from daemon.runtime.tasks_standing import StandingTasks
from daemon.runtime.words import NOTHING, ActorSpec, Effect, Meter, Origin, Surroundings

Reply = Sequence[Effect] | Exception


class Word(Struct, frozen=True):
    """A message: what an actor is told."""

    text: str
    at_ns: int = 0


class Fact(Struct, frozen=True):
    """Something worth recording."""

    text: str


class Entry(Struct, frozen=True):
    """A fact as the ledger keeps it."""

    fact: Any
    origin: Origin
    at_ns: int


class Notebook:
    """A ledger in memory.

    Attributes:
        entries: every fact, oldest first.
        ticks: every tick.
        durable: how many entries the last flush that ended had found.
        flushes: how many flushes have ended.
        failed_because: why it is to count as failed; empty: it works.
    """

    def __init__(self) -> None:
        self.failed_because = ""
        self.entries: list[Entry] = []
        self.ticks: list[Any] = []
        self.durable = 0
        self.flushes = 0

    def take(self, tick: Any) -> None:
        self.ticks.append(tick)

    def append(self, facts: Sequence[Any], origin: Origin, at_ns: int) -> None:
        self.entries += [Entry(fact, origin, at_ns) for fact in facts]

    def flush(self) -> None:
        self.durable = len(self.entries)
        self.flushes += 1

    def facts(self) -> Iterable[Any]:
        return [entry.fact for entry in self.entries]


class MarketHours(VirtualClock):
    """Virtual market time that can be waited for, and is there at once."""

    async def reach(self, at_ns: int) -> None:
        self.set(max(at_ns, self.now_ns()))


class Wall(VirtualClock):
    """A clock of the machine's: somebody may set it, either way."""

    def step(self, to_ns: int) -> None:
        self._now_ns = to_ns


class HandDriven(VirtualClock):
    """Market time that flows on when a test moves it, and wakes who waits for that."""

    def __init__(self) -> None:
        super().__init__()
        self._moved = asyncio.Event()

    def set(self, at_ns: int) -> None:
        super().set(at_ns)
        self._moved.set()

    async def reach(self, at_ns: int) -> None:
        while self.now_ns() < at_ns:
            self._moved.clear()
            await self._moved.wait()


Script = Mapping[str, Reply] | Callable[[Any], Reply]


class Scripted:
    """An actor that answers each message as its script says, and notes what it was told.

    A script is looked up by the name of the message's type, or by the text of a `Word`.
    """

    def __init__(self, name: str, script: Script, log: list[tuple[str, Any, int]]) -> None:
        self._name = name
        self._script = script
        self._log = log

    def handle(self, message: Any, now_ns: int) -> Sequence[Effect]:
        self._log.append((self._name, message, now_ns))
        reply = self._reply(message)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def _reply(self, message: Any) -> Reply:
        if callable(self._script):
            return self._script(message)
        key = message.text if isinstance(message, Word) else type(message).__name__
        return self._script.get(key, NOTHING)


class Stage:
    """A small world of scripted actors, for either driver.

    Attributes:
        log: (actor, message, instant) of all that was handled.
        shown: what people were shown.
        asked: what ports were asked, for a test's ports to fill.
        ledger: the facts.
        ports: by name; a test adds its own.
        clock: market time.
        meter: measures the live driver.
        driver: the live driver that it runs on, which says how its time goes.
    """

    driver: type[Tasks] = StandingTasks

    def __init__(self, ledger: Notebook | None = None) -> None:
        self.log: list[tuple[str, Any, int]] = []
        self.shown: list[Any] = []
        self.asked: list[Any] = []
        self.ledger = ledger or Notebook()
        self.clock = MarketHours() if self.driver is StandingTasks else HandDriven()
        self.ports: dict[str, Any] = {}
        self.specs: list[ActorSpec] = []
        self.outside: Callable[[Any, int], Sequence[tuple[str, Any]]] = lambda *_: ()
        self.meter: Meter | None = None

    def add(self, name: str, script: Script | None = None, **spec: Any) -> Stage:
        """Add an actor; `spec` holds what its `ActorSpec` is to say beside its name."""
        restore = spec.pop("restore", lambda _: Scripted(name, script or {}, self.log))
        self.specs.append(ActorSpec(name, restore, **spec))
        return self

    def handled(self, name: str | None = None) -> list[str]:
        """Return the texts of all words handled, in order, those of one actor if named."""
        return [
            message.text
            for actor, message, _ in self.log
            if isinstance(message, Word) and name in (None, actor)
        ]

    def pump(self) -> Pump:
        return Pump(*self._parts())

    def tasks(self) -> Tasks:
        return self.driver(*self._parts())

    async def told(self, tasks: Tasks, *told: Any) -> None:
        """Tell an actor something through the live driver, and wait until all has settled."""
        self.reached(told[2])
        await tasks.tell(*told)
        await tasks.settle()

    def reached(self, at_ns: int) -> None:
        """Let market time be at an instant, where that is not passed already."""
        self.clock.set(max(at_ns, self.clock.now_ns()))

    def _parts(self) -> tuple[Supervisor, Notebook, Surroundings, Any]:
        around = Surroundings(self.ports, self.shown.append, self.outside, self.meter)
        return Supervisor(self.specs, self.ledger), self.ledger, around, self.clock


def told(driver: str, stage: Stage, told: Sequence[tuple[Any, ...]]) -> Stage:
    """Tell a stage's actors (to, message, instant[, lane]) each, through one of the drivers."""
    if driver == "pump":
        pump = stage.pump()
        for each in told:
            pump.tell(*each)
    else:
        asyncio.run(_told(stage, told))
    return stage


async def _told(stage: Stage, told: Sequence[tuple[Any, ...]]) -> None:
    async with stage.tasks() as tasks:
        for each in told:
            await tasks.tell(*each)
