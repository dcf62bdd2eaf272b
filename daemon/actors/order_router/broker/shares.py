"""The owner's own shares: sold by him they open no short, and kept by him they are no position.

The broker shows them beside the positions of the day. As long as no reading has told which he has,
what he sells stands as a short.
"""

from __future__ import annotations

from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.loose import is_loose
from daemon.actors.turn import Turn
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.heard import Order
from daemon.domain.orders.reconcile import behind
from daemon.domain.orders.shares import (
    Booking,
    Kept,
    booked,
    by_order,
    by_reading,
    is_share,
    told_apart,
)
from daemon.domain.orders.shown import AccountRead
from daemon.domain.orders.words import Pocket
from daemon.messages import Noted


def know(desk: Desk, read: AccountRead, moved: frozenset[str]) -> None:
    """Take from a reading which shares are the owner's own, before its orders are heard.

    Args:
        desk: of the account.
        read: the reading.
        moved: symbols in which units moved while it was under way; there it is too early, as it is
            where the reading is older than what we have heard.
    """
    reads, early = desk.reads, moved | behind(desk.book, read)
    before = {pocket: units for pocket, units in reads.owned.items() if pocket.symbol in early}
    owned, gaps = told_apart(desk.book, read)
    now = {pocket: units for pocket, units in owned.items() if pocket.symbol not in early}
    reads.owned = now | before
    reads.open(gaps)


def objection(desk: Desk, *pockets: Pocket) -> str:
    """Return why nothing is entered in these while shares of earlier days are not known."""
    return wait(desk) if any(is_share(pocket.symbol) for pocket in pockets) else ""


def wait(desk: Desk) -> str:
    """Return what every entry in a share waits for; empty: those of earlier days are known."""
    known = desk.reads.sharesless
    return f"entries in shares wait: {known}" if known else ""


def filled(desk: Desk, turn: Turn, order: Order, before: Order | None, now_ns: int) -> None:
    """Book what a fill has sold of the owner's own shares, or bought back of them.

    Args:
        desk: of the account.
        turn: what is done.
        order: as it stands.
        before: as it stood before this fill; None: it was not known.
        now_ns: the present instant.
    """
    intent = order.intent
    if not is_loose(intent.strategy_id):
        return
    more = order.filled_quantity - (before.filled_quantity if before else 0)
    own = desk.reads.owned.get(intent.pocket, 0)
    traded = desk.traded(intent.strategy_id, intent.leg_id)
    booking = by_order(desk.book, order, more, own, traded)
    if booking is not None:
        _book(desk, turn, booking, now_ns)


def look(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Book what a reading shows to be among the owner's own shares, once its orders were heard."""
    reads = desk.reads
    for leg, pocket in desk.holders():
        if desk.day is None or not is_loose(leg[0]):
            continue
        kept = Kept(reads.owned.get(pocket), reads.gap(pocket, desk.terms.verify_ns) or 0)
        booking = by_reading(desk.book, (leg, pocket), kept, desk.traded(*leg), desk.day)
        if booking is not None:
            _book(desk, turn, booking, now_ns)


def _book(desk: Desk, turn: Turn, booking: Booking, now_ns: int) -> None:
    recorded, update = booked(booking, desk.terms.account, desk.ids.next(), now_ns)
    for fact in (recorded, update):
        desk.apply(fact)
        turn.record(fact)
    owned, pocket = desk.reads.owned, booking.pocket
    if pocket in owned:
        owned[pocket] = max(owned[pocket] - booking.side.sign * booking.quantity, 0)
    order = desk.book.order(recorded.intent.intent_id)
    assert order is not None, "it was recorded"
    turn.announce(desk.position_changed(order, now_ns))
    text = f"{booking.quantity} {pocket}, {booking.text}: no position of Ordo's"
    turn.announce(Noted(NoteKind.OUTSIDE, text, now_ns, booking.leg[0]))
