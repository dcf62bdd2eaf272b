"""Whose orders are a person's, who placed them at the broker's terminal, and what they come to."""

from __future__ import annotations

from daemon.domain.orders.reconcile import external
from daemon.domain.orders.shown import BrokerOrder
from daemon.domain.orders.words import Intent, Product, State
from daemon.domain.orders.words import Side as Direction
from daemon.simulation.judging.known import Known
from daemon.simulation.judging.outside import Outside
from daemon.simulation.judging.prices import trades_still
from daemon.twin.exchange import Exchange
from daemon.twin.words import Trade

MARK = "terminal-"
"""How the ids of his orders begin; none of them is one of ours."""


def is_persons(client_id: str) -> bool:
    """Say whether an order was placed at the terminal."""
    return client_id.startswith(MARK)


def traded_outside(known: Known, exchange: Exchange) -> Outside:
    """Fold what was traded, trade by trade as the exchange has it.

    Args:
        known: what the daemon has recorded, which knows whose its own orders are.
        exchange: where all of it was traded.
    """
    outside = Outside()
    for trade in exchange.trades():
        if not trades_still(trade.symbol, known.day):
            continue
        if is_persons(trade.client_id):
            outside.fill(as_intent(trade), trade.quantity)
        elif order := known.book.order(trade.client_id):
            outside.fill(order.intent, trade.quantity)
    return outside


def as_intent(trade: Trade) -> Intent:
    """Return the order of a trade that was made at the terminal, as one of nobody's."""
    shown = BrokerOrder(
        *(trade.client_id, trade.order_id, trade.symbol, Direction(trade.side.value)),
        *(trade.quantity, State.FILLED, trade.quantity, trade.quantity * trade.price_e4),
        product=Product(trade.product),
    )
    recorded, _ = external(trade.client_id, "", shown, trade.at_ns)
    return recorded.intent
