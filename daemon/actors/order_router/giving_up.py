"""Giving up: what is being entered goes no further, and what is filled of it is cleared up."""

from __future__ import annotations

from daemon.actors.order_router.broker import holds, overdue
from daemon.actors.order_router.broker.unasked import said
from daemon.actors.order_router.closing import exits
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.opening import entries
from daemon.actors.turn import Turn
from daemon.domain.orders.basket import Basket
from daemon.domain.orders.heard import Order
from daemon.domain.orders.words import Refusal


def while_unread(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Tell a person where a reading is overdue and something is at stake; enter nothing then."""
    wanted = overdue.wanted(desk, now_ns)
    if wanted is not None:
        holds.hold(desk, turn, wanted, now_ns)
        give_up_all(desk, turn, f"entries are paused: {wanted.because}", now_ns)


def give_up_all(desk: Desk, turn: Turn, because: str, now_ns: int) -> None:
    """Have every entry that is under way go no further."""
    for opened in tuple(desk.baskets.values()):
        go_no_further(desk, turn, opened.basket, because, now_ns)
        exits.clear_up(desk, turn, opened.basket, now_ns)


def go_no_further(desk: Desk, turn: Turn, basket: Basket, because: str, now_ns: int) -> None:
    """Give an entry up; one of which nothing has left waits until it may be decided anew."""
    if desk.book.children(basket.basket_id):
        entries.give_up(desk, turn, basket, because, now_ns)
    else:
        entries.put_off(desk, turn, basket, because, now_ns)


def refused(desk: Desk, turn: Turn, basket: Basket, order: Order, now_ns: int) -> None:
    """Give an entry up that was refused; of one that never left the others' orders decide."""
    if order.refusal is not Refusal.UNSENT:
        entries.give_up(desk, turn, basket, f"{order.intent.symbol}: {said(order)}", now_ns)
        exits.clear_up(desk, turn, basket, now_ns)
