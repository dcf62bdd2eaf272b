"""Whether an account can bear an entry: the broker's word, and a model of our own beside it.

Two witnesses count the margin, and the dearer one is believed: a broker that counts too little, or
the margin of another order, does not let an entry out that our own model knows to be too large.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from daemon.domain.market.margin import Holding, margin_e4
from daemon.domain.money import percent_of, units
from daemon.domain.orders.words import Product, Side


class MarginLeg(Struct, frozen=True):
    """One leg of an entry, as its margin is counted.

    Attributes:
        symbol: of what.
        side: which way.
        quantity: units.
        price_e4: what a unit is to cost.
        product: how it is held.
    """

    symbol: str
    side: Side
    quantity: int
    price_e4: int
    product: Product = Product.INTRADAY


def own_margin_e4(held: Iterable[Holding], legs: Iterable[MarginLeg], day: date) -> int:
    """Return by how much legs raise the margin of what is held, by our own model, in `_e4`.

    Args:
        held: what is held, and a holding for every leg's contract, be it of nothing.
        legs: of the entry, as they stand once they are filled.
        day: the trading day.

    Raises:
        RuleUnknown: the model does not reach back so far.
    """
    before = {each.instrument.symbol: each for each in held}
    after = dict(before)
    for leg in legs:
        known = after[leg.symbol]
        net = known.net_quantity + leg.side.sign * leg.quantity
        after[leg.symbol] = Holding(known.instrument, net, leg.price_e4)
    return margin_e4(list(after.values()), day) - margin_e4(list(before.values()), day)


def objection(required_e4: int, available_e4: int, percent_e4: int) -> str:
    """Return why an entry is more than the account bears; empty where it is not.

    What needs nothing passes, also where nothing is free: it adds no risk that costs margin.

    Args:
        required_e4: by how much the entry raises the margin.
        available_e4: what is free.
        percent_e4: the share of it that an entry may take.
    """
    most_e4 = percent_of(max(available_e4, 0), percent_e4)
    if required_e4 <= most_e4:
        return ""
    needs, free, most = units(required_e4), units(available_e4), units(most_e4)
    return f"it needs {needs} rupees of margin; {free} are free, of which it may take {most}"
