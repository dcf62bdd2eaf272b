"""A strategy runner of which a person is told when it does not enter at its time.

It is the runner and an alarm: a while after the time of entry it is asked whether it would enter,
and has neither done so nor told why not. That is for whoever watches a running daemon; in a
backtest the runner stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from daemon.actors.strategy_runner.runner import StrategyRunner
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Frame
from daemon.domain.plans.schema import Plan
from daemon.messages import Ask, StartMissed
from daemon.runtime.words import NOTHING, Alarm, Effect

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
        self._awaited: date | None = None

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        if type(message) is Frame:
            return self._runner.handle(message, now_ns)
        if isinstance(message, StartDue):
            return self._missed(message.day, now_ns)
        effects = self._runner.handle(message, now_ns)
        awaited, before = self._runner.awaited, self._awaited
        self._awaited = awaited.day if awaited is not None else None
        if awaited is None or awaited.day == before:
            return effects
        if isinstance(message, Ask) and now_ns > awaited.closes_ns:
            return effects  # whoever starts it so late sees by its status that there is no entry
        due_ns = max(now_ns, awaited.opens_ns) + GRACE_NS
        return (*effects, Alarm(due_ns, StartDue(awaited.day)))

    def _missed(self, day: date, now_ns: int) -> Sequence[Effect]:
        awaited = self._runner.awaited
        if awaited is None or awaited.day != day:
            return NOTHING
        turn = Turn()
        turn.record(StartMissed(self._plan.id, awaited.opens_ns, now_ns))
        return turn.done()
