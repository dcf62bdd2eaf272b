"""Orders of earlier days: what a later reading of the broker's book proves of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.instants import DAY_NS
from daemon.domain.orders.book import Book
from daemon.domain.orders.lapsed import lapsed
from daemon.domain.orders.reconcile import Difference, compare
from daemon.domain.orders.shown import AccountRead, BrokerOrder, BrokerPosition
from daemon.domain.orders.words import (
    IntentRecorded,
    OrderAccepted,
    OrderParked,
    OrderUpdated,
    OutcomeUnknown,
    Pocket,
    Product,
    Side,
    State,
)
from tests.kit.facts import INTENT, NOW

ID, CE = INTENT.intent_id, INTENT.symbol
RECORDED = IntentRecorded(INTENT, NOW)
ACCEPTED = OrderAccepted(ID, "B1", NOW)
UNKNOWN = OutcomeUnknown(ID, "cut off", NOW)
TOMORROW = NOW + DAY_NS
TEXT = "lapsed with its day: the broker's book shows neither it nor another fill"


def book(*facts):
    """Our book, after the intent to sell 75 calls was recorded."""
    made = Book()
    for fact in (RECORDED, *facts):
        made.apply(fact)
    return made


def read(*orders, net=0, at_ns=TOMORROW):
    """A reading of the next day, with a position in the calls."""
    return AccountRead(orders, (BrokerPosition(CE, net),), at_ns)


def ended(ours, seen, moved=()):
    """What is known of the order once the reading was heard, and which ones are unproven."""
    found = lapsed(ours, seen, moved)
    for fact in found.ends:
        ours.apply(fact)
    return ours.order(ID).state, [order.intent.intent_id for order in found.unproven]


@pytest.mark.parametrize(
    "facts", [[], [UNKNOWN], [UNKNOWN, OrderParked(ID, NOW)], [ACCEPTED]], ids=str
)
def test_what_the_book_of_a_later_day_does_not_show_has_lapsed(facts):
    """Whatever was known of it, where the position is that of our book."""
    ours = book(*facts)
    assert ended(ours, read()) == (State.CANCELLED, [])
    assert ours.order(ID).text == TEXT
    assert ours.possible_exposure(CE) == (0, 0)


def test_what_had_been_filled_stays_filled():
    ours = book(ACCEPTED, OrderUpdated(ID, "B1", State.WORKING, 25, 2500, NOW))
    assert ended(ours, read(net=-25)) == (State.CANCELLED, [])
    assert (ours.net(CE), ours.order(ID).filled_value_e4) == (-25, 2500)


def test_absence_within_the_day_proves_nothing():
    assert ended(book(ACCEPTED), read(at_ns=NOW + 1)) == (State.WORKING, [])


def test_what_is_shown_has_not_lapsed():
    shown = BrokerOrder(ID, "B1", CE, Side.SELL, 75, State.WORKING, 0, 0)
    assert ended(book(ACCEPTED), read(shown)) == (State.WORKING, [])


@pytest.mark.parametrize("net", [-75, -25, 75])
def test_where_the_position_does_not_agree_nothing_is_proven_but_that_it_is_over(net):
    """It may have filled in its last second; the position says how much."""
    assert ended(book(ACCEPTED), read(net=net)) == (State.WORKING, [ID])
    assert lapsed(book(ACCEPTED), read(net=net)).unheard == {Pocket(CE): net}


def test_where_the_position_just_moved_it_is_too_early_to_say():
    found = lapsed(book(ACCEPTED), read(), (CE,))
    assert (found.ends, found.unproven, found.unheard) == ((), (), {})
    assert [order.intent.intent_id for order in found.waiting] == [ID]


def test_a_reading_that_is_older_than_what_we_have_heard_proves_nothing():
    """It does not show today's purchase of 75, and holds what was held before that."""
    today = replace(INTENT, intent_id="OR2", side=Side.BUY, decided_ns=TOMORROW)
    filled = OrderUpdated("OR2", "B2", State.FILLED, 75, 7500, TOMORROW)
    ours = book(ACCEPTED, IntentRecorded(today, TOMORROW), filled)
    assert [order.intent.intent_id for order in lapsed(ours, read(net=75)).waiting] == [ID]


