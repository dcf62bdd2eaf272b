"""The day of the watched account: its profit over all entries, held to the account's limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec.structs import replace

from daemon.actors.risk_watchdog.loose_legs import entered
from daemon.actors.risk_watchdog.watch import Watch
from daemon.actors.risk_watchdog.watches import Watches
from daemon.actors.risk_watchdog.words import marked
from daemon.actors.turn import Turn
from daemon.domain.market.freshness import STALE_FLOOR_NS
from daemon.domain.market.notes import NoteKind
from daemon.domain.money import units
from daemon.domain.risk.account import AccountLimits, AccountState, Valuation, judge_account
from daemon.domain.risk.lock_and_trail import Lock, LockStatus
from daemon.domain.risk.mirrored import Known, MirroredDay, Unsound, lock_raised, most_e4
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.words import ExitReason
from daemon.messages import DayEnded, FloorSeen, Noted


class AccountDay:
    """One account's day.

    Attributes:
        limited: there is anything that it is held to.
    """

    def __init__(self, limits: AccountLimits) -> None:
        self.limited = bool(limits.loss_e4 or limits.profit_e4 or limits.lock)
        self._limits = limits
        self._state = AccountState()
        self._blind_ns = 0
        self._told: set[tuple[str, str]] = set()

    def begin(self) -> None:
        """Another day begins at nothing."""
        self._state = AccountState()
        self._told.clear()
        self.await_prices()

    def await_prices(self) -> None:
        """Wait for prices anew: what has none yet has just had no chance to."""
        self._blind_ns = 0

    def floors(self, day: date | None) -> tuple[FloorSeen, ...]:
        """Return the floor under the day for others to see; nothing before there is one."""
        lock = self._state.lock
        if day is None or lock.status is LockStatus.NONE:
            return ()
        return (FloorSeen(day, lock.floor_e4, lock.best_e4),)

    def held_against(
        self, told: MirroredDay, watches: Iterable[Watch], at_ns: int
    ) -> Iterator[LevelMoved | Unsound]:
        """Yield the floor that a mirror tells of this day, where it is above the record's."""
        highest_e4 = sum(most_e4(each.legs.values()) - each.carried.profit_e4 for each in watches)
        known = Known("", self._limits.lock, self._state.lock, highest_e4)
        raised = lock_raised(Lock(LockStatus.LOCKED, told.floor_e4, told.best_e4), known, at_ns)
        if raised is not None:
            yield raised

    def restore(self, moved: LevelMoved) -> None:
        """Take a recorded floor."""
        self._state.restore(Lock(LockStatus.LOCKED, moved.to_e4, moved.best_e4))

    def recall(self, reason: ExitReason) -> None:
        """Take that the account was left today, and that the router has heard so."""
        self._state.verdict = reason

    def judge(self, turn: Turn, watches: Iterable[Watch], now_ns: int) -> ExitReason | None:
        """Hold the day to its limits, on frames that value all that is open.

        Where something has had no price for longer than one is fresh, that of loss by what is
        known, and a person is told.

        Returns:
            Why everything is to be left; told once a day.
        """
        state = self._state
        if state.verdict is not None:
            return None
        valued = tuple(watches)
        for watch in valued:
            _begin_late(turn, watch, now_ns)
        whole = all(_is_valued(watch, now_ns) for watch in valued)
        if whole:
            self._blind_ns = 0
        elif not self._estimates(turn, valued, now_ns):
            return None
        total_e4 = sum(map(_today_e4, valued))
        before = state.lock
        legs = (leg for watch in valued if watch.is_open for leg in watch.risk.legs())
        seen_ns = (leg.seen_ns for leg in legs if leg.net_quantity)
        valuation = Valuation(total_e4, now_ns, seen_ns, whole)
        reason = judge_account(state, valuation, self._limits)
        if state.lock is not before:
            turn.record(_floor_moved(before, state.lock, now_ns))
        return reason

    def _estimates(self, turn: Turn, watches: Iterable[Watch], now_ns: int) -> bool:
        """Say whether a loss is judged by what is known, and tell of each leg without a price."""
        self._blind_ns = self._blind_ns or now_ns
        if not self._limits.loss_e4 or now_ns - self._blind_ns <= STALE_FLOOR_NS:
            return False
        for watch in watches:
            if not _is_valued(watch, now_ns):
                self._tell_unpriced(turn, watch, now_ns)
        return True

    def _tell_unpriced(self, turn: Turn, watch: Watch, now_ns: int) -> None:
        """Tell of what an estimate guesses at, each leg once a day."""
        for leg in watch.risk.legs():
            key = (watch.opened.basket.basket_id, leg.leg_id)
            if leg.net_quantity and not leg.fresh and key not in self._told:
                self._told.add(key)
                text = f"the account's loss limit is judged without a young price of {leg.symbol}"
                turn.record(Noted(NoteKind.STALE, text, now_ns, watch.risk.strategy_id))


def leave_all(watches: Watches, reason: ExitReason) -> None:
    """Leave all that strategies hold, and what still fills for them while this day lasts."""
    watches.left = reason
    for watch in entered(watches.active):
        watch.leaving = reason
    watches.plan()


def _today_e4(watch: Watch) -> int:
    """Return what an entry has made today by its newest valuation; 0 before its day has begun."""
    pnl, carried = watch.risk.pnl, watch.carried
    return pnl.last_e4 - carried.profit_e4 if pnl.last_ns and carried.unseen is None else 0


def _is_valued(watch: Watch, now_ns: int) -> bool:
    """Say whether all that is held of an entry had a price at that instant, the newest."""
    return not watch.is_open or watch.risk.pnl.is_whole(now_ns)


def _begin_late(turn: Turn, watch: Watch, now_ns: int) -> None:
    """Begin the day of an entry at its first whole valuation, where nobody saw its day before end.

    It is recorded as the mark of that day, so that a restart counts from it too.
    """
    day, pnl = watch.carried.unseen, watch.risk.pnl
    if day is None or not pnl.last_ns or not _is_valued(watch, now_ns):
        return
    mark = replace(marked(watch, DayEnded(day, now_ns), 0), low=None, high=None)
    strategy_id, worth = watch.risk.strategy_id, units(pnl.last_e4)
    text = (
        f"nobody saw what {strategy_id} was worth when {day} closed: the account's limits count"
        f" its profit of today from here, where it is {worth}"
    )
    turn.record(mark)
    turn.record(Noted(NoteKind.GAP, text, now_ns, strategy_id))
    watch.carried.begin_late(mark, watch.legs)


def because(reason: ExitReason) -> str:
    """Return why entries are paused once a limit of the account was reached."""
    return f"the account's limit: {reason}"


LIMITS = {
    because(reason): reason for reason in (ExitReason.ACCOUNT_LOSS, ExitReason.ACCOUNT_PROFIT)
}
"""By it a restart knows that an account was left today, and that the router has heard so."""


def _floor_moved(before: Lock, after: Lock, now_ns: int) -> LevelMoved:
    """Return the record of an account's floor: a level of no strategy and no leg."""
    move = Move.LOCKED if before.status is LockStatus.NONE else Move.FLOOR_RAISED
    return LevelMoved("", "", move, before.floor_e4, after.floor_e4, now_ns, after.best_e4)
