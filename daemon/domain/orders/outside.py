"""What somebody closes outside: a stranger's fill that meets units which legs of ours hold.

To the broker the two are one position, so the leg holds no longer what he sold of it or bought
back. His fill is handed on to the leg: two intents, filled at once at his price, for which no
request left. One closes the leg, the other closes what his order would have opened for him.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from daemon.domain.orders.book import Book
from daemon.domain.orders.heard import Order
from daemon.domain.orders.parents import HOLDINGS, OUTSIDE
from daemon.domain.orders.reconcile import EXTERNAL, is_strangers
from daemon.domain.orders.unsent import filled_unsent
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderType,
    OrderUpdated,
    Pocket,
    Purpose,
    Side,
)

TWICE = "closed outside, and by an exit as well"
"""The text of a fill that is handed on to a leg whose units an exit has traded before."""
Leg = tuple[str, str]
"""Strategy and leg."""


class Held(Struct, frozen=True, order=True):
    """Units of a leg that a fill may close.

    Attributes:
        since_ns: when the leg was entered.
        leg: which.
        quantity: units.
        exited: they are held no longer: an exit of ours has traded them, unaware of the fill.
    """

    since_ns: int
    leg: Leg
    quantity: int
    exited: bool = False


class Closed(Struct, frozen=True):
    """What a fill has closed of a leg: units, and the sum of price x units over them.

    An exit of ours may have closed them as well.
    """

    leg: Leg
    quantity: int
    value_e4: int
    exited: bool = False


def held_against(
    book: Book, pockets: Iterable[tuple[Leg, Pocket]], since_ns: Mapping[Leg, int], pocket: Pocket
) -> dict[Side, list[Held]]:
    """Return what a trade on each side may close of legs of ours, what was entered first first.

    Args:
        book: ours.
        pockets: each leg, and what it trades.
        since_ns: when each was entered.
        pocket: in which the trade is.
    """
    found: dict[Side, list[Held]] = {Side.BUY: [], Side.SELL: []}
    for leg, traded in pockets:
        net = book.position(*leg).net_quantity
        if net and traded == pocket and leg[0] != EXTERNAL:
            side = Side.SELL if net > 0 else Side.BUY
            found[side].append(Held(since_ns[leg], leg, abs(net)))
    return {side: sorted(held) for side, held in found.items()}


def his_own(book: Book, pocket: Pocket, beside: int) -> int:
    """Return the units of a pocket that are nobody's but the owner's; below zero short.

    Args:
        book: ours.
        pocket: which.
        beside: units that are held there by no order that our book knows: shares that he has since
            earlier days, and what the broker shows beyond our book.
    """
    return book.position(EXTERNAL, pocket.leg_id).net_quantity + beside


def closed_by(
    own: int, order: Order, before: Order | None, held: Iterable[Held]
) -> tuple[Closed, ...]:
    """Return what the newest fill of an order has closed of legs of ours; a stranger's alone does.

    Args:
        own: units of the owner's own in its pocket, with the fill; below zero short.
        order: as it stands.
        before: as it stood before; None: it was not known.
        held: what it may close, in this order.
    """
    intent = order.intent
    quantity = order.filled_quantity - (before.filled_quantity if before else 0)
    value_e4 = order.filled_value_e4 - (before.filled_value_e4 if before else 0)
    if quantity <= 0 or not is_strangers(intent):
        return ()
    his = own * intent.side.sign
    return tuple(closed(quantity, value_e4, quantity - min(max(his, 0), quantity), held))


def may_sell(
    own: int, orders: Iterable[Order], held: Iterable[Held], leg: Leg, pocket: Pocket
) -> int:
    """Return the units of a long leg that strangers' orders may sell.

    Args:
        own: units of the owner's own in that pocket, which they sell first.
        orders: what may still fill.
        held: what a sale may close, in this order.
        leg: which.
        pocket: what it trades.
    """
    left = sum(
        order.remaining_quantity
        for order in orders
        if is_strangers(order.intent)
        and (order.intent.pocket, order.intent.side) == (pocket, Side.SELL)
    )
    left -= min(max(own, 0), left)
    for each in held:
        share = min(each.quantity, left)
        if each.leg == leg:
            return share
        left -= share
    return 0


def closed(quantity: int, value_e4: int, own: int, held: Iterable[Held]) -> Iterator[Closed]:
    """Yield what a stranger's fill has closed, leg by leg.

    What is his own he closes first; what is left over at the end opens a position of his own.

    Args:
        quantity: units of the fill.
        value_e4: the sum of price x units over them.
        own: units of his own that it closes.
        held: what of legs of ours it may close, in this order.
    """
    for each in (Held(0, ("", ""), own), *held):
        units = min(each.quantity, quantity)
        if units <= 0:
            continue
        worth_e4 = value_e4 * units // quantity
        if each.leg[0]:
            yield Closed(each.leg, units, worth_e4, each.exited)
        quantity, value_e4 = quantity - units, value_e4 - worth_e4


def handed_on(
    order: Order, share: Closed, ids: tuple[str, str], now_ns: int
) -> tuple[IntentRecorded | OrderUpdated, ...]:
    """Return the facts by which a part of a stranger's fill is one of a leg of ours.

    Args:
        order: the stranger's.
        share: the part, and whose it is.
        ids: of the two intents: the leg's, and the stranger's.
        now_ns: the present instant.
    """
    own, his = order.intent, (order.intent.strategy_id, order.intent.leg_id)
    ways = ((ids[0], share.leg, own.side), (ids[1], his, own.side.opposite))
    facts: list[IntentRecorded | OrderUpdated] = []
    for intent_id, (strategy_id, leg_id), side in ways:
        intent = Intent(
            intent_id=intent_id,
            account=own.account,
            strategy_id=strategy_id,
            leg_id=leg_id,
            symbol=own.symbol,
            side=side,
            quantity=share.quantity,
            order_type=OrderType.LIMIT,
            price_e4=share.value_e4 // share.quantity,
            purpose=Purpose.EXIT,
            parent=f"{OUTSIDE}{own.intent_id}",
            decided_ns=now_ns,
            deadline_ns=now_ns,
            product=own.product,
        )
        text = TWICE if share.exited else "closed outside"
        facts += filled_unsent(intent, share.value_e4, text)
    return tuple(facts)


def is_outside(intent: Intent) -> bool:
    """Say whether an intent hands a stranger's fill on: no request left for it."""
    return intent.parent.startswith(OUTSIDE)


def part_of(intent: Intent) -> str:
    """Return the stranger's order whose fill an intent hands on; empty: it hands on none."""
    if not is_outside(intent) or intent.parent.startswith(HOLDINGS):
        return ""
    return intent.parent.removeprefix(OUTSIDE)
