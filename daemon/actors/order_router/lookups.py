"""Look-ups: an order whose outcome is unknown is asked about, never sent again.

Absence proves nothing: past the window the order is parked, still counts as possible exposure, is
told to a person and asked about on, until the broker's own evidence settles it or its day ends.
"""

from __future__ import annotations

from daemon.actors.order_router.alarms import LookUpDue
from daemon.actors.order_router.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.words import OrderParked, State
from daemon.messages import FindOrder, Noted
from daemon.runtime.words import Alarm, Call

_DOUBTFUL = (State.INTENDED, State.UNKNOWN, State.PARKED)
_PARKED_EVERY = 30
"""A parked order is looked for at a thirtieth of the pace."""


def begin(desk: Desk, turn: Turn, intent_id: str, now_ns: int) -> None:
    """Set the first look-up of an order whose outcome is unknown."""
    turn.do(Alarm(now_ns + desk.terms.lookup_ns, LookUpDue(intent_id)))


def due(desk: Desk, turn: Turn, intent_id: str) -> None:
    """Ask the broker once more, unless its evidence has come by another way."""
    order = desk.book.order(intent_id)
    if order is None or order.state not in _DOUBTFUL or not desk.sessions:
        return
    turn.do(Call(desk.terms.broker, FindOrder(intent_id)))


def not_found(desk: Desk, turn: Turn, intent_id: str, now_ns: int) -> None:
    """Take an absence for what it is: no evidence. Past the window, park the order."""
    order = desk.book.order(intent_id)
    if order is None or order.state not in _DOUBTFUL:
        return
    waits_ns = desk.terms.lookup_ns
    if order.state is State.PARKED:
        waits_ns *= _PARKED_EVERY
    elif now_ns - order.intent.decided_ns >= desk.terms.lookup_window_ns:
        parked = OrderParked(intent_id, now_ns)
        desk.apply(parked)
        text = f"{intent_id} is parked: the broker shows no such order; it counts as possible"
        turn.record(parked)
        turn.announce(Noted(NoteKind.REFUSED, text, now_ns, order.intent.strategy_id))
    turn.do(Alarm(now_ns + waits_ns, LookUpDue(intent_id)))
