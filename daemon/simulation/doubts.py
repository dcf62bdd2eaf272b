"""What may be bought too much because purchases in doubt were replaced: the bounds, judged."""

from __future__ import annotations

from collections.abc import Container

from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.words import Intent, Purpose, State
from daemon.messages import ExitReplaced
from daemon.simulation.known import Known

_WAITED_NS = 120 * SECOND_NS
"""For so long whoever was replaced is waited for, twice as long as a request is late at most."""


def too_soon(known: Known, fact: ExitReplaced) -> str:
    """Say how an exit is replaced although another of its leg was, and may still come.

    Slices that one reading was about are replaced at one instant.
    """
    order = known.book.order(fact.intent_id)
    if order is None or order.intent.purpose is not Purpose.EXIT:
        return ""
    for other in known.book.open_orders():
        at_ns = known.replaced.get(other.intent.intent_id)
        if at_ns is None or other.state not in (State.UNKNOWN, State.PARKED):
            continue
        if _way(other.intent) == _way(order.intent) and 0 < fact.at_ns - at_ns < _WAITED_NS:
            seconds = (fact.at_ns - at_ns) / SECOND_NS
            return f"{fact.intent_id} is replaced {seconds:.1f} s after {other.intent.intent_id}"
    return ""


def too_many(known: Known, intent: Intent, live: Container[str], planned: int) -> str:
    """Say how a purchase makes it possible that more is held than was ever short.

    What will arrive although it was replaced may bring as many units as were short then; the
    broker itself may have made that more than was planned, and what left beside it has filled.

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
    shorts = (known.short_then.get(order.intent.intent_id, 0) for order in coming)
    if intent.quantity + beside - short <= max(planned, short, *shorts):
        return ""
    return f"{intent.intent_id} buys {intent.quantity}, {beside} more will arrive, of {short} short"


def _way(intent: Intent) -> tuple[object, ...]:
    return intent.strategy_id, intent.leg_id, intent.side, intent.purpose is Purpose.ENTRY
