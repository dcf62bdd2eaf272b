"""Withdrawals: what stands in the way of an exit is taken back before it leaves.

A resident stop of its leg counts as an exit on its way while it may still fill, so the exit waits
for the broker's word that it is gone. That wait has an end, for the exit has a deadline and the
stop lies far off: what was not settled by then is no longer counted on, the exit leaves beside it,
and both may fill. Both buy, so the worst is a long of the units that were short, which is closed at
once.

An own order that the exit would trade with is waited for as long. After that the exit leaves all
the same: the exchange keeps an owner from trading with himself, and an open short costs more.
"""

from __future__ import annotations

from daemon.actors.order_router.broker.open_orders import open_orders
from daemon.actors.order_router.broker.sending import cancel, is_under_kill, may_fill
from daemon.actors.order_router.known.alarms import ClosingDue
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.owed import Closing
from daemon.actors.turn import Turn
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.heard import Order
from daemon.domain.orders.reconcile import EXTERNAL, MANUAL
from daemon.domain.orders.words import Intent, Purpose, State
from daemon.messages import ExitReplaced, Noted


def stops_of(desk: Desk, strategy_id: str, leg_ids: tuple[str, ...]) -> tuple[Order, ...]:
    """Return the resident stops of legs that may still fill, by intent id."""
    return may_fill(desk, Purpose.RESIDENT_STOP, strategy_id, leg_ids)


def withdraw(desk: Desk, turn: Turn, closing: Closing, now_ns: int) -> None:
    """Take back the stops of what is being left; give up waiting for those that stay too long."""
    owed = closing.owed
    for order in stops_of(desk, owed.strategy_id, owed.leg_ids):
        intent_id = order.intent.intent_id
        cancel(desk, turn, order, now_ns)
        can_be_asked = order.state is State.WORKING and order.broker_order_id
        if intent_id in desk.replaced or (can_be_asked and intent_id not in desk.cancelling):
            continue  # without a slot to ask, there is none for the exit either
        closing.held_ns.setdefault(order.intent.leg_id, now_ns)
        since_ns = closing.withdrawn_ns.setdefault(intent_id, now_ns)
        until_ns = since_ns + _patience_ns(desk)
        if now_ns < until_ns:
            desk.wakes.wake(turn, ClosingDue(owed.exit_id, until_ns))
        else:
            what = f"a resident stop of {order.remaining_quantity} {order.intent.symbol}"
            go_beside(desk, turn, order, f"{what}, is not known to be gone", now_ns)


def recall_by_hand(desk: Desk, turn: Turn, closing: Closing, now_ns: int) -> None:
    """Take back orders by hand, sent before all of their leg was to be left: they open it again.

    One that is in doubt is taken back once it is found. A kill takes them back in its turn.
    """
    owed = closing.owed
    if owed.strategy_id != MANUAL or owed.keep:
        return
    for order in may_fill(desk, Purpose.ENTRY, MANUAL, owed.leg_ids):
        if order.recorded_ns <= owed.at_ns and not is_under_kill(desk, order):
            cancel(desk, turn, order, now_ns)


def make_way(desk: Desk, turn: Turn, closing: Closing, blocked: Intent, now_ns: int) -> None:
    """Cancel own orders that an exit would trade with, unless they are exits too."""
    for order in _across(desk, blocked):
        intent = order.intent
        if intent.purpose is not Purpose.EXIT and intent.strategy_id != EXTERNAL:
            cancel(desk, turn, order, now_ns)
            if intent.intent_id in desk.cancelling:
                closing.withdrawn_ns.setdefault(intent.intent_id, now_ns)


def waited_out(
    desk: Desk, turn: Turn, closing: Closing, leaving: Intent, now_ns: int
) -> frozenset[str]:
    """Return the own orders that an exit waits for no longer; tell a person once of each."""
    waited = {
        intent_id
        for intent_id, since_ns in closing.withdrawn_ns.items()
        if now_ns - since_ns >= desk.terms.verify_ns
    }
    found: set[str] = set()
    for order in _across(desk, leaving):
        intent = order.intent
        if intent.intent_id not in waited:
            continue
        found.add(intent.intent_id)
        if intent.intent_id not in closing.told:
            closing.told.add(intent.intent_id)
            what = f"{intent.side} {order.remaining_quantity} {intent.symbol}"
            text = f"{intent.intent_id}, {what}, is not known to be gone; an exit leaves beside it"
            turn.announce(Noted(NoteKind.REFUSED, text, now_ns, leaving.strategy_id))
    return frozenset(found)


def _across(desk: Desk, intent: Intent) -> tuple[Order, ...]:
    """Return the open orders in the same contract on the other side."""
    there = (intent.symbol, intent.side.opposite)
    return tuple(o for o in open_orders(desk) if (o.intent.symbol, o.intent.side) == there)


def awaited(desk: Desk) -> int:
    """Return how many legs are bought back once a stop of theirs is gone, with a slot each."""
    return sum(
        any(stop.intent.intent_id not in desk.replaced for stop in stops)
        for closing in desk.closings.values()
        for leg_id in closing.owed.leg_ids
        if (stops := stops_of(desk, closing.owed.strategy_id, (leg_id,)))
    )


def _patience_ns(desk: Desk) -> int:
    """Return how long an exit waits; after a start longer, for the stop may have filled before."""
    unread = desk.terms.reconcile_ns and not desk.reads.reconciled
    return desk.terms.exit_limit_ns if unread else desk.terms.verify_ns


def go_beside(desk: Desk, turn: Turn, order: Order, because: str, now_ns: int) -> None:
    """Count on an exit no longer, so that another may leave; tell a person why."""
    intent = order.intent
    replaced = ExitReplaced(intent.intent_id, now_ns)
    desk.apply(replaced)
    turn.announce(replaced)
    text = f"{intent.intent_id}, {because}; another leaves in its place, and both may fill"
    turn.announce(Noted(NoteKind.REFUSED, text, now_ns, intent.strategy_id))