def test_two_orders_that_could_make_up_for_each_other_are_not_proven():
    other = replace(INTENT, intent_id="OR2", side=Side.BUY)
    ours = book(ACCEPTED, IntentRecorded(other, NOW))
    assert ended(ours, read()) == (State.WORKING, [ID, "OR2"])


def test_each_order_that_the_broker_made_of_an_intent_is_ended():
    ours = book(ACCEPTED, OrderAccepted(ID, "B2", NOW))
    assert ended(ours, read()) == (State.CANCELLED, [])
    assert ours.order(ID).remaining_quantity == 0


def test_a_fill_that_is_heard_later_is_stronger():
    ours = book(ACCEPTED)
    ended(ours, read())
    ours.apply(OrderUpdated(ID, "B1", State.FILLED, 75, 7500, NOW))
    assert (ours.order(ID).state, ours.net(CE)) == (State.FILLED, -75)


def test_an_order_that_is_over_explains_no_difference():
    """The same position of its own day could be its fill, on the way to us."""
    ours = book(ACCEPTED)
    assert compare(ours, read(net=-75, at_ns=NOW)).undecided == (Pocket(CE),)
    assert compare(ours, read(net=-75)).differing == (Difference(CE, 0, -75),)
    bought = Book()
    bought.apply(IntentRecorded(replace(INTENT, side=Side.BUY), NOW))
    assert compare(bought, read(net=75)).differing == (Difference(CE, 0, 75),)
    assert compare(bought, replace(read(), positions=(BrokerPosition("X", 1),))).agreeing == (
        Pocket(CE),
    )


@pytest.mark.parametrize("side", Side)
def test_an_order_that_is_over_narrows_its_own_pocket_alone(side):
    """What one of today may come to hold in another product explains a position there still."""
    ours = Book()
    for number, (product, at_ns) in enumerate([(Product.INTRADAY, NOW), (Product.CARRY, TOMORROW)]):
        made = replace(INTENT, intent_id=f"OR{number}", side=side, product=product)
        ours.apply(IntentRecorded(replace(made, decided_ns=at_ns), at_ns))
    carried = BrokerPosition(CE, 75 * side.sign, Product.CARRY)
    assert compare(ours, replace(read(), positions=(carried,))).undecided == (
        Pocket(CE, Product.CARRY),
    )


def test_what_is_held_in_another_product_proves_nothing_of_an_order_that_is_over():
    """Nothing of ours is held: it did not fill, whatever stands beside it."""
    seen = replace(read(), positions=(BrokerPosition(CE, -75, Product.CARRY),))
    assert [end.state for end in lapsed(book(ACCEPTED), seen).ends] == [State.CANCELLED]


ORDERS = st.lists(
    st.tuples(
        st.sampled_from(Side),
        st.sampled_from(["", "accepted", "unknown", "parked"]),
        st.booleans(),
        st.integers(0, 75),
    ),
    max_size=6,
)
"""Each: its side, what was heard of it, whether it is of today, what it filled unheard."""


@given(ORDERS)
def test_no_order_that_filled_unheard_is_ever_taken_for_lapsed(orders):
    """Whichever orders stand beside it, and whatever those filled."""
    ours, net, filled = Book(), 0, {}
    for number, (side, heard, of_today, units) in enumerate(orders):
        intent_id, at_ns = f"OR{number}", TOMORROW if of_today else NOW
        intent = replace(INTENT, intent_id=intent_id, side=side, decided_ns=at_ns)
        ours.apply(IntentRecorded(intent, at_ns))
        if heard == "accepted":
            ours.apply(OrderAccepted(intent_id, f"B{number}", at_ns))
        elif heard:
            ours.apply(OutcomeUnknown(intent_id, "", at_ns))
        if heard == "parked":
            ours.apply(OrderParked(intent_id, at_ns))
        net += side.sign * units
        filled[intent_id] = units
    found = lapsed(ours, read(net=net))
    assert [fact.intent_id for fact in found.ends if filled[fact.intent_id]] == []
    if not any(filled.values()) and len({side for side, *_ in orders}) < 2:
        assert found.unproven == ()
