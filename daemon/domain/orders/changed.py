"""Changed at the broker: an order of ours that somebody has made larger or smaller in the app.

It fills by what he made of it, so that is what may still come of it: what he took off it is asked
for by nobody, and what he put on it may fill beyond what was wanted.
"""

from __future__ import annotations

from msgspec.structs import replace

from daemon.domain.orders.heard import Order
from daemon.domain.orders.words import OrderUpdated, Purpose, State

_CONSEQUENCES = {
    (Purpose.EXIT, False): "what it leaves open is closed by another",
    (Purpose.EXIT, True): "it is taken back where it is of more than is open",
    (Purpose.RESIDENT_STOP, False): "what it leaves without a stop has another in a minute",
    (Purpose.RESIDENT_STOP, True): "it is taken back where it is of more than is open",
    (Purpose.ENTRY, True): "what fills of it is held and left like the rest",
}
"""What follows for an order of a strategy, by its purpose and whether it is larger now."""
_GIVEN_UP = "its entry is given up"


def told(known: Order, state: State, quantity: int) -> int:
    """Return of how many units an order is, where a broker's book has news of that; else 0.

    What was cancelled or rejected fills no more, and what a book says of its units is not believed.

    Args:
        known: as our book has it.
        state: in which the broker's shows it.
        quantity: units that the broker's says it is of.
    """
    is_believed = state in (State.WORKING, State.FILLED)
    return quantity if is_believed and quantity != known.quantity else 0


def as_news(known: Order, update: OrderUpdated) -> OrderUpdated:
    """Return a broker's word with the units of its order only where they are news.

    Else the same word would be another one wherever a record lacks them, and look just told.
    """
    return replace(update, quantity=told(known, update.state, update.quantity))


def lowered_by(order: Order, before: Order) -> int:
    """Return the units that somebody has just taken off an order; below zero: put on it."""
    return before.quantity - order.quantity


def sentence(order: Order, before: Order, *, alone: bool) -> str:
    """Say what was made of an order, and what follows.

    Args:
        order: as it stands.
        before: as it stood.
        alone: it is an entry that belongs to no basket, so nothing follows from it.
    """
    intent, number = order.intent, order.broker_order_id or "of no number"
    what = f"order {number} of ours, to {intent.side} {before.quantity} {intent.symbol}"
    text = f"{what}, was changed at the broker and not by us: it is of {order.quantity} now"
    if alone:
        return text
    larger = order.quantity > before.quantity
    return f"{text}; {_CONSEQUENCES.get((intent.purpose, larger), _GIVEN_UP)}"
