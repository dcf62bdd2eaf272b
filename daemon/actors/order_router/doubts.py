"""Exits in doubt: what readings of the broker's book show around them, and what follows."""

from __future__ import annotations

from daemon.actors.order_router import exits, reconciling
from daemon.actors.order_router.desk import Desk
from daemon.actors.order_router.withdrawals import go_beside
from daemon.actors.turn import Turn
from daemon.domain.orders.doubt import Doubt, may_replace
from daemon.domain.orders.heard import Order
from daemon.domain.orders.reconcile import AccountRead, id_in, positions
from daemon.domain.orders.words import Purpose, Side, State


def look(desk: Desk, turn: Turn, read: AccountRead, now_ns: int) -> None:
    """Let another order leave in place of a purchase in doubt, where two readings allow it."""
    doubted = [
        order
        for order in desk.book.open_orders()
        if reconciling.is_doubted(order)
        and order.intent.parent in desk.closings
        and order.intent.intent_id not in desk.replaced
    ]
    seen = {order.intent.intent_id: _around(order, read) for order in doubted}
    desk.reads.note_doubts(seen, read.at_ns)
    for order in doubted:
        if may_replace(_doubt(desk, order, read), desk.terms.verify_ns):
            what = f"buy {order.remaining_quantity} {order.intent.symbol}"
            go_beside(desk, turn, order, f"{what}, is in doubt", now_ns)
    if any(order.intent.intent_id in desk.replaced for order in doubted):
        exits.proceed_all(desk, turn, now_ns)


def _around(order: Order, read: AccountRead) -> tuple[object, ...]:
    """Return what a reading shows of an order's symbol."""
    symbol = order.intent.symbol
    there = sorted(
        (each.broker_order_id, each.state, each.filled_quantity)
        for each in read.orders
        if each.symbol == symbol
    )
    return (positions(read).get(symbol, 0), *there)


def _doubt(desk: Desk, order: Order, read: AccountRead) -> Doubt:
    intent = order.intent
    leg = (intent.strategy_id, intent.leg_id)
    ways = [
        each
        for each in desk.book.open_orders()
        if (each.intent.strategy_id, each.intent.leg_id) == leg
        and each.intent.purpose is not Purpose.ENTRY
        and each.intent.side is Side.BUY
    ]
    surely = [each for each in ways if each.state is State.WORKING]
    return Doubt(
        side=intent.side,
        state=order.state,
        shown=any(id_in(desk.book, each, read.at_ns) == intent.intent_id for each in read.orders),
        agreed=positions(read).get(intent.symbol, 0) == desk.book.net(intent.symbol),
        equal_ns=desk.reads.doubts[intent.intent_id].lasted_ns,
        leg_net=desk.book.position(*leg).net_quantity,
        doubtful_quantity=sum(each.remaining_quantity for each in ways if each not in surely),
        others_quantity=sum(each.remaining_quantity for each in surely),
    )
