"""Costs: what one order came to cost, by all that was filled of it, and a delivery of shares.

A position that the exchange closed by itself pays no fees but the tax on its worth. Where no table
of charges reaches back to the day the answer is `Unknown`; so it is for what a broker calls by a
name of its own, and where shares change hands for an option or a future: no table is about those.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from daemon.domain.market.charges import (
    ChargedFill,
    Unknown,
    charges,
    depository_e4,
    exercise_tax_e4,
)
from daemon.domain.market.instruments import Kind, Parts, is_index, parts_of
from daemon.domain.money import divide_half_even


class Executed(Struct, frozen=True):
    """What was filled of one order.

    Attributes:
        symbol: of what.
        side: `buy` or `sell`.
        quantity: units, above zero.
        value_e4: the sum of price x units over its fills.
        settled: no order did it: the exchange closed the position, at its settlement price.
    """

    symbol: str
    side: str
    quantity: int
    value_e4: int
    settled: bool = False

    @property
    def price_e4(self) -> int:
        """The average price, half to even."""
        return divide_half_even(self.value_e4, self.quantity)


def cost_e4(executed: Executed, day: date, *, kept: bool) -> int | Unknown:
    """Return what an order cost, in `_e4`.

    Args:
        executed: what was filled of it.
        day: of the order.
        kept: what it opened, or closed, was held beyond a day: of equity that is delivery.
    """
    parts = parts_of(executed.symbol)
    if parts is None:
        return Unknown(f"no table is about {executed.symbol}: its name is the broker's own")
    if executed.settled:
        return _exercise(executed, parts, day)
    delivery = kept and parts.kind is Kind.EQUITY
    fill = ChargedFill(
        parts, executed.side, executed.quantity, executed.price_e4, delivery=delivery
    )
    charged = charges(fill, day)
    return charged if isinstance(charged, Unknown) else charged.total_e4


def delivery_e4(symbol: str, day: date) -> int | Unknown:
    """Return what the sales of a day out of holdings cost beside their orders, in `_e4`.

    Args:
        symbol: what was held from the day before; none but a share is delivered.
        day: of the sales.
    """
    parts = parts_of(symbol)
    if parts is None or parts.kind is not Kind.EQUITY:
        return 0
    charged_e4 = depository_e4(day)
    if charged_e4 is None:
        return Unknown(f"rules/charges.toml does not cover a delivery on {day}")
    return charged_e4


def _exercise(executed: Executed, parts: Parts, day: date) -> int | Unknown:
    """Return what an option costs that was long when it was settled in the money."""
    if parts.kind.is_derivative and executed.value_e4 and not is_index(parts.underlying):
        return Unknown(f"no table is about what {executed.symbol} costs that is settled in shares")
    held = executed.quantity if executed.side == "sell" else -executed.quantity
    tax_e4 = exercise_tax_e4(parts, held, executed.price_e4, day)
    if tax_e4 is None:
        return Unknown(f"rules/charges.toml does not cover an exercise on {day}")
    return tax_e4
