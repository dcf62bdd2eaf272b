"""The live driver: each actor is a supervised asyncio task on its own asyncio queue of lanes.

The handlers are those of the pump, and what one actor decides is carried out in the order decided.
Commits are grouped: what is committed while the disk works goes out in one flush, and no `then`
leaves before its facts are durable. Ports run as tasks of their own, and answer in bounded time.
The tree starts in order and stops in reverse, each stop bounded; once it has failed nothing is
decided and nothing leaves any more. An actor may come and go while the others run: one that has
gone reads nothing any more, and what it decided before is carried out.

How market time goes meanwhile is said beside this file: it stands still (`tasks_standing`), or it
flows on (`tasks_flowing`).
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from heapq import heappush
from typing import Any, Final, assert_never

from daemon.runtime.call_limit import limited
from daemon.runtime.clock import MarketTime
from daemon.runtime.commits import Commits, Held
from daemon.runtime.lane_queue import Item
from daemon.runtime.runner import Runner
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.under_way import UnderWay
from daemon.runtime.words import (
    Actor,
    ActorSpec,
    Alarm,
    Call,
    Commit,
    Effect,
    Lane,
    Ledger,
    Origin,
    Publish,
    Show,
    Started,
    Surroundings,
    Take,
    Tell,
)

STOP_LIMIT_S: Final = 5


class Tasks(ABC):
    """Runs the actors as tasks of the running event loop.

    Use it as an asynchronous context: entering starts the tree, leaving stops it.

    Attributes:
        failed: the tree has ended; nothing is decided any more.
    """

    def __init__(
        self, supervisor: Supervisor, ledger: Ledger, around: Surroundings, clock: MarketTime
    ) -> None:
        self._supervisor = supervisor
        self._ledger = ledger
        self._around = around
        self._clock = clock
        self._meter = around.meter
        self._number = 0
        self._under_way = UnderWay()
        self.failed = asyncio.Event()
        self._failure: BaseException | None = None
        self._runners = {name: Runner(child) for name, child in supervisor.children.items()}
        self._addresses = self._runners.copy()  # those that have gone included
        self._calls: set[asyncio.Task[None]] = set()
        self._alarms: list[tuple[int, int, Runner, Alarm]] = []
        self._commits = Commits(ledger)
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Tasks:
        """Start every actor, in order; a start that fails leaves nothing behind.

        Raises:
            OrdoError: what ended the tree, such as `TooManyRestarts` or `StoreError`.
        """
        async with AsyncExitStack() as starting:
            starting.push_async_callback(self._stop)
            self._begin_works()
            for name, runner in self._runners.items():
                runner.task = self._work(self._keep_handling(runner), name)
                self._put(runner, Lane.FACTS, Started(), 0)
            await self._begun()
            starting.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop every actor, the last started first; each has `STOP_LIMIT_S` to end.

        Raises:
            StoreError: the ledger failed, or did not end in its time either.
        """
        await self._stop()

    def admit(self, spec: ActorSpec) -> None:
        """Let one more actor join the others, built from the facts so far as at a start.

        What it is told meanwhile waits in its inbox.
        """
        child, build = self._supervisor.admit(spec)
        runner = self._runners[spec.name] = self._addresses[spec.name] = Runner(child)
        runner.joins = True
        self._under_way.asked += 1
        runner.task = self._work(self._join(runner, build), spec.name)
        self.say(spec.name, Started())

    def dismiss(self, name: str) -> None:
        """Let an actor go: what it has not read, its alarms and later mail go nowhere."""
        self._supervisor.dismiss(name)
        runner = self._runners.pop(name)
        runner.gone = True
        runner.task.remove_done_callback(self._ended)
        runner.task.cancel()
        self._tasks.remove(runner.task)
        self._under_way.unread -= runner.unread()
        self._under_way.asked -= runner.joins
        self._mark()

    @abstractmethod
    async def tell(self, to: str, message: Any, at_ns: int, lane: Lane = Lane.FACTS) -> None:
        """Bring a message in from the outside, after every alarm that is due before it.

        Raises:
            OrdoError: what ended the tree, such as `TooManyRestarts` or `StoreError`.
        """

    def say(self, to: str, message: Any, lane: Lane = Lane.FACTS) -> int:
        """Bring a message in at the present instant, whatever is under way; waits for nothing.

        What fails because of it ends the tree, like any failure. Returns the message's number.
        """
        self._put(self._addresses[to], lane, message, 0)
        return self._number

    def unread(self) -> dict[str, int]:
        """Return how many messages each actor has yet to read."""
        return {name: runner.queue.qsize() for name, runner in self._runners.items()}

    def superseded(self) -> dict[str, int]:
        """Return how many messages each actor met only joined with a later one."""
        return {name: runner.queue.inbox.superseded for name, runner in self._runners.items()}

    @abstractmethod
    async def run_until(self, at_ns: int) -> None:
        """Let market time pass, ringing every alarm up to and including that instant."""

    @abstractmethod
    async def settle(self) -> None:
        """Wait until nothing is under way any more, the answers of ports included.

        Raises:
            OrdoError: what ended the tree, such as `TooManyRestarts` or `StoreError`.
        """

    @abstractmethod
    async def caught_up(self) -> None:
        """Wait until no actor is behind; who waits for a port is not."""

    async def finish(self) -> None:
        """Wait until nothing is under way any more, for as long as a stop may take.

        Raises:
            OrdoError: what ended the tree, such as `TooManyRestarts` or `StoreError`.
        """
        try:
            async with asyncio.timeout(STOP_LIMIT_S) as limit:
                await self.settle()
        except TimeoutError:
            if not limit.expired():
                raise

    async def _begun(self) -> None:
        """Wait until the tree has started."""
        await self.settle()

    def _begin_works(self) -> None:
        self._work(self._keep_committing(), "ledger")

    @abstractmethod
    async def _keep_committing(self) -> None:
        """Make durable what is entered, and let go what waits for that, for ever."""

    @abstractmethod
    async def _answered(self, runner: Runner, answers: Sequence[Any], cause: int) -> None:
        """Take what a port answered to an actor."""

    @abstractmethod
    def _wait_to_leave(self, held: Held) -> None:
        """Keep effects until they are let go."""

    async def _until_settled(self) -> None:
        await self._under_way.settled()
        self._require_whole()

    def _require_whole(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _stop(self) -> None:
        self._fail(RuntimeError("the tree was stopped"))
        for task in [*reversed(self._tasks), *self._calls]:
            task.cancel()
            await asyncio.wait({task}, timeout=STOP_LIMIT_S)
        await self._commits.end(STOP_LIMIT_S)

    def _bring(self, to: str, message: Any, at_ns: int, lane: Lane) -> None:
        """Let the outside's message in."""
        self._see(message, at_ns, 0)
        self._put(self._addresses[to], lane, message, 0)
        if self._meter is not None:
            self._meter.brought(self._number)

    def _put(self, runner: Runner, lane: Lane, message: Any, cause: int) -> None:
        self._number += 1
        if runner.gone or runner.child.disarmed:
            return
        unread = runner.unread()
        runner.put(lane, (message, self._number, cause))
        self._under_way.unread += runner.unread() - unread

    def _mark(self) -> None:
        """Wake those who wait for less to be under way."""
        self._under_way.mark()

    def _work(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Begin a work of the tree's own; it is stopped before those that began earlier."""
        task = self._spawn(work, name)
        self._tasks.append(task)
        return task

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._fail(RuntimeError(f"{task.get_name()} was cancelled"))
        elif (error := task.exception()) is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """End the tree: whoever waits for it gets the first error."""
        self._failure = self._failure or error
        self.failed.set()
        self._under_way.end()

    async def _join(self, runner: Runner, build: Callable[[], Actor]) -> None:
        """Build an actor in a thread, for it reads the whole record; then let it read its inbox."""
        runner.child.actor = await asyncio.get_running_loop().run_in_executor(None, build)
        runner.joins = False
        self._under_way.asked -= 1
        self._under_way.unread += runner.unread()
        self._mark()
        await self._keep_handling(runner)

    async def _keep_handling(self, runner: Runner) -> None:
        while True:
            item = await runner.queue.get()
            if self._failure is not None:
                return
            began_ns = self._meter.now_ns() if self._meter is not None else 0
            effects = self._supervisor.handle(runner.child, item, self._clock.now_ns())
            self._carry_out(effects, runner, item, held=runner.waiting > 0)
            if self._meter is not None:
                self._meter.handled(runner.child.spec.name, item, began_ns)
            self._under_way.unread -= 1
            self._mark()
            if not runner.queue.empty():
                await asyncio.sleep(0)  # one message each in turn, as the pump does

    def _let_go(self, held: Held) -> None:
        """Carry out what waited for the disk."""
        held.runner.waiting -= 1
        self._carry_out(held.effects, held.runner, held.item, held=False)
        self._under_way.open -= 1
        self._mark()

    async def _ask(self, runner: Runner, call: Call, cause: int) -> None:
        began_ns = self._meter.now_ns() if self._meter is not None else 0
        with limited(call, self._fail):
            answers = await self._around.ports[call.port](call.request)
        if self._meter is not None:
            self._meter.answered(call, cause, began_ns, answers)
        await self._answered(runner, answers, cause)
        self._under_way.asked -= 1
        self._mark()

    def _carry_out(
        self, effects: Sequence[Effect], runner: Runner, item: Item, *, held: bool
    ) -> None:
        cause = item[1]
        for effect in effects:
            if held and not isinstance(effect, Commit):
                self._hold((effect,), runner, item)
                continue
            match effect:
                case Publish(message, lane):
                    for hearer in self._runners.values():
                        if type(message) in hearer.child.spec.hears:
                            self._put(hearer, lane, message, cause)
                case Take(tick):
                    self._ledger.take(tick)
                    self._see(tick, self._clock.now_ns(), cause)
                case Tell(to, message, lane):
                    self._put(self._addresses[to], lane, message, cause)
                case Commit(facts, then):
                    origin = Origin(runner.child.spec.name, cause, item[2])
                    runner.entered = self._commits.enter(facts, origin, self._clock.now_ns())
                    self._hold(then, runner, item)
                    held = True
                case Alarm():
                    self._set(runner, effect)
                case Call():
                    self._call(runner, effect, cause)
                case Show(view):
                    self._around.show(view)
                case _:
                    assert_never(effect)

    def _see(self, message: Any, at_ns: int, cause: int) -> None:
        """Let the rest of the world see what comes in, before the actors do."""
        for other, news in self._around.outside(message, at_ns):
            self._put(self._addresses[other], Lane.FACTS, news, cause)

    def _set(self, runner: Runner, alarm: Alarm) -> None:
        self._number += 1
        heappush(self._alarms, (alarm.at_ns, self._number, runner, alarm))

    def _hold(self, effects: Sequence[Effect], runner: Runner, item: Item) -> None:
        """Keep effects back until what the actor committed before them is durable."""
        runner.waiting += 1
        self._under_way.open += 1
        self._wait_to_leave(Held(effects, runner, item, runner.entered))

    def _call(self, runner: Runner, call: Call, cause: int) -> None:
        self._under_way.asked += 1
        task = self._spawn(self._ask(runner, call, cause), call.port)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
