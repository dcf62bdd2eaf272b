"""Slices: how a quantity is cut into orders that the exchange takes.

An exchange refuses an order above the freeze quantity, so a larger one is cut into as few as may
be. The slices add up to the quantity exactly, whatever it is.
"""

from __future__ import annotations


def slices(quantity: int, freeze_quantity: int, lot: int) -> tuple[int, ...]:
    """Cut a quantity into orders.

    Every slice is a multiple of the lot and at most the freeze quantity; the largest come first. A
    position that is not a multiple of the lot (a remainder from before a change of the lot) ends
    with a slice of its own below one lot: an exchange that will not take it refuses only that one.
    A freeze quantity below one lot is wrong on its face; it is read as one lot, since the least
    that can be traded must stay closable.

    Args:
        quantity: units, zero or more.
        freeze_quantity: the most units that one order may carry.
        lot: units in one lot, above zero.

    Returns:
        The units of each order; empty for a quantity of zero.
    """
    assert quantity >= 0, "a quantity to cut is never negative"
    assert lot > 0, "a lot is above zero"
    largest = max(freeze_quantity // lot, 1) * lot
    odd = quantity % lot
    full, rest = divmod(quantity - odd, largest)
    return (largest,) * full + tuple(part for part in (rest, odd) if part)
