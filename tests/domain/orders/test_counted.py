"""What a stranger's order has filled, and our book had before by no order, counts once."""

from __future__ import annotations

import pytest

from daemon.domain.instants import DAY_NS, day_of
from daemon.domain.orders.book import Book
from daemon.domain.orders.counted import COUNTED, counted_out, twice
from daemon.domain.orders.outside import Closed, handed_on, is_outside, part_of
from daemon.domain.orders.reconcile import EXTERNAL, Difference, external, unexplained
from daemon.domain.orders.shown import BrokerOrder
from daemon.domain.orders.unsent import filled_unsent
from daemon.domain.orders.words import Intent, OrderType, Pocket, Purpose, Side, State

SYMBOL = "NIFTY-2025-09-02-24550-CE"
POCKET = Pocket(SYMBOL)
NOW = 1_756_700_000_000_000_000
TODAY = day_of(NOW)


def account(*traded, at_ns=NOW):
    """A book of an account in which so many units were taken in, closed, and shown with an order.

    Each is a word and units, below zero sold; those of an order cost 2 each.
    """
    book = Book()
    for number, (what, units) in enumerate(traded):
        side, name = (Side.BUY if units > 0 else Side.SELL), f"{what}:{number}"
        if what == "taken in":
            facts = external(name, "acc", unexplained(Difference(SYMBOL, 0, units), 1), at_ns)
        elif what == "order":
            filled = abs(units)
            shown = BrokerOrder(
                "", f"B{number}", SYMBOL, side, filled, State.FILLED, filled, 2 * filled
            )
            facts = external(name, "acc", shown, at_ns)
        else:
            exit_ = Intent(
                *(name, "acc", EXTERNAL, POCKET.leg_id, SYMBOL, side, abs(units)),
                *(OrderType.LIMIT, 3, Purpose.EXIT, "x", at_ns, at_ns),
            )
            facts = filled_unsent(exit_, 3 * abs(units), "")
        for fact in facts:
            book.apply(fact)
    return book


def found(book, lacking, day=TODAY):
    return [(o.intent.intent_id, share.quantity) for o, share in twice(book, POCKET, lacking, day)]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_fill_of_an_order_whose_units_were_taken_in_and_closed_counts_no_more(sign):
    book = account(("taken in", 75 * sign), ("closed", -75 * sign), ("order", 75 * sign))
    ((order, share),) = twice(book, POCKET, 75 * sign, TODAY)
    assert (order.intent.intent_id, share) == (
        "order:2",
        Closed((EXTERNAL, POCKET.leg_id), 75, 150),
    )
    recorded, update = counted_out(order, share, "OR1", NOW + 1)
    for fact in (recorded, update):
        book.apply(fact)
    assert (update.text, update.filled_value_e4) == (COUNTED, 150)
    assert is_outside(recorded.intent)
    assert part_of(recorded.intent) == "order:2"
    assert book.within(POCKET).net == book.position(EXTERNAL, POCKET.leg_id).net_quantity == 0
    assert found(book, 0) == []


PUT_AWAY = (("taken in", 75), ("closed", -75))


@pytest.mark.parametrize(
    ("traded", "lacking", "parts"),
    [
        ((*PUT_AWAY, ("order", 75)), 0, []),
        ((*PUT_AWAY, ("order", 75)), -75, []),
        ((*PUT_AWAY, ("order", 75)), 50, []),
        ((*PUT_AWAY, ("order", 100)), 100, []),
        ((*PUT_AWAY, ("order", 50)), 50, [("order:2", 50)]),
        ((*PUT_AWAY, ("order", 25), ("order", 50)), 75, [("order:3", 50), ("order:2", 25)]),
        ((*PUT_AWAY, ("order", 75), ("order", -25)), 50, [("order:2", 50)]),
        ((("taken in", 150), ("closed", -75)), 75, []),
        ((("taken in", 150), ("closed", -100), ("order", 25)), 75, []),
        ((("closed", 75), ("order", 75), ("closed", -75)), 75, []),
        ((("taken in", -75), ("closed", 75), ("order", 75)), 75, []),
    ],
)
def test_only_what_was_taken_in_on_that_side_and_shows_with_an_order_is_counted_out(
    traded, lacking, parts
):
    assert found(account(*traded), lacking) == parts


def test_of_another_day_nothing_is_counted_out():
    book = account(*PUT_AWAY, ("order", 75), at_ns=NOW - DAY_NS)
    assert found(book, 75) == []
    assert found(book, 75, day_of(NOW - DAY_NS)) == [("order:2", 75)]


def test_units_are_counted_out_once_and_what_was_handed_on_to_a_leg_is_none_of_them():
    book = account(*PUT_AWAY, ("order", 75))
    ((order, share),) = twice(book, POCKET, 75, TODAY)
    for fact in counted_out(order, share, "OR1", NOW + 1):
        book.apply(fact)
    another = BrokerOrder("", "B9", SYMBOL, Side.BUY, 75, State.FILLED, 75, 150)
    for fact in external("another", "acc", another, NOW + 2):
        book.apply(fact)
    assert found(book, 75) == [], "so many were taken in once"
    again = unexplained(Difference(SYMBOL, 0, 75), 1)
    for fact in external("again", "acc", again, NOW + 3):
        book.apply(fact)
    handed = Closed(("s", "ce"), 75, 150)
    for fact in handed_on(book.order("another"), handed, ("OR2", "OR3"), NOW + 4):
        book.apply(fact)
    assert found(book, 75) == [], "the one is counted out, and the other a leg's"
