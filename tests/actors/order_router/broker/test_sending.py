"""Sending: how often a cancellation is asked, and how much of what is held may be closed."""

from itertools import pairwise

from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import e4
from daemon.domain.orders.basket import OnFail
from daemon.domain.orders.words import OrderType, Side
from daemon.messages import CancelAsked, ExitByHand, OrderAsked, PlaceByHand
from tests.kit.router import READING, T0, S, Stage

SHARE = "BAJAJ-AUTO"


def test_a_cancellation_that_is_refused_is_asked_again_once_the_book_had_time_for_two_look_ups():
    """By the pace of a second at which an entry that ended looks for what still rests of it."""
    stage = Stage(["work"], ["no"]).entered("ce", on_fail=OnFail.KEEP, reprice_ns=60 * S)
    stage.run(15)
    asked = [fact.at_ns for fact in stage.told(CancelAsked)]
    assert [after - before for before, after in pairwise(asked)] == [3 * S] * 3


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
