"""A strategy runner of which a person is told when it does not enter at its time.

It is the runner and an alarm: a while after the time of entry it is asked whether it would enter,
and has neither done so nor told why not. That is for whoever watches a running daemon; in a
backtest the runner stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from daemon.actors.strategy_runner import StrategyRunner
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS, at, day_of
from daemon.domain.market.frames import Frame
from daemon.domain.plans.schema import Plan
from daemon.messages import DayOpened, StartMissed
from daemon.runtime.words import NOTHING, Alarm, Effect, Started

GRACE_NS = 60 * SECOND_NS
"""So long after its time an entry may still come before a person is told."""


class StartDue(Struct, frozen=True):
    """The time of entry of a day has passed, and the grace after it."""

    day: date


class PunctualRunner:
    """Runs one declared strategy, and tells when it did not start.

    Args:
        plan: the strategy.
        runner: decides.
    """

    def __init__(self, plan: Plan, runner: StrategyRunner) -> None:
        self._plan = plan
        self._runner = runner

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        if type(message) is Frame:
            return self._runner.handle(message, now_ns)
        match message:
            case StartDue(day):
                return self._missed(day, now_ns)
            case DayOpened(day, sessions) if sessions:
                return (*self._runner.handle(message, now_ns), self._alarm(day, now_ns))
            case Started() if self._runner.awaited_ns:
                day = day_of(self._runner.awaited_ns)
                return (*self._runner.handle(message, now_ns), self._alarm(day, now_ns))
        return self._runner.handle(message, now_ns)

    def _alarm(self, day: date, now_ns: int) -> Alarm:
        due_ns = max(now_ns, at(day, self._plan.entry.at)) + GRACE_NS
        return Alarm(due_ns, StartDue(day))

    def _missed(self, day: date, now_ns: int) -> Sequence[Effect]:
        due_ns = self._runner.awaited_ns
        if not due_ns or day_of(due_ns) != day:
            return NOTHING
        turn = Turn()
        turn.record(StartMissed(self._plan.id, due_ns, now_ns))
        return turn.done()
