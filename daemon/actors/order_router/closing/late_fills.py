"""Late fills: told, and traded back, whatever the leg of their order holds by now.

An order of an earlier entry may fill once its leg was entered anew, perhaps in another strike. To
the leg that would be twice its size, or nothing where it holds something, so it is handed on and
closed by itself. A leg that is being left, or was, is closed with all that it holds instead.
"""

from __future__ import annotations

from daemon.actors.order_router.closing import exits
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.heard import Order
from daemon.domain.orders.late import handed_on
from daemon.domain.orders.reconcile import MANUAL
from daemon.domain.orders.words import Intent
from daemon.domain.risk.words import ExitReason
from daemon.messages import ExitLegs, Noted


def hand_on(desk: Desk, turn: Turn, order: Order, before: Order, now_ns: int) -> bool:
    """Hand the newest fill of an order on where its leg knows that order no longer.

    Returns:
        Whether it was.
    """
    if not _is_late(desk, order.intent):
        return False
    ids = (desk.ids.next(), desk.ids.next())
    for fact in handed_on(order, before, ids, now_ns):
        desk.apply(fact)
        turn.record(fact)
    held = desk.book.order(ids[0])
    assert held is not None, "it was recorded"
    turn.announce(desk.position_changed(held, now_ns))
    return True


def trade_back(desk: Desk, turn: Turn, order: Order, before: Order, now_ns: int) -> None:
    """Owe an exit of exactly the units that filled late; what is held by hand beside them stays."""
    intent, leg_id = order.intent, order.intent.pocket.leg_id
    late = order.filled_quantity - before.filled_quantity
    net = desk.book.position(MANUAL, leg_id).net_quantity
    units = min(max(net * intent.side.sign, 0), late)
    what = f"{intent.intent_id}, {intent.side} {late} {intent.pocket}, filled late: {intent.leg_id}"
    so = f"{units} are traded back" if units == late else f"{late - units} closed what was by hand"
    text = f"{what} was entered anew since that was sent; {so}"
    turn.announce(Noted(NoteKind.OVERFILLED, text, now_ns, intent.strategy_id))
    if not units:
        return
    parts = (owed.keep for owed in exits.owing(desk, MANUAL, (leg_id,)))
    keep = min(parts, default=abs(net) - units)
    exits.begin(desk, turn, ExitLegs(MANUAL, (leg_id,), ExitReason.UNWIND), now_ns, keep)


def _is_late(desk: Desk, intent: Intent) -> bool:
    """Say whether an order is none of what its leg is in now."""
    strategy_id, leg_id = intent.strategy_id, intent.leg_id
    leg = desk.leg(strategy_id, leg_id)
    if leg is None:
        return False
    if leg.pocket != intent.pocket:
        return True
    left = (strategy_id, leg_id) not in desk.entered or exits.is_leaving(desk, strategy_id, leg_id)
    return not left and not desk.trips.is_of(intent)
