"""Orders of earlier days: what a reading of the broker's book proves of those we hold for open.

Orders are good for their day. One of an earlier day that the book of today does not show is over;
whether it filled before that is told by the position alone, where the position can tell it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import Struct

from daemon.domain.orders.book import Book
from daemon.domain.orders.heard import Order
from daemon.domain.orders.reconcile import behind, gone_of, positions
from daemon.domain.orders.shown import AccountRead
from daemon.domain.orders.words import OrderUpdated, Pocket, State


class Lapsed(Struct, frozen=True):
    """What a reading shows of the orders of earlier days that we hold for open.

    Attributes:
        ends: of those that are proven to be over without another fill, as evidence.
        unproven: those that are over, and may have filled before.
        unheard: by how many units the broker holds more of what those trade than our book has.
        waiting: those of which it is too early to say anything.
    """

    ends: tuple[OrderUpdated, ...]
    unproven: tuple[Order, ...]
    unheard: dict[Pocket, int]
    waiting: tuple[Order, ...] = ()


def lapsed(book: Book, read: AccountRead, moved: Collection[str] = ()) -> Lapsed:
    """Return what became of the orders of earlier days, once all other news of a reading is heard.

    None of them filled unheard where the broker holds what our book has, and all that may still
    fill in the symbol would have moved it one way.

    Args:
        book: ours.
        read: the broker's, of a day.
        moved: symbols in which units moved since the reading was asked for; they wait, as do those
            in which it is older than what we have heard.
    """
    theirs, early = positions(read), behind(book, read).union(moved)
    ends: list[OrderUpdated] = []
    unproven: list[Order] = []
    unheard: dict[Pocket, int] = {}
    waiting: list[Order] = []
    for order in gone_of(book, read):
        pocket = order.intent.pocket
        ours = book.within(pocket)
        more = theirs.get(pocket, 0) - ours.net
        if pocket.symbol in early:
            waiting.append(order)
        elif not more and ours.net in ours.possible:
            ends += _ends(order, read.at_ns)
        else:
            unproven.append(order)
            unheard[pocket] = more
    return Lapsed(tuple(ends), tuple(unproven), unheard, tuple(waiting))


def _ends(order: Order, at_ns: int) -> Iterable[OrderUpdated]:
    """Return the end of an order that lapsed: of each that the broker made of it, or of the one."""
    for broker_order_id in order.broker_order_ids or ("",):
        yield OrderUpdated(
            intent_id=order.intent.intent_id,
            broker_order_id=broker_order_id,
            state=State.CANCELLED,
            filled_quantity=0,
            filled_value_e4=0,
            at_ns=at_ns,
            text="lapsed with its day: the broker's book shows neither it nor another fill",
        )
