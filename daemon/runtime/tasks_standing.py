"""The live driver in a world whose market time stands still while the daemon works.

The order is that of the pump: what follows a commit once all inboxes are empty, then answers, the
outside's message, and alarms. So a day that is played ends in the same way on any machine. What a
person says comes at any moment, also while time is waited for; an alarm that he sets off rings at
its own instant, though the market brings nothing before it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from heapq import heappop
from typing import Any

from daemon.runtime.clock import MarketTime
from daemon.runtime.commits import Held
from daemon.runtime.runner import Runner
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.tasks import Tasks
from daemon.runtime.words import Alarm, Lane, Ledger, Surroundings


class StandingTasks(Tasks):
    """Lets everything settle between two messages from the outside."""

    def __init__(
        self, supervisor: Supervisor, ledger: Ledger, around: Surroundings, clock: MarketTime
    ) -> None:
        super().__init__(supervisor, ledger, around, clock)
        self._settling = asyncio.Lock()
        self._settler: asyncio.Task[None] | None = None
        self._waiting: asyncio.Queue[Held] = asyncio.Queue()
        self._answers: deque[tuple[Runner, Any, int]] = deque()
        self._reaching: asyncio.Timeout | None = None

    async def tell(self, to: str, message: Any, at_ns: int, lane: Lane = Lane.FACTS) -> None:
        """Bring a message in from the outside, and wait until everything has settled.

        Raises:
            OrdoError: what ended the tree, such as `TooManyRestarts` or `StoreError`.
        """
        await self._pass(at_ns - 1, at_ns)
        self._bring(to, message, at_ns, lane)
        await self.settle()

    def say(self, to: str, message: Any, lane: Lane = Lane.FACTS) -> int:
        """Bring a message in at the present instant, whatever is under way; waits for nothing.

        What fails because of it ends the tree, like any failure. Returns the message's number.
        """
        number = super().say(to, message, lane)
        if self._settler is None or self._settler.done():  # else that one brings this to its end
            task = asyncio.get_running_loop().create_task(self.settle(), name=f"said to {to}")
            self._settler = task
            self._calls.add(task)
            task.add_done_callback(self._said)
        return number

    async def run_until(self, at_ns: int) -> None:
        """Let market time pass, ringing every alarm up to and including that instant."""
        await self._pass(at_ns, at_ns)

    async def settle(self) -> None:
        """Wait until nothing is under way any more, bringing in the answers of ports.

        Raises:
            OrdoError: what ended the tree, such as `TooManyRestarts` or `StoreError`.
        """
        async with self._settling:
            while True:
                await self._until_settled()
                if not self._answers:
                    return
                runner, answer, cause = self._answers[0]
                await self._clock.reach(answer.at_ns)
                self._answers.popleft()
                self._put(runner, Lane.FACTS, answer, cause)

    async def caught_up(self) -> None:
        """Wait until all is read and all that was decided is durable, whatever a port is at.

        Raises:
            OrdoError: what ended the tree, such as `TooManyRestarts` or `StoreError`.
        """
        await self._under_way.idle()
        self._require_whole()

    async def _pass(self, ringing_ns: int, at_ns: int) -> None:
        """Let market time come to an instant, ringing what is due up to another on the way."""
        reached = False
        while not reached:
            await self._ring(ringing_ns)
            reached = await self._reached(at_ns)

    async def _ring(self, until_ns: int) -> None:
        while self._alarms and self._alarms[0][0] <= until_ns:
            for _, _, runner, alarm in self._first(due=await self._reached(self._alarms[0][0])):
                self._put(runner, alarm.lane, alarm.message, 0)
            await self.settle()

    def _first(self, *, due: bool) -> Sequence[tuple[int, int, Runner, Alarm]]:
        return (heappop(self._alarms),) if due else ()

    async def _reached(self, at_ns: int) -> bool:
        """Wait for an instant; False: an alarm was set meanwhile that may be due before."""
        assert self._reaching is None, "one alone brings time on"
        try:
            async with asyncio.timeout(None) as self._reaching:
                await self._clock.reach(at_ns)
        except TimeoutError:
            return False
        finally:
            self._reaching = None
        return True

    def _set(self, runner: Runner, alarm: Alarm) -> None:
        super()._set(runner, alarm)
        if self._reaching is not None and self._alarms[0][3] is alarm:
            self._reaching.reschedule(asyncio.get_running_loop().time())
            self._reaching = None  # it is called off once

    def _said(self, task: asyncio.Task[None]) -> None:
        """What a settling raises has ended the tree already; it is told to who waits for that."""
        self._calls.discard(task)
        if not task.cancelled():
            task.exception()

    async def _keep_committing(self) -> None:
        while True:
            held = await self._waiting.get()
            if held.entered > self._commits.durable:
                await self._commits.flush()
            await self._under_way.calm()
            if self._failure is not None:
                return
            self._let_go(held)

    async def _answered(self, runner: Runner, answers: Sequence[Any], cause: int) -> None:
        self._answers.extend((runner, answer, cause) for answer in answers)

    def _wait_to_leave(self, held: Held) -> None:
        self._waiting.put_nowait(held)
