"""What remains of a strategy: while anything does, nobody changes or removes it."""

from __future__ import annotations

from daemon.actors.order_router.broker.open_orders import open_orders
from daemon.actors.order_router.closing.killing import order_left
from daemon.actors.order_router.known.desk import Desk
from daemon.domain.instants import day_of
from daemon.domain.orders.words import State


def remains(desk: Desk, strategy_id: str) -> tuple[str, ...]:
    """Return what of a strategy is open, on its way or owed, a sentence each.

    An order in doubt of an earlier day is over with that day, so nothing comes of it any more.
    """
    held = (
        f"{leg_id} holds {desk.book.position(owner, leg_id).net_quantity:+d} {pocket}"
        for (owner, leg_id), pocket in desk.holders()
        if owner == strategy_id
    )
    entering = (
        f"{basket_id} is being entered"
        for basket_id, opened in desk.baskets.items()
        if opened.basket.strategy_id == strategy_id
    )
    leaving = (
        f"the exit {exit_id} is owed"
        for exit_id, closing in desk.closings.items()
        if closing.owed.strategy_id == strategy_id
    )
    orders = (
        order_left(order)
        for order in open_orders(desk)
        if order.intent.strategy_id == strategy_id
        and (order.state is State.WORKING or day_of(order.intent.decided_ns) == desk.day)
    )
    return (*held, *entering, *leaving, *orders)
