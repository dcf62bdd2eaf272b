"""A person closes at the broker's own terminal what a strategy holds: nothing is closed twice."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.domain.orders.basket import OnFail
from daemon.domain.orders.words import OrderType, OrderUpdated, Product, Side, State
from daemon.messages import (
    BooksDiffer,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    KillStaged,
    LinkRevived,
    Noted,
    OrderAsked,
    PlaceByHand,
)
from daemon.messages.control import BookRead
from tests.kit.router import (
    DAY,
    OPENED,
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


def test_it_is_taken_back_by_the_reading_that_shows_it_and_not_by_the_next_frame():
    stage = begun("hc", place=("fill", "work"))
    stage.run(31)
    stage.tell(leave("hc"))
    stage.run(0.1)
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.tell(LinkRevived(stage.now_ns))
    assert "cancel 2" in stage.run(0.05)


def test_who_bought_a_short_back_is_told_to_have_bought():
    stage = begun("ce")
    order = stage.broker.stranger(CE, Side.BUY, filled=75)
    stage.run(31)
    text = f"an order that is not ours, {order.number}, bought 75 {CE}: so many of ce are closed"
    assert [fact.text for fact in stage.told(Noted) if fact.text.startswith(text)]


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


@pytest.mark.parametrize("is_recorded", [True, False])
def test_an_exit_of_long_before_a_restart_is_not_set_against_his_fills(is_recorded):
    """Nor where the record tells of no reading, but an order has had news since."""
    stage = begun("hc")
    stage.tell(leave("hc"))
    beat(stage, 60)
    stage.entered("ce", strategy_id="a", basket_id="a:1")
    stage.broker.stranger(HC, Side.SELL, filled=75)
    if not is_recorded:
        stage.facts = [fact for fact in stage.facts if not isinstance(fact, BookRead)]
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


def two_in_one_contract(leg_id: str) -> Stage:
    """Two strategies that hold it, so long that no reading lags behind their entries."""
    stage = begun(leg_id)
    stage.entered(leg_id, strategy_id="a", basket_id="a:1")
    beat(stage, 30)
    return stage


def left_late(leg_id: str) -> Stage:
    """The exit of one has filled; readings lie apart, and their positions may not show it."""
    stage = two_in_one_contract(leg_id)
    stage.broker.lag_s = 14
    stage.tell(leave(leg_id))
    for _ in range(3):
        stage.tell(LinkRevived(stage.now_ns))
        beat(stage, 3)
    return stage


@pytest.mark.parametrize(("how", "starts"), [("pushed", 0), ("read", 0), ("read", 1)])
@pytest.mark.parametrize(("leg_id", "side"), [("hc", Side.SELL), ("ce", Side.BUY)])
def test_what_an_exit_has_closed_and_positions_still_show_is_not_his_own(leg_id, side, how, starts):
    """He closes the leg of the other strategy, and that leg is closed by it."""
    stage = left_late(leg_id)
    order = stage.broker.stranger(SYMBOLS[leg_id], side)
    stage.tell(LinkRevived(stage.now_ns))
    beat(stage, 1)
    for _ in range(starts):
        stage.build()
    told = stage.broker.fill(order, stage.now_ns)
    if how == "pushed":
        stage.tell(replace(told, intent_id="x"))
    stage.tell(LinkRevived(stage.now_ns))
    beat(stage, 30)
    assert (net(stage, leg_id, "a"), net(stage, SYMBOLS[leg_id], "external")) == (0, 0)
    assert (stage.broker.net(), [fact for fact in stage.told(BookRead) if fact.beside]) == ({}, [])


def test_what_positions_still_showed_before_his_orders_could_explain_it_is_not_his_own():
    stage = left_late("hc")
    order, _ = (stage.broker.stranger(HC, side) for side in (Side.SELL, Side.BUY))
    for _ in range(2):
        stage.tell(LinkRevived(stage.now_ns))
        beat(stage, 1)
    told = stage.broker.fill(order, stage.now_ns)
    stage.tell(replace(told, intent_id="x"))
    assert (net(stage, "hc", "a"), net(stage, HC, "external")) == (0, 0)


def test_units_of_his_own_that_were_known_before_an_exit_stay_his_own_after_it():
    stage = two_in_one_contract("hc")
    stage.broker.beside[HC] = 75
    beat(stage, 65)
    stage.tell(leave("hc"))
    stage.tell(LinkRevived(stage.now_ns))
    beat(stage, 2)
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.tell(LinkRevived(stage.now_ns))
    beat(stage, 30)
    assert (net(stage, "hc", "a"), net(stage, HC, "external")) == (75, -75)


def test_what_is_shown_beside_our_book_long_after_an_exit_is_his_own():
    stage = left_late("hc")
    stage.broker.lag_s, stage.broker.beside[HC] = 0, 75
    beat(stage, 70)
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.tell(LinkRevived(stage.now_ns))
    beat(stage, 2)
    assert (net(stage, "hc", "a"), net(stage, HC, "external")) == (75, -75)


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


@pytest.mark.parametrize("starts", [0, 1, 2])
def test_what_an_exit_and_he_sold_while_the_book_was_unread_is_bought_back_after_any_starts(starts):
    """Another strategy's order had news long after."""
    stage = begun("hc").entered("ce", strategy_id="b", basket_id="b:1")
    stage.broker.unread.extend(["down"] * 500)
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.tell(leave("hc"))
    beat(stage, 45)
    stage.tell(leave("ce", strategy_id="b"))
    beat(stage, 1)
    for _ in range(starts):
        stage.build()
        beat(stage, 20)
    stage.broker.unread.clear()
    beat(stage, 60)
    assert (stage.broker.net(), net(stage, HC, "external")) == ({}, 0)


