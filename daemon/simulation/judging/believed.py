"""What is believed of a broker's positions, which may show fills late: judged by its trades."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from daemon.domain.instants import SECOND_NS, day_of
from daemon.domain.orders.reconcile import is_strangers
from daemon.domain.orders.words import OrderUpdated
from daemon.simulation.judging.known import Known
from daemon.simulation.judging.persons import is_persons
from daemon.simulation.judging.prices import trades_still
from daemon.twin.words import Trade

_UNHEARD_NS = 6 * SECOND_NS
"""How long nobody need have heard of a trade: a reading shows orders 4 s late at most."""


def never_traded(known: Known, told: OrderUpdated, trades: Sequence[Trade]) -> str:
    """Say which units are taken for somebody's, by no order, that nobody has traded past us.

    What is known of his orders, or was taken for his before, he has traded once.

    Args:
        known: what the facts say before that.
        told: what is recorded as filled.
        trades: all that the exchange has traded.

    Returns:
        A sentence; empty: nothing is taken so, or somebody has traded it.
    """
    taken = known.book.order(told.intent_id)
    if taken is None or told.broker_order_id or not is_strangers(taken.intent):
        return ""
    pocket, side = taken.intent.pocket, taken.intent.side
    left = sum(
        trade.side.sign * trade.quantity
        for trade in trades
        if is_persons(trade.client_id) and (trade.symbol, trade.product) == tuple(pocket)
    ) - sum(
        order.intent.side.sign * order.filled_quantity
        for order in known.book
        if is_strangers(order.intent) and order.intent.pocket == pocket
    )
    if told.filled_quantity <= left * side.sign:
        return ""
    return f"{side} {told.filled_quantity} {pocket} is taken for somebody's, and {left:+d} may be"


def held_long(trades: Sequence[Trade], at_ns: int) -> dict[tuple[str, str], int]:
    """Return what the exchange holds, and has held for longer than anybody need have heard of it.

    Args:
        trades: all that it has traded, oldest first.
        at_ns: the present instant.
    """
    nets: Counter[tuple[str, str]] = Counter()
    since_ns: dict[tuple[str, str], int] = {}
    for trade in trades:
        if not trades_still(trade.symbol, day_of(at_ns)):
            continue
        pocket = (trade.symbol, trade.product)
        since_ns[pocket] = since_ns[pocket] if nets[pocket] else trade.at_ns
        nets[pocket] += trade.side.sign * trade.quantity
    long = (p for p, net in nets.items() if net and at_ns - since_ns[p] > _UNHEARD_NS)
    return {pocket: nets[pocket] for pocket in long}
