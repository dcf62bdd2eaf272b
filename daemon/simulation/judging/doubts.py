"""What may be bought too much because purchases in doubt were replaced: the bounds, judged."""

from __future__ import annotations

from collections.abc import Container, Iterable

from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.heard import Order
from daemon.domain.orders.words import Intent, Purpose, State
from daemon.simulation.judging.known import Known

_WAITED_NS = 120 * SECOND_NS
"""For so long whoever was replaced is waited for, twice as long as a request is late at most."""


def too_soon(known: Known, order: Order, at_ns: int, planned: int) -> str:
    """Say how exits of more units than were ever short are replaced, and may still come.

    Args:
        known: what the facts say.
        order: the exit that is replaced.
        at_ns: when.
        planned: units that the leg is to hold, either way.
    """
    coming = [
        other
        for other in known.book.open_orders()
        if other.state in (State.UNKNOWN, State.PARKED)
        and _way(other.intent) == _way(order.intent)
        and other.intent.intent_id in known.replaced
        and at_ns - known.replaced[other.intent.intent_id] < _WAITED_NS
    ]
    units = sum(other.remaining_quantity for other in coming)
    most = _most(known, order.intent, coming, planned)
    if not units or units + order.remaining_quantity <= most:
        return ""
    within = f"{units} within {_WAITED_NS // SECOND_NS} s before, of {most} short"
    return f"{order.intent.intent_id} is replaced, {order.remaining_quantity} units beside {within}"


def too_many(known: Known, intent: Intent, live: Container[str], planned: int) -> str:
    """Say how a purchase makes it possible that more is held than was ever short.

    What will arrive although it was replaced may bring as many units as were short when its exit
    began; the broker itself may have made that more than was planned, and what left beside it has
    filled.

    Args:
        known: what the facts say.
        intent: the purchase.
        live: what will arrive at the exchange, or works there.
        planned: units that the leg is to hold, either way.
    """
    coming = [
        order
        for order in known.book
        if order.intent.intent_id in live and _way(order.intent) == _way(intent)
    ]
    beside = sum(order.intent.quantity - order.filled_quantity for order in coming)
    short = -known.book.position(intent.strategy_id, intent.leg_id).net_quantity
    if intent.quantity + beside - short <= _most(known, intent, coming, planned):
        return ""
    return f"{intent.intent_id} buys {intent.quantity}, {beside} more will arrive, of {short} short"


def _most(known: Known, intent: Intent, beside: Iterable[Order], planned: int) -> int:
    """Return the most units that a leg was to hold, or was short as an exit of it began."""
    leg = (intent.strategy_id, intent.leg_id)
    intents = (intent, *(order.intent for order in beside))
    shorts = (known.short_then.get((each.parent, each.leg_id), 0) for each in intents)
    return max(planned, -known.book.position(*leg).net_quantity, *shorts)


def _way(intent: Intent) -> tuple[object, ...]:
    return intent.strategy_id, intent.leg_id, intent.side, intent.purpose is Purpose.ENTRY
