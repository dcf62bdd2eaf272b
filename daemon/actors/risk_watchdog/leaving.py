"""What is left: decided once, and told to the router until it is heard to be owed."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.actors.risk_watchdog.watch import Watch
from daemon.actors.risk_watchdog.watches import Watches
from daemon.actors.risk_watchdog.words import ExitTime
from daemon.actors.turn import Turn
from daemon.domain.market.notes import NoteKind
from daemon.domain.risk.guard import Unpriced
from daemon.domain.risk.hours import GRACE_NS
from daemon.domain.risk.moves import Exit, LevelMoved, Verdict
from daemon.messages import ExitDecided, ExitLegs, Noted
from daemon.runtime.words import Alarm, Lane, Tell


class Leaving:
    """Decides what is left of what is watched, and tells of it.

    Args:
        router: the address of the account's router.
        watches: what is watched.
    """

    __slots__ = ("_router", "_watches")

    def __init__(self, router: str, watches: Watches) -> None:
        self._router = router
        self._watches = watches

    def act(self, turn: Turn, watch: Watch, verdicts: Sequence[Verdict | Unpriced]) -> None:
        """Do what the rules of an entry say of a frame."""
        for verdict in verdicts:
            match verdict:
                case LevelMoved():
                    turn.record(watch.named(verdict))
                case Exit(strategy_id, leg_ids, reason, at_ns):
                    self._leave(turn, watch, ExitLegs(strategy_id, leg_ids, reason), at_ns)
                case Unpriced(strategy_id, at_ns=at_ns):
                    turn.record(Noted(NoteKind.STALE, verdict.sentence, at_ns, strategy_id))

    def leave_due(self, turn: Turn, watch: Watch, now_ns: int) -> None:
        """Leave what is held of an entry that is to be left as a whole by now."""
        reason = watch.due(now_ns)
        if reason is not None and (free := watch.free_legs()):
            self._leave(turn, watch, ExitLegs(watch.risk.strategy_id, free, reason), now_ns)

    def ring(self, turn: Turn, strategy_id: str, now_ns: int) -> None:
        """Leave what is due of a strategy at its time, whether or not a frame comes."""
        for watch in self._watches.of(strategy_id):
            self.leave_due(turn, watch, now_ns)
        self.insist(turn, strategy_id, now_ns)

    def insist(self, turn: Turn, strategy_id: str, now_ns: int) -> None:
        """Tell what is unheard of a strategy, and again in a while where no frame comes."""
        unheard = [each for each in self._watches.unheard if each.strategy_id == strategy_id]
        for each in unheard:
            turn.do(Tell(self._router, each, Lane.CONTROL))
        if unheard:
            turn.do(Alarm(now_ns + GRACE_NS, ExitTime(strategy_id), Lane.CONTROL))

    def tell(self, turn: Turn) -> None:
        """Tell all that is unheard."""
        for unheard in self._watches.unheard:
            turn.do(Tell(self._router, unheard, Lane.CONTROL))

    def _leave(self, turn: Turn, watch: Watch, wanted: ExitLegs, now_ns: int) -> None:
        """Decide an exit; it is told with every frame until it is heard to be owed."""
        pnl_e4 = watch.risk.pnl.last_e4
        decided = ExitDecided(wanted.strategy_id, wanted.leg_ids, wanted.reason, pnl_e4, now_ns)
        turn.record(decided)
        self._watches.apply(decided)
