"""An order is found by the broker's number, whichever came first and whoever else bears it."""

from daemon.domain.orders.heard import Heard, hear, order_of
from daemon.domain.orders.numbers import Numbers
from daemon.domain.orders.words import OrderAccepted
from tests.domain.orders.test_book import intent


def order(intent_id, *numbers):
    heard = Heard()
    for number in numbers:
        hear(heard, OrderAccepted(intent_id, number, 2))
    return order_of(heard, intent(intent_id))


def test_a_number_names_the_intent_that_it_was_given_to_and_no_other():
    numbers = Numbers()
    numbers.note(order("a", "7", "8"))
    numbers.note(order("b"))
    assert (numbers.of("7"), numbers.of("8"), numbers.of("9"), numbers.of("")) == (
        ("a",), ("a",), (), ()
    )  # fmt: skip


def test_a_number_that_two_intents_were_told_with_names_both_in_any_order():
    one, other = order("a", "7"), order("b", "7")
    for told in ((one, other), (other, one), (other, one, other)):
        numbers = Numbers()
        for each in told:
            numbers.note(each)
        assert numbers.of("7") == ("a", "b")
