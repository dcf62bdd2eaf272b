"""Changed by somebody else: an order of ours of which a person made another at the broker.

What he took off it is answered like a cancellation that nobody here asked for: an exit asks for it
again with patience, for he may be about to trade those units himself; a stop waits as long as after
a no; an entry is given up. What he put on it is taken back where it would trade more than is open.
At another price it rests where he put it: an exit or an entry until its time there is over.
"""

from __future__ import annotations

from daemon.actors.order_router.closing import exits
from daemon.actors.order_router.known.desk import Desk, basket_of
from daemon.actors.order_router.known.loose import is_loose
from daemon.actors.order_router.opening import entries
from daemon.actors.turn import Turn
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.changed import lowered_by, sentence
from daemon.domain.orders.heard import Order
from daemon.domain.orders.reconcile import is_strangers
from daemon.domain.orders.words import Purpose
from daemon.messages import Noted


def heard(desk: Desk, turn: Turn, order: Order, before: Order, now_ns: int) -> None:
    """Tell of a change of an order of ours, and do what follows from it.

    Args:
        desk: of the account.
        turn: what is done.
        order: as it stands.
        before: as it stood before this news.
        now_ns: the present instant.
    """
    intent, units = order.intent, lowered_by(order, before)
    if order.terms == before.terms or is_strangers(intent):
        return
    alone = intent.purpose is Purpose.ENTRY and is_loose(intent.strategy_id)
    text = sentence(order, before, alone=alone)
    turn.announce(Noted(NoteKind.OUTSIDE, text, now_ns, intent.strategy_id))
    if not units:
        return
    basket, closing = basket_of(desk, intent.parent), desk.closings.get(intent.parent)
    if closing is not None:
        if units > 0:
            closing.held_ns.pop(intent.leg_id, None)
            closing.machine.cancelled(intent.leg_id, units, now_ns)
        exits.proceed(desk, turn, intent.parent, now_ns)
    elif basket is not None and units > 0:
        because = f"{intent.symbol}: made smaller at the broker, and not by us"
        entries.give_up(desk, turn, basket, because, now_ns)
        exits.clear_up(desk, turn, basket, now_ns)
