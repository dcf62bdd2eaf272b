"""The risk watchdog: judges every frame against what every open position is held to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from daemon.actors.turn import Turn
from daemon.actors.watches import Watch, Watches
from daemon.domain.market.frames import Frame
from daemon.domain.market.notes import NoteKind
from daemon.domain.risk.account import AccountLimits, AccountState, judge_account
from daemon.domain.risk.guard import Unpriced
from daemon.domain.risk.hours import GRACE_NS, alarm_at
from daemon.domain.risk.lock_and_trail import Lock, LockStatus
from daemon.domain.risk.moves import Exit, LevelMoved, Move, Verdict
from daemon.domain.risk.strategy import StrategyRisk
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    BasketEnded,
    BasketOpened,
    DayEnded,
    DayMarked,
    DayOpened,
    EntriesPaused,
    ExitDecided,
    ExitFinished,
    ExitLegs,
    ExitOwed,
    LegExpired,
    LinkDied,
    LinkRevived,
    Noted,
    PauseEntries,
    PositionChanged,
)
from daemon.runtime.words import NOTHING, Alarm, Effect, Lane, Show, Started, Tell

HEARS = (
    Frame,
    DayOpened,
    DayEnded,
    LinkDied,
    LinkRevived,
    BasketOpened,
    BasketEnded,
    PositionChanged,
    ExitOwed,
    ExitFinished,
    LegExpired,
)
_GRACE_INTERVALS = 3


class ExitTime(Struct, frozen=True):
    """A strategy's exit time has passed, whether or not a frame brought it."""

    strategy_id: str


class PnlSeen(Struct, frozen=True, gc=False):
    """A strategy's profit on a frame, before charges, for people to see."""

    strategy_id: str
    pnl_e4: int
    status: str
    floor_e4: int
    at_ns: int


