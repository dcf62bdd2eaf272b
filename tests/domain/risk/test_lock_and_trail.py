"""Lock-and-trail: when it locks, how the floor rises, that it never falls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.money import e4
from daemon.domain.risk.lock_and_trail import Lock, LockStatus, advance, broken, merge, next_at_e4
from daemon.domain.risk.moves import NEVER
from daemon.domain.risk.words import LockRule

RULE = LockRule(e4(1500), e4(750), e4(250), e4(200))
PROFIT_LOCK = LockRule(e4(1500), e4(750))
LOCKED = LockStatus.LOCKED
amounts = st.integers(1, 10_000)
lock_rules = st.builds(LockRule, amounts, amounts, st.integers(0, 900), st.integers(0, 900))
locks = st.one_of(
    st.just(Lock()), st.builds(Lock, st.just(LOCKED), st.integers(-10, 10), st.integers(-10, 10))
)


@pytest.mark.parametrize(
    ("rule", "pnl", "floor"),
    [
        (RULE, "1499.99", None),
        (RULE, "1500", "750"),
        (RULE, "1749.99", "750"),
        (RULE, "1750", "950"),
        (RULE, "3386.25", "2150"),
        (PROFIT_LOCK, "1500", "750"),
        (PROFIT_LOCK, "9000", "750"),
    ],
)
def test_the_floor_after_a_first_frame_of_that_profit(
    rule: LockRule, pnl: str, floor: str | None
) -> None:
    """On the frame that locks, its whole steps count at once."""
    lock = advance(rule, Lock(), e4(pnl))
    expected = Lock() if floor is None else Lock(LOCKED, e4(floor), e4(pnl))
    assert lock == expected


@pytest.mark.parametrize(
    ("lock", "pnl", "expected"),
    [
        (Lock(), "0", False),
        (Lock(LOCKED, e4(2150)), "2150.01", False),
        (Lock(LOCKED, e4(2150)), "2150", True),
        (Lock(LOCKED, e4(2150)), "1785", True),
    ],
)
def test_profit_at_or_below_the_floor_breaks_it(lock: Lock, pnl: str, expected: bool) -> None:
    """Nothing breaks before it is locked."""
    assert broken(lock, e4(pnl)) is expected


@given(lock_rules, st.lists(st.integers(-20_000, 20_000), min_size=1, max_size=40))
def test_the_floor_never_falls_and_is_that_of_the_best_profit(
    rule: LockRule, path: list[int]
) -> None:
    """Once locked it stays locked, at the floor that the contract's sentence gives."""
    lock = Lock()
    for pnl_e4 in path:
        before, lock = lock, advance(rule, lock, pnl_e4)
        assert before.status is not LOCKED or lock.floor_e4 >= before.floor_e4
        assert before.status is not LOCKED or lock.status is LOCKED
    best_e4 = max(path)
    steps = (best_e4 - rule.at_e4) // rule.every_e4 if rule.every_e4 else 0
    assert (lock.status is LOCKED) == (best_e4 >= rule.at_e4)
    assert lock.status is not LOCKED or lock.floor_e4 == rule.lock_e4 + steps * rule.by_e4


@pytest.mark.parametrize(
    ("rule", "lock", "expected"),
    [
        (RULE, Lock(), e4(1500)),
        (LockRule(e4(1500), 0, e4(250), e4(200)), Lock(), e4(1500)),
        (RULE, Lock(LOCKED, e4(750)), e4(1750)),
        (RULE, Lock(LOCKED, e4(2150)), e4(3500)),
        (PROFIT_LOCK, Lock(LOCKED, e4(750)), NEVER),
    ],
)
def test_the_profit_at_which_the_floor_moves_next(rule: LockRule, lock: Lock, expected) -> None:
    """A lock that trails nothing stays where it is."""
    assert next_at_e4(rule, lock) == expected


@given(lock_rules, st.lists(st.integers(-20_000, 20_000), min_size=1, max_size=40))
def test_the_next_move_is_known_beforehand(rule: LockRule, path: list[int]) -> None:
    """Below the profit that is told, nothing moves; at it, something does."""
    lock = Lock()
    for pnl_e4 in path:
        next_e4 = next_at_e4(rule, lock)
        before, lock = lock, advance(rule, lock, pnl_e4)
        assert (lock is before) == (pnl_e4 < next_e4)
    assert next_at_e4(rule, lock) == NEVER or advance(rule, lock, next_at_e4(rule, lock)) != lock


def test_a_restored_floor_below_the_rule_is_raised_at_the_rules_profit() -> None:
    lock = Lock(LOCKED, e4(100), e4(1500))
    assert next_at_e4(PROFIT_LOCK, lock) == PROFIT_LOCK.at_e4


def test_two_records_without_a_lock_are_none() -> None:
    assert merge(Lock(), Lock()) == Lock()


@given(locks, locks)
def test_of_two_records_the_higher_floor_stands(one: Lock, other: Lock) -> None:
    """A stale or emptied record can never lower a floor."""
    floors = [each.floor_e4 for each in (one, other) if each.status is LOCKED]
    merged = merge(one, other)
    assert (merged.status is LOCKED) == bool(floors)
    assert merged.floor_e4 == max(floors, default=0)
    assert merged == merge(other, one)
