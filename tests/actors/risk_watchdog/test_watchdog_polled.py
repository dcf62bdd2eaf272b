"""The watchdog on a dead link: it judges by quotes that were asked for, each time by them alone."""

from __future__ import annotations

import pytest

from daemon.actors.risk_watchdog import RiskWatchdog
from daemon.domain.money import e4
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.words import Distance, ExitReason, LegRules, StrategyRules
from daemon.messages import (
    Ask,
    ExitDecided,
    FramePolled,
    LinkDied,
    LinkRevived,
    PauseEntries,
    SeeRisk,
)
from daemon.runtime.words import NOTHING
from tests.kit.acting import ROUTER, clock, ended, facts, opened, prices, shown, sold, told

T = clock("09:31:00")
S = 1_000_000_000
DIED, REVIVED = LinkDied(T + 3 * S), LinkRevived(T + 20 * S)
LEG_STOP = LegRules(stop=Distance(percent_e4=e4("30")))
STOP = StrategyRules(stop_e4=e4("1500"))
"""Of the strategy: 20 rupees for each of 75 units."""


def dog(*messages, rules=None, leg_rules=LEG_STOP, limits=None) -> RiskWatchdog:
    """A watchdog of a straddle that was sold at 100 and 100, and then told these."""
    made = RiskWatchdog(ROUTER, limits or AccountLimits())
    entry = (opened(rules=rules, leg_rules=leg_rules), sold("ce"), sold("pe"), ended())
    for message in (*entry, prices(T, 100, 100), *messages):
        made.handle(message, message.at_ns)
    return made


def polled(watchdog, second, ce=None, pe=None):
    """What follows of quotes that came so many seconds after the last frame."""
    at_ns = T + second * S
    return watchdog.handle(FramePolled(prices(at_ns, ce, pe)), at_ns)


def exits(effects) -> list:
    return [(each.leg_ids, each.reason) for each in facts(effects, ExitDecided)]


@pytest.mark.parametrize(
    ("ce", "pe", "left"),
    [
        (129, 100, []),
        (131, 100, [(("ce",), ExitReason.STOP)]),
        (131, None, [(("ce",), ExitReason.STOP)]),
        (None, 100, []),
    ],
)
def test_a_leg_is_left_at_its_stop_by_a_quote_that_was_asked_for(ce, pe, left):
    """Whether or not another leg has a quote."""
    assert exits(polled(dog(DIED), 13, ce, pe)) == left


def test_the_strategy_is_judged_where_all_its_legs_have_a_quote_of_one_answer():
    made = dog(DIED, rules=STOP, leg_rules=LegRules())
    assert exits(polled(made, 13, ce=125)) == []
    assert exits(polled(made, 14, pe=100)) == []
    assert exits(polled(made, 15, ce=125, pe=100)) == [(("ce", "pe"), ExitReason.STRATEGY_STOP)]


def test_the_account_is_held_to_its_limits_by_two_whole_answers():
    made = dog(DIED, leg_rules=LegRules(), limits=AccountLimits(loss_e4=e4("1000")))
    answers = ((120, 100), (120, None), (120, 100))
    turns = [polled(made, 13 + n, *answer) for n, answer in enumerate(answers)]
    assert [len(told(turn, PauseEntries)) for turn in turns] == [0, 0, 1]


def test_what_was_asked_for_is_no_mark_once_the_link_lives_again():
    made = dog(DIED, rules=STOP, leg_rules=LegRules())
    polled(made, 13, ce=119, pe=100)
    made.handle(REVIVED, REVIVED.at_ns)
    at_ns = T + 20 * S
    assert exits(made.handle(prices(at_ns, None, 125), at_ns)) == []


def test_an_answer_that_comes_once_the_link_lives_is_passed_over():
    assert polled(dog(DIED, REVIVED), 21, ce=200) == NOTHING
    assert polled(dog(), 1, ce=200) == NOTHING


def test_a_position_that_is_priced_by_asking_still_counts_as_not_guarded():
    made = dog(DIED)
    polled(made, 13, ce=100, pe=100)
    (seen,) = shown(made.handle(Ask(1, SeeRisk()), T + 13 * S))
    assert not seen.answer.link_alive
