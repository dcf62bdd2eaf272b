"""A daemon as a unit of its machine: the beat, the clocks, and what the service manager is told.

Before it is ready each beat asks for more time to start in, afterwards it is the watchdog's ping,
and while the daemon ends it asks for more time to finish in as well. A daemon that hangs asks for
nothing. The loop's part runs as tasks beside the market; the sentry's is a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any

from daemon.app.machine import clock_watch, standing
from daemon.app.machine.clock_watch import ClockWatch, Wall, jump_sentence
from daemon.app.machine.host import Host
from daemon.app.machine.sentry import LOOK_S, LOOKS, Sentry
from daemon.app.machine.works import called_off
from daemon.app.watching.beat import SILENT, Beat
from daemon.control import Control, Refusal
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.calendar import may_trade
from daemon.errors import OrdoError
from daemon.kill import LatchUnwritten
from daemon.messages import FreeEntries, HeldBy, HoldEntries
from daemon.runtime.tasks import Tasks
from daemon.runtime.words import Lane
from daemon.settings.guardian import BEAT, READS
from daemon.telemetry.notify import Notifier, extend, status

_STATUS_EVERY_S = 1
_MORE_S = 30
LOST = f"the daemon ended: {SILENT}, for {LOOKS * LOOK_S:.0f} s"


class Stage(Enum):
    """How far a daemon has come, and what a beat says then; a manager too busy hears it again."""

    STARTING = (extend(_MORE_S),)
    RUNNING = ("READY=1", BEAT)
    STOPPING = (BEAT, extend(_MORE_S))


class Unit:
    """What a machine sees of one daemon.

    Args:
        host: the machine.
        say: tells people something.
        latch: lets nothing be entered after the next start, and says why.
        mode: whose money is traded with.
        passing_ns: market time as a clock on the wall shows it.
    """

    def __init__(
        self,
        host: Host,
        say: Callable[[str], None],
        latch: Callable[[str], None],
        mode: str,
        passing_ns: Callable[[], int],
    ) -> None:
        self._host = host
        self._say = say
        self._latch = latch
        self._mode = mode
        self._passing_ns = passing_ns
        self._notifier = Notifier(host.notify, say)
        self._guardian = Notifier(host.guardian, _untold)
        self._stage = Stage.STARTING
        self._beat: Beat | None = None
        self._waited = ""
        self._read_ns = 0
        self._notifier.send(self._status(standing.RECOVERING))

    def shown(self, view: object) -> bool:
        """Take what an actor shows; return whether it was for the unit."""
        return self._beat is not None and self._beat.shown(view)

    @asynccontextmanager
    async def attended(
        self, tasks: Tasks, control: Control, *, by_the_wall: bool
    ) -> AsyncIterator[None]:
        """Keep the beat, and watch it and the clocks, while the block runs.

        Args:
            tasks: the driver of the actors.
            control: what may be asked of them.
            by_the_wall: market time is the wall clock's.
        """
        routers = tuple(control.line.names.routers.values())
        self._beat = beat = Beat(tasks.say, tasks.caught_up, routers, self._beaten)
        watch = ClockWatch(self._host.wall.now_ns(), self._host.running.now_ns())
        works = {
            self._spawn(beat.keep(), "the beat"),
            self._spawn(self._keep_clock(watch, control if by_the_wall else None), "the clock"),
        }
        if self._notifier:
            works.add(self._spawn(self._keep_status(control), "the status"))
        try:
            with Sentry(lambda: beat.count, self._lost):
                yield
        finally:
            await called_off(works, self._say)

    def ready(self) -> None:
        """Tell that the record is read, and that it answers; brokers' books may be waited for."""
        self._stage = Stage.RUNNING
        self._beaten()

    def stopping(self) -> None:
        """Tell that the daemon ends, and finishes first what is under way."""
        self._stage = Stage.STOPPING
        self._notifier.send("STOPPING=1", self._status(standing.STOPPING), extend(_MORE_S))

    def waiting(self, because: str) -> None:
        """Tell that the start waits, and ask for more time; a person is told once."""
        self._notifier.send(self._status(because), extend(_MORE_S))
        if because != self._waited:
            self._waited = because
            self._say(because)

    def waiting_for_records(self, because: str) -> None:
        """Tell a guardian as well: without the record it could not close anything either."""
        self.waiting(because)
        self._guardian.send(READS)

    def reading(self) -> None:
        """Tell that the start goes on reading what was recorded: once a second, however often."""
        now_ns = self._host.running.now_ns()
        if now_ns - self._read_ns >= SECOND_NS:
            self._read_ns = now_ns
            self._notifier.send(extend(_MORE_S))
            self._guardian.send(READS)

    def _beaten(self) -> None:
        self._notifier.send(*self._stage.value)
        self._guardian.send(BEAT)

    def _lost(self) -> None:
        """End the process, for its watchdogs guard nothing; the sentry's thread calls this."""
        sentence = LOST
        try:
            self._latch(LOST)
        except LatchUnwritten as error:
            sentence = f"{LOST}; entries could not be latched: {error}"
        self._notifier.send(self._status(sentence))
        self._host.end(sentence)

    def _status(self, text: str) -> str:
        """Return what the service manager shows, behind whose money is traded with."""
        return status(f"{self._mode.upper()}, {text}")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Tell of a work that fell; without the beat the sentry ends the process."""
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, OrdoError):  # that one ends the daemon
            self._say(f"ALERT {task.get_name()} is looked after no more: {error!r}")

    async def _keep_status(self, control: Control) -> None:
        """Tell how things stand, for ever."""
        while True:
            await asyncio.sleep(_STATUS_EVERY_S)
            if self._stage is Stage.RUNNING:
                self._notifier.send(status(await self._standing(control)))

    async def _standing(self, control: Control) -> str:
        try:
            risk, accounts = await control.reads.risk(), await control.reads.accounts()
        except Refusal as unanswered:
            return f"{self._mode.upper()}, ALERT {unanswered}"
        head = standing.head(self._mode, max(risk.at_ns, self._passing_ns()))
        return standing.standing(head, risk, accounts, control.reads.latches(accounts))

    async def _keep_clock(self, watch: ClockWatch, held: Control | None) -> None:
        """Hold the wall clock against running time, for ever."""
        while True:
            await asyncio.sleep(clock_watch.LOOK_S)
            self.look_at_clock(watch, held)

    def look_at_clock(self, watch: ClockWatch, held: Control | None) -> None:
        """Tell of a wall clock that jumped, and of one that runs evenly again.

        Args:
            watch: what was seen of it.
            held: whose entries wait meanwhile; None: market time is another clock's.
        """
        market_ns, wall_ns = self._passing_ns(), self._host.wall.now_ns()
        ahead_ns = market_ns - wall_ns if held is not None else 0
        looked = watch.look(wall_ns, self._host.running.now_ns(), ahead_ns)
        if looked.wall is Wall.JUMPED:
            sentence = jump_sentence(looked.by_ns, ahead_ns, trades=may_trade(market_ns))
            self._say(f"ALERT {sentence}")
            if held is not None:
                _tell(held, HoldEntries(HeldBy.CLOCK, sentence))
        elif looked.wall is Wall.STEADY:
            self._say("the machine's clock has run evenly for a while")
            if held is not None:
                _tell(held, FreeEntries(HeldBy.CLOCK))


def _untold(sentence: str) -> None:
    """Nobody need be told: where no guardian listens, none was started."""


def _tell(control: Control, message: HoldEntries | FreeEntries) -> None:
    for router in control.line.names.routers.values():
        control.line.tell(router, message, Lane.CONTROL)