def test_an_exit_that_was_priced_anew_is_known_as_unread_after_two_starts():
    """The first start looks its cancelled order up, which is news of that."""
    stage = begun("hc", place=("fill", "work", "fill"))
    stage.broker.unread.extend(["down"] * 500)
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.tell(leave("hc"))
    for _ in range(2):
        beat(stage, 45)
        stage.build()
    beat(stage, 45)
    assert stage.broker.net() == {HC: -75}
    stage.broker.unread.clear()
    beat(stage, 60)
    assert (stage.broker.net(), net(stage, HC, "external")) == ({}, 0)


@pytest.mark.parametrize(("leg_id", "side"), [("hc", Side.SELL), ("ce", Side.BUY)])
def test_what_he_opened_while_the_daemon_was_down_is_his_though_an_exit_was_the_last_order(
    leg_id, side
):
    """The book was read just after that exit, and again."""
    stage = begun(leg_id)
    stage.tell(leave(leg_id))
    beat(stage, 1)
    stage.tell(LinkRevived(stage.now_ns))
    beat(stage, 60)
    stage.now_ns += 2 * 3600 * S
    stage.broker.stranger(SYMBOLS[leg_id], side, filled=75)
    stage.build()
    beat(stage, 20)
    assert stage.broker.net() == {SYMBOLS[leg_id]: 75 * side.sign}
    assert net(stage, SYMBOLS[leg_id], "external") == 75 * side.sign


@pytest.mark.parametrize(("leg_id", "side"), [("hc", Side.SELL), ("ce", Side.BUY)])
def test_an_exit_of_a_record_that_tells_of_no_reading_is_set_against_his_fill_as_before(
    leg_id, side
):
    stage = begun(leg_id)
    stage.broker.stranger(SYMBOLS[leg_id], side, filled=75)
    stage.tell(leave(leg_id))
    stage.run(1)
    stage.facts = [fact for fact in stage.facts if not isinstance(fact, BookRead)]
    stage.build()
    beat(stage, 10)
    assert (stage.broker.net(), net(stage, leg_id)) == ({}, 0)


def test_readings_are_recorded_once_a_day_and_once_after_exits_have_filled():
    stage = begun("hc")
    beat(stage, 100)
    assert len(stage.told(BookRead)) == 1
    stage.entered("ce", strategy_id="b", basket_id="b:1")
    beat(stage, 100)
    assert len(stage.told(BookRead)) == 1
    stage.tell(leave("hc"))
    beat(stage, 100)
    assert len(stage.told(BookRead)) == 2
    stage.build()
    beat(stage, 100)
    assert len(stage.told(BookRead)) == 2
    stage.now_ns += 24 * 3600 * S
    opens_ns, closes_ns = (at_ns + 24 * 3600 * S for at_ns in OPENED.sessions[0])
    stage.tell(replace(OPENED, day=DAY.replace(day=2), sessions=((opens_ns, closes_ns),)))
    beat(stage, 100)
    assert len(stage.told(BookRead)) == 3


def test_a_reading_is_recorded_again_once_the_clock_was_set_back():
    stage = begun("hc")
    stage.now_ns -= 60 * S
    stage._news.clear()
    stage.build()
    beat(stage, 20)
    first, second = stage.told(BookRead)
    assert second.at_ns < first.at_ns


def test_a_reading_of_another_account_says_nothing_of_this_one():
    stage = begun("hc")
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.tell(leave("hc"))
    stage.run(1)
    stage.facts.append(BookRead("b", stage.now_ns + 60 * S))
    stage.build()
    beat(stage, 10)
    assert stage.broker.net() == {}


@pytest.mark.parametrize("starts", [0, 1])
@pytest.mark.parametrize(("leg_id", "side"), [("hc", Side.SELL), ("ce", Side.BUY)])
def test_units_of_his_own_by_no_order_are_closed_first_across_a_start_too(leg_id, side, starts):
    """He closes them before the start, or while the daemon is down."""
    stage = begun(leg_id)
    ours, symbol = -75 * side.sign, SYMBOLS[leg_id]
    stage.broker.beside[symbol] = ours
    beat(stage, 65)
    stage.broker.stranger(symbol, side, filled=75)
    for _ in range(starts):
        stage.build()
    beat(stage, 60)
    assert (net(stage, leg_id), net(stage, symbol, "external")) == (ours, -ours)
    stage.tell(leave(leg_id))
    beat(stage, 10)
    assert (stage.broker.net(), net(stage, leg_id)) == ({}, 0)


