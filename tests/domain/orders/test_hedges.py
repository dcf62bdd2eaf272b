"""What an option that is held waits for before it is sold."""

import pytest
from msgspec.structs import replace

from daemon.domain.orders.heard import Order
from daemon.domain.orders.hedges import Patience, guards, opening_sales, sentence, underlying
from daemon.domain.orders.words import Intent, OrderType, Purpose, Side, State

S = 10**9
CALL, PUT = "NIFTY-2025-09-02-24550-CE", "NIFTY-2025-09-30-24000-PE"
PATIENCE = Patience(gone_ns=2 * S, doubt_ns=10 * S)
INTENT = Intent(
    *("i1", "a", "s", "ce", CALL, Side.SELL, 75),
    *(OrderType.LIMIT, 1_000_000, Purpose.ENTRY, "s:1", 0, 0),
)
RESTS = Order(INTENT, State.WORKING, "b1", 0, 0, 75, None, "", 0)


def sale(units=75, **of):
    return replace(RESTS, intent=replace(INTENT, **of), remaining_quantity=units)


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        (CALL, True),
        ("NIFTY-2025-09-02-24550-PE", True),
        ("NIFTY-2025-09-30-FUT", False),
        ("INFY", False),
        ("MCX:CRUDEOIL25SEPFUT", False),
    ],
)
def test_an_option_guards_and_nothing_else_does(symbol, expected):
    assert guards(symbol) is expected


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [(CALL, "NIFTY"), ("NIFTY-2025-09-30-FUT", "NIFTY"), ("INFY", "INFY"), ("what is", "what is")],
)
def test_a_contract_is_of_its_underlying_and_what_nobody_knows_of_itself(symbol, expected):
    assert underlying(symbol) == expected


@pytest.mark.parametrize(
    ("state", "asked_s", "until_s"),
    [
        (State.WORKING, 31, 33),
        (State.WORKING, 12, 32),  # before it was waited for: it has that time all the same
        (State.WORKING, 39, 40),
        (State.WORKING, None, 40),
        (State.INTENDED, None, 40),
        (State.UNKNOWN, 31, 40),
        (State.PARKED, None, 30),
    ],
)
def test_an_option_waits_for_a_sale_until_it_is_gone_and_not_for_ever(state, asked_s, until_s):
    asked_ns = None if asked_s is None else asked_s * S
    assert PATIENCE.until_ns(replace(RESTS, state=state), 30 * S, asked_ns) == until_s * S


@pytest.mark.parametrize(
    ("orders", "held", "opening"),
    [
        ([sale()], {}, 1),
        ([sale(25)], {"ce": -50}, 1),  # a part has filled
        ([sale(), sale(25)], {"ce": 75}, 2),
        ([sale(), sale(leg_id="pe")], {"ce": 75}, 1),
        ([sale()], {"ce": 75}, 0),  # it sells what is held
        ([sale(strategy_id="other")], {}, 0),
        ([sale(symbol="BANKNIFTY-2025-09-30-54000-CE")], {}, 0),
        ([sale(symbol="NIFTY-2025-09-30-FUT")], {}, 1),
        ([sale(side=Side.BUY)], {}, 0),
        ([sale(purpose=Purpose.EXIT)], {}, 0),
        ([], {}, 0),
    ],
)
def test_entries_that_sell_more_than_their_leg_holds_may_open_a_short(orders, held, opening):
    found = opening_sales(orders, "s", PUT, lambda leg_id: held.get(leg_id, 0))
    assert len(found) == opening


def test_a_person_is_told_which_sale_is_waited_for_no_longer():
    assert sentence(sale(25)) == (
        f"i1, sell 25 {CALL}, is not known to be gone; options that would guard it are sold beside"
        " it"
    )
