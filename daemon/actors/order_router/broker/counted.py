"""Counted twice: an order shows at last whose units a kill has taken in, by no order, and closed.

The broker shows less than our book by just what is held there for nobody. Two equal readings tell
that, once no fill of the contract may be missing in them. His fill then counts no more.
"""

from __future__ import annotations

from daemon.actors.order_router.known.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.counted import counted_out, twice
from daemon.domain.orders.heard import Order
from daemon.domain.orders.lag import may_lag
from daemon.domain.orders.outside import Closed
from daemon.domain.orders.reconcile import EXTERNAL
from daemon.domain.orders.words import IntentRecorded, Side
from daemon.messages import Noted


def free(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Take off our book what it has twice, and the broker shows no more."""
    reads = desk.reads
    assert reads.newest is not None, "it is called by a reading"
    at_ns = reads.newest.at_ns
    for pocket in sorted(reads.gaps):
        more = reads.gap(pocket, desk.terms.verify_ns)
        if desk.day is None or more is None or may_lag(desk.book, pocket, at_ns):
            continue
        parts = twice(desk.book, pocket, -more, desk.day)
        for order, share in parts:
            _count_out(desk, turn, order, share, now_ns)
        if parts:
            reads.adopted(pocket)


def _count_out(desk: Desk, turn: Turn, order: Order, share: Closed, now_ns: int) -> None:
    facts = counted_out(order, share, desk.ids.next(), now_ns)
    for fact in facts:
        desk.apply(fact)
        turn.record(fact)
    recorded = facts[0]
    assert isinstance(recorded, IntentRecorded), "an intent is recorded before its fill"
    ended = desk.book.order(recorded.intent.intent_id)
    assert ended is not None, "it was recorded"
    turn.announce(desk.position_changed(ended, now_ns))
    did = "bought" if order.intent.side is Side.BUY else "sold"
    what = f"{did} {share.quantity} {order.intent.symbol} that were closed before it showed"
    text = f"an order that is not ours, {order.broker_order_id}, {what}: nothing is left of it"
    turn.announce(Noted(NoteKind.OUTSIDE, text, now_ns, EXTERNAL))