class RiskWatchdog:
    """Guards the positions of one account.

    Args:
        router: the address of the account's router.
        limits: of the account's day.
        facts: what was recorded before.
        shown: somebody watches the profit move; else nothing is made for nobody to see.
    """

    def __init__(
        self,
        router: str,
        limits: AccountLimits,
        facts: Iterable[object] = (),
        *,
        shown: bool = True,
    ) -> None:
        self._router = router
        self._shown = shown
        self._limits = limits
        self._limited = bool(limits.loss_e4 or limits.profit_e4 or limits.lock)
        self._account = AccountState()
        self._watches = Watches()
        self._alive = True
        self._day: date | None = None
        self._sessions: tuple[tuple[int, int], ...] = ()
        self._interval_ns = 0
        self._last_ns = 0
        for fact in facts:
            self._recall(fact)
        self._watches.restored()

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        if type(message) is Frame:
            return self._see(message, now_ns)
        turn = Turn()
        match message:
            case PositionChanged():
                self._fill(turn, message, now_ns)
            case BasketOpened():
                self._watches.apply(message)
                self._set_alarm(turn, message)
            case BasketEnded() | ExitOwed() | ExitFinished() | LegExpired():
                self._watches.apply(message)
            case ExitTime(strategy_id):
                for watch in self._watches.of(strategy_id):
                    self._leave_due(turn, watch, now_ns)
                self._insist(turn, strategy_id, now_ns)
            case _:
                self._take_notice(turn, message, now_ns)
        return turn.done()

    def _take_notice(self, turn: Turn, message: object, now_ns: int) -> None:
        match message:
            case LinkDied():
                self._die()
            case LinkRevived():
                self._alive = True
            case DayOpened():
                self._begin_day(message)
                self._set_alarms(turn, now_ns)
            case DayEnded():
                self._end_day(turn, message)
            case Started():
                self._set_alarms(turn, now_ns)
                for unheard in self._watches.unheard:
                    turn.do(Tell(self._router, unheard, Lane.CONTROL))
            case _:
                raise AssertionError(f"the watchdog was told {message!r}")

    def _see(self, frame: Frame, now_ns: int) -> Sequence[Effect]:
        """Judge one frame; the path of every tick."""
        self._last_ns, watches = now_ns, self._watches
        active = watches.active
        if not active and not self._limited:
            return NOTHING
        quotes, turn = frame.quotes, None
        effects: list[Effect] = []
        for watch in active if self._alive else ():
            risk = watch.risk
            risk.see(quotes, now_ns)
            verdicts = risk.judge(now_ns)
            if verdicts:
                turn = turn or Turn()
                self._act(turn, watch, verdicts)
            if self._shown:
                effects.append(_shown(risk, now_ns))
        hurried = self._limited or watches.unheard or turn
        if now_ns < watches.next_exit_ns and not hurried:
            return effects
        turn = turn or Turn()
        if self._limited and self._alive:
            self._judge_account(turn, now_ns)
        for watch in watches.active:
            self._leave_due(turn, watch, now_ns)
        for unheard in watches.unheard:
            turn.do(Tell(self._router, unheard, Lane.CONTROL))
        turn.do(*effects)
        return turn.done()

    def _act(self, turn: Turn, watch: Watch, verdicts: Sequence[Verdict | Unpriced]) -> None:
        for verdict in verdicts:
            match verdict:
                case LevelMoved():
                    turn.record(verdict)
                case Exit(strategy_id, leg_ids, reason, at_ns):
                    self._leave(turn, watch, ExitLegs(strategy_id, leg_ids, reason), at_ns)
                case Unpriced(strategy_id, at_ns=at_ns):
                    turn.record(Noted(NoteKind.STALE, verdict.sentence, at_ns, strategy_id))

    def _leave(self, turn: Turn, watch: Watch, wanted: ExitLegs, now_ns: int) -> None:
        """Decide an exit; it is told with every frame until it is heard to be owed."""
        pnl_e4 = watch.risk.pnl.last_e4
        decided = ExitDecided(wanted.strategy_id, wanted.leg_ids, wanted.reason, pnl_e4, now_ns)
        turn.record(decided)
        self._watches.apply(decided)

    def _leave_due(self, turn: Turn, watch: Watch, now_ns: int) -> None:
        """Leave what is held of an entry that is to be left as a whole by now."""
        reason = watch.due(now_ns)
        free = watch.free_legs() if reason is not None else ()
        if reason is not None and free:
            self._leave(turn, watch, ExitLegs(watch.risk.strategy_id, free, reason), now_ns)

    def _insist(self, turn: Turn, strategy_id: str, now_ns: int) -> None:
        """Tell what is unheard of a strategy, and again in a while where no frame comes."""
        unheard = [each for each in self._watches.unheard if each.strategy_id == strategy_id]
        for each in unheard:
            turn.do(Tell(self._router, each, Lane.CONTROL))
        if unheard:
            turn.do(Alarm(now_ns + GRACE_NS, ExitTime(strategy_id), Lane.CONTROL))

    def _fill(self, turn: Turn, changed: PositionChanged, now_ns: int) -> None:
        """Take a fill in; what is filled after its entry was left is left at once."""
        watch, moves = self._watches.fill(changed)
        for moved in moves:
            turn.record(moved)
        if watch is None:
            return
        known = self._watches.unheard
        self._leave_due(turn, watch, now_ns)
        if self._watches.unheard is not known:
            self._insist(turn, changed.strategy_id, now_ns)
        if self._shown and not watch.is_open:
            turn.do(_shown(watch.risk, now_ns))

    def _judge_account(self, turn: Turn, now_ns: int) -> None:
        """Hold the account's day to its limits, on frames that value all that is open."""
        watches = self._watches.all()
        if not all(watch.risk.pnl.is_whole(now_ns) for watch in watches if watch.is_open):
            return
        total_e4 = sum(
            watch.risk.pnl.last_e4 - watch.carried_e4 for watch in watches if watch.risk.pnl.last_ns
        )
        before = self._account.lock
        reason = judge_account(self._account, total_e4, self._limits)
        if self._account.lock is not before:
            turn.record(_floor_moved(before, self._account.lock, now_ns))
        if reason is not None:
            turn.do(Tell(self._router, PauseEntries(_because(reason)), Lane.CONTROL))
            self._leave_all(reason)

    def _leave_all(self, reason: ExitReason) -> None:
        for watch in self._watches.active:
            watch.leaving = reason
        self._watches.plan()

    def _die(self) -> None:
        """The link is dead: its prices are stale, and nothing is judged until it lives again."""
        self._alive = False
        for watch in self._watches.active:
            watch.risk.lose_marks()

    def _set_alarms(self, turn: Turn, now_ns: int) -> None:
        for watch in self._watches.active:
            if self._sessions or now_ns < watch.opened.exit_ns:
                self._set_alarm(turn, watch.opened)

    def _set_alarm(self, turn: Turn, opened: BasketOpened) -> None:
        """A square-off that no frame brings is brought by an alarm, yesterday's by today's."""
        exit_ns, close_ns = opened.exit_ns, opened.close_ns
        if self._sessions and exit_ns < self._sessions[0][0]:
            exit_ns, close_ns = self._sessions[0][0], self._sessions[-1][1]
        grace_ns = max(GRACE_NS, _GRACE_INTERVALS * self._interval_ns)
        at_ns = alarm_at(exit_ns, close_ns, grace_ns)
        turn.do(Alarm(at_ns, ExitTime(opened.basket.strategy_id), Lane.CONTROL))

    def _begin_day(self, opened: DayOpened) -> None:
        self._interval_ns, self._sessions = opened.interval_ns, opened.sessions
        if opened.day != self._day:
            self._day = opened.day
            self._account = AccountState()
            self._watches.begin_day()

    def _end_day(self, turn: Turn, ended: DayEnded) -> None:
        self._sessions = ()
        told: set[str] = set()
        for watch in self._watches.all():
            strategy_id = watch.risk.strategy_id
            if watch.legs or strategy_id not in told:
                told.add(strategy_id)
                marked = _marked(watch, ended, self._last_ns)
                turn.record(marked)
                self._close_day(watch, marked)

    def _close_day(self, watch: Watch, marked: DayMarked) -> None:
        if marked.last is not None:
            watch.carried_e4 = marked.last[1]
        self._watches.set_aside(watch)

    def _recall(self, fact: object) -> None:
        """Take in what was recorded before."""
        match fact:
            case LevelMoved("", ""):
                kept = Lock(LockStatus.LOCKED, fact.to_e4, fact.best_e4)
                self._account.restore(kept)
            case LevelMoved():
                self._watches.note_move(fact)
            case DayOpened():
                self._begin_day(fact)
            case DayEnded():
                self._sessions = ()
            case DayMarked(strategy_id):
                for watch in self._watches.of(strategy_id):
                    self._close_day(watch, fact)
            case LinkDied():
                self._die()
            case LinkRevived():
                self._alive = True
            case EntriesPaused(because) if because in _LIMITS:
                self._account.verdict = _LIMITS[because]
                self._leave_all(_LIMITS[because])
            case _:
                self._watches.apply(fact)


