"""A person closes at the broker's own terminal what a strategy holds: nothing is closed twice."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.domain.orders.words import OrderType, OrderUpdated, Side, State
from daemon.messages import (
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    KillStaged,
    LinkRevived,
    Noted,
    OrderAsked,
    PlaceByHand,
)
from tests.kit.router import (
    READING,
    SYMBOLS,
    T0,
    S,
    Stage,
    carried,
    enter,
    frame,
    latch,
    leave,
    leg,
    without_wakes,
)

CE, HC = SYMBOLS["ce"], SYMBOLS["hc"]


def begun(*legs: str, place: tuple[str, ...] = ("fill",), **fields) -> Stage:
    """A strategy that holds these legs, at a broker whose book is read."""
    stage = Stage(place, terms=READING)
    stage.run()
    return stage.entered(*legs, **fields)


def beat(stage: Stage, seconds: int) -> list[str]:
    said: list[str] = []
    for _ in range(seconds):
        said += stage.tell(frame(stage.now_ns)) + stage.run(1)
    return without_wakes(said)


def net(stage: Stage, leg_id: str, strategy_id: str = "s") -> int:
    return stage.book().position(strategy_id, leg_id).net_quantity


def sent(stage: Stage) -> list:
    """What was asked of the broker."""
    return [order for order in stage.broker.orders.values() if order.intent.intent_id]


@pytest.mark.parametrize(("leg_id", "side"), [("hc", Side.SELL), ("ce", Side.BUY)])
def test_a_leg_that_a_person_closed_at_the_broker_is_not_closed_again(leg_id, side):
    stage = begun(leg_id)
    stage.broker.stranger(SYMBOLS[leg_id], side, filled=75)
    stage.run(31)
    assert net(stage, leg_id) == 0
    stage.tell(leave(leg_id))
    beat(stage, 10)
    assert (stage.broker.net(), len(sent(stage))) == ({}, 1)
    assert len(stage.told(ExitOwed)) == len(stage.told(ExitFinished)) == 1


@pytest.mark.parametrize("how", ["pushed", "read"])
def test_an_exit_of_ours_whose_record_has_lost_its_id_closes_its_leg_once_after_a_restart(how):
    """It was taken for a stranger's, whose fill is handed on to the leg that it has closed."""
    stage = begun("hc", place=("fill", "work"))
    stage.tell(leave("hc"))
    stage.run(0.2)
    exit_of_it = stage.placed(2)
    exit_of_it.intent = replace(exit_of_it.intent, intent_id="")
    stage.build()
    stage.run(0.2)
    told = stage.broker.fill(exit_of_it, stage.now_ns)
    if how == "pushed":
        stage.tell(told)
    stage.run(31)
    assert net(stage, "hc") == net(stage, HC, "external") == 0
    assert (stage.broker.net(), len(stage.broker.orders)) == ({}, 2)
    assert len(stage.told(ExitOwed)) == len(stage.told(ExitFinished)) == 1


def test_a_part_that_a_person_closed_leaves_the_rest_to_the_exit():
    stage = begun(leg("hc", 3))
    stage.broker.stranger(HC, Side.SELL, 75, filled=75)
    stage.run(31)
    assert net(stage, "hc") == 150
    stage.tell(leave("hc"))
    beat(stage, 5)
    assert (stage.broker.net(), sent(stage)[-1].filled) == ({}, 150)


def test_what_a_person_sold_beyond_a_leg_is_his_own_and_left_alone():
    stage = begun("hc")
    stage.broker.stranger(HC, Side.SELL, 150, filled=150)
    stage.run(31)
    assert (net(stage, "hc"), net(stage, HC, "external")) == (0, -75)
    stage.tell(leave("hc"))
    beat(stage, 10)
    assert (stage.broker.net(), len(sent(stage))) == ({HC: -75}, 1)


def test_a_persons_own_units_are_closed_first():
    stage = begun("hc")
    stage.broker.stranger(HC, Side.BUY, filled=75)
    stage.run(31)
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.run(31)
    assert (net(stage, "hc"), net(stage, HC, "external")) == (75, 0)


