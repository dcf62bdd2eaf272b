"""The rules of a whole strategy as profits: at or below, or at or above, which each one fires.

All count the profit of the whole, but for the combined premium stop: it counts that of the options.
"""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.risk.lock_and_trail import Lock, LockStatus, next_at_e4
from daemon.domain.risk.moves import NEVER
from daemon.domain.risk.premium import Base, loss_limit_e4, percent_limit_e4
from daemon.domain.risk.words import ExitReason, LockRule, StrategyRules


class Thresholds(Struct, frozen=True, gc=False):
    """Profits at which a strategy is left, in `_e4`; out of reach where there is no rule.

    Attributes:
        combined_e4: the combined premium stop; fires at or below.
        stop_e4: the strategy's stop; fires at or below.
        target_e4: the strategy's target; fires at or above.
        beside: it holds more than options, so its profit says nothing of theirs.
    """

    combined_e4: int = -NEVER
    stop_e4: int = -NEVER
    target_e4: int = NEVER
    beside: bool = False

    @property
    def floor_e4(self) -> int:
        """The highest profit of the whole at which a loss is stopped, as far as it tells one.

        The combined premium stop is none of the whole where more than options is held.
        """
        return self.stop_e4 if self.beside else max(self.combined_e4, self.stop_e4)

    def hold(self, *, option: bool) -> bool:
        """Say whether one of them stops the loss of a leg."""
        return self.stop_e4 > -NEVER or (option and self.combined_e4 > -NEVER)


def thresholds_of(
    rules: StrategyRules, base: Base, by_hand_e4: int | None = None, *, beside: bool = False
) -> Thresholds:
    """Return the profits at which the rules fire.

    Where a rule is given in rupees and as a share of the premium, the nearer one holds.

    Args:
        rules: of the strategy.
        base: the premium that its legs were entered for.
        by_hand_e4: the profit that a person has set as the stop, in place of the rules' own.
        beside: it holds more than options.
    """
    distance = rules.combined_premium_stop
    combined_e4 = loss_limit_e4(base, distance) if distance is not None else 0
    loss_e4 = _nearer(rules.stop_e4, percent_limit_e4(base, rules.stop_premium_percent_e4))
    gain_e4 = _nearer(rules.target_e4, percent_limit_e4(base, rules.target_premium_percent_e4))
    return Thresholds(
        -combined_e4 if combined_e4 else -NEVER,
        -loss_e4 if by_hand_e4 is None else by_hand_e4,
        gain_e4,
        beside,
    )


def crossed(thresholds: Thresholds, pnl_e4: int, of_options_e4: int) -> ExitReason | None:
    """Return the first rule that holds at that profit, the worst first.

    Args:
        thresholds: what is held against it.
        pnl_e4: the profit of the whole.
        of_options_e4: how much of it is that of the options.
    """
    if of_options_e4 <= thresholds.combined_e4:
        return ExitReason.COMBINED_PREMIUM
    if pnl_e4 <= thresholds.stop_e4:
        return ExitReason.STRATEGY_STOP
    if pnl_e4 >= thresholds.target_e4:
        return ExitReason.STRATEGY_TARGET
    return None


def trips_of(thresholds: Thresholds, rule: LockRule | None, lock: Lock) -> tuple[int, int]:
    """Return between which profits of the whole nothing happens, in `_e4`; both do something.

    Args:
        thresholds: of its rules.
        rule: how profit is locked; None: it is not.
        lock: how far it is.
    """
    low_e4, high_e4 = thresholds.floor_e4, thresholds.target_e4
    if thresholds.beside and thresholds.combined_e4 > -NEVER:
        low_e4 = NEVER
    if rule is not None:
        high_e4 = min(high_e4, next_at_e4(rule, lock))
        if lock.status is LockStatus.LOCKED:
            low_e4 = max(low_e4, lock.floor_e4)
    return low_e4, high_e4


def _nearer(one_e4: int, other_e4: int) -> int:
    return min((each for each in (one_e4, other_e4) if each > 0), default=NEVER)
