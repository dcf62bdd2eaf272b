"""The risk watchdog: judges every frame against what every open position is held to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from daemon.actors.turn import Turn
from daemon.domain.market.frames import Frame
from daemon.domain.risk.account import AccountLimits, AccountState, judge_account
from daemon.domain.risk.hours import GRACE_NS, alarm_at
from daemon.domain.risk.moves import Exit, LevelMoved, Verdict
from daemon.domain.risk.pnl import LegPosition
from daemon.domain.risk.strategy import StrategyRisk
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    BasketEnded,
    BasketOpened,
    DayEnded,
    DayMarked,
    DayOpened,
    ExitDecided,
    ExitFinished,
    ExitLegs,
    ExitOwed,
    LinkDied,
    LinkRevived,
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
)
_NEVER = 1 << 62
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


class Watch:
    """One strategy's entry under watch."""

    __slots__ = ("exit_ns", "legs", "opened", "risk")

    def __init__(self, opened: BasketOpened) -> None:
        basket = opened.basket
        self.opened = opened
        self.exit_ns = opened.exit_ns
        self.risk = StrategyRisk(basket.strategy_id, opened.rules, opened.leg_rules)
        self.legs: dict[str, LegPosition] = {}
        for leg in basket.legs:
            self.risk.watch(leg.leg_id, leg.symbol, leg.side, leg.quantity)

    def open_legs(self) -> tuple[str, ...]:
        """Return the legs in which something is held."""
        return tuple(leg_id for leg_id, held in self.legs.items() if held.net_quantity)


