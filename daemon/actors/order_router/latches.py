"""Latches: the entries of a scope stop at once, and stay stopped until a person releases it."""

from __future__ import annotations

from daemon.actors.order_router import arms
from daemon.actors.order_router.broker.open_orders import open_orders
from daemon.actors.order_router.closing import exits, killing
from daemon.actors.order_router.giving_up import go_no_further
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.halts import concerns, covers, said
from daemon.actors.order_router.opening import entries, obstacles
from daemon.actors.turn import Turn
from daemon.domain.orders.basket import Basket
from daemon.domain.orders.words import Purpose, State
from daemon.messages import CancelAll, Latched, LatchKind, Released, Scope


def pull(desk: Desk, turn: Turn, latched: Latched, now_ns: int) -> None:
    """Take a latch on: no entry of its scope goes on, and a kill of it begins.

    A kill that stands already is proven anew. A pause that does, or what is of another account,
    changes nothing.
    """
    if latched.latch_id in desk.halts.latches:
        killing.prove_anew(desk, turn, latched.latch_id, now_ns)
        return
    if not desk.halts.reaches(latched):
        return
    desk.apply(latched)
    turn.announce(latched)
    under_way = _under_way(desk, latched)
    if latched.kind is LatchKind.KILL:
        for basket in under_way:
            entries.give_up(desk, turn, basket, said(latched), now_ns)
        if latched.scope is not Scope.STRATEGY:
            arms.disarm(desk, turn, said(latched), latched.by, now_ns)
        killing.begin(desk, turn, latched.latch_id, now_ns)  # it closes what is filled of them too
        return
    for basket in under_way:
        go_no_further(desk, turn, basket, said(latched), now_ns)
        exits.clear_up(desk, turn, basket, now_ns)


def release(desk: Desk, turn: Turn, latch_id: str, by: str, now_ns: int) -> bool:
    """Let entries in again; what a kill owes is an obligation still. Say whether it stood."""
    if latch_id not in desk.halts.latches:
        return False
    released = Released(latch_id, by, now_ns)
    desk.apply(released)
    turn.announce(released)
    return True


def cancel_all(desk: Desk, turn: Turn, asked: CancelAll, now_ns: int) -> int:
    """Take back what a scope has in the broker's book that could open something.

    Exits stay: they are obligations, and would leave again.

    Returns:
        How many orders are being taken back.
    """
    if not concerns(asked.scope, asked.id, desk.terms.account):
        return 0
    resting = [
        order
        for order in open_orders(desk)
        if order.state is State.WORKING
        and order.intent.purpose is Purpose.ENTRY
        and covers(asked.scope, asked.id, order.intent.strategy_id)
    ]
    because = f"all orders are cancelled by {asked.by}"
    for basket in _under_way(desk, asked):
        entries.give_up(desk, turn, basket, because, now_ns)
        exits.clear_up(desk, turn, basket, now_ns)
    for strategy_id in sorted(desk.conduct.waiting):
        if covers(asked.scope, asked.id, strategy_id):
            obstacles.end_wait(desk, turn, strategy_id, because, now_ns)
    for parent in sorted({order.intent.parent for order in resting}):
        entries.recall(desk, turn, parent, now_ns)
    return len(resting)


def _under_way(desk: Desk, asked: Latched | CancelAll) -> tuple[Basket, ...]:
    """Return the baskets of a scope that are under way."""
    return tuple(
        opened.basket
        for opened in desk.baskets.values()
        if covers(asked.scope, asked.id, opened.basket.strategy_id)
    )
