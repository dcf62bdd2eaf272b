"""An account's day: two fresh valuations decide, once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.market.freshness import STALE_FLOOR_NS
from daemon.domain.money import e4
from daemon.domain.risk.account import AccountLimits, AccountState, Valuation, judge_account
from daemon.domain.risk.lock_and_trail import Lock, LockStatus
from daemon.domain.risk.words import ExitReason, LockRule

LOSS, PROFIT = ExitReason.ACCOUNT_LOSS, ExitReason.ACCOUNT_PROFIT
LOCK = LockRule(e4(1000), e4(500), e4(100), e4(50))
LIMITS = AccountLimits(loss_e4=e4(5000), profit_e4=e4(8000), lock=LOCK)


def judged(state: AccountState, limits: AccountLimits, *path: int) -> list[ExitReason | None]:
    """Judge valuations in which everything is quoted anew."""
    return [
        judge_account(state, Valuation(e4(pnl), at_ns, (at_ns,)), limits)
        for at_ns, pnl in enumerate(path, start=1)
    ]


@pytest.mark.parametrize(
    ("limits", "path", "expected"),
    [
        (LIMITS, [-5000], [None]),
        (LIMITS, [-5000, -5000], [None, LOSS]),
        (LIMITS, [-5001, -4999, -5001], [None, None, None]),
        (LIMITS, [-5001, 8000, -5001, 8000], [None, None, None, None]),
        (LIMITS, [-4999, -5000, -6000], [None, None, LOSS]),
        (LIMITS, [-6000, -6000, -6000], [None, LOSS, None]),
        (LIMITS, [8000, 8000], [None, PROFIT]),
        (LIMITS, [900, 8000, 900], [None, None, None]),
        (LIMITS, [1000, 1000, 500, 500], [None, None, None, PROFIT]),
        (LIMITS, [1000, 1000, 500, 501], [None, None, None, None]),
        (LIMITS, [1200, 1200, 600, 600], [None, None, None, PROFIT]),
        (LIMITS, [1000, 1000, -5001, 400], [None, None, None, PROFIT]),
        (LIMITS, [1000, 1000, 400, -5001], [None, None, None, PROFIT]),
        (AccountLimits(e4(5000), e4(8000)), [-5001, 8000, -5001], [None, None, None]),
        (AccountLimits(), [-99999, -99999, 99999, 99999], [None, None, None, None]),
    ],
)
def test_a_limit_holds_on_two_valuations_in_a_row(
    limits: AccountLimits, path: list[int], expected: list[ExitReason | None]
) -> None:
    """One odd price closes nothing and raises no floor; the verdict is told once."""
    assert judged(AccountState(), limits, *path) == expected


def quoted(*path: tuple[int, int, tuple[int, ...]]) -> list[ExitReason | None]:
    """Judge valuations: milliseconds, profit, and when each leg was quoted last."""
    state = AccountState()
    return [
        judge_account(state, Valuation(e4(pnl), at * MS, [seen * MS for seen in legs]), LIMITS)
        for at, pnl, legs in path
    ]


MS = 10**6
QUIET = 1_000 - STALE_FLOOR_NS // MS


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([(1000, -6000, (1000, 900)), (1020, -6000, (1000, 1020))], [None, None]),
        ([(1000, -6000, (1000, 900)), (1020, 0, (1020, 900))], [None, None]),
        (
            [
                (1000, -6000, (1000, 900)),
                (1020, -6000, (1000, 1020)),
                (1040, -6000, (1040, 1020)),
            ],
            [None, None, LOSS],
        ),
        (
            [
                (1000, -6000, (1000, 900)),
                (1020, -4999, (1000, 1020)),
                (1040, -6000, (1040, 1020)),
            ],
            [None, None, None],
        ),
        ([(1000, -6000, (1000, QUIET)), (1020, -6000, (1020, QUIET))], [None, LOSS]),
        (
            [(1000, -6000, (1000, 900)), (3899, -6000, (3899, 900)), (3900, -6000, (3900, 900))],
            [None, None, LOSS],
        ),
        (
            [(1000, 8000, (1000, 900)), (1020, 8000, (1000, 1020)), (1040, 8000, (1040, 1020))],
            [None, None, PROFIT],
        ),
        ([(1000, -6000, ()), (1020, -6000, ())], [None, LOSS]),
    ],
    ids=[
        "the same print twice",
        "it was an odd one",
        "quoted again",
        "not beyond it all the time",
        "quiet since long before",
        "quiet for as long as a price is fresh",
        "a profit",
        "nothing open",
    ],
)
def test_a_second_valuation_counts_once_what_is_open_was_quoted_again(
    path: list[tuple[int, int, tuple[int, ...]]], expected: list[ExitReason | None]
) -> None:
    """Or has stood for three seconds: no quiet leg holds a real loss up for longer."""
    assert quoted(*path) == expected


NO_LOSS = AccountLimits(profit_e4=e4(8000), lock=LOCK)


@pytest.mark.parametrize(
    ("limits", "path", "expected"),
    [
        (LIMITS, "?-5000 ?-5000", LOSS),
        (LIMITS, "?-5000", None),
        (LIMITS, "?-5000 ?-4999 ?-5000", None),
        (LIMITS, "?-5000 -4999 ?-5000", None),
        (LIMITS, "?-5000 -5000 ?-5000", None),
        (LIMITS, "-5000 ?-5000", None),
        (LIMITS, "-5000 ?0 -5000", LOSS),
        (LIMITS, "8000 ?-6000 8000", PROFIT),
        (LIMITS, "?8000 ?8000 ?8000", None),
        (LIMITS, "1000 1000 ?400 ?400 ?400", None),
        (LIMITS, "1000 1000 ?400 400 400", PROFIT),
        (NO_LOSS, "?-9000 ?-9000 ?-9000", None),
    ],
)
def test_an_estimate_is_held_to_the_limit_of_loss_alone(
    limits: AccountLimits, path: str, expected: ExitReason | None
) -> None:
    """Two of them in a row, and what whole valuations have shown stands as if they were not."""
    state = AccountState()
    verdicts = [
        judge_account(
            state, Valuation(e4(each.lstrip("?")), at_ns, (at_ns,), each[0] != "?"), limits
        )
        for at_ns, each in enumerate(path.split(), start=1)
    ]
    assert verdicts == [None] * (len(verdicts) - 1) + [expected]


@pytest.mark.parametrize(
    ("seen", "expected"), [(1020, LOSS), (1000, None), (QUIET, LOSS)], ids=["anew", "same", "quiet"]
)
def test_a_second_estimate_counts_once_what_is_priced_was_quoted_again(
    seen: int, expected: ExitReason | None
) -> None:
    state = AccountState()
    first, second = (
        judge_account(state, Valuation(e4(-6000), at * MS, (seen * MS,), whole=False), LIMITS)
        for at in (1000, 1020)
    )
    assert (first, second) == (None, expected)


def test_a_floor_rises_by_the_least_that_was_seen_meanwhile() -> None:
    state = AccountState()
    for at_ns, pnl, seen_ns in ((1, 1400, 1), (2, 1200, 1), (3, 1500, 3)):
        judge_account(state, Valuation(e4(pnl), at_ns, (seen_ns,)), LIMITS)
    assert state.lock == Lock(LockStatus.LOCKED, e4(600), e4(1200))


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
    for at_ns, pnl in enumerate(path, start=1):
        judge_account(state, Valuation(e4(pnl), at_ns, (at_ns,)), LIMITS)
        assert state.lock.floor_e4 >= floor_e4
        floor_e4 = state.lock.floor_e4
