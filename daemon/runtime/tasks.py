"""The live driver: each actor is a supervised task on its own asyncio queue of lanes.

The handlers are those of the pump, and so is the order, of a world whose time stands still while it
works: what follows a commit once all inboxes are empty, then answers, the outside's message, and
alarms; what one actor decides is carried out in the order decided. A world on the wall clock, where
frames never cease, must not wait so; that is not built yet.

Commits are grouped: what is committed while the disk works goes out in one flush, and no `then`
leaves before its facts are durable. Ports run as tasks of their own, and answer in bounded time.
The tree starts in order and stops in reverse, each stop bounded; once it has failed nothing is
decided and nothing leaves any more. An actor may come and go while the others run: one that has
gone reads nothing any more, and what it decided before is carried out.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from heapq import heappop, heappush
from typing import Any, assert_never

from msgspec import Struct

from daemon.errors import StoreError
from daemon.runtime.clock import MarketTime
from daemon.runtime.lane_queue import Item
from daemon.runtime.runner import Runner
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.words import (
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

_STOP_LIMIT_S = 5


class _Held(Struct, frozen=True, gc=False):
    """Effects that wait until as many commits are durable as were entered before them."""

    effects: Sequence[Effect]
    runner: Runner
    item: Item
    entered: int


class Tasks:
    """Runs the actors as tasks of the running event loop.

    Use it as an asynchronous context: entering starts the tree, leaving stops it.
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
        self._entered = self._durable = 0  # commits
        self._unread = 0  # messages, the one in hand included
        self._open = 0  # commits and calls not yet done with
        self._calm = asyncio.Event()
        self._settled = asyncio.Event()
        self._settling = asyncio.Lock()
        self._failure: BaseException | None = None
        self._runners = {name: Runner(child) for name, child in supervisor.children.items()}
        self._addresses = self._runners.copy()  # those that have gone included
        self._commits: asyncio.Queue[_Held] = asyncio.Queue()
        self._calls: set[asyncio.Task[None]] = set()
        self._answers: deque[tuple[Runner, Any, int]] = deque()
        self._alarms: list[tuple[int, int, Runner, Alarm]] = []
        self._disk = ThreadPoolExecutor(1, "ledger")
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Tasks:
        """Start every actor, in order; a start that fails leaves nothing behind.

        Raises:
            OrdoError: what ended the tree, such as `TooManyRestarts` or `StoreError`.
        """
        async with AsyncExitStack() as starting:
            starting.push_async_callback(self._stop)
            self._tasks.append(self._spawn(self._keep_committing(), "ledger"))
            for runner in self._runners.values():
                self._begin(runner)
                self._put(runner, Lane.FACTS, Started(), 0)
            await self.settle()
            starting.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop every actor, the last started first; each has `_STOP_LIMIT_S` to end.

        Raises:
            StoreError: the ledger failed, or did not end in its time either.
        """
        await self._stop()

    def admit(self, spec: ActorSpec) -> None:
        """Let one more actor join the others, built from the facts as at a start.

        Raises:
            StoreError: the ledger failed.
        """
        runner = Runner(self._supervisor.admit(spec))
        self._runners[spec.name] = self._addresses[spec.name] = runner
        self._begin(runner)
        self.say(spec.name, Started())

    def dismiss(self, name: str) -> None:
        """Let an actor go: what it has not read, its alarms and later mail go nowhere."""
        self._supervisor.dismiss(name)
        runner = self._runners.pop(name)
        runner.gone = True
        runner.task.remove_done_callback(self._ended)
        runner.task.cancel()
        self._tasks.remove(runner.task)
        self._unread -= runner.queue.qsize()
        self._mark()

    async def tell(self, to: str, message: Any, at_ns: int, lane: Lane = Lane.FACTS) -> None:
        """Bring a message in from the outside, after every alarm that is due before it.

        Raises:
            OrdoError: what ended the tree, such as `TooManyRestarts` or `StoreError`.
        """
        await self._ring(at_ns - 1)
        await self._clock.reach(at_ns)
        self._see(message, at_ns, 0)
        self._put(self._addresses[to], lane, message, 0)
        if self._meter is not None:
            self._meter.brought(self._number)
        await self.settle()

    def say(self, to: str, message: Any, lane: Lane = Lane.FACTS) -> int:
        """Bring a message in at the present instant, whatever is under way; waits for nothing.

        What fails because of it ends the tree, like any failure. Returns the message's number.
        """
        self._put(self._addresses[to], lane, message, 0)
        task = asyncio.get_running_loop().create_task(self.settle(), name=f"said to {to}")
        self._calls.add(task)
        task.add_done_callback(self._said)
        return self._number

    def unread(self) -> dict[str, int]:
        """Return how many messages each actor has yet to read."""
        return {name: runner.queue.qsize() for name, runner in self._runners.items()}

    def superseded(self) -> dict[str, int]:
        """Return how many messages each actor met only joined with a later one."""
        return {name: runner.queue.inbox.superseded for name, runner in self._runners.items()}

    async def run_until(self, at_ns: int) -> None:
        """Let market time pass, ringing every alarm up to and including that instant."""
        await self._ring(at_ns)
        await self._clock.reach(at_ns)

    async def settle(self) -> None:
        """Wait until nothing is under way any more, bringing in the answers of ports.

        Raises:
            OrdoError: what ended the tree, such as `TooManyRestarts` or `StoreError`.
        """
        async with self._settling:
            while True:
                while self._failure is None and (self._unread or self._open):
                    self._settled.clear()
                    await self._settled.wait()
                if self._failure is not None:
                    raise self._failure
                if not self._answers:
                    return
                runner, answer, cause = self._answers[0]
                await self._clock.reach(answer.at_ns)
                self._answers.popleft()
                self._put(runner, Lane.FACTS, answer, cause)

    async def _ring(self, until_ns: int) -> None:
        while self._alarms and self._alarms[0][0] <= until_ns:
            due_ns, _, runner, alarm = heappop(self._alarms)
            await self._clock.reach(due_ns)
            self._put(runner, alarm.lane, alarm.message, 0)
            await self.settle()

    async def _stop(self) -> None:
        self._fail(RuntimeError("the tree was stopped"))
        for task in [*reversed(self._tasks), *self._calls]:
            task.cancel()
            await asyncio.wait({task}, timeout=_STOP_LIMIT_S)
        flush = asyncio.get_running_loop().run_in_executor(self._disk, self._ledger.flush)
        self._disk.shutdown(wait=False)
        await asyncio.wait({flush}, timeout=_STOP_LIMIT_S)
        if not flush.done():
            raise StoreError(f"the ledger did not end within {_STOP_LIMIT_S} s; look at its disk")
        flush.result()

    def _put(self, runner: Runner, lane: Lane, message: Any, cause: int) -> None:
        self._number += 1
        if runner.gone or runner.child.disarmed:
            return
        unread = runner.queue.qsize()
        runner.queue.put_nowait((lane, (message, self._number, cause)))
        self._unread += runner.queue.qsize() - unread

    def _mark(self) -> None:
        """Wake those who wait for less to be under way."""
        if not self._unread:
            self._calm.set()
            if not self._open:
                self._settled.set()

    def _begin(self, runner: Runner) -> None:
        runner.task = self._spawn(self._keep_handling(runner), runner.child.spec.name)
        self._tasks.append(runner.task)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(self._ended)
        return task

    def _said(self, task: asyncio.Task[None]) -> None:
        """What a settling raises has ended the tree already; it is told to who waits for that."""
        self._calls.discard(task)
        if not task.cancelled():
            task.exception()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._fail(RuntimeError(f"{task.get_name()} was cancelled"))
        elif (error := task.exception()) is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """End the tree: whoever waits for it gets the first error."""
        self._failure = self._failure or error
        self._settled.set()

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
            self._unread -= 1
            self._mark()
            if not runner.queue.empty():
                await asyncio.sleep(0)  # one message each in turn, as the pump does

    async def _keep_committing(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            held = await self._commits.get()
            if held.entered > self._durable:
                entered = self._entered
                await loop.run_in_executor(self._disk, self._ledger.flush)
                self._durable = entered
            while self._unread:
                self._calm.clear()
                await self._calm.wait()
            if self._failure is not None:
                return
            held.runner.waiting -= 1
            self._carry_out(held.effects, held.runner, held.item, held=False)
            self._open -= 1
            self._mark()

    async def _ask(self, runner: Runner, call: Call, cause: int) -> None:
        began_ns = self._meter.now_ns() if self._meter is not None else 0
        answers = await self._around.ports[call.port](call.request)
        if self._meter is not None:
            self._meter.answered(call, cause, began_ns, answers)
        self._answers.extend((runner, answer, cause) for answer in answers)
        self._open -= 1
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
                    self._ledger.append(facts, origin, self._clock.now_ns())
                    self._entered += 1
                    self._hold(then, runner, item)
                    held = True
                case Alarm(at_ns):
                    self._number += 1
                    heappush(self._alarms, (at_ns, self._number, runner, effect))
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

    def _hold(self, effects: Sequence[Effect], runner: Runner, item: Item) -> None:
        """Keep effects back until what the actor committed before them is durable."""
        runner.waiting += 1
        self._open += 1
        self._commits.put_nowait(_Held(effects, runner, item, self._entered))

    def _call(self, runner: Runner, call: Call, cause: int) -> None:
        self._open += 1
        task = self._spawn(self._ask(runner, call, cause), call.port)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
