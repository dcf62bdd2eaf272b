"""Look-ups: an order whose outcome is unknown is asked about, never sent again.

Absence proves nothing: past the window the order is parked, still counts as possible exposure, is
told to a person and asked about on, until the broker's own evidence settles it or its day ends.
Any other order that is not filled is asked about where its news may have been lost: some seconds
after it was sent, when its cancellation was answered, and after a restart. What is told to be
cancelled, or refused, has been seen to fill.
"""

from __future__ import annotations

from daemon.actors.order_router.known.alarms import LookUpDue
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.heard import Order
from daemon.domain.orders.reconcile import is_strangers
from daemon.domain.orders.words import OrderParked, State
from daemon.messages import FindOrder, Noted
from daemon.runtime.words import Call

_DOUBTFUL = (State.INTENDED, State.UNKNOWN, State.PARKED)
_PARKED_EVERY = 30
"""A parked order is looked for at a thirtieth of the pace."""


def begin(desk: Desk, turn: Turn, intent_id: str, now_ns: int) -> None:
    """Have an order looked up soon, unless it is known to be filled."""
    order = desk.book.order(intent_id)
    if order is None or order.state is State.FILLED or is_strangers(order.intent):
        return  # a stranger's order is known by no id of ours; readings tell of it
    desk.wakes.wake(turn, LookUpDue(intent_id, now_ns + desk.terms.lookup_ns))


def due(desk: Desk, turn: Turn, intent_id: str, now_ns: int) -> None:
    """Ask the broker once more, unless the order is known to be filled."""
    order = desk.book.order(intent_id)
    assert order is not None, "what is looked up was recorded"
    if order.state is State.FILLED or not desk.sessions:
        return
    if intent_id in desk.asked:
        _park(desk, turn, order, now_ns)  # it was asked about, and the broker gave no answer
    ask(desk, turn, intent_id)
    if order.state in _DOUBTFUL:
        _again(desk, turn, intent_id, now_ns)


def ask(desk: Desk, turn: Turn, intent_id: str) -> None:
    """Ask the broker what its book says of an order."""
    desk.asked.add(intent_id)
    turn.do(Call(desk.terms.broker, FindOrder(intent_id)))


def not_found(desk: Desk, turn: Turn, intent_id: str, now_ns: int) -> None:
    """Take an absence for what it is: no evidence. Past the window, park the order."""
    order = desk.book.order(intent_id)
    if order is not None:
        _park(desk, turn, order, now_ns)


def _park(desk: Desk, turn: Turn, order: Order, now_ns: int) -> None:
    """Park an order whose window is over, and tell a person."""
    intent = order.intent
    since_ns = desk.counted.since_ns(intent.intent_id, order.recorded_ns, now_ns)
    over = now_ns - since_ns >= desk.terms.lookup_window_ns
    if not over or order.state not in (State.INTENDED, State.UNKNOWN):
        return
    parked = OrderParked(intent.intent_id, now_ns)
    desk.apply(parked)
    text = f"{intent.intent_id} is parked: the broker shows no such order; it counts as possible"
    turn.record(parked)
    turn.announce(Noted(NoteKind.REFUSED, text, now_ns, intent.strategy_id))


def _again(desk: Desk, turn: Turn, intent_id: str, now_ns: int) -> None:
    order = desk.book.order(intent_id)
    parked = order is not None and order.state is State.PARKED
    waits_ns = desk.terms.lookup_ns * (_PARKED_EVERY if parked else 1)
    desk.wakes.wake(turn, LookUpDue(intent_id, now_ns + waits_ns))
