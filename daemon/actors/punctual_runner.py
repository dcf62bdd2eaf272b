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
from daemon.domain.instants import SECOND_NS, day_of
from daemon.domain.market.frames import Frame
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
        strategy_id: which.
        runner: decides.
    """

    def __init__(self, strategy_id: str, runner: StrategyRunner) -> None:
        self._strategy_id = strategy_id
        self._runner = runner

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        if type(message) is Frame:
            return self._runner.handle(message, now_ns)
        match message:
            case StartDue(day):
                return self._missed(day, now_ns)
            case DayOpened() | Started():
                return (*self._runner.handle(message, now_ns), *self._await(now_ns))
        return self._runner.handle(message, now_ns)

    def _await(self, now_ns: int) -> Sequence[Effect]:
        opens_ns = self._runner.opens_ns
        if opens_ns is None:
            return NOTHING
        return (Alarm(max(now_ns, opens_ns) + GRACE_NS, StartDue(day_of(opens_ns))),)

    def _missed(self, day: date, now_ns: int) -> Sequence[Effect]:
        opens_ns = self._runner.opens_ns
        if opens_ns is None or day_of(opens_ns) != day or not self._runner.waits_in_vain:
            return NOTHING
        turn = Turn()
        turn.record(StartMissed(self._strategy_id, opens_ns, now_ns))
        return turn.done()
