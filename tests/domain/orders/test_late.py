"""What fills late, and how it leaves its leg."""

import pytest

from daemon.domain.orders.book import Book
from daemon.domain.orders.late import gives_back, handed_on, is_handed_on
from daemon.domain.orders.parents import LATE, OUTSIDE
from daemon.domain.orders.reconcile import MANUAL
from daemon.domain.orders.words import IntentRecorded, Pocket, Product, Purpose, Side, State
from tests.domain.orders.test_book import recorded, updated

NOW = 1_000
SYMBOL = "NIFTY-2025-09-02-24550-CE"


def of(parent, strategy_id="straddle"):
    return recorded("o", symbol=SYMBOL, strategy_id=strategy_id, parent=parent).intent


@pytest.mark.parametrize("product", Product)
@pytest.mark.parametrize("side", Side)
def test_the_newest_fill_leaves_the_leg_for_one_by_hand_and_moves_no_pocket(side, product):
    book = Book()
    book.apply(recorded("o1", symbol=SYMBOL, side=side, quantity=75, product=product))
    before = book.apply(updated(State.CANCELLED, 25, 25 * 100, "o1", "b1"))
    order = book.apply(updated(State.FILLED, 75, 25 * 100 + 50 * 101 + 1, "o1", "b1"))
    leg = (order.intent.strategy_id, order.intent.leg_id)
    pocket = Pocket(SYMBOL, product)
    held = book.within(pocket).net
    facts = handed_on(order, before, ("n1", "n2"), NOW)
    for fact in facts:
        book.apply(fact)
    assert book.within(pocket).net == held
    assert book.position(*leg).net_quantity == 25 * side.sign
    late = book.position(MANUAL, pocket.leg_id)
    assert late.net_quantity == 50 * side.sign
    assert late.bought_value_e4 + late.sold_value_e4 == 50 * 101 + 1
    intents = [fact.intent for fact in facts if isinstance(fact, IntentRecorded)]
    assert [gives_back(intent) for intent in intents] == [False, True]
    assert {intent.parent for intent in intents} == {f"{LATE}o1"}
    assert {intent.purpose for intent in intents} == {Purpose.EXIT}
    assert all(map(is_handed_on, intents))
    assert book.order("n1").text == "filled late"


def test_for_what_is_handed_on_no_request_left():
    assert is_handed_on(of(f"{OUTSIDE}EX1"))
    assert not gives_back(of(f"{OUTSIDE}EX1"))
    assert not is_handed_on(of("basket"))
    assert not gives_back(of("basket"))
    assert not gives_back(of(f"{LATE}o1", MANUAL))
