"""What facts about one intent make of it, in any order."""

import pytest
from msgspec.structs import replace

from daemon.domain.orders.heard import Heard, hear, order_of
from daemon.domain.orders.words import (
    UNTOLD,
    ConfirmationWanted,
    IntentRecorded,
    OrderAccepted,
    OrderParked,
    OrderRefused,
    OrderUpdated,
    OutcomeUnknown,
    Refusal,
    State,
    Terms,
)
from tests.domain.orders.test_book import intent

RECORDED = IntentRecorded(intent(), 1)
ACCEPTED = OrderAccepted("a", "7", 2)
UNKNOWN = OutcomeUnknown("a", "time-out", 2)
PARKED = OrderParked("a", 3)
ASKED = ConfirmationWanted("a", "q7", "are you sure?", 2)
REFUSED = OrderRefused("a", Refusal.BAND, "too far", 2)


def of(*facts):
    heard = Heard()
    for fact in (RECORDED, *facts):
        hear(heard, fact)
    return order_of(heard, heard.intent)


def told(state, quantity, number="7", of=0, at_ns=4):
    return OrderUpdated("a", number, state, quantity, quantity * 100, at_ns, quantity=of)


@pytest.mark.parametrize(
    ("facts", "state", "filled", "remaining"),
    [
        ((), State.INTENDED, 0, 130),
        ((ACCEPTED,), State.WORKING, 0, 130),
        ((REFUSED,), State.REFUSED, 0, 0),
        ((UNKNOWN,), State.UNKNOWN, 0, 130),
        ((UNKNOWN, PARKED), State.PARKED, 0, 130),
        ((ASKED,), State.UNKNOWN, 0, 130),
        ((ASKED, PARKED), State.PARKED, 0, 130),
        ((ASKED, ACCEPTED), State.WORKING, 0, 130),
        ((ASKED, REFUSED), State.REFUSED, 0, 0),
        ((UNKNOWN, PARKED, told(State.FILLED, 130)), State.FILLED, 130, 0),
        ((told(State.CANCELLED, 65),), State.CANCELLED, 65, 0),
        ((told(State.FILLED, 130, "7"), told(State.WORKING, 0, "8")), State.WORKING, 130, 130),
    ],
)
def test_an_order_is_what_all_that_was_heard_makes_of_it(facts, state, filled, remaining):
    for order in (of(*facts), of(*reversed(facts)), of(*facts, *facts)):
        assert (order.state, order.filled_quantity, order.remaining_quantity) == (
            state,
            filled,
            remaining,
        )


@pytest.mark.parametrize(
    ("facts", "state", "quantity", "remaining"),
    [
        ((told(State.WORKING, 0, of=65),), State.WORKING, 65, 65),
        ((told(State.WORKING, 35, of=65),), State.WORKING, 65, 30),
        ((told(State.WORKING, 65, of=65),), State.FILLED, 65, 0),
        ((told(State.FILLED, 65, of=65),), State.FILLED, 65, 0),
        ((told(State.FILLED, 65),), State.FILLED, 130, 65),
        ((told(State.WORKING, 0, of=195),), State.WORKING, 195, 195),
        ((told(State.WORKING, 130, of=195),), State.WORKING, 195, 65),
        ((told(State.FILLED, 195, of=195),), State.FILLED, 195, 0),
        ((told(State.WORKING, 130), told(State.WORKING, 0, of=195)), State.WORKING, 195, 65),
        ((told(State.CANCELLED, 35), told(State.WORKING, 35, of=65)), State.CANCELLED, 65, 0),
        ((ACCEPTED, told(State.WORKING, 0, of=65), told(State.WORKING, 35)), State.WORKING, 65, 30),
        (
            (told(State.WORKING, 0, of=65), told(State.WORKING, 0, of=130, at_ns=5)),
            State.WORKING,
            130,
            130,
        ),
        (
            (told(State.FILLED, 65, of=65), told(State.WORKING, 0, "8", of=195)),
            State.WORKING,
            130,
            195,
        ),
    ],
)
def test_an_order_is_of_what_the_broker_told_last(facts, state, quantity, remaining):
    for order in (of(*facts), of(*reversed(facts)), of(*facts, *facts)):
        assert (order.state, order.quantity, order.remaining_quantity) == (
            state,
            quantity,
            remaining,
        )


def moved(price_e4, trigger_e4=0, number="7", at_ns=4):
    told = {"price_e4": price_e4, "trigger_e4": trigger_e4}
    return OrderUpdated("a", number, State.WORKING, 0, 0, at_ns, **told)


@pytest.mark.parametrize(
    ("facts", "price_e4", "trigger_e4"),
    [
        ((), 1_000_000, 900_000),
        ((moved(1_010_000),), 1_010_000, 900_000),
        ((moved(0, 950_000),), 1_000_000, 950_000),
        ((moved(1_010_000), moved(0, 950_000, at_ns=5)), 1_010_000, 950_000),
        ((moved(1_010_000), moved(1_020_000, at_ns=5)), 1_020_000, 900_000),
        ((moved(1_010_000), moved(1_000_000, at_ns=5)), 1_000_000, 900_000),
        ((moved(1_010_000), moved(0, number="8")), 1_000_000, 900_000),
    ],
)
def test_an_order_rests_at_the_prices_that_the_broker_told_last(facts, price_e4, trigger_e4):
    stop = IntentRecorded(intent(trigger_e4=900_000), 0)
    for order in (of(stop, *facts), of(stop, *reversed(facts)), of(stop, *facts, *facts)):
        assert order.terms == (130, price_e4, trigger_e4)
        rests = order.as_it_rests
        assert (rests.price_e4, rests.trigger_e4) == (price_e4, trigger_e4)
        assert replace(rests, price_e4=1_000_000, trigger_e4=900_000) == order.intent


def test_what_the_broker_tells_as_it_was_intended_is_no_change():
    """Beside it what somebody changed is told alone."""
    asked = intent()
    same = OrderUpdated(
        "a", "7", State.WORKING, 0, 0, 4, quantity=asked.quantity, price_e4=asked.price_e4
    )
    assert of(same).changed == UNTOLD
    assert of(replace(same, quantity=65)).changed == Terms(65, 0, 0)


def test_a_question_is_told_with_its_order_until_the_broker_says_more():
    assert (
        of(ASKED, PARKED).text == "the broker asks before it takes it: are you sure? (question q7)"
    )
    assert of(ASKED, OrderRefused("a", Refusal.BAND, "too far", 3)).text == "too far"


def test_of_several_numbers_the_one_that_is_open_is_told_first():
    order = of(told(State.FILLED, 130, "7"), told(State.WORKING, 0, "8"))
    assert (order.broker_order_id, order.broker_order_ids) == ("8", ("7", "8"))


def test_what_is_told_again_makes_an_order_no_newer():
    """A broker tells its book anew after each restart, and of what was over long before."""
    ended = told(State.CANCELLED, 65)
    again = [replace(ended, at_ns=at_ns) for at_ns in (9, 700, 8)]
    for facts in ((ACCEPTED, ended, *again), (*again, ACCEPTED, ended)):
        assert of(*facts).at_ns == ended.at_ns
    assert of(ended, replace(ended, at_ns=9, text="by its owner")).at_ns == 9


def test_the_intent_that_was_recorded_first_stands_whichever_comes_first():
    later = IntentRecorded(intent(quantity=65), 2)
    assert of(later).intent == RECORDED.intent
    heard = Heard()
    for fact in (later, RECORDED):
        hear(heard, fact)
    assert (heard.intent, heard.recorded_ns) == (RECORDED.intent, 1)
