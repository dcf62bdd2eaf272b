"""Promised margin: what an entry may spend that no reading of the broker can have seen yet."""

from __future__ import annotations

from daemon.actors.order_router.broker.open_orders import is_over, open_orders
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.purse import Awaiting
from daemon.domain.orders.heard import Order
from daemon.domain.orders.words import Purpose, State

_UNANSWERED = (State.INTENDED, State.UNKNOWN)
"""Such orders may reach the broker after a reading. What is parked would have done so by then."""


def is_before(desk: Desk, parent: str, waits: Awaiting) -> bool:
    """Say whether others come before an entry, so that it cannot be judged yet.

    They do where nobody knows any more what was promised to them, or where it was too much beside
    what still is, or may be in a moment: of such entries one is asked about at a time.
    """
    if _is_unknown(desk, parent):
        return True
    if not waits.beside_e4:
        return False
    is_asked = any(other != parent for other in desk.purse.asked)
    return is_asked or waits.beside_e4 <= beside_e4(desk, parent)


def beside_e4(desk: Desk, parent: str) -> int:
    """Return what was promised to others that no reading has seen yet, in `_e4`."""
    return sum(beside(desk, parent).values())


def beside(desk: Desk, parent: str) -> dict[str, int]:
    """Return what was promised to others that no reading has seen yet: by whom, in `_e4`.

    A basket of which a part has yet to leave may spend it any time; what left may reach the broker
    after a reading until it is answered.
    """
    unseen = _unseen(desk)
    unseen.pop(parent, None)
    return unseen


def settle(desk: Desk) -> None:
    """Take up what promises have come to since it was last looked.

    A question that is out may be answered by a reading of any moment since it left, so it remembers
    all that was promised meanwhile, be it answered by now. What was promised to an entry of which
    nothing left was not spent.
    """
    purse, unseen = desk.purse, dict[str, int]()
    for parent, promised_e4 in tuple(purse.borne.items()):
        if _is_unseen(desk, parent):
            unseen[parent] = promised_e4
        elif parent not in desk.baskets:
            del purse.borne[parent]
            if not desk.book.children(parent):
                for asked in purse.asked.values():
                    asked.beside.pop(parent, None)
    for parent, asked in purse.asked.items() if unseen else ():
        asked.beside |= unseen
        asked.beside.pop(parent, None)


def waits_because(desk: Desk, parent: str) -> str:
    """Return why an entry was not asked about in time; empty: it was, or need not be."""
    if parent not in desk.purse.awaiting:
        return ""
    return "its margin was not free in time: entries before it had not left or been answered"


def _unseen(desk: Desk) -> dict[str, int]:
    """Return what was promised and no reading has seen yet: to whom, in `_e4`."""
    return {
        parent: promised_e4
        for parent, promised_e4 in desk.purse.borne.items()
        if _is_unseen(desk, parent)
    }


def _is_unseen(desk: Desk, parent: str) -> bool:
    """Say whether what was promised to an entry may be spent after a reading."""
    return _is_unanswered(desk, parent) or _is_half_out(desk, parent)


def _is_unknown(desk: Desk, parent: str) -> bool:
    """Say whether others are on their way of which nobody knows any more what they may spend."""
    known = {parent, *desk.purse.borne}
    unanswered = (o.intent.parent for o in open_orders(desk) if _may_arrive(desk, o))
    half_out = (other for other in desk.baskets if desk.book.children(other))
    return any(other not in known for other in unanswered) or any(
        other not in known and _is_half_out(desk, other) for other in half_out
    )


def _is_unanswered(desk: Desk, parent: str) -> bool:
    """Say whether the broker has yet to answer an order of an entry."""
    return any(_may_arrive(desk, order) for order in desk.book.children(parent))


def _may_arrive(desk: Desk, order: Order) -> bool:
    """Say whether an order that opens something may yet reach the broker."""
    is_entry = order.intent.purpose is Purpose.ENTRY
    return is_entry and order.state in _UNANSWERED and not is_over(desk, order)


def _is_half_out(desk: Desk, parent: str) -> bool:
    """Say whether a part of an entry that is under way has yet to leave."""
    opened = desk.baskets.get(parent)
    if opened is None:
        return False
    children = desk.book.children(parent)
    left = sum(order.filled_quantity + order.remaining_quantity for order in children)
    return left < sum(leg.quantity for leg in opened.basket.legs)
