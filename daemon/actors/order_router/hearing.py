"""What the broker says of an order: first taken in, then acted on.

A reading tells of many orders at once. All of it is taken in before anything follows from a part of
it, for another part may have changed what there is to do.
"""

from __future__ import annotations

from msgspec import Struct

from daemon.actors.order_router.broker import link, lookups, outside, reconciling, shares
from daemon.actors.order_router.broker.hours import takes_orders
from daemon.actors.order_router.broker.reconciling import Heard
from daemon.actors.order_router.broker.unasked import is_unasked
from daemon.actors.order_router.closing import late_fills
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.loose import is_loose
from daemon.actors.turn import Turn
from daemon.domain.orders.changed import as_news
from daemon.domain.orders.heard import Order
from daemon.domain.orders.reconcile import is_strangers
from daemon.domain.orders.states import is_open
from daemon.domain.orders.words import (
    ConfirmationWanted,
    Intent,
    OrderUpdated,
    OutcomeUnknown,
    State,
)

_NO = (State.REFUSED, State.REJECTED)


class Taken(Struct, frozen=True):
    """What news has made of an order.

    Attributes:
        order: as it stands since.
        before: as it stood.
        closed: intents by which legs of ours were closed, of a stranger's order that filled.
        unasked: it was taken out of the broker's book within the day, and not because we asked.
        is_late: what it filled was handed on: its leg has been entered anew since.
    """

    order: Order
    before: Order
    closed: tuple[Intent, ...]
    unasked: bool = False
    is_late: bool = False

    @property
    def is_filling(self) -> bool:
        """Whether more of it has filled."""
        return self.order.filled_quantity != self.before.filled_quantity

    @property
    def is_no(self) -> bool:
        """Whether that is how it ended: the broker will not have it, or has it no longer."""
        newly = self.order.state is not self.before.state
        return self.unasked or (newly and self.order.state in _NO)


def take(desk: Desk, turn: Turn, fact: Heard, now_ns: int) -> Taken | None:
    """Take the broker's word on an order in; None: it is of no order that is known."""
    fact = reconciling.known_as(desk, fact, now_ns)
    intent_id = fact.intent_id
    before = desk.book.order(intent_id)
    if before is not None and isinstance(fact, OrderUpdated):
        fact = as_news(before, fact, ours=not is_strangers(before.intent))
    link.answered(desk, turn, fact, now_ns)
    desk.apply(fact)
    turn.record(fact)
    order = desk.book.order(intent_id)
    if order is None or before is None:
        return None
    if isinstance(fact, OutcomeUnknown | ConfirmationWanted):
        lookups.begin(desk, turn, intent_id, now_ns)
        reconciling.soon(desk, turn, now_ns)
    if not is_open(order.state):
        desk.cancelling.pop(intent_id, None)
    newly = is_open(before.state) and takes_orders(desk, order.intent.symbol, now_ns)
    unasked = newly and is_unasked(desk, order)
    if order.filled_quantity == before.filled_quantity:
        _tell_worth(desk, turn, order, before, now_ns)
        return Taken(order, before, (), unasked)
    desk.reads.moved_ns[order.intent.symbol] = now_ns
    closed = outside.hand_on(desk, turn, order, before, now_ns)
    is_late = late_fills.hand_on(desk, turn, order, before, now_ns)
    if not is_late:
        turn.announce(desk.position_changed(order, now_ns))
        shares.filled(desk, turn, order, before, now_ns)
    return Taken(order, before, closed, unasked, is_late)


def _tell_worth(desk: Desk, turn: Turn, order: Order, before: Order, now_ns: int) -> None:
    """Tell that a leg was entered, or left, at another price than was told first.

    Levels count from it, and profit. A flat leg of no basket would seem entered anew: its price is
    told by its order alone.
    """
    intent = order.intent
    held = desk.traded(intent.strategy_id, intent.leg_id).net_quantity
    told = held or not is_loose(intent.strategy_id)
    if told and desk.trips.is_of(intent) and order.filled_value_e4 != before.filled_value_e4:
        turn.announce(desk.position_changed(order, now_ns))
