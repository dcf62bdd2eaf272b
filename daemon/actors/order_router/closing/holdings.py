"""What a closing has before it: what is open of each leg, and what is on its way to close it."""

from __future__ import annotations

from daemon.actors.order_router.broker.hours import takes_orders
from daemon.actors.order_router.broker.open_orders import open_orders
from daemon.actors.order_router.broker.outside import to_sell
from daemon.actors.order_router.broker.sending import (
    can_cancel,
    exits_on_their_way,
    proven,
    remaining,
)
from daemon.actors.order_router.closing import markets
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.owed import Closing
from daemon.domain.instants import SECOND_NS, day_of
from daemon.domain.orders import hedges
from daemon.domain.orders.flatten import Holding, Resting
from daemon.domain.orders.heard import Order
from daemon.domain.orders.words import Intent, Purpose, Side, State

EXIT_DEADLINE_NS = 3_600 * SECOND_NS
"""How long after it was decided an exit may still leave."""


def holding(desk: Desk, closing: Closing, leg_id: str, now_ns: int) -> Holding:
    """Return a leg as the closing machine sees it.

    An order that may still trade the other way closes nothing; with nothing open any order counts.
    """
    strategy_id = closing.owed.strategy_id
    leg = desk.leg(strategy_id, leg_id)
    assert leg is not None, "an exit is owed only for a leg that was entered"
    unmet = open_quantity(desk, closing, leg_id)
    net = proven(desk, (strategy_id, leg_id), leg.pocket, unmet)
    exits = exits_on_their_way(desk, strategy_id, leg_id)
    side = Side.BUY if net < 0 else Side.SELL
    beside = 0
    if net > 0:
        beside = to_sell(desk, (strategy_id, leg_id), leg.pocket)
    elif not net:
        beside = remaining(exits, side.opposite)
    instrument = desk.contract(leg.symbol) if takes_orders(desk, leg.symbol, now_ns) else None
    prospect = desk.prospect(instrument, side) if instrument is not None else None
    price_e4, next_price_e4 = closing.machine.prices_e4(leg_id, side, prospect, now_ns)
    return Holding(
        leg_id=leg_id,
        net_quantity=net,
        closing_quantity=remaining(exits, side) + beside,
        resting=tuple(
            Resting(order.intent.intent_id, order.price_e4, _left_ns(order.intent))
            for order in exits
            if order.intent.side is side
            and order.intent.purpose is Purpose.EXIT
            and can_cancel(desk, order, now_ns)
        ),
        lot=leg.lot,
        freeze_quantity=leg.freeze_quantity,
        price_e4=price_e4,
        next_price_e4=next_price_e4,
        is_ordered=markets.is_ordered(desk, leg.symbol),
        guards=hedges.guards(leg.symbol),
        underlying=hedges.underlying(leg.symbol),
    )


def _left_ns(intent: Intent) -> int:
    """Return when an exit left; it may have waited for a slot in the budget before."""
    return intent.deadline_ns - EXIT_DEADLINE_NS


def open_quantity(desk: Desk, closing: Closing, leg_id: str) -> int:
    """Return what a closing has yet to close of a leg, in units; below zero short."""
    owed = closing.owed
    net = desk.book.position(owed.strategy_id, leg_id).net_quantity
    sign = 1 if net > 0 else -1
    return sign * max(abs(net) - owed.keep, 0)


def is_met(desk: Desk, closing: Closing) -> bool:
    """Say whether nothing of these legs is to be closed, by our book, nor may come to be.

    An order in doubt of an earlier day is over with that day, so nothing comes of it any more.
    """
    owed = closing.owed
    if any(open_quantity(desk, closing, leg_id) for leg_id in owed.leg_ids):
        return False
    return not any(
        order.intent.purpose is Purpose.ENTRY
        and order.intent.strategy_id == owed.strategy_id
        and order.intent.leg_id in owed.leg_ids
        and (order.state is State.WORKING or day_of(order.intent.decided_ns) == desk.day)
        for order in open_orders(desk)
    )


def surplus(desk: Desk, closing: Closing, leg_id: str) -> tuple[Order, ...]:
    """Return the exits that would trade more than is open, since late evidence made it less."""
    left = open_quantity(desk, closing, leg_id)
    beyond: list[Order] = []
    sent = exits_on_their_way(desk, closing.owed.strategy_id, leg_id)
    exits = [order for order in sent if order.intent.purpose is Purpose.EXIT]
    for order in sorted(exits, key=lambda each: each.state is State.WORKING):
        wanted = left * order.intent.side.sign < 0 and abs(left) >= order.remaining_quantity
        if wanted:
            left += order.intent.side.sign * order.remaining_quantity
        else:
            beyond.append(order)
    return tuple(beyond)
