from __future__ import annotations

import pytest

from daemon.domain.plans.risk_rules import leg_rules, resident_percent_e4, strategy_rules
from daemon.domain.risk.words import (
    Distance,
    LegRules,
    LockRule,
    Mark,
    StrategyRules,
    Trail,
)
from tests.kit.plans import CALL, GUARD, plan


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", LegRules()),
        ("stop = { percent = 30.5 }\n", LegRules(stop=Distance(percent_e4=305_000))),
        ("target = { points = 12.05 }\n", LegRules(target=Distance(points_e4=120_500))),
        (
            "stop = { points = 20 }\ntrail = { every = { points = 10 }, by = { points = 5 } }\n",
            LegRules(
                stop=Distance(points_e4=200_000),
                trail=Trail(Distance(points_e4=100_000), Distance(points_e4=50_000)),
            ),
        ),
    ],
)
def test_a_leg_is_held_to_integers(lines: str, expected: LegRules) -> None:
    """What was written in decimals is exact in 1/10,000."""
    assert leg_rules(plan(legs=CALL + lines).legs[0]) == expected


@pytest.mark.parametrize(
    ("risk", "expected"),
    [
        ("stop = { rupees = 6000 }", StrategyRules(stop_e4=60_000_000)),
        (
            "stop = { premium_percent = 40 }\ntarget = { premium_percent = 70.5 }",
            StrategyRules(stop_premium_percent_e4=400_000, target_premium_percent_e4=705_000),
        ),
        (
            'combined_premium_stop = { percent = 3 }\ntarget = { rupees = 9000 }\nmark = "touch"',
            StrategyRules(
                combined_premium_stop=Distance(percent_e4=30_000),
                target_e4=90_000_000,
                mark=Mark.TOUCH,
            ),
        ),
        (
            "stop = { rupees = 1 }\nlock_and_trail = { at = 1500, lock = 750 }",
            StrategyRules(stop_e4=10_000, lock=LockRule(15_000_000, 7_500_000)),
        ),
        (
            (
                'stop = { rupees = 1 }\non_leg_stop = "all"\n'
                "lock_and_trail = { at = 1500, lock = 750, every = 250, by = 200 }"
            ),
            StrategyRules(
                stop_e4=10_000,
                lock=LockRule(15_000_000, 7_500_000, 2_500_000, 2_000_000),
                all_on_leg_stop=True,
            ),
        ),
    ],
)
def test_a_strategy_is_held_to_integers(risk: str, expected: StrategyRules) -> None:
    """Each rule of [risk] reaches the watchdog's words."""
    assert strategy_rules(plan(tail="[risk]\n" + risk)) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [("", 0), ("[order]\nresident_stop = { beyond_percent = 20 }\n", 200_000)],
)
def test_no_stop_rests_at_the_broker_unless_it_is_written(order: str, expected: int) -> None:
    """It is off by default."""
    legs = CALL + "stop = { percent = 30 }\n"
    assert resident_percent_e4(plan(legs=legs, tail=GUARD + order)) == expected
