"""Which longs are sold too soon, as the judge has it."""

import pytest
from msgspec.structs import replace

from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.reconcile import MANUAL
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderAccepted,
    OrderParked,
    OrderType,
    OrderUpdated,
    OutcomeUnknown,
    Purpose,
    Side,
    State,
)
from daemon.messages import BasketEnded, CancelAsked, ExitOwed, ExitReason
from daemon.simulation.judging.known import Known
from daemon.simulation.judging.longs import sold_before_a_short, sold_beside_a_sale
from tests.kit.acting import SYMBOLS, opened

S = SECOND_NS
OPENED = opened(legs=("ce",))
CE = OPENED.basket.legs[0].pocket
BASKET = OPENED.basket.basket_id
SALE = Intent(
    *("e1", "paper", "s", "ce", SYMBOLS["ce"], Side.SELL, 75),
    *(OrderType.LIMIT, 1_000_000, Purpose.ENTRY, BASKET, 0, 0),
)
OWED = ExitOwed("x", "s", ("hc",), ExitReason.UNWIND, 100 * S)
HEDGE = Intent(
    *("x1", "paper", "s", "hc", SYMBOLS["pe"], Side.SELL, 75),
    *(OrderType.LIMIT, 200_000, Purpose.EXIT, "x", 0, 0),
)
GIVEN_UP = BasketEnded(BASKET, "s", False, "enough", 100 * S)
SENT = IntentRecorded(SALE, 99 * S)
WORKS = OrderAccepted("e1", "b1", 99 * S)
FILLED = OrderUpdated("e1", "b1", State.FILLED, 75, 75_000_000, 101 * S)


def known(*facts):
    made = Known()
    for fact in (OPENED, *facts):
        made.apply(fact)
    return made


@pytest.mark.parametrize(
    ("facts", "at_s", "caught"),
    [
        ([SENT, GIVEN_UP, OWED], 101, True),
        ([SENT, WORKS, GIVEN_UP, OWED], 101, True),
        ([SENT, OutcomeUnknown("e1", "no answer", 100 * S), GIVEN_UP, OWED], 109, True),
        ([SENT, WORKS, CancelAsked("e1", 100 * S), GIVEN_UP, OWED], 101, True),
        ([SENT, WORKS, CancelAsked("e1", 100 * S), GIVEN_UP, OWED], 102, False),
        ([SENT, OutcomeUnknown("e1", "no answer", 100 * S), GIVEN_UP, OWED], 110, False),
        ([SENT, OrderParked("e1", 100 * S), GIVEN_UP, OWED], 101, False),
        ([SENT, FILLED, GIVEN_UP, OWED], 101, False),
        ([SENT, OWED], 101, False),  # it is entered on
        ([SENT, GIVEN_UP], 101, False),  # nothing is owed
        ([GIVEN_UP, OWED], 101, False),
    ],
)
def test_an_option_is_not_sold_while_an_entry_may_still_open_a_short(facts, at_s, caught):
    assert bool(sold_beside_a_sale(known(*facts), HEDGE, at_s * S)) is caught


def test_the_sales_of_others_and_shares_do_not_count():
    made = known(SENT, GIVEN_UP, OWED)
    assert not sold_beside_a_sale(made, replace(HEDGE, symbol="INFY"), 101 * S)
    assert not sold_beside_a_sale(made, replace(HEDGE, strategy_id="other"), 101 * S)


@pytest.mark.parametrize(
    ("facts", "shown", "caught"),
    [
        ([SENT, GIVEN_UP, FILLED], -75, True),
        ([SENT, FILLED, replace(OWED, leg_ids=("ce",))], -75, True),
        ([SENT, GIVEN_UP, FILLED], 0, False),
        ([SENT, FILLED], -75, False),  # it is held
        ([SENT, replace(GIVEN_UP, complete=True), FILLED], -75, False),
        ([SENT, GIVEN_UP, FILLED, OPENED], -75, False),  # it is entered anew
    ],
)
def test_no_long_is_sold_beside_a_short_that_is_to_go(facts, shown, caught):
    found = sold_before_a_short(known(*facts), HEDGE, {CE: shown})
    assert bool(found) is caught


def test_shares_are_sold_beside_a_short_that_is_to_go():
    made = known(SENT, GIVEN_UP, FILLED)
    assert not sold_before_a_short(made, replace(HEDGE, symbol="INFY"), {CE: -75})


def test_an_option_is_sold_beside_a_short_of_another_underlying():
    """It guards none of that, nor a sale that may open one."""
    other = replace(HEDGE, symbol="BANKNIFTY-2025-09-30-54000-CE")
    assert not sold_before_a_short(known(SENT, GIVEN_UP, FILLED), other, {CE: -75})
    assert not sold_beside_a_sale(known(SENT, GIVEN_UP, OWED), other, 101 * S)


def test_an_order_by_hand_is_wanted_beside_an_exit_owed_before_it_until_it_is_taken_back():
    by_hand = replace(SALE, strategy_id=MANUAL, parent="manual:1", decided_ns=101 * S)
    hedge, its = replace(HEDGE, strategy_id=MANUAL), replace(OWED, strategy_id=MANUAL)
    sent, before = (IntentRecorded(replace(by_hand, decided_ns=ns), ns) for ns in (101 * S, 99 * S))

    assert not sold_beside_a_sale(known(its, sent, WORKS), hedge, 102 * S)
    assert sold_beside_a_sale(known(its, before, WORKS), hedge, 102 * S)
    taken_back = CancelAsked("e1", 101 * S)
    assert sold_beside_a_sale(known(its, sent, WORKS, taken_back), hedge, 102 * S)
