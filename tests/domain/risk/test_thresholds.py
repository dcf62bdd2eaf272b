"""Rules of a whole strategy as profits."""

import pytest

from daemon.domain.money import E4, e4
from daemon.domain.risk.moves import NEVER
from daemon.domain.risk.premium import Base
from daemon.domain.risk.thresholds import Thresholds, crossed, thresholds_of
from daemon.domain.risk.words import Distance, ExitReason, StrategyRules

BASE = Base(e4(16000), 75)
RULES = StrategyRules(
    combined_premium_stop=Distance(percent_e4=25 * E4), stop_e4=e4(5000), target_e4=e4(9000)
)


@pytest.mark.parametrize(
    ("rules", "base", "by_hand_e4", "expected"),
    [
        (StrategyRules(), BASE, None, Thresholds()),
        (RULES, BASE, None, Thresholds(e4(-4000), e4(-5000), e4(9000))),
        (RULES, Base(), None, Thresholds(-NEVER, e4(-5000), e4(9000))),
        (RULES, BASE, e4(-700), Thresholds(e4(-4000), e4(-700), e4(9000))),
        (
            StrategyRules(stop_premium_percent_e4=10 * E4, target_premium_percent_e4=20 * E4),
            BASE,
            None,
            Thresholds(-NEVER, e4(-1600), e4(3200)),
        ),
        (
            StrategyRules(stop_e4=e4(5000), stop_premium_percent_e4=10 * E4),
            BASE,
            None,
            Thresholds(-NEVER, e4(-1600), NEVER),
        ),
    ],
)
def test_rules_become_profits(
    rules: StrategyRules, base: Base, by_hand_e4: int | None, expected: Thresholds
) -> None:
    """The nearer of two holds; a stop set by hand replaces the rules' own."""
    assert thresholds_of(rules, base, by_hand_e4) == expected


@pytest.mark.parametrize(
    ("pnl", "expected"),
    [
        (-4000, ExitReason.COMBINED_PREMIUM),
        (-6000, ExitReason.COMBINED_PREMIUM),
        (-3000, ExitReason.STRATEGY_STOP),
        (-2999, None),
        (8999, None),
        (9000, ExitReason.STRATEGY_TARGET),
    ],
)
def test_the_first_rule_that_holds_is_told(pnl: int, expected: ExitReason | None) -> None:
    assert crossed(Thresholds(e4(-4000), e4(-3000), e4(9000)), e4(pnl), e4(pnl)) == expected


@pytest.mark.parametrize(
    ("of_options", "expected"), [(-4000, ExitReason.COMBINED_PREMIUM), (-3999, None)]
)
def test_the_combined_premium_counts_the_options_alone(
    of_options: int, expected: ExitReason | None
) -> None:
    assert crossed(Thresholds(e4(-4000)), e4(9999), e4(of_options)) == expected


def test_the_floor_of_a_strategy_is_the_nearest_stop() -> None:
    assert Thresholds(e4(-4000), e4(-3000)).floor_e4 == e4(-3000)
    assert Thresholds(e4(-2000), e4(-3000)).floor_e4 == e4(-2000)


def test_where_more_than_options_is_held_its_floor_is_the_stop_of_the_whole() -> None:
    beside = thresholds_of(RULES, BASE, beside=True)
    assert (beside.combined_e4, beside.floor_e4) == (e4(-4000), e4(-5000))
