"""An account's day: two fresh valuations decide, once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.money import e4
from daemon.domain.risk.account import AccountLimits, AccountState, judge_account
from daemon.domain.risk.lock_and_trail import Lock, LockStatus
from daemon.domain.risk.words import ExitReason, LockRule

LOSS, PROFIT = ExitReason.ACCOUNT_LOSS, ExitReason.ACCOUNT_PROFIT
LOCK = LockRule(e4(1000), e4(500), e4(100), e4(50))
LIMITS = AccountLimits(loss_e4=e4(5000), profit_e4=e4(8000), lock=LOCK)


def judged(state: AccountState, limits: AccountLimits, *path: int) -> list[ExitReason | None]:
    return [judge_account(state, e4(pnl), limits) for pnl in path]


@pytest.mark.parametrize(
    ("limits", "path", "expected"),
    [
        (LIMITS, [-5000], [None]),
        (LIMITS, [-5000, -5000], [None, LOSS]),
        (LIMITS, [-5001, -4999, -5001], [None, None, None]),
        (LIMITS, [-4999, -5000, -6000], [None, None, LOSS]),
        (LIMITS, [-6000, -6000, -6000], [None, LOSS, None]),
        (LIMITS, [8000, 8000], [None, PROFIT]),
        (LIMITS, [900, 8000, 900], [None, None, None]),
        (LIMITS, [1000, 1000, 500, 500], [None, None, None, PROFIT]),
        (LIMITS, [1000, 1000, 500, 501], [None, None, None, None]),
        (LIMITS, [1200, 1200, 600, 600], [None, None, None, PROFIT]),
        (AccountLimits(), [-99999, -99999, 99999, 99999], [None, None, None, None]),
    ],
)
def test_a_limit_holds_on_two_valuations_in_a_row(
    limits: AccountLimits, path: list[int], expected: list[ExitReason | None]
) -> None:
    """One odd price closes nothing and raises no floor; the verdict is told once."""
    assert judged(AccountState(), limits, *path) == expected


def test_a_verdict_of_today_is_kept_over_a_restart() -> None:
    state = AccountState(verdict=LOSS)
    assert judged(state, LIMITS, -9000, -9000) == [None, None]


def test_a_recorded_floor_is_taken_back() -> None:
    state = AccountState()
    state.restore(Lock(LockStatus.LOCKED, e4(700), e4(1400)))
    assert judged(state, LIMITS, 700, 700) == [None, PROFIT]


@given(st.lists(st.integers(-10_000, 10_000), max_size=40))
def test_an_accounts_floor_never_falls(path: list[int]) -> None:
    state, floor_e4 = AccountState(), 0
    for pnl in path:
        judge_account(state, e4(pnl), LIMITS)
        assert state.lock.floor_e4 >= floor_e4
        floor_e4 = state.lock.floor_e4
