"""Settlements: positions that the exchange closes by itself when their contract expires.

They enter the book as an intent that was filled at once, so that the book stays the one account of
every unit; no request ever left for them.
"""

from __future__ import annotations

from collections.abc import Iterator

from daemon.actors.order_router.desk import Desk
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderType,
    OrderUpdated,
    Purpose,
    Side,
    State,
)
from daemon.messages import Settled


def settlement(
    desk: Desk, settled: Settled, now_ns: int
) -> Iterator[IntentRecorded | OrderUpdated]:
    """Yield the facts that close every leg which holds a contract that was settled."""
    for strategy_id, leg_id in desk.holders(settled.symbol):
        net = desk.book.position(strategy_id, leg_id).net_quantity
        intent = Intent(
            intent_id=desk.ids.next(),
            account=desk.terms.account,
            strategy_id=strategy_id,
            leg_id=leg_id,
            symbol=settled.symbol,
            side=Side.BUY if net < 0 else Side.SELL,
            quantity=abs(net),
            order_type=OrderType.LIMIT,
            price_e4=settled.price_e4,
            purpose=Purpose.EXIT,
            parent=f"settlement:{settled.symbol}",
            decided_ns=now_ns,
            deadline_ns=now_ns,
        )
        yield IntentRecorded(intent, now_ns)
        yield OrderUpdated(
            intent_id=intent.intent_id,
            broker_order_id="",
            state=State.FILLED,
            filled_quantity=abs(net),
            filled_value_e4=abs(net) * settled.price_e4,
            at_ns=now_ns,
            text="settled by the exchange",
        )
