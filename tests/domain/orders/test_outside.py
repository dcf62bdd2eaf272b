"""A stranger's fill that meets what legs of ours hold is handed on to them, to the unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.orders.book import Book
from daemon.domain.orders.outside import (
    TWICE,
    Closed,
    Held,
    closed,
    handed_on,
    his_own,
    is_outside,
    may_sell,
    part_of,
)
from daemon.domain.orders.reconcile import EXTERNAL, external
from daemon.domain.orders.shares import SOLD, Booking, booked
from daemon.domain.orders.shown import BrokerOrder
from daemon.domain.orders.words import IntentRecorded, Pocket, Product, Side, State

A, B = ("a", "x"), ("b", "x")
SYMBOL = "NIFTY-2025-09-02-24550-CE"
NOW = 1_756_700_000_000_000_000


@pytest.mark.parametrize(
    ("quantity", "own", "held", "shares"),
    [
        (75, 0, (), ()),
        (75, 0, ((A, 75),), ((A, 75),)),
        (75, 0, ((A, 150),), ((A, 75),)),
        (150, 0, ((A, 75),), ((A, 75),)),
        (75, 75, ((A, 75),), ()),
        (75, 25, ((A, 75),), ((A, 50),)),
        (100, 0, ((A, 75), (B, 75)), ((A, 75), (B, 25))),
        (75, 0, ((A, 0), (B, 75)), ((B, 75),)),
    ],
)
def test_his_own_units_are_closed_first_then_leg_by_leg(quantity, own, held, shares):
    seen = closed(quantity, quantity * 3, own, [Held(1, leg, units) for leg, units in held])
    assert tuple((each.leg, each.quantity) for each in seen) == shares


@given(
    st.integers(1, 10_000),
    st.integers(0, 10**12),
    st.integers(0, 10_000),
    st.lists(st.integers(0, 5_000), max_size=4),
)
def test_no_more_is_handed_on_than_was_filled_in_units_or_in_money(quantity, value_e4, own, units):
    held = [Held(n, ("s", str(n)), each) for n, each in enumerate(units)]
    shares = list(closed(quantity, value_e4, min(own, quantity), held))
    left = quantity - min(own, quantity)
    assert sum(each.quantity for each in shares) == min(left, sum(units))
    assert sum(each.value_e4 for each in shares) <= value_e4
    if not own and sum(units) >= quantity:
        assert sum(each.value_e4 for each in shares) == value_e4


@pytest.mark.parametrize(
    ("resting", "own", "leg", "units"),
    [
        (0, 0, A, 0),
        (75, 0, A, 75),
        (75, 0, B, 0),
        (150, 0, A, 100),
        (150, 0, B, 50),
        (300, 0, B, 75),
        (75, 75, A, 0),
        (100, 75, A, 25),
    ],
)
def test_what_his_orders_may_sell_of_a_long_is_counted_leg_by_leg_after_his_own(
    resting, own, leg, units
):
    """A holds 100 and was entered first, B 75."""
    pocket, book = Pocket(SYMBOL), Book()
    theirs = (("EX:1", Side.BUY, own, State.FILLED), ("EX:2", Side.SELL, resting, State.WORKING))
    for name, side, quantity, state in theirs:
        filled = quantity if state is State.FILLED else 0
        shown = BrokerOrder("", name, SYMBOL, side, quantity, state, filled, filled * 3)
        for fact in external(name, "acc", shown, NOW) if quantity else ():
            book.apply(fact)
    held = (Held(1, A, 100), Held(2, B, 75))
    his = his_own(book, pocket, 0)
    assert his == own
    assert may_sell(his, book.open_orders(), held, leg, pocket) == units
    assert may_sell(his, book.open_orders(), held, ("c", "x"), pocket) == 0


@pytest.mark.parametrize("product", Product)
def test_what_is_handed_on_closes_the_leg_and_the_stranger_and_moves_no_pocket(product):
    shown = BrokerOrder(
        "", "B7", SYMBOL, Side.SELL, 75, State.FILLED, 75, 75 * 100_0001, product=product
    )
    book = Book()
    for fact in external("EX:B7", "acc", shown, NOW):
        book.apply(fact)
    order = book.order("EX:B7")
    facts = handed_on(order, Closed(A, 75, 75 * 100_0001), ("OR1", "OR2"), NOW)
    for fact in facts:
        book.apply(fact)
    assert book.within(order.intent.pocket).net == -75
    assert book.position(*A).sold_value_e4 == 75 * 100_0001
    assert {book.order(name).text for name in ("OR1", "OR2")} == {"closed outside"}
    his = book.position(EXTERNAL, order.intent.leg_id)
    assert (his.net_quantity, his.bought_value_e4) == (0, his.sold_value_e4)
    assert book.open_orders() == ()
    intents = [fact.intent for fact in facts if isinstance(fact, IntentRecorded)]
    assert all(map(is_outside, intents))
    assert not is_outside(order.intent)
    assert [part_of(intent) for intent in (*intents, order.intent)] == ["EX:B7", "EX:B7", ""]


def test_shares_that_leave_for_the_owner_s_own_are_part_of_nobody_s_order():
    booking = Booking(A, Pocket("INFY", Product.CARRY), Side.BUY, 75, 75, SOLD)
    recorded, _ = booked(booking, "acc", "OR1", NOW)
    assert is_outside(recorded.intent)
    assert part_of(recorded.intent) == ""


def test_what_an_exit_has_traded_before_is_told_as_closed_twice():
    (share,) = closed(75, 225, 0, [Held(1, A, 75, exited=True)])
    shown = BrokerOrder("", "B7", SYMBOL, Side.SELL, 75, State.FILLED, 75, 225)
    book = Book()
    for fact in external("EX:B7", "acc", shown, NOW):
        book.apply(fact)
    for fact in handed_on(book.order("EX:B7"), share, ("OR1", "OR2"), NOW):
        book.apply(fact)
    assert book.order("OR1").text == TWICE
