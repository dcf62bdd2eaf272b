"""The watchdog: what is held without an entry, and the stop that a person gives it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.actors.risk_watchdog import RiskWatchdog
from daemon.domain.money import e4
from daemon.domain.orders.words import Side
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.moves import LevelMoved
from daemon.domain.risk.words import Distance, ExitReason, LegRules
from daemon.messages import (
    AdjustByHand,
    Ask,
    DayMarked,
    Declined,
    Done,
    ExitDecided,
    ExitLegs,
    LegExpired,
    PositionChanged,
    SeeRisk,
    TellRisk,
)
from daemon.runtime.words import Show, Started, Tell
from tests.kit.acting import (
    CE,
    LOT,
    NEXT_DAY,
    PE,
    ROUTER,
    SYMBOLS,
    clock,
    day_ended,
    day_opened,
    ended,
    facts,
    opened,
    others,
    prices,
    sold,
)

LIMITS = AccountLimits()
T = clock("09:31:00")


def held(sold=LOT, bought=0, at_ns=T, strategy="external") -> PositionChanged:
    """What is held of the call, sold at 100 and bought at 90."""
    side = Side.SELL if sold >= bought else Side.BUY
    sums = (bought, bought * e4(90), sold, sold * e4(100))
    return PositionChanged(strategy, CE, CE, side, *sums, at_ns)


def dog(*messages, strategy="external") -> RiskWatchdog:
    made = RiskWatchdog(ROUTER, LIMITS)
    for message in (day_opened(), prices(T, "100", "105"), held(strategy=strategy), *messages):
        made.handle(message, message.at_ns)
    return made


def adjust(made, stop="120", leg=CE, strategy="external", *, loosen=False):
    effects = made.handle(Ask(3, AdjustByHand(strategy, leg, e4(stop), loosen, "ops")), T)
    (told,) = others(effects, Show)
    return effects, told.view.answer


def leg_of(made):
    (show,) = made.handle(Ask(1, SeeRisk()), T)
    (watch,) = show.view.answer.watches
    (leg,) = watch.legs
    return leg


def left(made, price, at_ns=T + 1):
    effects = made.handle(prices(at_ns, price, "105"), at_ns)
    return [(each.leg_ids, each.reason) for each in facts(effects, ExitDecided)]


def test_what_is_not_ours_is_seen_unguarded_until_it_is_given_a_stop():
    made = dog()
    assert "no_rule" in leg_of(made).unguarded_because

    _, answer = adjust(made)
    assert answer == Done(f"the stop of {CE} of external stands at 120.00; there was none")
    made.handle(prices(T, "101", "105"), T)
    assert (leg_of(made).stop_e4, leg_of(made).unguarded_because) == (e4(120), ())


@pytest.mark.parametrize("strategy", ["external", "manual"])
def test_it_is_left_by_that_stop_like_any_leg(strategy):
    made = dog(strategy=strategy)
    adjust(made, strategy=strategy)

    assert left(made, "119.95") == []
    effects = made.handle(prices(T + 2, "120", "105"), T + 2)
    assert [each.reason for each in facts(effects, ExitDecided)] == [ExitReason.STOP]
    told = [each.message for each in others(effects, Tell) if each.to == ROUTER]
    assert ExitLegs(strategy, (CE,), ExitReason.STOP) in told


def test_a_restart_keeps_the_stop():
    made = dog()
    effects, _ = adjust(made)
    table = [day_opened(), held(), *facts(effects, LevelMoved)]

    again = RiskWatchdog(ROUTER, LIMITS, table)
    assert facts(again.handle(Started(), T), LevelMoved) == []
    assert leg_of(again).stop_e4 == e4(120)
    assert left(again, "121") == [((CE,), ExitReason.STOP)]


def test_what_was_given_a_stop_is_marked_once_a_day_beside_the_rest_and_a_restart_values_it():
    """Its money stands in one record of the day, and the next day counts from there."""
    rest = replace(held(), leg_id=PE, symbol=PE)
    made = dog(rest)
    adjusted, _ = adjust(made)
    made.handle(prices(T, "90", "95"), T)
    ended_ = day_ended()
    marks = facts(made.handle(ended_, ended_.at_ns), DayMarked)
    assert [(each.marks, each.last[1]) for each in marks] == [
        (((CE, e4(90)), (PE, e4(95))), e4(LOT * 15)),
    ]
    table = [day_opened(), held(), rest, *facts(adjusted, LevelMoved), ended_, *marks]
    for each in (made, RiskWatchdog(ROUTER, LIMITS, table)):
        (show,) = each.handle(Ask(1, SeeRisk()), T)
        (watch,) = show.view.answer.watches
        assert (watch.pnl_e4, watch.today_e4) == (e4(LOT * 15), e4(LOT * 15))


def test_the_stop_holds_what_is_added_to_the_same_position():
    more = held(2 * LOT)
    effects, _ = adjust(made := dog())
    effects = [effects, made.handle(more, T)]
    table = [day_opened(), held(), *facts(effects[0], LevelMoved), more]
    table += facts(effects[1], LevelMoved)

    for each in (made, RiskWatchdog(ROUTER, LIMITS, table)):
        assert (leg_of(each).stop_e4, leg_of(each).quantity) == (e4(120), -2 * LOT)


@pytest.mark.parametrize(
    "end",
    [held(LOT, LOT), held(LOT, 2 * LOT), LegExpired("external", CE, CE, T)],
    ids=["flat", "through flat", "expired"],
)
def test_the_stop_ends_with_the_position_and_the_next_one_has_none(end):
    """Live, and after a restart."""
    made = dog()
    effects, _ = adjust(made)
    again = held(3 * LOT, 2 * LOT)
    table = [day_opened(), held(), *facts(effects, LevelMoved), end, again]
    for message in (end, again):
        made.handle(message, T)

    for each in (made, RiskWatchdog(ROUTER, LIMITS, table)):
        assert leg_of(each).stop_e4 == 0
        assert left(each, "150") == []


@pytest.mark.parametrize(
    ("given", "code", "says"),
    [
        ({"leg": ""}, "leg_needed", "name it as the leg"),
        ({"leg": "NIFTY"}, "no_position", "external holds nothing of that name; see positions"),
        ({"stop": "99"}, "wrong_side", "belongs above it"),
        ({"strategy": "manual"}, "no_position", "manual holds nothing of that name"),
    ],
)
def test_a_stop_that_cannot_be_is_refused_and_nothing_is_watched(given, code, says):
    made = dog()
    _, answer = adjust(made, **given)

    assert isinstance(answer, Declined)
    assert (answer.code, says in answer.sentence) == (code, True), answer.sentence
    assert left(made, "150") == []
    assert adjust(made, "160")[1].text.endswith("there was none")


def test_a_stop_is_loosened_only_with_leave():
    made = dog()
    adjust(made)

    assert adjust(made, "130")[1].code == "loosens"
    assert adjust(made, "130", loosen=True)[1].text.endswith("moved from 120.00 to 130.00")


def test_its_profit_is_no_matter_of_the_accounts_day():
    """It may be older than the day, and nobody entered it by a rule."""
    made = RiskWatchdog(ROUTER, AccountLimits(loss_e4=e4(10)))
    for message in (day_opened(), prices(T, "100", "105"), held()):
        made.handle(message, message.at_ns)
    adjust(made, "200")

    assert left(made, "150") == []
    assert left(made, "150", T + 2) == []


@pytest.mark.parametrize("symbol", ["NSE:SBIN:MTF", "MCX:CRUDEOIL25SEPFUT"])
def test_what_only_the_broker_has_a_name_for_is_seen_and_its_charges_are_unknown(symbol):
    bought = replace(held(0, LOT), leg_id=symbol, symbol=symbol)
    made = RiskWatchdog(ROUTER, LIMITS, [day_opened(), bought])
    for message in (Ask(1, SeeRisk()), TellRisk("pnl_broadcaster")):
        assert made.handle(message, T)
    assert leg_of(made).quantity == LOT
    (show,) = made.handle(Ask(1, SeeRisk()), T)
    (watch,) = show.view.answer.watches
    assert watch.charges_e4 is None


def test_what_is_entered_anew_counts_from_its_own_price_beside_what_was_earned_today():
    """On the next day that is over."""
    fills = [held(), held(bought=LOT), replace(held(), sold_value_e4=LOT * e4(110))]
    fills = [replace(fill, intent_id=f"o{number}") for number, fill in enumerate(fills)]
    made = RiskWatchdog(ROUTER, LIMITS, [day_opened(), *fills])
    made.handle(prices(T, "105", "105"), T)
    again = leg_of(made)
    assert (again.entry_e4, again.realised_e4, again.unrealised_e4) == (
        *(e4(110), LOT * e4(10), LOT * e4(5)),
    )
    made.handle(day_opened(NEXT_DAY), 0)
    assert (leg_of(made).entry_e4, leg_of(made).realised_e4) == (e4(110), 0)


def entered_as(name, pe_side=Side.SELL) -> list:
    """Two legs of a strategy that a record from before has under the name of what is loose."""
    entry = opened(name, leg_rules=LegRules(stop=Distance(percent_e4=e4("30"))))
    ce, pe = entry.basket.legs
    entry = replace(entry, basket=replace(entry.basket, legs=(ce, replace(pe, side=pe_side))))
    other = sold("pe", strategy=name)
    if pe_side is Side.BUY:
        sums = {"bought_quantity": LOT, "bought_value_e4": LOT * e4(100)}
        other = replace(other, side=pe_side, sold_quantity=0, sold_value_e4=0, **sums)
    return [entry, sold("ce", strategy=name), other, ended(name)]


def legs_of(made):
    (show,) = made.handle(Ask(1, SeeRisk()), T)
    (watch,) = show.view.answer.watches
    return watch.legs


@pytest.mark.parametrize("side", [Side.SELL, Side.BUY])
@pytest.mark.parametrize("name", ["manual", "external"])
def test_a_recorded_strategy_of_such_a_name_is_seen_with_each_leg_by_its_own_stop(name, side):
    made = RiskWatchdog(ROUTER, LIMITS, [day_opened(), *entered_as(name, side)])
    made.handle(prices(T, "101", "102"), T)

    (ce, pe), pe_stop = legs_of(made), 130 if side is Side.SELL else 70
    assert (ce.leg_id, ce.symbol, ce.stop_e4) == ("ce", SYMBOLS["ce"], e4(130))
    assert (pe.leg_id, pe.symbol, pe.stop_e4) == ("pe", SYMBOLS["pe"], e4(pe_stop))
    assert made.handle(TellRisk("pnl_broadcaster"), T)
    assert left(made, "130") == [(("ce",), ExitReason.STOP)]


def test_a_stop_that_is_given_to_a_leg_of_such_a_strategy_takes_nothing_up_beside_it():
    table = [day_opened(), *entered_as("manual")]
    made = RiskWatchdog(ROUTER, LIMITS, table)
    made.handle(prices(T, "101", "102"), T)
    effects, answer = adjust(made, "120", "pe", "manual")
    assert answer == Done("the stop of pe of manual moved from 130.00 to 120.00")

    again = sold("pe", bought="110", strategy="manual")
    more = replace(again, sold_quantity=2 * LOT, sold_value_e4=2 * LOT * e4(100))
    for each in (made, RiskWatchdog(ROUTER, LIMITS, [*table, *facts(effects, LevelMoved)])):
        assert [leg.stop_e4 for leg in legs_of(each)] == [e4(130), e4(120)]
        each.handle(again, T)
        each.handle(more, T)
        assert [leg.stop_e4 for leg in legs_of(each)] == [e4(130), e4(120)]
