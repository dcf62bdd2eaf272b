"""What one order came to cost."""

from datetime import date

import pytest

from daemon.domain.market.charges import ChargedFill, Unknown, charges, exercise_tax_e4
from daemon.domain.market.costs import Executed, cost_e4, delivery_e4
from daemon.domain.market.instruments import contract
from daemon.domain.money import e4

DAY = date(2025, 9, 2)
CALL, STOCK = "NIFTY-2025-09-02-24550-CE", "RELIANCE"


def charged_e4(symbol: str, *, delivery: bool = False) -> int:
    """What 75 units bought at 100 are charged."""
    fill = ChargedFill(contract(symbol, DAY, strict=False), "buy", 75, e4("100"), delivery=delivery)
    return charges(fill, DAY).total_e4


@pytest.mark.parametrize(
    ("symbol", "kept", "delivery"),
    [(CALL, False, False), (CALL, True, False), (STOCK, False, False), (STOCK, True, True)],
)
def test_an_order_costs_what_its_fills_are_charged_in_one(symbol, kept, delivery):
    """Only equity that is kept is delivered."""
    bought = Executed(symbol, "buy", 75, 75 * e4("100"))
    assert cost_e4(bought, DAY, kept=kept) == charged_e4(symbol, delivery=delivery)


@pytest.mark.parametrize(
    ("symbol", "alike"),
    [
        ("RELIANCE-2025-09-30-1400-CE", CALL),
        ("RELIANCE-2025-09-30-FUT", "NIFTY-2025-09-30-FUT"),
    ],
)
def test_an_option_or_a_future_of_a_share_costs_what_one_of_an_index_does(symbol, alike):
    """No table has its lot, and no charge depends on one."""
    costs = [
        cost_e4(Executed(each, "sell", 500, 500 * e4("20")), DAY, kept=False)
        for each in (symbol, alike)
    ]
    assert isinstance(costs[0], int)
    assert costs[0] == costs[1]


def test_an_option_of_a_share_that_ends_worthless_costs_nothing():
    assert (
        cost_e4(
            Executed("RELIANCE-2025-09-30-1400-CE", "sell", 500, 0, settled=True), DAY, kept=False
        )
        == 0
    )


def test_prices_of_several_fills_count_by_their_average():
    """Half to even, as for everything."""
    assert Executed(CALL, "buy", 2, 5).price_e4 == 2


@pytest.mark.parametrize(("side", "held"), [("sell", 75), ("buy", -75)])
def test_a_settled_option_costs_the_tax_of_whoever_exercised_it(side, held):
    """A long is closed by a sale; who sold it pays nothing."""
    settled = Executed(CALL, side, 75, 75 * e4("100"), settled=True)
    tax_e4 = exercise_tax_e4(contract(CALL, DAY, strict=False), held, e4("100"), DAY)
    assert cost_e4(settled, DAY, kept=False) == tax_e4
    assert (tax_e4 == 0) is (held < 0)


@pytest.mark.parametrize(
    ("symbol", "day", "settled", "why"),
    [
        ("NIFTY-2019-05-02-11700-CE", date(2019, 5, 2), False, "charges.toml does not cover"),
        ("NIFTY-2019-05-02-11700-CE", date(2019, 5, 2), True, "exercise on 2019-05-02"),
        ("NIFTY-2015-05-28-8300-CE", date(2015, 5, 28), False, "2015"),
        ("RELIANCE-2025-09-30-1400-CE", DAY, True, "settled in shares"),
        ("RELIANCE-2025-09-30-FUT", DAY, True, "settled in shares"),
        ("NSE:SBIN:MTF", DAY, False, "no table is about NSE:SBIN:MTF"),
    ],
)
def test_where_no_table_knows_nothing_is_guessed(symbol, day, settled, why):
    """Of charges, of an exercise, of a delivery, and of what only the broker has a name for."""
    unknown = cost_e4(Executed(symbol, "sell", 75, 75 * e4("100"), settled), day, kept=False)
    assert isinstance(unknown, Unknown)
    assert why in unknown.because


@pytest.mark.parametrize(
    ("symbol", "cost"), [(STOCK, "15.34"), (CALL, "0"), ("NIFTY", "0"), ("NSE:SBIN:MTF", "0")]
)
def test_of_what_is_held_over_a_night_a_share_alone_costs_its_delivery(symbol, cost):
    assert delivery_e4(symbol, DAY) == e4(cost)


def test_a_delivery_of_a_day_that_no_table_covers_is_unknown():
    unknown = delivery_e4(STOCK, date(2024, 9, 30))
    assert isinstance(unknown, Unknown)
    assert "does not cover a delivery on 2024-09-30" in unknown.because
