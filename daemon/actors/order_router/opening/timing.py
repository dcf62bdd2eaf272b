"""Timing: when the orders of an entry have left and rested enough, and when it must be complete."""

from __future__ import annotations

from daemon.actors.order_router.known.desk import Desk
from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.basket import Basket
from daemon.domain.orders.heard import Order
from daemon.domain.orders.words import State

LEAVE_WITHIN_NS = 2 * SECOND_NS
"""An entry that could not leave by then rests on prices that nobody looked at."""


def late_ns(desk: Desk, basket: Basket) -> int:
    """Return when a basket must be complete: its time for legging runs from its first order on.

    It ends with its exit time, for what fills from then on would be left at once.
    """
    first_ns = (_left_ns(order) for order in desk.book.children(basket.basket_id))
    waited_ns = min(first_ns, default=basket.decided_ns) - basket.decided_ns
    exit_ns = desk.baskets[basket.basket_id].exit_ns
    return min(basket.deadline_ns + max(waited_ns, 0), exit_ns)


def decided_ns(basket: Basket, tried: tuple[Order, ...], now_ns: int) -> int:
    """Return when an order was decided: with the basket, until its leg is priced anew.

    A slice that only waited for a slot in the budget is as old as the slices that did not.
    """
    anew = any(order.state is State.CANCELLED for order in tried)
    return now_ns if anew else basket.decided_ns


def next_look_ns(desk: Desk, basket: Basket, now_ns: int) -> int:
    """Return when to look at a basket again: its oldest order has rested, or its time is up."""
    rested = [
        rested_ns(order, basket)
        for order in desk.book.children(basket.basket_id)
        if order.state is State.WORKING
    ]
    soon = [at_ns for at_ns in rested if at_ns > now_ns]
    return min([*soon, now_ns + basket.reprice_ns, late_ns(desk, basket)])


def rested_ns(order: Order, basket: Basket) -> int:
    """Return when an entry has rested long enough."""
    return _left_ns(order) + basket.reprice_ns


def _left_ns(order: Order) -> int:
    """Return when an entry left; that may be well after its decision."""
    return order.intent.deadline_ns - LEAVE_WITHIN_NS
