"""Sending: how often a cancellation is asked, and how much of what is held may be closed."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from daemon.actors.order_router.broker.sending import Errand, judge
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import e4
from daemon.domain.orders.basket import OnFail
from daemon.domain.orders.limits import Control, Parent
from daemon.domain.orders.words import OrderType, OrderUpdated, Side, State
from daemon.messages import CancelAsked, ExitByHand, OrderAsked, PlaceByHand
from tests.kit.router import READING, SYMBOLS, T0, S, Stage, enter, latch, leave, leg

SHARE = "BAJAJ-AUTO"


def test_a_cancellation_that_is_refused_is_asked_again_once_the_book_had_time_for_two_look_ups():
    """By the pace of a second at which an entry that ended looks for what still rests of it."""
    stage = Stage(["work"], ["no"]).entered("ce", on_fail=OnFail.KEEP, reprice_ns=60 * S)
    stage.run(15)
    asked = [fact.at_ns for fact in stage.told(CancelAsked)]
    assert [after - before for before, after in pairwise(asked)] == [3 * S] * 3


def test_an_order_of_which_the_broker_told_no_number_is_not_asked_to_be_cancelled():
    """Nobody could say which one is meant."""
    stage = Stage(["lost"])
    stage.tell(enter("ce"))
    stage.run()
    intent_id = stage.intents()[0].intent_id
    stage.tell(OrderUpdated(intent_id, "", State.WORKING, 0, 0, stage.now_ns))
    stage.run(20)
    stage.tell(latch())
    stage.run(5)
    assert stage.told(CancelAsked) == []


def test_a_single_share_is_sold_though_the_broker_shows_one_more():
    stage = Stage(terms=READING)
    stage.run()
    touch = Frame(stage.now_ns, {SHARE: Quote(e4(8438), e4(8437), 10, e4(8438), 10)})
    stage.tell(touch)
    asked = OrderAsked("r", "a", SHARE, Side.BUY, 1, OrderType.LIMIT, e4(8438), 0, "", "me", T0)
    stage.ask(PlaceByHand(asked))
    stage.broker.beside[SHARE] = 1
    stage.run(70)
    assert stage.broker.net() == {SHARE: 2}
    stage.tell(Frame(stage.now_ns, touch.quotes))
    stage.ask(ExitByHand("manual", SHARE, 0, "me"))
    stage.run(5)
    assert stage.broker.net() == {SHARE: 1}


@pytest.mark.parametrize("beside", [-100, -50])
def test_no_more_of_a_long_is_sold_where_readings_lack_units_and_the_newest_lacks_others(beside):
    """It alone proves nothing; what all of them lack is not there, however many that one does."""
    stage = Stage(["fill", "work"], ["lost"], terms=READING)
    stage.run()
    stage.entered(leg("hc", 2))
    stage.broker.beside[SYMBOLS["hc"]] = -75
    stage.run(40)
    stage.tell(leave("hc"))
    stage.run(2)
    stage.broker.beside[SYMBOLS["hc"]] = beside
    stage.run(40)
    assert [order.quantity for order in stage.broker.resting()] == [75]


def lacking(*units):
    """A long of three lots, beside which the broker has shown each of these for long."""
    stage = Stage(["fill", "work"], terms=READING)
    stage.run()
    stage.entered(leg("hc", 3))
    for beside in units:
        stage.broker.beside[SYMBOLS["hc"]] = beside
        stage.run(40)
    return stage


@pytest.mark.parametrize(("before", "sold"), [([100], 225), ([-75, 0], 225), ([-150], 150)])
def test_of_a_long_are_sold_all_units_but_those_that_more_than_one_reading_has_lacked(before, sold):
    stage = lacking(*before)
    stage.broker.beside[SYMBOLS["hc"]] = -75
    reads = stage.broker.reads
    while stage.broker.reads == reads:
        stage.run(0.5)
    stage.tell(leave("hc"))
    assert [order.quantity for order in stage.broker.resting()] == [sold]


def test_what_equal_readings_have_lacked_is_not_sold_though_those_before_had_lacked_less():
    stage = lacking(-75, -150)
    stage.tell(leave("hc"))
    assert [order.quantity for order in stage.broker.resting()] == [75]


def test_the_gate_lets_no_exit_leave_for_units_that_another_is_on_its_way_for():
    """Whatever asks for it, and whatever it says that others of it are on their way."""
    stage = Stage(["fill", "work"]).entered("hc")
    stage.tell(leave("hc"))
    stage.run()
    again = replace(stage.intents()[-1], intent_id="again")
    errand = Errand(again, Parent(live=True, quantity=75, others_quantity=0), again=True)
    refused = judge(stage.router._desk, errand, stage.now_ns)
    assert refused is not None
    assert refused.control is Control.CLOSABLE
