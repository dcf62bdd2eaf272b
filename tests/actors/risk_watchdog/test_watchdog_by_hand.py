"""The watchdog: a stop that a person moves."""

from datetime import date

import pytest
from msgspec.structs import replace

from daemon.actors.risk_watchdog import RiskWatchdog
from daemon.domain.money import e4, units
from daemon.domain.orders.basket import BasketLeg
from daemon.domain.orders.words import Side
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.words import Distance, ExitReason, LegRules, StrategyRules
from daemon.messages import AdjustByHand, Ask, Declined, Done, ExitDecided, LinkDied, SeeRisk, Told
from daemon.runtime.words import Commit, Show
from tests.kit.acting import (
    BASKET,
    DAY,
    LOT,
    NEXT_DAY,
    ROUTER,
    clock,
    day_ended,
    day_opened,
    ended,
    facts,
    opened,
    others,
    owed,
    prices,
    sold,
)

STOP = LegRules(stop=Distance(percent_e4=e4("30")))
RUPEES = StrategyRules(stop_e4=e4("6000"))
LIMITS = AccountLimits()
T = clock("09:31:00")


def straddle(rules=RUPEES, leg_rules=STOP) -> list:
    """A straddle sold at 100 and 100."""
    entry = opened(rules=rules, leg_rules=leg_rules)
    return [day_opened(), entry, sold("ce"), sold("pe"), ended()]


def dog(*messages, **rules) -> RiskWatchdog:
    """A watchdog of a straddle that stands at 100 and 105."""
    made = RiskWatchdog(ROUTER, LIMITS)
    for message in (*straddle(**rules), prices(T, "100", "105"), *messages):
        made.handle(message, message.at_ns)
    return made


def adjust(made, leg="ce", stop="120", *, loosen=False, strategy="s"):
    """What comes of the command: the effects, and the answer."""
    wanted = AdjustByHand(strategy, leg, e4(stop), loosen, "ops")
    effects = made.handle(Ask(3, wanted), T)
    (told,) = others(effects, Show)
    assert isinstance(told.view, Told)
    return effects, told.view.answer


def seen(made):
    """How the entry stands."""
    (show,) = made.handle(Ask(1, SeeRisk()), T)
    return show.view.answer.watches[0]


def test_a_stop_is_moved_recorded_and_only_then_answered() -> None:
    """The record first, the answer in what follows it."""
    made = dog()
    effects, answer = adjust(made, "ce", "120")
    stop = (Move.ADJUSTED, e4("130"), e4("120"))
    moved = LevelMoved("s", "ce", *stop, T, e4("100"), basket_id=BASKET)
    assert effects == (Commit((moved,), (Show(Told(3, answer)),)),)
    assert answer == Done("the stop of ce of s moved from 130.00 to 120.00")
    assert seen(made).legs[0].stop_e4 == e4("120")


def test_the_next_frame_is_judged_by_the_stop_that_was_set() -> None:
    """At its price, not before."""
    made = dog()
    adjust(made, "ce", "120")
    assert facts(made.handle(prices(T + 1, "119.95", "105"), T + 1), ExitDecided) == []
    (decided,) = facts(made.handle(prices(T + 2, "120", "105"), T + 2), ExitDecided)
    assert (decided.leg_ids, decided.reason) == (("ce",), ExitReason.STOP)


def test_the_stop_of_a_strategy_is_an_amount_of_loss() -> None:
    """It fires where the profit is minus that."""
    made = dog()
    effects, answer = adjust(made, "", "3000")
    moved = LevelMoved("s", "", Move.ADJUSTED, e4("-6000"), e4("-3000"), T, basket_id=BASKET)
    assert facts(effects) == [moved]
    assert answer == Done("the stop of s moved from a loss of 6000.00 to a loss of 3000.00")
    assert seen(made).current_sl_e4 == e4("-3000")
    (decided,) = facts(made.handle(prices(T + 1, "120", "120"), T + 1), ExitDecided)
    assert decided.reason is ExitReason.STRATEGY_STOP


def test_a_strategy_without_a_stop_gets_one() -> None:
    """Any is tighter than none."""
    made = dog(rules=StrategyRules())
    answer = adjust(made, "", "3000")[1]
    assert answer == Done("the stop of s stands at a loss of 3000.00; there was none")
    assert seen(made).current_sl_e4 == e4("-3000")


