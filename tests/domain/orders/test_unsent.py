"""What moves a leg though no request left for it."""

from daemon.domain.orders.book import Book
from daemon.domain.orders.unsent import filled_unsent
from daemon.domain.orders.words import State
from tests.kit.facts import INTENT


def test_a_leg_has_it_at_once_and_no_broker_knows_of_it():
    book = Book()
    for fact in filled_unsent(INTENT, 7_000_000, "settled"):
        book.apply(fact)
    order = book.order(INTENT.intent_id)

    assert order is not None
    assert (order.state, order.filled_quantity, order.filled_value_e4, order.text) == (
        *(State.FILLED, INTENT.quantity, 7_000_000),
        "settled",
    )
    assert order.at_ns == order.recorded_ns == INTENT.decided_ns
    assert not any(order.broker_order_ids)
    assert book.open_orders() == ()
