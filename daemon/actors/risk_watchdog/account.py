"""The day of the watched account: its profit over all entries, held to the account's limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from daemon.actors.turn import Turn
from daemon.actors.watch import Watch
from daemon.domain.risk.account import AccountLimits, AccountState, Valuation, judge_account
from daemon.domain.risk.lock_and_trail import Lock, LockStatus
from daemon.domain.risk.mirrored import Known, MirroredDay, Unsound, lock_raised, most_e4
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.words import ExitReason
from daemon.messages import FloorSeen


class AccountDay:
    """One account's day.

    Attributes:
        limited: there is anything that it is held to.
    """

    def __init__(self, limits: AccountLimits) -> None:
        self.limited = bool(limits.loss_e4 or limits.profit_e4 or limits.lock)
        self._limits = limits
        self._state = AccountState()

    def begin(self) -> None:
        """Another day begins at nothing."""
        self._state = AccountState()

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
        highest_e4 = sum(most_e4(each.legs.values()) - each.carried_e4 for each in watches)
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

        Returns:
            Why everything is to be left; told once a day.
        """
        valued = tuple(watches)
        if not all(watch.risk.pnl.is_whole(now_ns) for watch in valued if watch.is_open):
            return None
        total_e4 = sum(
            watch.risk.pnl.last_e4 - watch.carried_e4 for watch in valued if watch.risk.pnl.last_ns
        )
        state = self._state
        before = state.lock
        legs = (leg for watch in valued if watch.is_open for leg in watch.risk.legs())
        seen_ns = (leg.seen_ns for leg in legs if leg.net_quantity)
        reason = judge_account(state, Valuation(total_e4, now_ns, seen_ns), self._limits)
        if state.lock is not before:
            turn.record(_floor_moved(before, state.lock, now_ns))
        return reason


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