def _because(reason: ExitReason) -> str:
    return f"the account's limit: {reason}"


_LIMITS = {
    _because(reason): reason for reason in (ExitReason.ACCOUNT_LOSS, ExitReason.ACCOUNT_PROFIT)
}
"""By it a restart knows that an account was left today, and that the router has heard so."""


def _floor_moved(before: Lock, after: Lock, now_ns: int) -> LevelMoved:
    """Return the record of an account's floor: a level of no strategy and no leg."""
    move = Move.LOCKED if before.status is LockStatus.NONE else Move.FLOOR_RAISED
    return LevelMoved("", "", move, before.floor_e4, after.floor_e4, now_ns, after.best_e4)


def _shown(risk: StrategyRisk, now_ns: int) -> Show:
    lock = risk.lock
    return Show(PnlSeen(risk.strategy_id, risk.pnl.last_e4, lock.status, lock.floor_e4, now_ns))


def _marked(watch: Watch, ended: DayEnded, last_ns: int) -> DayMarked:
    """Return how a day went; what is flat is worth the same on every later frame of the day."""
    pnl, lock = watch.risk.pnl, watch.risk.lock
    held = [leg for leg in watch.risk.legs() if leg.net_quantity and leg.mark_e4 >= 0]
    valued_ns = pnl.last_ns if watch.is_open else max(pnl.last_ns, last_ns)
    return DayMarked(
        strategy_id=watch.risk.strategy_id,
        day=ended.day,
        low=(pnl.low_ns, pnl.low_e4) if pnl.low_ns else None,
        high=(pnl.high_ns, pnl.high_e4) if pnl.high_ns else None,
        last=(valued_ns, pnl.last_e4) if pnl.last_ns else None,
        status=lock.status,
        floor_e4=lock.floor_e4,
        marks=tuple((leg.leg_id, leg.mark_e4) for leg in held),
        at_ns=ended.at_ns,
    )
