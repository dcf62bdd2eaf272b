from __future__ import annotations

from daemon.domain.risk.words import LegRules, Mark, StrategyRules


def test_a_leg_without_rules_is_held_to_none():
    assert LegRules() == LegRules(stop=None, target=None, trail=None, underlying_stop=None)


def test_a_strategy_without_rules_is_valued_at_the_last_trade():
    assert StrategyRules().mark is Mark.LTP
    assert StrategyRules().lock is None
