"""What filled although nobody wants it: told, and closed.

An order may fill after its leg was left or its basket failed, and once more after it was told to be
cancelled and another took its place.
"""

from __future__ import annotations

from daemon.actors.order_router.closing.exits import begin, owing, unwind
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.loose import is_loose
from daemon.actors.turn import Turn
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.heard import Order
from daemon.domain.orders.words import Intent, Purpose
from daemon.domain.risk.words import ExitReason
from daemon.messages import ExitLegs, Noted


def leave(desk: Desk, turn: Turn, intent: Intent, now_ns: int) -> None:
    """Close what filled after its leg was left, after its basket failed, or beyond flat.

    A leg that no basket entered is left alone, unless an exit of it went beyond flat.
    """
    strategy_id, leg_id = intent.strategy_id, intent.leg_id
    leg = desk.leg(strategy_id, leg_id)
    net = desk.book.position(strategy_id, leg_id).net_quantity
    if is_loose(strategy_id):
        if intent.purpose is Purpose.EXIT and net * intent.side.sign > 0:
            unwind(desk, turn, strategy_id, (leg_id,), now_ns)
        return
    if leg is not None and (net * leg.side.sign < 0 or (strategy_id, leg_id) not in desk.entered):
        unwind(desk, turn, strategy_id, (leg_id,), now_ns)


def leave_surplus(desk: Desk, turn: Turn, order: Order, before: Order, now_ns: int) -> None:
    """Close what an entry has just filled beyond what was wanted of its leg, all orders together.

    One that is said to have filled more than it asked for is no proof of that: it is told alone.
    What somebody has put on an entry at the broker he wants: it is held with the rest.

    Args:
        desk: of the account.
        turn: what is done.
        order: as it stands.
        before: as it stood.
        now_ns: the present instant.
    """
    intent = order.intent
    key = intent.strategy_id, intent.leg_id
    leg = desk.leg(*key)
    if intent.purpose is not Purpose.ENTRY or is_loose(intent.strategy_id) or leg is None:
        return
    if key not in desk.entered or owing(desk, intent.strategy_id, (intent.leg_id,)):
        return  # an exit leaves no more of it than was meant to stay
    entered = sum(
        min(each.filled_quantity, each.intent.quantity)
        for each in desk.book.children(intent.parent)
        if each.intent.leg_id == intent.leg_id
    )
    just_filled = order.filled_quantity - before.filled_quantity
    beyond = min(entered - leg.quantity, just_filled)
    if beyond <= 0:
        return
    keep = abs(desk.book.position(*key).net_quantity) - beyond
    text = f"{intent.leg_id} was entered with {entered} units in place of {leg.quantity}"
    told = f"{text}: an order filled that was told to be gone; {beyond} are closed"
    turn.announce(Noted(NoteKind.OVERFILLED, told, now_ns, intent.strategy_id))
    surplus = ExitLegs(intent.strategy_id, (intent.leg_id,), ExitReason.UNWIND)
    begin(desk, turn, surplus, now_ns, max(keep, 0))


def tell_overfill(desk: Desk, turn: Turn, order: Order, before: Order, now_ns: int) -> None:
    """Tell a person of a fill of more than was asked, or than was to go, and of one beyond flat.

    What an exit of a part took of the rest is not traded back: nobody asked for that again.
    """
    intent, filled = order.intent, order.filled_quantity
    text = f"{intent.intent_id} filled {filled} of {order.quantity} {intent.symbol}"
    net = desk.book.position(intent.strategy_id, intent.leg_id).net_quantity
    beyond = intent.purpose is not Purpose.ENTRY and net * intent.side.sign > 0
    more, stay = _gone(desk, order, before)
    if not (beyond or more or filled > order.quantity):
        return
    if more:
        text = f"{text}: {more} more of {intent.leg_id} went than were to go, and {stay} stay"
    if beyond:
        text = f"{text}, beyond flat: {net:+d} of {intent.leg_id} are held, and are closed at once"
    turn.announce(Noted(NoteKind.OVERFILLED, text, now_ns, intent.strategy_id))


def _gone(desk: Desk, order: Order, before: Order) -> tuple[int, int]:
    """Return the units that a part's exit has just taken of what was to stay, and what stays."""
    intent = order.intent
    if intent.parent not in desk.parts:
        return 0, 0
    key, sign = (intent.strategy_id, intent.leg_id), -intent.side.sign
    held = desk.book.position(*key).net_quantity * sign
    was = held + order.filled_quantity - before.filled_quantity
    owing_of_it = owing(desk, intent.strategy_id, (intent.leg_id,))
    to_stay = min((owed.keep for owed in owing_of_it), default=was)
    return max(min(to_stay, was) - max(held, 0), 0), max(held, 0)
