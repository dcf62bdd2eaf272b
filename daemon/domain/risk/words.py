"""The words of risk: the rules a position is held to, and the reasons for leaving it.

Rules are plain integers (`_e4` prices, amounts and percentages), made from a plan and never
changed; what moves (a trailed stop, a floor) is state beside them.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Mark(StrEnum):
    """What an open position is valued at."""

    LTP = "ltp"
    TOUCH = "touch"


class ExitReason(StrEnum):
    """Why a position is left."""

    STOP = "stop"
    TARGET = "target"
    TRAIL = "trail"
    COMBINED_PREMIUM = "combined_premium_stop"
    STRATEGY_STOP = "strategy_stop"
    STRATEGY_TARGET = "strategy_target"
    LOCK = "lock_and_trail"
    TIME = "time"
    UNWIND = "unwind"
    ACCOUNT_LOSS = "account_loss"
    ACCOUNT_PROFIT = "account_profit"
    STALE = "stale"
    MANUAL = "manual"
    KILL = "kill"
    EXPIRY = "expiry"
    RESIDENT_STOP = "resident_stop"


_OF_THE_WHOLE = frozenset(
    {
        ExitReason.COMBINED_PREMIUM,
        ExitReason.STRATEGY_STOP,
        ExitReason.STRATEGY_TARGET,
        ExitReason.LOCK,
    }
)
_OF_A_STOP = frozenset({ExitReason.STOP, ExitReason.TRAIL, ExitReason.RESIDENT_STOP})


class Distance(Struct, frozen=True):
    """How far from the entry price: exactly one of the two is above zero."""

    percent_e4: int = 0
    points_e4: int = 0


class Trail(Struct, frozen=True):
    """For every whole `every` in our favour the stop follows `by`; both of the same unit."""

    every: Distance
    by: Distance


class LegRules(Struct, frozen=True):
    """What one leg is held to; absent rules are None."""

    stop: Distance | None = None
    target: Distance | None = None
    trail: Trail | None = None
    underlying_stop: Distance | None = None


class LockRule(Struct, frozen=True):
    """Lock profit, and trail it where `every_e4` and `by_e4` are above zero; amounts in `_e4`."""

    at_e4: int
    lock_e4: int
    every_e4: int = 0
    by_e4: int = 0


class StrategyRules(Struct, frozen=True):
    """What a strategy as a whole is held to; amounts in `_e4`, absent rules are None.

    Attributes:
        combined_premium_stop: against the sum of the options' entry premiums, by their profit.
        stop_e4: leave when profit is at or below minus this.
        stop_premium_percent_e4: the same, as a share of the entry premium.
        target_e4: leave when profit is at or above this.
        target_premium_percent_e4: the same, as a share of the entry premium.
        lock: lock-and-trail.
        all_on_leg_stop: one stopped leg takes the others along.
        mark: what positions are valued at.
    """

    combined_premium_stop: Distance | None = None
    stop_e4: int = 0
    stop_premium_percent_e4: int = 0
    target_e4: int = 0
    target_premium_percent_e4: int = 0
    lock: LockRule | None = None
    all_on_leg_stop: bool = False
    mark: Mark = Mark.LTP

    def leave_all(self, reason: ExitReason) -> bool:
        """Say whether all is left for a reason, whatever of it may still fill."""
        return reason in _OF_THE_WHOLE or (self.all_on_leg_stop and reason in _OF_A_STOP)
