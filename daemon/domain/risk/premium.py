"""The combined premium of a strategy's options, and the loss that a share of it allows.

Premium is weighed by quantity, so unequal lots weigh right, and a leg that was closed counts at
its exit price: the profit of all entered options says how far the premium has moved against us.
The price of a future or a share is no premium: neither counts here.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from daemon.domain.money import percent_of
from daemon.domain.risk.pnl import LegPosition
from daemon.domain.risk.words import Distance


class Base(Struct, frozen=True, gc=False):
    """What distances of the combined premium count from.

    Attributes:
        premium_e4: the entry values of the sold legs less those of the bought ones, its size.
        unit_quantity: the units that one point of combined premium is counted on.
    """

    premium_e4: int = 0
    unit_quantity: int = 0


def base_of(positions: Sequence[LegPosition], *, complete: bool = True) -> Base:
    """Return what the entered options were entered for.

    With equal quantities the combined premium in points is the plain sum of prices. With unequal
    ones it is counted per unit of the smallest leg: of 150 CE and 75 PE it is 2 x CE + PE.

    While the entry is incomplete a hedge may stand there before its short, and in one that ended
    so without it: the two are not weighed against each other (their difference would be small by
    accident and any spread would look like a loss), so premiums add up and the largest leg is the
    unit.

    Args:
        positions: the options, entered or not, closed or not.
        complete: whether every leg has the quantity that was planned.
    """
    entered = [position for position in positions if position.entry_quantity]
    quantities = [position.entry_quantity for position in entered]
    if not complete:
        gross_e4 = sum(position.entry_value_e4 for position in entered)
        return Base(gross_e4, max(quantities, default=0))
    net_e4 = sum(position.side.sign * position.entry_value_e4 for position in entered)
    return Base(abs(net_e4), min(quantities, default=0))


def loss_limit_e4(base: Base, distance: Distance) -> int:
    """Return the loss at which the combined premium stop fires, in `_e4`; 0: it has no base.

    A percentage counts from the combined premium; points are its rise per unit.
    """
    if distance.percent_e4:
        return percent_limit_e4(base, distance.percent_e4)
    return distance.points_e4 * base.unit_quantity


def percent_limit_e4(base: Base, percent_e4: int) -> int:
    """Return that share of the entry premium, at least 1/10,000; 0 where either is none."""
    if not (base.premium_e4 and percent_e4):
        return 0
    return max(1, percent_of(base.premium_e4, percent_e4))
