"""What leaves the whole of an entry leaves what of it fills afterwards, too."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.domain.money import e4
from daemon.domain.orders.words import Side
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.words import Distance, ExitReason, LegRules, LockRule, StrategyRules, Trail
from daemon.messages import BasketOpened, ExitFinished, ExitOwed
from tests.kit.acting import LOT, clock, ended, opened, prices, sold
from tests.kit.watching import Run

T = clock("09:31:00")
S = 1_000_000_000
BOTH = StrategyRules(all_on_leg_stop=True)
STOP = LegRules(stop=Distance(percent_e4=e4("30")))
ONE_RUPEE = Distance(points_e4=e4("1"))
TRAIL = LegRules(stop=STOP.stop, trail=Trail(ONE_RUPEE, ONE_RUPEE))
NONE = LegRules()
WHOLE = StrategyRules(stop_e4=e4("1000"))


def half_in(rules: StrategyRules, leg_rules: LegRules, *ce: str) -> Run:
    """A straddle of which the call alone is filled, and has these prices."""
    run = Run(AccountLimits()).hear(opened(rules=rules, leg_rules=leg_rules), sold("ce"))
    for second, price in enumerate(ce):
        run.hear(prices(T + second * S, price, "100"))
    return run


def late(run: Run, leg: str = "pe") -> Run:
    """It fills, twenty seconds after."""
    return run.hear(sold(leg, at_ns=T + 20 * S))


@pytest.mark.parametrize("over", [False, True], ids=["under way", "over"])
@pytest.mark.parametrize("restarted", [False, True], ids=["", "restarted"])
@pytest.mark.parametrize(
    ("rules", "leg_rules", "ce", "reason"),
    [
        (BOTH, STOP, ("130",), ExitReason.STOP),
        (BOTH, TRAIL, ("90", "121"), ExitReason.TRAIL),
        (WHOLE, NONE, ("130",), ExitReason.STRATEGY_STOP),
        (StrategyRules(target_e4=e4("1000")), NONE, ("70",), ExitReason.STRATEGY_TARGET),
        (StrategyRules(lock=LockRule(e4("900"), e4("450"))), NONE, ("70", "99"), ExitReason.LOCK),
        (
            StrategyRules(combined_premium_stop=Distance(percent_e4=e4("25"))),
            NONE,
            ("130",),
            ExitReason.COMBINED_PREMIUM,
        ),
    ],
)
def test_a_leg_that_fills_after_a_rule_of_the_whole_left_its_entry_is_left_at_once(
    rules, leg_rules, ce, reason, restarted, over
):
    """Its order rested when the others were left, and filled before it was cancelled."""
    run = half_in(rules, leg_rules, *ce)
    assert run.left == [("s", ("ce",), reason)]
    run.hear(*[ended(because=f"left by {reason}")] * over)
    run = late(run.again() if restarted else run)
    assert run.left[-1] == ("s", ("pe",), reason)


@pytest.mark.parametrize(
    ("leg_rules", "ce", "reason"),
    [
        (STOP, "130", ExitReason.STOP),
        (LegRules(target=Distance(percent_e4=e4("30"))), "70", ExitReason.TARGET),
    ],
)
def test_a_leg_that_is_left_by_a_rule_of_its_own_takes_no_late_one_along(leg_rules, ce, reason):
    rules = StrategyRules(all_on_leg_stop=reason is ExitReason.TARGET)
    run = late(half_in(rules, leg_rules, ce))
    assert run.left == [("s", ("ce",), reason)]


@pytest.mark.parametrize(("rules", "left"), [(BOTH, ["pe"]), (StrategyRules(), [])])
def test_a_stop_that_fired_at_the_broker_takes_a_late_leg_along_where_all_are_to_go(rules, left):
    run = half_in(rules, STOP)
    run.hear(ExitOwed("x1", "s", ("ce",), ExitReason.RESIDENT_STOP, T))
    run.hear(sold("ce", bought="130"), ExitFinished("x1", "s", ("ce",), T + S))
    assert [leg for _, legs, _ in late(run).left for leg in legs] == left


def another(*legs: str) -> BasketOpened:
    """The next entry of the strategy."""
    entry = opened(legs=legs, rules=WHOLE)
    return replace(entry, basket=replace(entry.basket, basket_id="s:newer"))


def test_a_rule_of_the_whole_leaves_its_own_entry_and_none_beside_it():
    run = half_in(WHOLE, NONE).hear(ended(because="no time left"), another("pe"))
    run.hear(prices(T, "130", "100"))
    assert late(run).left == [("s", ("ce",), ExitReason.STRATEGY_STOP)]


def test_what_fills_late_of_an_entry_that_was_over_before_is_not_left_by_a_rule_of_the_next():
    run = half_in(WHOLE, NONE).hear(ended(because="no time left"), sold("ce", bought="100"))
    run.hear(another("ce"), sold("ce", at_ns=T), prices(T, "130", "100"))
    assert late(run).left == [("s", ("ce",), ExitReason.STRATEGY_STOP)]


@pytest.mark.parametrize("restarted", [False, True], ids=["", "restarted"])
def test_an_entry_that_keeps_less_than_it_wanted_is_held_to_all_of_its_premium(restarted):
    """One lot of two sold at 100 beside two bought at 50: together 15,000, less each other none."""
    entry = opened(rules=StrategyRules(combined_premium_stop=Distance(percent_e4=e4("25"))))
    call, put = (replace(leg, quantity=2 * LOT) for leg in entry.basket.legs)
    legs = (call, replace(put, side=Side.BUY))
    hedged = replace(
        sold("pe"),
        side=Side.BUY,
        bought_quantity=2 * LOT,
        bought_value_e4=2 * LOT * e4("50"),
        sold_quantity=0,
        sold_value_e4=0,
    )
    run = Run(AccountLimits()).hear(replace(entry, basket=replace(entry.basket, legs=legs)))
    run.hear(hedged, sold("ce"), ended(because="not filled within the time for legging"))
    run = run.again() if restarted else run
    run.hear(prices(T, "149.95", "50"))
    assert run.left == []
    run.hear(prices(T + S, "150", "50"))
    assert run.left == [("s", ("ce", "pe"), ExitReason.COMBINED_PREMIUM)]
