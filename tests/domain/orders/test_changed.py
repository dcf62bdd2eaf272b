"""An order of ours that somebody made larger or smaller at the broker: what is told, and said."""

import pytest

from daemon.domain.orders.changed import lowered_by, sentence, told
from daemon.domain.orders.heard import Heard, hear, order_of
from daemon.domain.orders.words import IntentRecorded, OrderUpdated, Purpose, State
from tests.domain.orders.test_book import intent


def order(quantity=0, number="7", purpose=Purpose.EXIT):
    heard = Heard()
    hear(heard, IntentRecorded(intent(purpose=purpose), 1))
    if quantity:
        hear(heard, OrderUpdated("a", number, State.WORKING, 0, 0, 4, quantity=quantity))
    return order_of(heard, heard.intent)


@pytest.mark.parametrize(
    ("state", "quantity", "news"),
    [
        (State.WORKING, 65, 65),
        (State.FILLED, 65, 65),
        (State.WORKING, 195, 195),
        (State.WORKING, 130, 0),
        (State.CANCELLED, 65, 0),
        (State.REJECTED, 65, 0),
    ],
)
def test_of_how_many_units_an_order_is_is_news_while_it_says_what_fills(state, quantity, news):
    assert told(order(), state, quantity) == news


@pytest.mark.parametrize(("now", "units"), [(65, 65), (195, -65), (0, 0), (130, 0)])
def test_what_was_taken_off_an_order_is_counted_and_what_was_put_on_it_is_below_zero(now, units):
    assert lowered_by(order(now), order()) == units


@pytest.mark.parametrize(
    ("purpose", "now", "alone", "so"),
    [
        (Purpose.EXIT, 65, False, "; what it leaves open is closed by another"),
        (Purpose.EXIT, 195, False, "; it is taken back where it is of more than is open"),
        (
            Purpose.RESIDENT_STOP,
            65,
            False,
            "; what it leaves without a stop has another in a minute",
        ),
        (Purpose.RESIDENT_STOP, 195, False, "; it is taken back where it is of more than is open"),
        (Purpose.ENTRY, 65, False, "; its entry is given up"),
        (Purpose.ENTRY, 195, False, "; what fills of it is held and left like the rest"),
        (Purpose.ENTRY, 65, True, ""),
    ],
)
def test_what_was_made_of_an_order_is_said_with_what_follows(purpose, now, alone, so):
    made = order(now, purpose=purpose)
    what = f"order 7 of ours, to sell 130 {made.intent.symbol}"
    said = f"{what}, was changed at the broker and not by us: it is of {now} now"
    assert sentence(made, order(purpose=purpose), alone=alone) == said + so
