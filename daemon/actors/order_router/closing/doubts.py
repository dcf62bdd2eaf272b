"""Exits in doubt: what readings of the broker's book show around them, and what follows."""

from __future__ import annotations

from daemon.actors.order_router.broker.open_orders import open_orders
from daemon.actors.order_router.closing import exits
from daemon.actors.order_router.closing.holdings import open_quantity
from daemon.actors.order_router.closing.withdrawals import go_beside
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.orders.doubt import DOUBTFUL, Doubt, given_up, is_old
from daemon.domain.orders.heard import Order
from daemon.domain.orders.reconcile import id_in, positions
from daemon.domain.orders.shown import AccountRead
from daemon.domain.orders.words import Purpose, Side


def look(desk: Desk, turn: Turn, read: AccountRead, now_ns: int) -> None:
    """Let another order leave in place of a purchase in doubt, where two readings allow it."""
    ways = [
        order
        for order in open_orders(desk)
        if order.intent.purpose is not Purpose.ENTRY and order.intent.side is Side.BUY
    ]
    seen = {o.intent.intent_id: _around(desk, o, read, now_ns) for o in ways if o.state in DOUBTFUL}
    desk.reads.note_doubts(seen, read.at_ns)
    if not seen:
        return
    shown = {id_in(desk.book, each, read.at_ns) for each in read.orders}
    replaced: list[Order] = []
    for leg in dict.fromkeys(_leg_of(order) for order in ways):
        orders = {o.intent.intent_id: o for o in ways if _leg_of(o) == leg}
        doubts = {
            intent_id: _doubt(desk, order, read, now_ns, is_shown=intent_id in shown)
            for intent_id, order in orders.items()
        }
        short = -desk.book.position(*leg).net_quantity
        given = given_up(doubts, short, _most(desk, leg), desk.terms.verify_ns)
        replaced += [orders[intent_id] for intent_id in given]
    for order in replaced:
        what = f"buy {order.remaining_quantity} {order.intent.symbol}"
        go_beside(desk, turn, order, f"{what}, is in doubt", now_ns)
    if replaced:
        exits.proceed_all(desk, turn, now_ns)


def _most(desk: Desk, leg: tuple[str, str]) -> int:
    """Return the units that the exit of a leg had to buy back when it began, or has now."""
    strategy_id, leg_id = leg
    return max(
        (
            max(closing.short_then.get(leg_id, 0), -open_quantity(desk, closing, leg_id))
            for closing in desk.closings.values()
            if closing.owed.strategy_id == strategy_id and leg_id in closing.owed.leg_ids
        ),
        default=0,
    )


def _leg_of(order: Order) -> tuple[str, str]:
    return order.intent.strategy_id, order.intent.leg_id


def _around(desk: Desk, order: Order, read: AccountRead, now_ns: int) -> tuple[object, ...]:
    """Return what a reading shows of an order's symbol, and whether the order is old by then."""
    symbol = order.intent.symbol
    there = sorted(
        (each.broker_order_id, each.state, each.filled_quantity)
        for each in read.orders
        if each.symbol == symbol
    )
    held = positions(read).get(order.intent.pocket, 0)
    return (_is_old(desk, order, read, now_ns), held, *there)


def _is_old(desk: Desk, order: Order, read: AccountRead, now_ns: int) -> bool:
    since_ns = desk.counted.since_ns(order.intent.intent_id, order.recorded_ns, now_ns)
    return is_old(since_ns, read.at_ns)


def _doubt(desk: Desk, order: Order, read: AccountRead, now_ns: int, *, is_shown: bool) -> Doubt:
    intent, same = order.intent, desk.reads.doubts.get(order.intent.intent_id)
    since_ns = desk.replaced.get(intent.intent_id)
    if since_ns is not None:
        since_ns = desk.counted.since_ns(intent.intent_id, since_ns, now_ns)
    return Doubt(
        side=intent.side,
        owed=intent.purpose is Purpose.EXIT,
        state=order.state,
        quantity=order.remaining_quantity,
        old=_is_old(desk, order, read, now_ns),
        shown=is_shown,
        agreed=positions(read).get(intent.pocket, 0) == desk.book.within(intent.pocket).net,
        equal_ns=same.lasted_ns if same else 0,
        replaced_ago_ns=None if since_ns is None else read.at_ns - since_ns,
    )
