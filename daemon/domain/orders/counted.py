"""Counted twice: units that no order explained, and whose order shows once they are closed.

What a kill takes in by no order it closes. Where the order that did it shows only later, its fill
is the same units, so our book has them once more and the broker none. That fill is handed on to
what stood for it: one intent, filled at once at his price, closes what it would have opened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

from msgspec.structs import replace

from daemon.domain.instants import day_of
from daemon.domain.orders.book import Book
from daemon.domain.orders.heard import Order
from daemon.domain.orders.outside import Closed, handed_on, part_of
from daemon.domain.orders.reconcile import EXTERNAL, is_strangers
from daemon.domain.orders.words import IntentRecorded, OrderUpdated, Pocket

COUNTED = "counted before, by no order"
"""The text of a fill that takes units out again which our book had before they showed."""


def twice(book: Book, pocket: Pocket, lacking: int, day: date) -> tuple[tuple[Order, Closed], ...]:
    """Return which fills of strangers' orders our book had before, by no order.

    All that is held there for nobody must be such, and be what the broker does not show.

    Args:
        book: ours.
        pocket: which.
        lacking: units that our book has and the broker does not show; below zero short.
        day: the present one; brokers tell of its orders alone.

    Returns:
        His orders, the newest first, and the part of each; none where that does not explain it all.
    """
    leg = (EXTERNAL, pocket.leg_id)
    if not lacking or book.position(*leg).net_quantity != lacking:
        return ()
    sign = 1 if lacking > 0 else -1
    todays = [each for each in book if _is_of(each, leg, day)]
    theirs = [o for o in todays if is_strangers(o.intent) and o.intent.side.sign == sign]
    taken_in = sum(order.filled_quantity for order in theirs if not order.broker_order_ids)
    explained = sum(
        order.filled_quantity
        for order in todays
        if order.text == COUNTED and order.intent.side.sign == -sign
    )
    if taken_in - explained < abs(lacking):
        return ()
    handed = Counter[str]()
    for order in todays:
        handed[part_of(order.intent)] += order.filled_quantity
    shown = [order for order in theirs if order.broker_order_ids]
    found = tuple(_parts(shown[::-1], handed, abs(lacking)))
    return found if sum(share.quantity for _, share in found) == abs(lacking) else ()


def counted_out(
    order: Order, share: Closed, intent_id: str, now_ns: int
) -> tuple[IntentRecorded | OrderUpdated, ...]:
    """Return the facts by which a part of a stranger's fill counts no more: it did before.

    Args:
        order: the stranger's.
        share: the part.
        intent_id: of the intent.
        now_ns: the present instant.
    """
    facts = handed_on(order, share, ("", intent_id), now_ns)[2:]
    return tuple(
        replace(fact, text=COUNTED) if isinstance(fact, OrderUpdated) else fact for fact in facts
    )


def _parts(orders: list[Order], handed: Counter[str], units: int) -> Iterator[tuple[Order, Closed]]:
    """Yield what of these orders' fills was handed on to nobody yet, so many units at most."""
    for order in orders:
        intent, filled = order.intent, order.filled_quantity
        part = min(filled - handed[intent.intent_id], units)
        if part > 0:
            units -= part
            value_e4 = order.filled_value_e4 * part // filled
            yield order, Closed((intent.strategy_id, intent.leg_id), part, value_e4)


def _is_of(order: Order, leg: tuple[str, str], day: date) -> bool:
    intent = order.intent
    return (intent.strategy_id, intent.leg_id) == leg and day_of(intent.decided_ns) == day
