"""The limits of one account over one day: loss, profit, and a lock under profit.

One odd price never closes an account: a limit holds on two consecutive fresh valuations, and a
floor rises only by the profit that both of them show. A day ends with the first verdict.
"""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.risk.lock_and_trail import Lock, advance, broken, merge
from daemon.domain.risk.words import ExitReason, LockRule


class AccountLimits(Struct, frozen=True):
    """What an account is held to in one day; amounts in `_e4`, 0 and None where absent.

    Attributes:
        loss_e4: leave everything when profit is at or below minus this.
        profit_e4: leave everything when profit is at or above this.
        lock: a floor under the day's profit.
    """

    loss_e4: int = 0
    profit_e4: int = 0
    lock: LockRule | None = None


class AccountState:
    """One account's day; a new day begins with a new state.

    Attributes:
        previous_e4: the last fresh valuation; None before the first.
        lock: the floor under the day's profit.
        verdict: why the account was left today; None while it was not.
    """

    __slots__ = ("lock", "previous_e4", "verdict")

    def __init__(self, lock: Lock | None = None, verdict: ExitReason | None = None) -> None:
        self.previous_e4: int | None = None
        self.lock = lock or Lock()
        self.verdict = verdict

    def restore(self, lock: Lock) -> None:
        """Take a recorded floor; the higher of the two stands."""
        self.lock = merge(self.lock, lock)


def judge_account(state: AccountState, pnl_e4: int, limits: AccountLimits) -> ExitReason | None:
    """Judge one fresh valuation; a stale one must not be brought here.

    Args:
        state: moved in place; its lock is another object after the floor was raised.
        pnl_e4: realised and unrealised profit of the day.
        limits: what the account is held to.

    Returns:
        Why everything is to be left; told once a day.
    """
    before_e4, state.previous_e4 = state.previous_e4, pnl_e4
    if before_e4 is None or state.verdict is not None:
        return None
    least_e4, most_e4 = min(before_e4, pnl_e4), max(before_e4, pnl_e4)
    if limits.loss_e4 and most_e4 <= -limits.loss_e4:
        state.verdict = ExitReason.ACCOUNT_LOSS
    elif limits.profit_e4 and least_e4 >= limits.profit_e4:
        state.verdict = ExitReason.ACCOUNT_PROFIT
    elif limits.lock is not None:
        state.lock = advance(limits.lock, state.lock, least_e4)
        if broken(state.lock, most_e4):
            state.verdict = ExitReason.ACCOUNT_PROFIT
    return state.verdict
