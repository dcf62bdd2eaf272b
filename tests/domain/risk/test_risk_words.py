from __future__ import annotations

import pytest

from daemon.domain.risk.words import ExitReason, LegRules, Mark, StrategyRules


def test_a_leg_without_rules_is_held_to_none():
    assert LegRules() == LegRules(stop=None, target=None, trail=None, underlying_stop=None)


def test_a_strategy_without_rules_is_valued_at_the_last_trade():
    assert StrategyRules().mark is Mark.LTP
    assert StrategyRules().lock is None


@pytest.mark.parametrize(
    ("reason", "alone", "with_all"),
    [
        (ExitReason.STOP, False, True),
        (ExitReason.RESIDENT_STOP, False, True),
        (ExitReason.TARGET, False, False),
        (ExitReason.MANUAL, False, False),
        (ExitReason.LOCK, True, True),
    ],
)
def test_a_rule_of_the_whole_leaves_all_and_a_stop_of_a_leg_where_one_takes_the_others_along(
    reason, alone, with_all
):
    assert StrategyRules().leave_all(reason) is alone
    assert StrategyRules(all_on_leg_stop=True).leave_all(reason) is with_all
