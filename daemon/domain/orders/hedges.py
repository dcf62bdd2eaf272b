"""Hedges: an option that is held guards the shorts beside it, those that may yet come included.

Beside it is what the same strategy has of the same underlying. So it is sold last. A sale of an
entry that goes no further may still fill until the broker says that it is gone: as long the option
waits, and no longer than is said here, for an exit has a deadline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from daemon.domain.market.instruments import parts_of
from daemon.domain.orders.heard import Order
from daemon.domain.orders.words import Purpose, Side, State


class Patience(Struct, frozen=True):
    """How long an option waits for a sale that may open a short.

    Attributes:
        gone_ns: from when its cancellation was asked.
        doubt_ns: from when the option began to wait.
    """

    gone_ns: int
    doubt_ns: int

    def until_ns(self, sale: Order, since_ns: int, asked_ns: int | None) -> int:
        """Return until when an option waits at the latest.

        One that is parked was waited for before.

        Args:
            sale: what may still fill.
            since_ns: when the option began to wait.
            asked_ns: when the cancellation of the sale was asked; None: it was not.
        """
        if sale.state is State.PARKED:
            return since_ns
        until_ns = since_ns + self.doubt_ns
        if sale.state is not State.WORKING or asked_ns is None:
            return until_ns
        return min(until_ns, max(since_ns, asked_ns) + self.gone_ns)


def guards(symbol: str) -> bool:
    """Say whether a long of a contract guards shorts: an option does, no future and no share."""
    parts = parts_of(symbol)
    return parts is not None and parts.kind.is_option


def underlying(symbol: str) -> str:
    """Return what a contract is of; what is none of ours is of itself alone."""
    parts = parts_of(symbol)
    return symbol if parts is None else parts.underlying


def opening_sales(
    orders: Iterable[Order], strategy_id: str, beside: str, held: Callable[[str], int]
) -> tuple[Order, ...]:
    """Return the entries of a strategy that may still open a short: all of a leg, or none.

    Args:
        orders: those that may still fill.
        strategy_id: whose.
        beside: the symbol of what would guard it: of another underlying none is returned.
        held: returns the units that a leg of it holds; below zero short.
    """
    sales = [
        order
        for order in orders
        if order.intent.strategy_id == strategy_id
        and order.intent.purpose is Purpose.ENTRY
        and order.intent.side is Side.SELL
        and underlying(order.intent.symbol) == underlying(beside)
    ]
    units: dict[str, int] = {}
    for order in sales:
        leg_id = order.intent.leg_id
        units[leg_id] = units.get(leg_id, 0) + order.remaining_quantity
    return tuple(order for order in sales if units[order.intent.leg_id] > held(order.intent.leg_id))


def sentence(sale: Order) -> str:
    """Return what a person is told of a sale that is waited for no longer."""
    intent = sale.intent
    what = f"{intent.intent_id}, {intent.side} {sale.remaining_quantity} {intent.symbol}"
    return f"{what}, is not known to be gone; options that would guard it are sold beside it"
