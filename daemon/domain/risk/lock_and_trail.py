"""Lock-and-trail: once profit has reached a mark, a floor under it that only rises.

NONE -> LOCKED when profit is at or above `at`, with the floor at `lock`; each further whole
`every` above `at` raises the floor by `by`. Without both it is lock profit. The floor never falls.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from daemon.domain.risk.moves import NEVER
from daemon.domain.risk.words import LockRule


class LockStatus(StrEnum):
    """Whether a floor is there."""

    NONE = "NONE"
    LOCKED = "LOCKED"


class Lock(Struct, frozen=True, gc=False):
    """A floor under profit.

    Attributes:
        status: whether it holds.
        floor_e4: leave when profit is at or below this; means nothing before LOCKED.
        best_e4: the profit that last moved it.
    """

    status: LockStatus = LockStatus.NONE
    floor_e4: int = 0
    best_e4: int = 0


def advance(rule: LockRule, lock: Lock, pnl_e4: int) -> Lock:
    """Return the lock after a frame with that profit; the same object where nothing moved."""
    if pnl_e4 < rule.at_e4:
        return lock
    floor_e4 = rule.lock_e4 + _steps(rule, pnl_e4) * rule.by_e4
    if lock.status is LockStatus.LOCKED and floor_e4 <= lock.floor_e4:
        return lock
    return Lock(LockStatus.LOCKED, floor_e4, pnl_e4)


def broken(lock: Lock, pnl_e4: int) -> bool:
    """Return whether profit has come down to the floor."""
    return lock.status is LockStatus.LOCKED and pnl_e4 <= lock.floor_e4


def next_at_e4(rule: LockRule, lock: Lock) -> int:
    """Return the least profit that moves the lock; beyond everything where none does."""
    if lock.status is LockStatus.NONE or lock.floor_e4 < rule.lock_e4:
        return rule.at_e4
    if not (rule.every_e4 and rule.by_e4):
        return NEVER
    steps = (lock.floor_e4 - rule.lock_e4) // rule.by_e4 + 1
    return rule.at_e4 + steps * rule.every_e4


def merge(one: Lock, other: Lock) -> Lock:
    """Return the lock that both records of it allow: the higher floor, never a lower one."""
    if LockStatus.LOCKED not in (one.status, other.status):
        return one
    if one.status is not other.status:
        return one if one.status is LockStatus.LOCKED else other
    higher = one if one.floor_e4 >= other.floor_e4 else other
    return Lock(LockStatus.LOCKED, higher.floor_e4, max(one.best_e4, other.best_e4))


def _steps(rule: LockRule, pnl_e4: int) -> int:
    if not rule.every_e4:
        return 0
    return (pnl_e4 - rule.at_e4) // rule.every_e4
