from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.money import (
    ceil_to,
    divide_half_even,
    e4,
    floor_to,
    percent_of,
    sum_known,
    units,
)

AMOUNTS = st.integers(-(10**15), 10**15)
TICKS = st.integers(1, 10**6)


@pytest.mark.parametrize(
    ("value", "amount"),
    [(Decimal("118.60"), 1_186_000), ("0.0001", 1), (-3, -30_000), ("1E+2", 1_000_000)],
)
def test_an_amount_is_read_in_ten_thousandths(value, amount):
    assert e4(value) == amount


@pytest.mark.parametrize("value", ["0.00001", "NaN", "Infinity", "-Infinity"])
def test_an_amount_finer_than_a_ten_thousandth_or_endless_is_refused(value):
    with pytest.raises(ValueError, match="is not a whole number of 1/10,000"):
        e4(value)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(1_777_5000, "1777.50"), (-536_2500, "-536.25"), (1, "0.0001"), (0, "0.00")],
)
def test_an_amount_is_shown_with_two_decimals_or_all_that_it_has(amount, shown):
    assert str(units(amount)) == shown


@given(AMOUNTS)
def test_reading_what_was_shown_gives_the_same_amount(amount):
    assert e4(units(amount)) == amount


@pytest.mark.parametrize(
    ("numerator", "denominator", "quotient"),
    [(5, 2, 2), (7, 2, 4), (-5, 2, -2), (-7, 2, -4), (8, 3, 3), (7, 3, 2), (6, 3, 2), (-8, 3, -3)],
)
def test_a_division_rounds_a_tie_to_the_even_neighbour(numerator, denominator, quotient):
    assert divide_half_even(numerator, denominator) == quotient


@given(AMOUNTS, TICKS)
def test_a_division_rounds_as_decimals_do(numerator, denominator):
    exact = (Decimal(numerator) / Decimal(denominator)).quantize(Decimal(1), "ROUND_HALF_EVEN")

    assert divide_half_even(numerator, denominator) == exact


@pytest.mark.parametrize("divide", [divide_half_even, floor_to, ceil_to])
def test_nothing_is_divided_by_zero_or_less(divide):
    with pytest.raises(AssertionError, match="must be above zero"):
        divide(1, 0)


def test_a_percentage_is_in_ten_thousandths_too():
    assert percent_of(213_9000, 3_0000) == 6_4170


@given(AMOUNTS, TICKS)
def test_a_price_lies_between_the_ticks_around_it(price, tick):
    below, above = floor_to(price, tick), ceil_to(price, tick)

    assert below <= price <= above
    assert (below % tick, above % tick) == (0, 0)
    assert above - below == (0 if price % tick == 0 else tick)


@pytest.mark.parametrize(("amounts", "total"), [([], 0), ([1, -3], -2), ([1, None, 2], None)])
def test_a_sum_is_known_where_each_of_its_amounts_is(amounts, total):
    assert sum_known(amounts) == total
