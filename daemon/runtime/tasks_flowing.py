"""The live driver in a world whose market time flows on while the daemon works.

Nobody waits for anybody else. A message from outside is put where it is read at once, answers come
in when they come, what follows a commit leaves as soon as that is durable, and alarms are rung when
market time reaches them, by a task of their own. The outside alone is kept waiting, and only where
an inbox of facts is nearly full: what those inside say to each other must find room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from heapq import heappop
from typing import Any

from daemon.runtime.clock import MarketTime
from daemon.runtime.commits import Held
from daemon.runtime.runner import Runner
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.tasks import Tasks
from daemon.runtime.words import Alarm, Lane, Ledger, Surroundings


class FlowingTasks(Tasks):
    """Lets each thing take its own time; its clock never goes back."""

    def __init__(
        self, supervisor: Supervisor, ledger: Ledger, around: Surroundings, clock: MarketTime
    ) -> None:
        super().__init__(supervisor, ledger, around, clock)
        self._held: list[Held] = []
        self._committed = asyncio.Event()
        self._eased = asyncio.Event()  # somebody has read something
        self._is_set = asyncio.Event()  # an alarm
        self._reaching: asyncio.Task[None] | None = None

    async def tell(self, to: str, message: Any, at_ns: int, lane: Lane = Lane.FACTS) -> None:
        """Bring a message in from the outside; waits for nothing but room in the lane of facts.

        What comes from a world that is played waits for its instant as well.

        Raises:
            OrdoError: what ended the tree, such as `TooManyRestarts` or `StoreError`.
        """
        await self._clock.reach(at_ns)
        runner = self._addresses[to]
        while lane is Lane.FACTS and runner.is_crowded() and self._failure is None:
            await self._ease()
        self._require_whole()
        self._ring(at_ns - 1)
        self._bring(to, message, self._clock.now_ns(), lane)
        await asyncio.sleep(0)  # a world that lags behind lets the others have their turn

    async def run_until(self, at_ns: int) -> None:
        """Let market time pass, ringing every alarm up to and including that instant."""
        await self._clock.reach(at_ns)
        self._ring(at_ns)

    async def settle(self) -> None:
        """Wait until nothing is under way any more; while others bring something in, that lasts.

        Raises:
            OrdoError: what ended the tree, such as `TooManyRestarts` or `StoreError`.
        """
        await self._until_settled()

    async def caught_up(self) -> None:
        """Wait for nothing, since everybody reads what comes when it comes.

        Raises:
            OrdoError: what ended the tree, such as `TooManyRestarts` or `StoreError`.
        """
        self._require_whole()

    async def _begun(self) -> None:
        """Wait until every actor has read its start; what it asked of ports comes when it comes."""
        while self._under_way.unread and self._failure is None:
            await self._ease()
        self._require_whole()

    def _begin_works(self) -> None:
        super()._begin_works()
        self._work(self._keep_ringing(), "alarms")

    async def _ease(self) -> None:
        self._eased.clear()
        await self._eased.wait()

    def _mark(self) -> None:
        super()._mark()
        self._eased.set()

    def _fail(self, error: BaseException) -> None:
        super()._fail(error)
        self._eased.set()

    async def _keep_ringing(self) -> None:
        """Ring each alarm when market time reaches it, for ever."""
        while True:
            while not self._alarms:
                self._is_set.clear()
                await self._is_set.wait()
            reaching = self._clock.reach(self._alarms[0][0])
            self._reaching = asyncio.get_running_loop().create_task(reaching, name="next alarm")
            try:
                await asyncio.wait({self._reaching})
            finally:
                self._reaching.cancel()
            if self._failure is not None:
                return
            if not self._reaching.cancelled():  # else one was set that is due before
                self._reaching.result()
                self._ring(self._clock.now_ns())

    def _ring(self, until_ns: int) -> None:
        """Ring what is due up to an instant: the earliest first, of equal ones the first set."""
        while self._alarms and self._alarms[0][0] <= until_ns:
            _, _, runner, alarm = heappop(self._alarms)
            self._put(runner, alarm.lane, alarm.message, 0)

    def _set(self, runner: Runner, alarm: Alarm) -> None:
        super()._set(runner, alarm)
        self._is_set.set()
        if self._reaching is not None and self._alarms[0][3] is alarm:
            self._reaching.cancel()

    async def _keep_committing(self) -> None:
        while True:
            await self._committed.wait()
            self._committed.clear()
            if self._commits.entered > self._commits.durable:
                await self._commits.flush()
            if self._failure is not None:
                return
            waiting, self._held = self._held, []
            for held in waiting:
                if held.entered <= self._commits.durable:
                    self._let_go(held)
                else:
                    self._held.append(held)

    def _wait_to_leave(self, held: Held) -> None:
        self._held.append(held)
        self._committed.set()

    async def _answered(self, runner: Runner, answers: Sequence[Any], cause: int) -> None:
        for answer in answers:
            await self._clock.reach(answer.at_ns)  # an exchange within says when its answer comes
            self._put(runner, Lane.FACTS, answer, cause)