def test_the_leg_that_was_entered_first_is_closed_first_then_the_next():
    stage = begun("hc")
    stage.run(1)
    stage.entered("hc", strategy_id="a", basket_id="a:1")
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.run(31)
    assert (net(stage, "hc"), net(stage, "hc", "a")) == (0, 75)
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.run(31)
    assert net(stage, "hc", "a") == 0


def test_the_other_product_of_a_contract_is_not_closed_by_it():
    stage = begun(carried("hc"))
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.run(31)
    assert (net(stage, "hc"), net(stage, HC, "external")) == (75, -75)


def test_units_that_he_held_before_a_leg_was_entered_close_nothing_of_it():
    stage = Stage(terms=READING)
    stage.run()
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.tell(LinkRevived(stage.now_ns))
    stage.run(1)
    stage.entered("ce", "hc")
    stage.run(31)
    assert (net(stage, "hc"), net(stage, HC, "external")) == (75, -75)


def test_a_leg_is_closed_at_the_price_of_each_fill_and_a_person_is_told():
    stage = begun(leg("hc", 2))
    order = stage.broker.stranger(HC, Side.SELL, 150)
    stage.run(31)
    for quantity, value in ((75, 75 * 300_001), (150, 75 * 300_001 + 75 * 310_003)):
        told = OrderUpdated("x", order.number, State.WORKING, quantity, value, stage.now_ns)
        stage.tell(replace(told, state=State.FILLED) if quantity == 150 else told)
    position = stage.book().position("s", "hc")
    assert (position.sold_quantity, position.sold_value_e4) == (150, 75 * 300_001 + 75 * 310_003)
    his = stage.book().position("external", HC)
    assert his.bought_value_e4 == his.sold_value_e4
    notes = [fact.text for fact in stage.told(Noted) if "are closed by that" in fact.text]
    what = f"sold 75 {HC}: so many of hc are closed by that"
    assert notes == [f"an order that is not ours, {order.number}, {what}"] * 2


def test_an_exit_that_works_is_taken_back_once_a_person_has_closed_its_leg():
    stage = begun("hc", place=("fill", "work"))
    stage.tell(leave("hc"))
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.tell(LinkRevived(stage.now_ns))
    beat(stage, 5)
    assert (stage.broker.net(), stage.broker.resting()) == ({}, [])
    assert len(stage.told(ExitFinished)) == 1


@pytest.mark.parametrize(("leg_id", "side"), [("hc", Side.SELL), ("ce", Side.BUY)])
def test_an_exit_that_left_before_his_order_was_known_is_undone_at_once(leg_id, side):
    stage = begun(leg_id)
    stage.broker.stranger(SYMBOLS[leg_id], side, filled=75)
    stage.tell(leave(leg_id))
    stage.run(1)
    assert stage.broker.net() == {SYMBOLS[leg_id]: 75 * side.sign}
    beat(stage, 40)
    assert (stage.broker.net(), net(stage, leg_id)) == ({}, 0)
    assert any("is closed at once" in fact.text for fact in stage.told(Noted))


def test_a_fill_of_ours_and_his_order_in_one_reading_are_both_known_before_anything_leaves():
    """Nobody answers the entry; it has filled when he sells it, and a kill is pulled."""
    stage = Stage(("mute",), terms=READING)
    stage.run(0.5)
    stage.tell(enter("hc", at_ns=stage.now_ns))
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.tell(latch())
    beat(stage, 20)
    assert (stage.broker.net(), len(sent(stage))) == ({}, 1)
    assert (net(stage, "hc"), net(stage, HC, "external")) == (0, 0)
    assert stage.told(KillStaged)[-1].stage == "flat"


@pytest.mark.parametrize(("leg_id", "side"), [("hc", Side.SELL), ("ce", Side.BUY)])
def test_an_exit_is_set_against_his_fills_once(leg_id, side):
    """He trades its units in one order, and as many in another that are his own."""
    stage = begun(leg_id)
    stage.broker.stranger(SYMBOLS[leg_id], side, filled=75)
    stage.broker.stranger(SYMBOLS[leg_id], side, filled=75)
    stage.tell(leave(leg_id))
    beat(stage, 40)
    assert (net(stage, leg_id), stage.broker.net()) == (0, {SYMBOLS[leg_id]: 75 * side.sign})
    assert net(stage, SYMBOLS[leg_id], "external") == 75 * side.sign


