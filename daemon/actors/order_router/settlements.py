"""Settlements: positions that the exchange closes by itself when their contract expires.

They enter the book as an intent that was filled at once, so that the book stays the one account of
every unit; no request ever left for them.
"""

from __future__ import annotations

from collections.abc import Iterator

from daemon.actors.order_router.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderType,
    OrderUpdated,
    Purpose,
    Side,
    State,
)
from daemon.messages import Noted, Settled


def settle(desk: Desk, turn: Turn, settled: Settled, now_ns: int) -> None:
    """Book what the exchange settled: each leg that held it is closed at that price."""
    if abs(desk.book.net(settled.symbol)) != settled.quantity:
        held = desk.book.net(settled.symbol)
        text = f"{settled.quantity} {settled.symbol} were settled, and {held:+d} were held"
        turn.announce(Noted(NoteKind.REFUSED, text, now_ns))
    for intent in _closings(desk, settled, now_ns):
        recorded, filled = _facts(intent, now_ns)
        desk.apply(recorded)
        desk.apply(filled)
        turn.record(recorded)
        turn.record(filled)
        order = desk.book.order(intent.intent_id)
        assert order is not None, "a settlement is recorded before it is filled"
        turn.announce(desk.position_changed(order, now_ns))


def _closings(desk: Desk, settled: Settled, now_ns: int) -> Iterator[Intent]:
    """Yield an intent for every leg which holds a contract that was settled."""
    for strategy_id, leg_id in desk.holders(settled.symbol):
        net = desk.book.position(strategy_id, leg_id).net_quantity
        yield Intent(
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


def _facts(intent: Intent, now_ns: int) -> tuple[IntentRecorded, OrderUpdated]:
    filled = OrderUpdated(
        intent_id=intent.intent_id,
        broker_order_id="",
        state=State.FILLED,
        filled_quantity=intent.quantity,
        filled_value_e4=intent.quantity * intent.price_e4,
        at_ns=now_ns,
        text="settled by the exchange",
    )
    return IntentRecorded(intent, now_ns), filled