QUARTER = StrategyRules(stop_e4=e4("6000"), combined_premium_stop=Distance(percent_e4=e4("25")))


@pytest.mark.parametrize(
    ("stop", "tail"),
    [
        ("7000", "; the combined premium stop leaves at a loss of 3750.00 before it"),
        ("3750.01", "; the combined premium stop leaves at a loss of 3750.00 before it"),
        ("3750", ""),
        ("3000", ""),
    ],
)
def test_a_stop_that_the_combined_premium_stop_comes_before_is_told_so(stop, tail) -> None:
    """What was asked for stands, and is never met."""
    answer = adjust(dog(rules=QUARTER), "", stop, loosen=True)[1]
    where = f"moved from a loss of 6000.00 to a loss of {units(e4(stop))}"
    assert answer == Done(f"the stop of s {where}{tail}")


def test_beside_a_future_it_is_told_that_the_combined_premium_stop_counts_the_options() -> None:
    """Which of the two comes first nobody can tell."""
    entry = opened(rules=QUARTER)
    future = BasketLeg("fut", "NIFTY-2025-09-30-FUT", Side.BUY, LOT, LOT, 1_800, 500)
    beside = replace(entry, basket=replace(entry.basket, legs=(*entry.basket.legs, future)))
    made = RiskWatchdog(ROUTER, LIMITS)
    for message in (day_opened(), beside, sold("ce"), sold("pe"), prices(T, "100", "105")):
        made.handle(message, message.at_ns)
    answer = adjust(made, "", "3000")[1]
    tail = "the combined premium stop leaves at a loss of 3750.00 of the options alone"
    assert answer == Done(
        f"the stop of s moved from a loss of 6000.00 to a loss of 3000.00; {tail}"
    )


FAR_NS = clock("15:20:00", date(2025, 9, 30))
LATER = {"ce": "ce2", "pe": "pe2"}


def two_entries(*messages, rules=RUPEES) -> RiskWatchdog:
    """Yesterday's straddle is carried at a loss of 375, and today's is held beside it at nought.

    The legs of the strategy were named anew between the two.
    """
    made, newer = RiskWatchdog(ROUTER, LIMITS), opened(day=NEXT_DAY, rules=rules)
    legs = tuple(replace(leg, leg_id=LATER[leg.leg_id]) for leg in newer.basket.legs)
    at_ns = clock("09:31:00", NEXT_DAY)
    for message in (
        *(day_opened(), replace(opened(rules=rules), exit_ns=FAR_NS), sold("ce"), sold("pe")),
        *(ended(), day_ended(), day_opened(NEXT_DAY)),
        replace(newer, basket=replace(newer.basket, legs=legs), exit_ns=FAR_NS),
        *(replace(sold("ce", "102"), leg_id="ce2"), replace(sold("pe", "103"), leg_id="pe2")),
        *(ended(day=NEXT_DAY), prices(at_ns, "100", "105"), *messages),
    ):
        made.handle(message, at_ns)
    return made


def stops(made):
    """Where the stop of each entry stands."""
    (show,) = made.handle(Ask(1, SeeRisk()), T)
    return [watch.current_sl_e4 for watch in show.view.answer.watches]


OLD, NEW = f"the entry of {DAY} of s", f"the entry of {NEXT_DAY} of s"


def test_the_stop_of_a_strategy_is_set_on_each_of_its_open_entries() -> None:
    """And the answer says where each stands, and what that is together."""
    made = two_entries()
    effects, answer = adjust(made, "", "3000")
    stop = ("s", "", Move.ADJUSTED, e4("-6000"), e4("-3000"), T)
    assert facts(effects) == [
        LevelMoved(*stop, basket_id=f"s:{DAY}"),
        LevelMoved(*stop, basket_id=f"s:{NEXT_DAY}"),
    ]
    moved = "moved from a loss of 6000.00 to a loss of 3000.00"
    whole = "together that is a loss of 6000.00"
    assert answer == Done(f"the stop of {OLD} {moved}; the stop of {NEW} {moved}; {whole}")
    assert stops(made) == [e4("-3000"), e4("-3000")]