def test_a_long_is_not_sold_beside_a_persons_order_that_may_sell_it():
    stage = begun(leg("hc", 2))
    order = stage.broker.stranger(HC, Side.SELL, 75)
    stage.run(31)
    stage.tell(leave("hc"))
    beat(stage, 100)
    assert (stage.broker.net(), len(sent(stage)), order.state) == ({HC: 75}, 2, State.WORKING)
    assert stage.told(ExitOverdue)
    assert len([fact for fact in stage.told(Noted) if "waits" in fact.text]) == 1
    stage.broker.fill(order, stage.now_ns)
    beat(stage, 40)
    assert (stage.broker.net(), len(sent(stage))) == ({}, 2)


def test_once_a_person_has_cancelled_his_order_the_long_is_sold():
    stage = begun("hc")
    order = stage.broker.stranger(HC, Side.SELL, 75)
    stage.run(31)
    stage.tell(leave("hc"))
    beat(stage, 3)
    order.state = State.CANCELLED
    beat(stage, 10)
    assert (stage.broker.net(), len(sent(stage))) == ({}, 2)


def test_a_short_is_bought_back_beside_a_persons_order_for_it():
    stage = begun("ce")
    stage.broker.stranger(CE, Side.BUY, 75)
    stage.run(31)
    stage.tell(leave("ce"))
    stage.run(1)
    assert stage.broker.net() == {}