class RiskWatchdog:
    """Guards the positions of one account.

    Args:
        router: the address of the account's router.
        limits: of the account's day.
        facts: what was recorded before.
    """

    def __init__(self, router: str, limits: AccountLimits, facts: Iterable[object] = ()) -> None:
        self._router = router
        self._limits = limits
        self._limited = bool(limits.loss_e4 or limits.profit_e4 or limits.lock)
        self._account = AccountState()
        self._watches: dict[str, Watch] = {}
        self._active: tuple[Watch, ...] = ()
        self._next_exit_ns = _NEVER
        self._interval_ns = 0
        self._last_ns = 0
        self._unheard: list[ExitLegs] = []
        self._restore(facts)

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        if type(message) is Frame:
            return self._see(message, now_ns)
        turn = Turn()
        match message:
            case PositionChanged():
                for moved in self._fill(message):
                    turn.record(moved)
            case BasketOpened():
                self._watch(message)
                self._set_exit_alarm(turn, message)
            case BasketEnded(_, strategy_id):
                self._settle(strategy_id)
            case ExitOwed(_, strategy_id, leg_ids):
                self._hear_owed(strategy_id, leg_ids)
            case ExitFinished(_, strategy_id, leg_ids):
                self._finish(strategy_id, leg_ids)
            case ExitTime(strategy_id):
                self._leave_in_time(turn, self._watches.get(strategy_id), now_ns)
            case _:
                self._take_notice(turn, message)
        return turn.done()

    def _take_notice(self, turn: Turn, message: object) -> None:
        match message:
            case LinkDied():
                for watch in self._active:
                    watch.risk.lose_marks()
            case LinkRevived():
                pass
            case DayOpened():
                self._interval_ns = message.interval_ns
                self._account = AccountState()
            case DayEnded():
                self._end_day(turn, message)
            case Started():
                for watch in self._active:
                    self._set_exit_alarm(turn, watch.opened)
            case _:
                raise AssertionError(f"the watchdog was told {message!r}")

    def _see(self, frame: Frame, now_ns: int) -> Sequence[Effect]:
        """Judge one frame; the path of every tick."""
        self._last_ns = now_ns
        active = self._active
        if not active:
            return NOTHING
        quotes, effects, turn = frame.quotes, [], None
        for watch in active:
            risk = watch.risk
            risk.see(quotes, now_ns)
            verdicts = risk.judge(now_ns)
            if verdicts:
                turn = turn or Turn()
                self._act(turn, watch, verdicts, now_ns)
            effects.append(_shown(risk, now_ns))
        if now_ns < self._next_exit_ns and not self._limited and not self._unheard and not turn:
            return effects
        turn = turn or Turn()
        for watch in active:
            if now_ns >= watch.exit_ns:
                self._leave_in_time(turn, watch, now_ns)
        if self._limited:
            self._judge_account(turn, now_ns)
        for unheard in self._unheard:
            turn.do(Tell(self._router, unheard, Lane.CONTROL))
        turn.do(*effects)
        return turn.done()

    def _act(self, turn: Turn, watch: Watch, verdicts: Sequence[Verdict], now_ns: int) -> None:
        for verdict in verdicts:
            match verdict:
                case LevelMoved():
                    turn.record(verdict)
                case Exit(_, leg_ids, reason):
                    self._leave(turn, watch, leg_ids, reason, now_ns)

    def _leave(
        self, turn: Turn, watch: Watch, leg_ids: tuple[str, ...], reason: ExitReason, now_ns: int
    ) -> None:
        """Decide an exit; it is told again with every frame until it is heard to be owed."""
        risk = watch.risk
        pnl_e4 = risk.pnl.last_e4
        turn.record(ExitDecided(risk.strategy_id, leg_ids, reason, pnl_e4, now_ns))
        self._unheard.append(ExitLegs(risk.strategy_id, leg_ids, reason))
        risk.owe(leg_ids)

    def _leave_in_time(self, turn: Turn, watch: Watch | None, now_ns: int) -> None:
        """Leave what is open once its exit time has come."""
        if watch is None or now_ns < watch.exit_ns:
            return
        watch.exit_ns = _NEVER
        self._plan_exits()
        leaving = {leg_id for exit_legs in self._unheard for leg_id in exit_legs.leg_ids}
        free = tuple(leg_id for leg_id in watch.open_legs() if leg_id not in leaving)
        if free:
            self._leave(turn, watch, free, ExitReason.TIME, now_ns)
            turn.do(Tell(self._router, self._unheard[-1], Lane.CONTROL))

    def _judge_account(self, turn: Turn, now_ns: int) -> None:
        """Hold the account's day to its limits, on frames that value all that is open."""
        watches = self._watches.values()
        if any(watch.risk.pnl.last_ns != now_ns for watch in self._active if watch.open_legs()):
            return
        total_e4 = sum(watch.risk.pnl.last_e4 for watch in watches)
        reason = judge_account(self._account, total_e4, self._limits)
        if reason is None:
            return
        turn.do(Tell(self._router, PauseEntries(f"the account's limit: {reason}"), Lane.CONTROL))
        for watch in self._active:
            if watch.open_legs():
                self._leave(turn, watch, watch.open_legs(), reason, now_ns)

    def _watch(self, opened: BasketOpened) -> None:
        self._watches[opened.basket.strategy_id] = Watch(opened)
        self._plan_exits()

    def _fill(self, changed: PositionChanged) -> tuple[LevelMoved, ...]:
        watch = self._watches.get(changed.strategy_id)
        if watch is None:
            return ()
        position = LegPosition(
            changed.leg_id,
            changed.symbol,
            changed.side,
            changed.bought_quantity,
            changed.bought_value_e4,
            changed.sold_quantity,
            changed.sold_value_e4,
        )
        watch.legs[changed.leg_id] = position
        return watch.risk.fill(position, changed.at_ns)

    def _settle(self, strategy_id: str) -> None:
        """An entry is over: what was not filled is not waited for."""
        watch = self._watches.get(strategy_id)
        if watch is None:
            return
        for leg in watch.opened.basket.legs:
            held = watch.legs.get(leg.leg_id)
            entered = held.entry_quantity if held else 0
            watch.risk.watch(leg.leg_id, leg.symbol, leg.side, entered)
        self._plan_exits()

    def _hear_owed(self, strategy_id: str, leg_ids: tuple[str, ...]) -> None:
        watch = self._watches.get(strategy_id)
        if watch is not None:
            watch.risk.owe(leg_ids)
        self._unheard = [
            each
            for each in self._unheard
            if each.strategy_id != strategy_id or not set(each.leg_ids) & set(leg_ids)
        ]

    def _finish(self, strategy_id: str, leg_ids: tuple[str, ...]) -> None:
        watch = self._watches.get(strategy_id)
        if watch is not None:
            watch.risk.withdraw(leg_ids)
        self._plan_exits()

    def _plan_exits(self) -> None:
        """Keep at hand who is to be judged, and when the next exit time comes."""
        self._active = tuple(
            watch for watch in self._watches.values() if watch.open_legs() or not _is_over(watch)
        )
        self._next_exit_ns = min((watch.exit_ns for watch in self._active), default=_NEVER)

    def _set_exit_alarm(self, turn: Turn, opened: BasketOpened) -> None:
        """A square-off that no frame brings is brought by an alarm."""
        grace_ns = max(GRACE_NS, _GRACE_INTERVALS * self._interval_ns)
        at_ns = alarm_at(opened.exit_ns, opened.close_ns, grace_ns)
        turn.do(Alarm(at_ns, ExitTime(opened.basket.strategy_id), Lane.CONTROL))

    def _end_day(self, turn: Turn, ended: DayEnded) -> None:
        for strategy_id, watch in tuple(self._watches.items()):
            turn.record(_marked(watch, ended, self._last_ns))
            if watch not in self._active:
                del self._watches[strategy_id]

    def _restore(self, facts: Iterable[object]) -> None:
        moves: dict[str, list[LevelMoved]] = {}
        for fact in facts:
            match fact:
                case BasketOpened(basket):
                    moves[basket.strategy_id] = []
                    self._watch(fact)
                case PositionChanged():
                    self._fill(fact)
                case BasketEnded(_, strategy_id):
                    self._settle(strategy_id)
                case LevelMoved(strategy_id):
                    moves.setdefault(strategy_id, []).append(fact)
                case ExitOwed(_, strategy_id, leg_ids):
                    self._hear_owed(strategy_id, leg_ids)
                case ExitFinished(_, strategy_id, leg_ids):
                    self._finish(strategy_id, leg_ids)
                case DayOpened():
                    self._interval_ns = fact.interval_ns
                case DayEnded():
                    self._end_day(Turn(), fact)
        for strategy_id, moved in moves.items():
            if strategy_id in self._watches:
                self._watches[strategy_id].risk.restore(moved)


def _is_over(watch: Watch) -> bool:
    """Say whether nothing is open and nothing is still to come."""
    legs = watch.risk.legs()
    return all(not leg.net_quantity for leg in legs) and (
        not watch.legs or all(held.entry_quantity for held in watch.legs.values())
    )


def _shown(risk: StrategyRisk, now_ns: int) -> Show:
    lock = risk.lock
    return Show(PnlSeen(risk.strategy_id, risk.pnl.last_e4, lock.status, lock.floor_e4, now_ns))


def _marked(watch: Watch, ended: DayEnded, last_ns: int) -> DayMarked:
    pnl, lock = watch.risk.pnl, watch.risk.lock
    seen = bool(pnl.last_ns)
    return DayMarked(
        strategy_id=watch.risk.strategy_id,
        day=ended.day,
        low=(pnl.low_ns, pnl.low_e4) if seen else None,
        high=(pnl.high_ns, pnl.high_e4) if seen else None,
        last=(last_ns, pnl.last_e4) if seen else None,
        status=lock.status,
        floor_e4=lock.floor_e4,
        marks=tuple((leg.leg_id, leg.mark_e4) for leg in watch.risk.legs() if leg.net_quantity),
        at_ns=ended.at_ns,
    )