def test_an_entry_that_is_held_tighter_already_keeps_its_stop_unless_it_may_be_loosened() -> None:
    """The loss that is given holds for it as well."""
    made = two_entries(rules=StrategyRules())
    (earlier,) = made._watches.of("s")[:1]
    earlier.risk.adjust("", e4("-1000"), T)
    effects, answer = adjust(made, "", "2000")
    assert [move.basket_id for move in facts(effects)] == [f"s:{NEXT_DAY}"]
    assert answer == Done(
        f"the stop of {OLD} stays at a loss of 1000.00; the stop of {NEW} stands at a loss of"
        " 2000.00; there was none; together that is a loss of 3000.00"
    )
    _, answer = adjust(made, "", "2500")
    assert isinstance(answer, Declined)
    assert answer.sentence.startswith(
        f"the stop of {OLD} stands at a loss of 1000.00; the stop of {NEW} stands at a loss of"
        " 2000.00, and a loss of 2500.00 is no tighter"
    )
    assert isinstance(adjust(made, "", "2500", loosen=True)[1], Done)
    assert stops(made) == [e4("-2500"), e4("-2500")]


def test_a_stop_that_one_of_several_entries_would_meet_at_once_is_set_on_none() -> None:
    """The entry is named."""
    made = two_entries()
    effects, answer = adjust(made, "", "375")
    assert (facts(effects), stops(made)) == ([], [e4("-6000"), e4("-6000")])
    assert isinstance(answer, Declined)
    assert f"the P&L of {OLD} is -375.00" in answer.sentence


def test_an_entry_that_is_being_left_is_named_beside_the_one_whose_stop_was_set() -> None:
    """Its stop is judged no more."""
    effects, answer = adjust(two_entries(owed("ce", "pe")), "", "300")
    assert [move.basket_id for move in facts(effects)] == [f"s:{NEXT_DAY}"]
    assert answer == Done(
        f"the stop of {NEW} moved from a loss of 6000.00 to a loss of 300.00;"
        f" {OLD} is being left already"
    )


GONE = sold("ce", bought="100", at_ns=T)


@pytest.mark.parametrize(
    ("messages", "wanted", "code", "says"),
    [
        ((), {"strategy": "x"}, "no_position", "nothing of x is open"),
        ((), {"leg": "x"}, "unknown_leg", "it has: ce, pe"),
        ((), {"stop": "0"}, "bad_stop", "a price above zero"),
        ((), {"stop": "-1"}, "bad_stop", "above zero"),
        ((), {"leg": "", "stop": "0"}, "bad_stop", "an amount of loss"),
        ((GONE,), {}, "no_position", "ce of s"),
        ((GONE, sold("pe", bought="100", at_ns=T)), {"leg": ""}, "no_position", "in s"),
        ((owed("ce"),), {}, "exit_owed", "ce of s is being left"),
        ((owed("ce", "pe"),), {"leg": ""}, "exit_owed", "s is being left"),
        ((), {"stop": "100"}, "wrong_side", "stands at 100.00"),
        ((), {"stop": "99"}, "wrong_side", "belongs above it"),
        ((), {"leg": "", "stop": "375"}, "wrong_side", "the P&L of s is -375.00"),
        ((), {"stop": "130"}, "loosens", "stands at 130.00, and 130.00 is no tighter"),
        ((), {"stop": "140"}, "loosens", "loosen"),
        (
            *((), {"leg": "", "stop": "7000"}, "loosens"),
            "stands at a loss of 6000.00, and a loss of 7000.00 is no tighter",
        ),
        ((), {"stop": "120.03"}, "bad_stop", "whose tick is 0.05; the nearest: 120.00 or 120.05"),
        ((), {"stop": "120.0001"}, "bad_stop", "the nearest: 120.00 or 120.05"),
    ],
)
def test_what_may_not_be_is_declined_with_its_reason(messages, wanted, code, says) -> None:
    """And nothing is recorded of it."""
    effects, answer = adjust(dog(*messages), **wanted)
    assert facts(effects) == []
    assert isinstance(answer, Declined)
    assert (answer.code, says in answer.sentence) == (code, True), answer.sentence


