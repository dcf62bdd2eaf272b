"""Cancelled by somebody else: an order that went although nobody here asked for that.

The exchange keeps an owner from trading with himself, a broker has rules of its own, and a person
may look into the app. None of that is known here, so it is answered like a no without a reason.
With the end of its day every order lapses; that is no answer to anything.
"""

from __future__ import annotations

from daemon.actors.order_router.known.desk import Desk
from daemon.domain.instants import day_of
from daemon.domain.orders.heard import Order
from daemon.domain.orders.words import State


def is_unasked(desk: Desk, order: Order) -> bool:
    """Say whether an order of today was cancelled though that was never asked for."""
    return (
        order.state is State.CANCELLED
        and order.intent.intent_id not in desk.taken_back
        and day_of(order.intent.decided_ns) == desk.day
    )


def said(order: Order) -> str:
    """Return what the broker said to an order that it would not have, or has no longer."""
    if order.state is State.CANCELLED:
        return f"cancelled, and not by us: {order.text or 'no reason was told'}"
    return order.text
