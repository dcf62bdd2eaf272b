"""Late fills: an order fills, and its leg is in another round trip by then, or another contract.

What was told to be cancelled, or refused, has been seen to fill. Its units belong to nothing that
the leg holds now, so they are handed on to the leg under which orders by hand stand in that
contract: two intents, filled at once at the price of the fill, for which no request left. One takes
the units out of the leg again, the other is what is held of them until they are traded back.
"""

from __future__ import annotations

from msgspec.structs import replace

from daemon.domain.orders import outside
from daemon.domain.orders.heard import Order
from daemon.domain.orders.outside import Closed, is_outside
from daemon.domain.orders.parents import LATE
from daemon.domain.orders.reconcile import MANUAL
from daemon.domain.orders.words import Intent, IntentRecorded, OrderUpdated


def handed_on(
    order: Order, before: Order, ids: tuple[str, str], now_ns: int
) -> tuple[IntentRecorded | OrderUpdated, ...]:
    """Return the facts by which the newest fill of an order leaves its leg.

    Args:
        order: as it stands.
        before: as it stood before that fill.
        ids: of the two intents: of what is held of it, and of the leg that it leaves.
        now_ns: the present instant.
    """
    units = order.filled_quantity - before.filled_quantity
    value_e4 = order.filled_value_e4 - before.filled_value_e4
    share = Closed((MANUAL, order.intent.pocket.leg_id), units, value_e4)
    return tuple(
        replace(fact, intent=replace(fact.intent, parent=f"{LATE}{order.intent.intent_id}"))
        if isinstance(fact, IntentRecorded)
        else replace(fact, text="filled late")
        for fact in outside.handed_on(order, share, ids, now_ns)
    )


def is_handed_on(intent: Intent) -> bool:
    """Say whether an intent hands a fill on, a stranger's or a late one: no request left for it."""
    return is_outside(intent) or intent.parent.startswith(LATE)


def gives_back(intent: Intent) -> bool:
    """Say whether an intent takes a late fill out of its leg again: that counts in no trip of it.

    It need not be in the contract that the leg trades now.
    """
    return intent.parent.startswith(LATE) and intent.strategy_id != MANUAL