def test_what_he_closes_after_a_start_before_two_readings_is_first_what_was_his_own_before_it():
    stage = begun("ce")
    stage.broker.beside[CE] = -75
    beat(stage, 65)
    stage.build()
    beat(stage, 2)
    stage.broker.stranger(CE, Side.BUY, filled=75)
    stage.tell(LinkRevived(stage.now_ns))
    beat(stage, 60)
    assert (net(stage, "ce"), net(stage, CE, "external")) == (-75, 75)


def test_his_own_of_before_a_start_are_his_own_before_anything_is_read():
    """His order fills, and that is told, while the book cannot be read."""
    stage = begun("ce")
    order = stage.broker.stranger(CE, Side.BUY)
    stage.broker.beside[CE] = -75
    beat(stage, 65)
    stage.broker.unread.extend(["down"] * 100)
    stage.build()
    beat(stage, 1)
    told = stage.broker.fill(order, stage.now_ns)
    stage.tell(replace(told, intent_id="x"))
    assert (net(stage, "ce"), net(stage, CE, "external")) == (-75, 75)


def test_units_that_one_reading_had_shown_before_a_start_are_nobodys():
    """A position that lagged behind a fill of ours looked like units of his."""
    stage = begun(leg("ce", 2))
    stage.broker.beside[CE] = -75
    stage.tell(LinkRevived(stage.now_ns))
    stage.run(0.1)
    assert stage.told(BooksDiffer)
    stage.broker.stranger(CE, Side.BUY, filled=75)
    stage.now_ns += 60 * S
    stage.build()
    stage.run(1)
    assert net(stage, "ce") == -75


def test_units_that_the_first_reading_after_a_start_shows_no_longer_are_not_his():
    stage = begun("ce")
    stage.broker.beside[CE] = -75
    beat(stage, 65)
    stage.broker.beside = {}
    stage.broker.stranger(CE, Side.BUY, filled=75)
    stage.build()
    beat(stage, 40)
    assert (net(stage, "ce"), net(stage, CE, "external"), stage.broker.net()) == (0, 0, {})


def test_units_that_a_kill_has_taken_in_are_his_own_once_before_the_next_reading_too():
    stage = begun("ce", place=("fill", "work"))
    stage.broker.beside[CE] = -150
    order = stage.broker.stranger(CE, Side.BUY, 225)
    beat(stage, 65)
    stage.tell(latch())
    while net(stage, CE, "external") != -150:
        stage.run(0.01)
    told = stage.broker.fill(order, stage.now_ns)
    stage.tell(replace(told, intent_id="x"))
    assert (net(stage, "ce"), net(stage, CE, "external")) == (0, 0)


def test_what_is_beside_our_book_is_recorded_once_it_was_read_twice_and_once_it_is_gone():
    stage = begun("ce")
    stage.broker.beside[CE] = -75
    beat(stage, 100)
    stage.build()
    beat(stage, 100)
    assert [fact.beside for fact in stage.told(BookRead)] == [(), ((CE, Product.INTRADAY, -75),)]
    for units in (-150, 0):
        stage.broker.beside[CE] = units
        beat(stage, 100)
    later = [(), ((CE, Product.INTRADAY, -150),), ()]
    assert [fact.beside for fact in stage.told(BookRead)][2:] == later


def test_an_exit_on_its_way_that_may_explain_what_is_beside_our_book_records_nothing():
    stage = begun("ce", place=("fill", "work"))
    stage.broker.beside[CE] = 75
    beat(stage, 100)
    stage.tell(leave("ce"))
    beat(stage, 60)
    assert len(stage.told(BookRead)) == 2
    assert len(sent(stage)) > 1


def test_a_stop_that_rests_and_has_not_filled_records_no_reading():
    stage = begun("ce", place=("fill", "work"), rules=None, resident_percent_e4=300_000)
    beat(stage, 100)
    assert len(stage.broker.resting()) == len(stage.told(BookRead)) == 1


def test_what_fills_once_a_person_and_an_exit_have_closed_all_of_a_strategy_is_closed():
    """Its entry keeps what it gets, as long as something of it is held."""
    stage = Stage(["fill", "fill", "dumb 60", "work", "fill"], terms=READING)
    stage.run()
    stage.tell(enter("hc", "ce", "pe", at_ns=stage.now_ns, on_fail=OnFail.KEEP))
    beat(stage, 8)
    stage.tell(leave("ce"))
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.tell(LinkRevived(stage.now_ns))
    stage.run(0.5)
    stage.push(4)
    assert len(stage.told(ExitFinished)) == 1
    beat(stage, 90)
    assert stage.broker.net() == {}
