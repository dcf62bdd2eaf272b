"""Readings that are overdue: the book was asked for, and nobody has told it for some seconds.

What fills meanwhile is not heard of, so nothing guards it, though the book was read before. Counted
is from the first reading that was asked for and did not come, for who is not asked owes no answer;
and from the opening at the earliest, for nothing fills before.
"""

from __future__ import annotations

from typing import Final

from daemon.actors.order_router.broker import holds
from daemon.actors.order_router.broker.open_orders import open_orders
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS, wall_of
from daemon.domain.orders.reconcile import is_strangers
from daemon.domain.orders.states import is_open
from daemon.messages import MAY_HAVE_FILLED, HeldBy, HoldEntries

_PATIENCE_NS: Final = 10 * SECOND_NS


def is_overdue(desk: Desk, now_ns: int) -> bool:
    """Say whether the account counts as unread, though it may have been read before."""
    owed_ns = desk.reads.owed_ns
    if owed_ns is None or now_ns - owed_ns < _PATIENCE_NS:
        return False
    open_ns = (opens for opens, closes in desk.sessions if opens <= now_ns <= closes)
    return any(now_ns - opens_ns >= _PATIENCE_NS for opens_ns in open_ns)


def came(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Take that a reading has told of all that is ours: none is owed, and entries go on."""
    desk.reads.owed_ns = None
    holds.free(desk, turn, HeldBy.BOOKS, now_ns)


def objection(desk: Desk, now_ns: int) -> str:
    """Return why an overdue reading keeps entries out; empty: none is overdue."""
    if not is_overdue(desk, now_ns):
        return ""
    return f"the broker's book has not been read since {last(desk)}; entries wait for it"


def last(desk: Desk) -> str:
    """Return when the book was read last, by the clock on the wall."""
    newest = desk.reads.newest
    return "the start" if newest is None else f"{wall_of(newest.at_ns):%H:%M:%S}"


def unheard(desk: Desk, parent: str, now_ns: int) -> str:
    """Return that orders of an entry or an exit may have filled unheard; empty: none may.

    A reading that is on its way for a moment alone tells nothing of that.
    """
    reads = desk.reads
    if reads.owed_ns is None or not any(is_open(o.state) for o in desk.book.children(parent)):
        return ""
    if not reads.unread and now_ns - reads.owed_ns < desk.terms.verify_ns:
        return ""
    return f"; the book tells nothing of its orders since {last(desk)}, {MAY_HAVE_FILLED}"


def wanted(desk: Desk, now_ns: int) -> HoldEntries | None:
    """Return the hold that tells a person, where something is or may be held; None: it is told."""
    # Every frame asks, and as good as always no reading is overdue: that is looked at first.
    if not is_overdue(desk, now_ns) or HeldBy.BOOKS in desk.halts.holds or not _at_stake(desk):
        return None
    why = f": {desk.reads.unread}" if desk.reads.unread else ""
    because = f"its broker's book has not been read since {last(desk)}, and nothing guards what may"
    return HoldEntries(HeldBy.BOOKS, f"{because} have filled since{why}")


def _at_stake(desk: Desk) -> bool:
    """Say whether anything is held, or an order of ours of today is not known to be over."""
    if desk.holders():
        return True
    return any(
        order.intent.intent_id in desk.todays and not is_strangers(order.intent)
        for order in open_orders(desk)
    )
