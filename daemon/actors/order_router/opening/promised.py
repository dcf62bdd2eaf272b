"""Promised margin: what an entry may spend that no reading of the broker can have seen yet."""

from __future__ import annotations

from daemon.actors.order_router.broker.open_orders import open_orders
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.purse import Awaiting
from daemon.domain.orders.words import Purpose, State

_UNANSWERED = (State.INTENDED, State.UNKNOWN)
"""Such orders may reach the broker after a reading. What is parked would have done so by then."""


def is_before(desk: Desk, parent: str, waits: Awaiting) -> bool:
    """Say whether others come before an entry, so that it cannot be judged yet."""
    return (
        any(other != parent and _spends(desk, other) for other in desk.purse.asked)
        or _is_unanswered(desk)
        or _is_half_out(desk, parent)
        or 0 < waits.beside_e4 <= beside_e4(desk, parent)
    )


def beside_e4(desk: Desk, parent: str) -> int:
    """Return what was promised to other baskets of which a part has yet to leave, in `_e4`."""
    return sum(
        desk.purse.borne.get(other, 0)
        for other in desk.baskets
        if other != parent and not _is_out(desk, other)
    )


def waits_because(desk: Desk, parent: str) -> str:
    """Return why an entry was not asked about in time; empty: it was, or need not be."""
    if parent not in desk.purse.awaiting:
        return ""
    return "its margin was not free in time: entries before it had not left or been answered"


def _spends(desk: Desk, parent: str) -> bool:
    """Say whether an entry that is asked about may leave; a trial by hand never does."""
    request = desk.requests.unfunded.get(parent)
    return request is None or not request.wanted.dry_run


def _is_unanswered(desk: Desk) -> bool:
    """Say whether the broker has yet to answer an order that opens something."""
    return any(
        order.state in _UNANSWERED and order.intent.purpose is Purpose.ENTRY
        for order in open_orders(desk)
    )


def _is_half_out(desk: Desk, parent: str) -> bool:
    """Say whether a basket is under way of which nobody knows any more what was promised to it."""
    return any(
        other not in (parent, *desk.purse.borne)
        and bool(desk.book.children(other))
        and not _is_out(desk, other)
        for other in desk.baskets
    )


def _is_out(desk: Desk, basket_id: str) -> bool:
    """Say whether all of a basket that is being entered has left."""
    legs = desk.baskets[basket_id].basket.legs
    children = desk.book.children(basket_id)
    left = sum(order.filled_quantity + order.remaining_quantity for order in children)
    return left >= sum(leg.quantity for leg in legs)
