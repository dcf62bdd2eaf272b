"""Money and prices: integers in 1/10,000 of the currency unit, rounded by name.

A price in `_e4` times a quantity is an amount in `_e4`, so profit and loss never leaves the
integers. Percentages are `_e4` too (1 % is 10,000), read from `Decimal` and never from floats.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

E4 = 10_000
PERCENT_E4 = 100 * E4
"""The whole, as a percentage in `_e4`."""


def e4(value: Decimal | int | str) -> int:
    """Return an amount in 1/10,000 of a unit.

    Args:
        value: units, such as rupees; at most four decimals.

    Raises:
        ValueError: the value is not finite, or finer than 1/10,000.
    """
    scaled = Decimal(value) * E4
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise ValueError(f"{value} is not a whole number of 1/10,000")
    return int(scaled)


def units(amount_e4: int) -> Decimal:
    """Return an amount in whole units, exact, without trailing zeros beyond the second."""
    value = Decimal(amount_e4).scaleb(-4)
    hundredths = value.quantize(Decimal("0.01"))
    return hundredths if hundredths == value else value


def divide_half_even(numerator: int, denominator: int) -> int:
    """Divide integers, a tie going to the even neighbour.

    Args:
        numerator: any integer.
        denominator: above zero.
    """
    assert denominator > 0, "a denominator must be above zero"
    quotient, rest = divmod(numerator, denominator)
    doubled = 2 * rest
    if doubled > denominator or (doubled == denominator and quotient % 2):
        return quotient + 1
    return quotient


def percent_of(amount_e4: int, percent_e4: int) -> int:
    """Return that percentage of an amount, in `_e4`, rounded half to even."""
    return divide_half_even(amount_e4 * percent_e4, PERCENT_E4)


def sum_known(amounts_e4: Iterable[int | None]) -> int | None:
    """Add amounts; one that is not known makes their sum unknown."""
    total_e4 = 0
    for each_e4 in amounts_e4:
        if each_e4 is None:
            return None
        total_e4 += each_e4
    return total_e4


def floor_to(price_e4: int, tick_e4: int) -> int:
    """Return the highest multiple of the tick not above the price."""
    assert tick_e4 > 0, "a tick must be above zero"
    return price_e4 // tick_e4 * tick_e4


def ceil_to(price_e4: int, tick_e4: int) -> int:
    """Return the lowest multiple of the tick not below the price."""
    assert tick_e4 > 0, "a tick must be above zero"
    return -(-price_e4 // tick_e4) * tick_e4