def test_a_long_has_its_stop_below_the_market() -> None:
    """The mirror of a short."""
    made = RiskWatchdog(ROUTER, LIMITS)
    entry = opened(legs=("ce",), leg_rules=STOP)
    (leg,) = entry.basket.legs
    long = type(leg)(leg.leg_id, leg.symbol, leg.side.opposite, LOT, LOT, 1_800, 500)
    basket = type(entry.basket)("s:1", "s", (long,), T, T, entry.basket.on_fail, 20_000, 1)
    entry = type(entry)(basket, entry.leg_rules, entry.rules, entry.exit_ns, entry.close_ns, T)
    bought = type(GONE)("s", "ce", leg.symbol, long.side, LOT, LOT * e4("100"), 0, 0, T)
    for message in (day_opened(), entry, bought, prices(T, "100")):
        made.handle(message, T)
    _, answer = adjust(made, "ce", "100")
    assert isinstance(answer, Declined)
    assert "belongs below it" in answer.sentence
    _, answer = adjust(made, "ce", "0.03")
    assert answer.sentence.endswith("whose tick is 0.05; the nearest: 0.05")
    assert isinstance(adjust(made, "ce", "90")[1], Done)


@pytest.mark.parametrize("wanted", [{"stop": "120"}, {"leg": "", "stop": "5000"}])
def test_before_the_first_price_nobody_knows_the_right_side(wanted) -> None:
    """It is told, not guessed."""
    made = RiskWatchdog(ROUTER, LIMITS)
    for message in straddle():
        made.handle(message, message.at_ns)
    _, answer = adjust(made, **wanted)
    assert answer.code == "no_price"


def test_on_a_dead_link_the_last_price_known_tells_the_side() -> None:
    """Tightening must be possible when things go wrong."""
    assert isinstance(adjust(dog(LinkDied(T + 1)), "ce", "120")[1], Done)


@pytest.mark.parametrize(
    "wanted", [{"stop": "150"}, {"leg": "", "stop": "7000"}], ids=["leg", "strategy"]
)
def test_who_asks_for_it_may_loosen(wanted) -> None:
    """It is done, and stands."""
    made = dog()
    effects, answer = adjust(made, **wanted, loosen=True)
    assert isinstance(answer, Done)
    (moved,) = facts(effects, LevelMoved)
    again = RiskWatchdog(ROUTER, LIMITS, [*straddle(), moved])
    kept = seen(again).legs[0].stop_e4 if "leg" not in wanted else seen(again).current_sl_e4
    assert kept == moved.to_e4


def test_a_restart_finds_the_stops_where_they_were_put() -> None:
    """Tightened and loosened, of leg and strategy: the last word of each stands."""
    made, table = dog(), straddle()
    for wanted in (("ce", "110"), ("ce", "125"), ("pe", "115"), ("", "4000")):
        table += facts(adjust(made, *wanted, loosen=True)[0])
    again = RiskWatchdog(ROUTER, LIMITS, table)
    stops = [leg.stop_e4 for leg in seen(made).legs]
    assert stops == [leg.stop_e4 for leg in seen(again).legs] == [e4("125"), e4("115")]
    assert seen(made).current_sl_e4 == seen(again).current_sl_e4 == e4("-4000")


def resting(leg_rules=None) -> RiskWatchdog:
    """A watchdog of an entry whose stops are to rest at the broker."""
    entry = opened(rules=RUPEES, leg_rules=leg_rules)
    entry = replace(entry, basket=replace(entry.basket, resident_percent_e4=e4("20")))
    made = RiskWatchdog(ROUTER, LIMITS)
    marks = prices(T, "100", "105")
    for message in (day_opened(), entry, sold("ce"), sold("pe"), ended(), marks):
        made.handle(message, message.at_ns)
    return made


def test_a_leg_without_a_stop_of_its_own_has_none_at_the_broker_that_one_could_lie_beyond():
    _, done = adjust(resting(), "ce", "180")
    assert isinstance(done, Done)


def test_a_stop_is_not_moved_beyond_the_one_that_rests_at_the_broker():
    """It would be met there first, so to take it would be a promise that nobody keeps."""
    made = resting(STOP)
    _, refused = adjust(made, "ce", "130.05", loosen=True)
    assert isinstance(refused, Declined)
    assert (refused.code, "just beyond 130.00" in refused.sentence) == ("bad_stop", True)
    for stop in ("120", "130"):
        _, done = adjust(made, "ce", stop, loosen=True)
        assert isinstance(done, Done), stop
