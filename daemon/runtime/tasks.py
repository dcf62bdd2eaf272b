"""The live driver: each actor is a supervised task on its own asyncio queue of lanes.

The handlers are those of the pump, and so is the order of the world: answers, then the outside's
message, then alarms. Commits are grouped: what is committed while the disk works goes out in one
flush, and no `then` leaves before its facts are durable. Ports run as tasks of their own. The tree
starts in order and stops in reverse, each stop bounded.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from heapq import heappop, heappush
from typing import Any, Protocol

from daemon.runtime.inbox import Inbox
from daemon.runtime.supervisor import Child, Supervisor
from daemon.runtime.words import (
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

Item = tuple[Any, int, int]


class MarketTime(Protocol):
    """The clock that trading goes by, in a world where time can be waited for."""

    def now_ns(self) -> int:
        """Return the instant of market time, in ns."""
        ...

    async def reach(self, at_ns: int) -> None:
        """Wait until market time is at that instant; never goes back."""
        ...


class LaneQueue(asyncio.Queue[Any]):
    """An asyncio queue whose storage is an inbox of lanes."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        super().__init__()

    def _init(self, maxsize: int) -> None:
        assert maxsize == 0, "the lanes bound themselves"

    def qsize(self) -> int:
        """Return how many messages are unread."""
        return self.inbox.unread

    def empty(self) -> bool:
        """Return whether nothing is unread."""
        return not self.inbox.unread

    def _put(self, item: tuple[Lane, Item]) -> None:
        self.inbox.put(item[0], item[1])

    def _get(self) -> Item:
        return self.inbox.get()


class _Runner:
    """An actor's queue and its task."""

    __slots__ = ("child", "queue", "task")

    def __init__(self, child: Child) -> None:
        spec = child.spec
        self.child = child
        self.queue = LaneQueue(Inbox(spec.name, spec.facts_limit, spec.merge))
        self.task: asyncio.Task[None] | None = None


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
        self._number = 0
        self._open = 0  # messages, commits and calls not yet done with
        self._settled = asyncio.Event()
        self._failure: BaseException | None = None
        self._runners = {name: _Runner(child) for name, child in supervisor.children.items()}
        self._commits: asyncio.Queue[tuple[_Runner, Commit, Item]] = asyncio.Queue()
        self._calls: set[asyncio.Task[None]] = set()
        self._answers: deque[tuple[_Runner, Any, int]] = deque()
        self._alarms: list[tuple[int, int, _Runner, Alarm]] = []
        self._disk = ThreadPoolExecutor(1, "ledger")
        self._committer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Tasks:
        """Start every actor, in order, and let each settle."""
        self._committer = self._spawn(self._keep_committing(), "ledger")
        for runner in self._runners.values():
            name = runner.child.spec.name
            runner.task = self._spawn(self._keep_handling(runner), name)
            self._put(runner, Lane.FACTS, Started(), 0)
            await self._settle()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop every actor, the last started first; each has `_STOP_LIMIT_S` to end."""
        tasks = [runner.task for runner in reversed(self._runners.values())]
        for task in [*tasks, *self._calls, self._committer]:
            if task is not None:
                task.cancel()
                await asyncio.wait({task}, timeout=_STOP_LIMIT_S)
        await asyncio.get_running_loop().run_in_executor(self._disk, self._ledger.flush)
        self._disk.shutdown(wait=False)

    async def tell(self, to: str, message: Any, at_ns: int, lane: Lane = Lane.FACTS) -> None:
        """Bring a message in from the outside, after every alarm that is due before it.

        Raises:
            OrdoError: what ended the tree, such as `TooManyRestarts` or `StoreError`.
        """
        await self.run_until(at_ns - 1)
        await self._clock.reach(at_ns)
        for other, news in self._around.outside(message, at_ns):
            self._put(self._runners[other], Lane.FACTS, news, 0)
        self._put(self._runners[to], lane, message, 0)
        await self._settle()

    async def run_until(self, at_ns: int) -> None:
        """Let market time pass, ringing every alarm up to and including that instant."""
        while self._alarms and self._alarms[0][0] <= at_ns:
            due_ns, _, runner, alarm = heappop(self._alarms)
            await self._clock.reach(due_ns)
            self._put(runner, alarm.lane, alarm.message, 0)
            await self._settle()

    async def _settle(self) -> None:
        while True:
            if self._open:
                self._settled.clear()
                await self._settled.wait()
            if self._failure is not None:
                raise self._failure
            if not self._answers:
                return
            runner, answer, cause = self._answers.popleft()
            await self._clock.reach(answer.at_ns)
            self._put(runner, Lane.FACTS, answer, cause)

    def _put(self, runner: _Runner, lane: Lane, message: Any, cause: int) -> None:
        self._number += 1
        if runner.child.disarmed:
            return
        unread = runner.queue.qsize()
        runner.queue.put_nowait((lane, (message, self._number, cause)))
        self._open += runner.queue.qsize() - unread

    def _done(self) -> None:
        self._open -= 1
        if not self._open:
            self._settled.set()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        self._open = 0
        self._settled.set()

    async def _keep_handling(self, runner: _Runner) -> None:
        while self._failure is None:
            item = await runner.queue.get()
            effects = self._supervisor.handle(runner.child, item, self._clock.now_ns())
            self._carry_out(effects, runner, item)
            self._done()
            await asyncio.sleep(0)  # one message each in turn, as the pump does

    async def _keep_committing(self) -> None:
        loop = asyncio.get_running_loop()
        while self._failure is None:
            waiting = [await self._commits.get()]
            while not self._commits.empty():
                waiting.append(self._commits.get_nowait())
            await loop.run_in_executor(self._disk, self._ledger.flush)
            for runner, commit, item in waiting:
                self._carry_out(commit.then, runner, item)
                self._done()

    async def _ask(self, runner: _Runner, call: Call, cause: int) -> None:
        for answer in await self._around.ports[call.port](call.request):
            self._answers.append((runner, answer, cause))
        self._done()

    def _carry_out(self, effects: Sequence[Effect], runner: _Runner, item: Item) -> None:
        cause = item[1]
        for effect in effects:
            match effect:
                case Publish(message, lane):
                    for hearer in self._runners.values():
                        if type(message) in hearer.child.spec.hears:
                            self._put(hearer, lane, message, cause)
                case Take(tick):
                    self._ledger.take(tick)
                    for other, news in self._around.outside(tick, self._clock.now_ns()):
                        self._put(self._runners[other], Lane.FACTS, news, cause)
                case Tell(to, message, lane):
                    self._put(self._runners[to], lane, message, cause)
                case Commit(facts):
                    origin = Origin(runner.child.spec.name, cause, item[2])
                    self._ledger.append(facts, origin, self._clock.now_ns())
                    self._open += 1
                    self._commits.put_nowait((runner, effect, item))
                case Alarm(at_ns):
                    self._number += 1
                    heappush(self._alarms, (at_ns, self._number, runner, effect))
                case Call():
                    self._open += 1
                    task = self._spawn(self._ask(runner, effect, cause), effect.port)
                    self._calls.add(task)
                    task.add_done_callback(self._calls.discard)
                case Show(view):
                    self._around.show(view)


_STOP_LIMIT_S = 5
