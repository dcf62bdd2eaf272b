"""Held: what keeps an order of an entry from the gate, for a moment or for good."""

from __future__ import annotations

from daemon.actors.order_router.broker import link
from daemon.actors.order_router.broker.reconciling import objection_to_entry as objection_of_books
from daemon.actors.order_router.broker.sending import Held, Later
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.opening.obstacles import against, is_doubted, is_left_by_others
from daemon.actors.order_router.opening.pricing import price_e4
from daemon.actors.order_router.opening.timing import late_ns
from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.basket import Basket, BasketLeg
from daemon.domain.orders.limits import Control, Refused

CROSSED_NS = SECOND_NS // 10
"""Between two attempts of an entry that would trade with another one: that one is about to fill."""

_PROBED_NS = SECOND_NS // 10
"""Between two attempts while a call is out that finds out whether the link is back."""


def crossing(desk: Desk, held: Held | None, leg: BasketLeg, now_ns: int) -> Later | None:
    """Return when to try again where only another entry, or an order in doubt, is in the way."""
    if not isinstance(held, Refused) or held.control is not Control.SELF_TRADE:
        return None
    entering = any(order.intent.parent in desk.baskets for order in against(desk, leg))
    return Later(now_ns + CROSSED_NS) if entering or is_doubted(desk, leg) else None


def not_yet(desk: Desk, basket: Basket, leg: BasketLeg, now_ns: int) -> Held | None:
    """Return why an order of a leg cannot even be brought before the gate."""
    until_ns = late_ns(desk, basket)
    if link.is_probed(desk, now_ns):
        return Later(now_ns + _PROBED_NS)
    if is_left_by_others(desk, leg):
        return Later(until_ns)
    because = objection_of_books(desk, now_ns, leg.pocket)
    if because:
        waits = not desk.reads.reconciled
        return Later(until_ns) if waits else Refused(Control.BOOKS, because)
    limit_e4 = price_e4(desk, basket, leg, now_ns)
    if not limit_e4 and not desk.link_alive:
        return Refused(Control.STALE, f"the price of {leg.symbol} is stale")
    if not limit_e4 and desk.contract(leg.symbol) is not None:
        return Later(until_ns)  # a frame brings the price, or the word that there is none
    return None