@pytest.mark.parametrize("quantity", [75, 150])
def test_a_kill_closes_only_what_is_left_of_a_leg_that_a_person_closed(quantity):
    stage = begun("hc")
    stage.broker.stranger(HC, Side.SELL, quantity, filled=quantity)
    stage.run(31)
    stage.tell(latch())
    beat(stage, 12)
    assert (stage.broker.net(), len(sent(stage))) == ({}, quantity // 75)
    assert stage.told(KillStaged)[-1].stage == "flat"


def test_a_kill_takes_his_order_back_and_sells_the_long():
    stage = begun("hc")
    order = stage.broker.stranger(HC, Side.SELL, 75)
    stage.run(31)
    stage.tell(latch())
    beat(stage, 10)
    assert (stage.broker.net(), order.state) == ({}, State.CANCELLED)
    assert stage.told(KillStaged)[-1].stage == "flat"


def test_a_kill_that_finds_units_by_no_order_beyond_a_leg_buys_back_only_those():
    stage = begun("hc")
    stage.broker.beside[HC] = -150
    stage.run(40)
    stage.tell(latch())
    beat(stage, 15)
    assert (stage.broker.net(), net(stage, "hc")) == ({}, 0)
    assert [each.filled for each in sent(stage)] == [75, 75]


def test_after_a_restart_it_is_the_same():
    stage = begun("hc")
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.run(31)
    before = stage.book().position("s", "hc")
    stage.build()
    stage.run(31)
    assert stage.book().position("s", "hc") == before
    stage.tell(leave("hc"))
    beat(stage, 5)
    assert (stage.broker.net(), len(sent(stage))) == ({}, 1)


def test_what_was_closed_while_the_daemon_was_down_is_known_by_the_first_reading():
    stage = begun("hc")
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.build()
    stage.run(1)
    stage.tell(leave("hc"))
    beat(stage, 5)
    assert (stage.broker.net(), len(sent(stage))) == ({}, 1)


def test_an_exit_that_left_before_his_order_was_known_is_undone_after_a_restart_too():
    stage = begun("hc")
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.tell(leave("hc"))
    stage.run(1)
    assert stage.broker.net() == {HC: -75}
    stage.now_ns += 60 * S
    stage.build()
    beat(stage, 10)
    assert (stage.broker.net(), net(stage, "hc")) == ({}, 0)


def test_an_exit_of_long_before_a_restart_is_not_set_against_his_fills():
    stage = begun("hc")
    stage.tell(leave("hc"))
    beat(stage, 60)
    stage.entered("ce", strategy_id="a", basket_id="a:1")
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.build()
    beat(stage, 10)
    assert (net(stage, "hc"), net(stage, HC, "external")) == (0, -75)


def test_a_resident_stop_goes_once_a_person_has_bought_its_leg_back():
    stage = begun("ce", place=("fill", "work"), rules=None, resident_percent_e4=300_000)
    beat(stage, 2)
    assert len(stage.broker.resting()) == 1
    stage.broker.stranger(CE, Side.BUY, filled=75)
    beat(stage, 40)
    assert (stage.broker.net(), stage.broker.resting()) == ({}, [])


def test_an_order_by_hand_is_a_leg_that_a_person_may_close_too():
    stage = Stage(terms=READING)
    stage.run()
    asked = OrderAsked("r", "a", HC, Side.BUY, 75, OrderType.MARKET, 0, 0, "", "me", T0)
    stage.ask(PlaceByHand(asked))
    stage.run(1)
    assert net(stage, HC, "manual") == 75
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.run(31)
    assert (net(stage, HC, "manual"), net(stage, HC, "external")) == (0, 0)


@pytest.mark.parametrize(("leg_id", "side"), [("hc", Side.SELL), ("ce", Side.BUY)])
def test_units_that_no_order_explains_are_his_own_and_closed_first(leg_id, side):
    """He has traded them while Ordo was away: twice as many as the leg, and the same way."""
    stage = begun(leg_id)
    ours, symbol = 75 * -side.sign, SYMBOLS[leg_id]
    stage.broker.beside[symbol] = 2 * ours
    stage.run(65)
    for left in (ours, ours, 0):
        stage.broker.stranger(symbol, side, filled=75)
        stage.run(40)
        assert net(stage, leg_id) == left
        if left:
            assert stage.broker.net()[symbol] - left in (ours, 0)
    assert stage.broker.net() == {}


def test_units_that_a_kill_has_taken_in_are_his_own_once():
    stage = begun("ce", place=("fill", "work"))
    stage.broker.beside[CE] = -150
    stage.run(65)
    stage.tell(latch())
    beat(stage, 1)
    assert (net(stage, "ce"), net(stage, CE, "external")) == (-75, -150)
    stage.broker.stranger(CE, Side.BUY, 225, filled=225)
    beat(stage, 20)
    assert (net(stage, "ce"), net(stage, CE, "external")) == (0, 0)
    assert (stage.broker.net(), stage.told(KillStaged)[-1].stage) == ({}, "flat")


def test_units_that_one_reading_has_shown_are_nobodys_yet():
    """A position that lags behind a fill of ours looks like units of his."""
    stage = begun(leg("ce", 2))
    stage.broker.beside[CE] = -75
    stage.tell(LinkRevived(stage.now_ns))
    stage.run(0.1)
    stage.broker.stranger(CE, Side.BUY, filled=75)
    stage.tell(LinkRevived(stage.now_ns))
    stage.run(1)
    assert net(stage, "ce") == -75


def test_units_that_the_reading_of_his_order_shows_no_longer_are_not_his():
    """The position has lagged for long: what it lacked was his order, or another is told now."""
    stage = begun("ce")
    stage.broker.beside[CE] = -75
    stage.run(65)
    stage.broker.beside = {}
    stage.broker.stranger(CE, Side.BUY, filled=75)
    stage.run(40)
    assert (net(stage, "ce"), net(stage, CE, "external"), stage.broker.net()) == (0, 0, {})


def test_a_long_is_sold_beside_his_order_for_units_that_no_order_explains():
    stage = begun("hc")
    stage.broker.beside[HC] = 150
    stage.run(65)
    order = stage.broker.stranger(HC, Side.SELL, 150)
    stage.run(40)
    stage.tell(leave("hc"))
    beat(stage, 10)
    assert (stage.broker.net(), net(stage, "hc")) == ({HC: 150}, 0)
    stage.broker.fill(order, stage.now_ns)
    beat(stage, 40)
    assert (stage.broker.net(), len(sent(stage))) == ({}, 2)


def test_a_long_waits_for_his_order_as_far_as_that_may_sell_more_than_his_own():
    stage = begun(leg("hc", 2))
    stage.broker.beside[HC] = 75
    stage.run(65)
    stage.broker.stranger(HC, Side.SELL, 150)
    stage.run(40)
    stage.tell(leave("hc"))
    beat(stage, 10)
    assert net(stage, "hc") == 75
