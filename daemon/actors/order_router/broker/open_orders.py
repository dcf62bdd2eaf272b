"""Orders that may still rest or fill, as far as readings of the broker's book have shown.

An order is good for its day. Where a reading of a later day lacks one, and nothing proves that it
lapsed unfilled, our book has it for open until evidence comes; but it rests nowhere, fills no more,
and nobody can take it back. What it filled unheard is told by the broker's position.
"""

from __future__ import annotations

from daemon.actors.order_router.known.desk import Desk
from daemon.domain.orders.heard import Order
from daemon.domain.orders.words import Pocket, Purpose


def is_over(desk: Desk, order: Order) -> bool:
    """Say whether an order is over with its day, though nobody knows what it filled."""
    return order.intent.intent_id in desk.reads.gone


def open_orders(desk: Desk) -> tuple[Order, ...]:
    """Return the orders that may still add fills, by intent id, without those that are over."""
    orders = desk.book.open_orders()
    if not desk.reads.gone:
        return orders
    return tuple(order for order in orders if not is_over(desk, order))


def still_held(desk: Desk, leg: tuple[str, str], pocket: Pocket, net: int) -> int:
    """Return the units of a leg without those that its exits of earlier days closed unheard.

    Those are units that the broker does not show, as far as such exits could have traded them; of
    several the one that was sent first did.

    Args:
        desk: of the account.
        leg: strategy and leg.
        pocket: what the leg holds.
        net: units of the leg by our book; below zero short.
    """
    more = desk.reads.unheard.get(pocket, 0)
    if net * more >= 0:
        return net
    sign, lacking, closed = (1 if net > 0 else -1), abs(more), 0
    for order in desk.book.open_orders():
        intent = order.intent
        closes = intent.purpose is not Purpose.ENTRY and intent.side.sign == -sign
        if closes and intent.pocket == pocket and is_over(desk, order):
            units = min(order.remaining_quantity, lacking)
            lacking -= units
            closed += units if (intent.strategy_id, intent.leg_id) == leg else 0
    return sign * max(abs(net) - closed, 0)
