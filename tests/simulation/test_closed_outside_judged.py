"""What people close at the terminal of the broker: as the judge counts it, nothing closes twice."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.domain.orders.parents import OUTSIDE
from daemon.domain.orders.reconcile import EXTERNAL
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderType,
    OrderUpdated,
    Purpose,
    Side,
    State,
)
from daemon.simulation.judging.outside import Outside
from daemon.simulation.judging.persons import MARK, as_intent, is_persons
from daemon.twin import words as twin

SYMBOL = "NIFTY-2026-03-10-24500-CE"
BUY, SELL = Side.BUY, Side.SELL
ENTRY = Intent(
    *("1", "a", "s", "ce", SYMBOL, BUY, 65, OrderType.LIMIT, 1, Purpose.ENTRY, "b", 0, 0)
)


def order(name, side, units, whose="s", purpose=Purpose.ENTRY):
    return replace(
        ENTRY, intent_id=name, side=side, quantity=units, strategy_id=whose, purpose=purpose
    )


def told(*orders):
    """A fold of these orders, each filled and told of twice."""
    outside = Outside()
    for intent in orders:
        outside.apply(IntentRecorded(intent, 0))
        update = OrderUpdated(intent.intent_id, "B", State.FILLED, intent.quantity, 1, 0)
        outside.apply(update)
        outside.apply(update)
    return outside


HELD = order("1", BUY, 65)
EXIT = order("9", SELL, 65, purpose=Purpose.EXIT)


@pytest.mark.parametrize(
    ("orders", "units", "caught"),
    [
        ((HELD,), 65, False),
        ((HELD, order("2", SELL, 65, EXTERNAL)), 65, True),
        ((HELD, order("2", SELL, 130, EXTERNAL)), 65, True),
        ((order("1", BUY, 130), order("2", SELL, 65, EXTERNAL)), 65, False),
        ((order("1", BUY, 130), order("2", SELL, 65, EXTERNAL)), 130, True),
        ((order("2", BUY, 65, EXTERNAL), HELD, order("3", SELL, 65, EXTERNAL)), 65, False),
        ((order("2", SELL, 65, EXTERNAL), HELD), 65, False),
        ((HELD, replace(order("2", SELL, 65), parent=f"{OUTSIDE}EX")), 65, False),
    ],
)
def test_an_exit_closes_no_more_than_strangers_have_left(orders, units, caught):
    assert bool(told(*orders).beyond(replace(EXIT, quantity=units), 0)) is caught


@pytest.mark.parametrize(
    ("side", "resting", "caught"),
    [(SELL, 0, False), (SELL, 65, False), (SELL, 130, True), (BUY, 130, False)],
)
def test_a_long_is_not_sold_beside_orders_of_strangers_that_may_sell_it(side, resting, caught):
    held = order("1", side.opposite, 130)
    assert bool(told(held).beyond(replace(EXIT, side=side), resting)) is caught


def test_an_exit_of_what_strangers_left_behind_is_none_of_ours_to_judge():
    assert told().beyond(order("9", SELL, 65, EXTERNAL, Purpose.EXIT), 0) == ""


HIS = order("2", SELL, 65, EXTERNAL)


@pytest.mark.parametrize(
    ("undone_by", "stays"),
    [
        ((), True),
        ((order("4", BUY, 65, purpose=Purpose.EXIT),), False),
        ((order("4", BUY, 65, EXTERNAL),), False),
    ],
)
def test_what_was_closed_twice_is_to_be_undone(undone_by, stays):
    outside = told(HELD, HIS, EXIT, *undone_by)
    assert bool(outside.twice()) is stays
    assert told(HELD, HIS, EXIT).beyond(replace(EXIT, side=BUY), 0) == ""


def test_what_he_traded_after_an_exit_may_be_taken_for_either():
    """An exit had just sold what was held twice, and he sells as much again."""
    doubled = (HELD, HIS, EXIT, order("4", BUY, 65, purpose=Purpose.EXIT))
    again = order("5", BUY, 65, EXTERNAL)
    sold = order("6", SELL, 65, purpose=Purpose.EXIT)
    assert not told(*doubled, again, sold).twice()
    assert told(*doubled, sold).twice()


@pytest.mark.parametrize(("units", "stays"), [(65, False), (40, True)])
def test_what_he_closed_and_traded_back_may_be_open_for_the_exit_after_it(units, stays):
    """He sells what is held, buys so much again, and then an exit sells."""
    back = order("3", BUY, units, EXTERNAL)
    outside = told(HELD, HIS, back, EXIT)
    assert bool(outside.twice()) is stays
    outside.fill(order("4", SELL, units, EXTERNAL), units)
    assert outside.own(HELD.pocket, BUY) == units


def test_what_is_his_own_is_what_closed_nothing_of_ours():
    outside = told(HELD, order("2", SELL, 130, EXTERNAL))
    assert (outside.own(HELD.pocket, BUY), outside.own(HELD.pocket, SELL)) == (65, 0)


def test_what_may_be_taken_for_either_may_be_his_own_or_not():
    back = order("4", BUY, 65, purpose=Purpose.EXIT)
    outside = told(HELD, HIS, EXIT, back, order("5", BUY, 130, EXTERNAL))
    assert (outside.own(HELD.pocket, BUY), outside.own(HELD.pocket, SELL)) == (0, 130)
    outside.fill(order("6", SELL, 130, EXTERNAL), 130)
    assert (outside.own(HELD.pocket, BUY), outside.own(HELD.pocket, SELL)) == (65, 0)


def test_what_was_closed_twice_is_open_on_the_other_side_until_somebody_closes_it_there():
    """He sells what is held, an exit does so again, and more was sold than that, all of it back."""
    twice = (HELD, HIS, order("3", SELL, 130, purpose=Purpose.EXIT))
    half, rest = (order(name, BUY, 65, EXTERNAL) for name in ("4", "5"))
    assert told(*twice).twice()
    assert told(*twice, half).twice()
    assert not told(*twice, half, rest).twice()


def test_an_order_of_the_terminal_is_known_by_its_mark_and_is_nobodys():
    trade = twin.Trade("t", "7", f"{MARK}1", SYMBOL, twin.Side.SELL, 65, 10, 5)
    intent = as_intent(trade)
    assert (intent.strategy_id, intent.side, intent.quantity) == (EXTERNAL, SELL, 65)
    assert is_persons(trade.client_id)
    assert not is_persons("OR1")
