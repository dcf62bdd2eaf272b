"""Orders that are taken and are not at the exchange: rejected by the broker, or stuck on their way.

Source: Kite Connect 3, orders; users' reports of orders that were received and went no further.
"""

from __future__ import annotations

from msgspec.structs import replace

from daemon.brokers.zerodha.wire_twin import records
from daemon.brokers.zerodha.wire_twin.asked import Asked
from daemon.brokers.zerodha.wire_twin.desk import Desk
from daemon.brokers.zerodha.wire_twin.records import Kept
from daemon.brokers.zerodha.wire_twin.words import Denied
from daemon.twin.words import OrderReport, Reason, Status


def rejected(desk: Desk, asked: Asked, why: str) -> str:
    """Take an order that never reaches the exchange, and return its number."""
    kept = _taken(desk, asked)
    _reject(desk, kept, why)
    return kept.order_id


def stuck(desk: Desk, asked: Asked, late_ns: int) -> str:
    """Take an order that reaches the exchange so much later, and return its number."""
    kept = _taken(desk, asked)
    del kept.states[1:]  # received, and no further

    def arrive() -> None:
        try:
            desk.place(asked, kept.order_id)
        except Denied as denied:
            _reject(desk, kept, str(denied))

    desk.after(late_ns, arrive)
    return kept.order_id


def _taken(desk: Desk, asked: Asked) -> Kept:
    now_ns = desk.now_ns
    report = OrderReport(
        order_id="",
        client_id=asked.tag,
        symbol=asked.listing.contract.symbol,
        side=asked.side,
        quantity=asked.quantity,
        order_type=asked.at_exchange,
        price_e4=asked.price_e4,
        trigger_e4=asked.trigger_e4,
        decided_ns=now_ns,
        arrived_ns=now_ns,
        at_ns=now_ns,
        status=Status.WORKING,
        filled_quantity=0,
        filled_value_e4=0,
        triggered=False,
        resting=False,
        priority=0,
    )
    kept = records.begun(desk.books.number(), asked, report)
    desk.books.add(kept)
    return kept


def _reject(desk: Desk, kept: Kept, why: str) -> None:
    ended = replace(
        kept.report, at_ns=desk.now_ns, status=Status.REJECTED, reason=Reason.OTHER, text=why
    )
    desk.books.tell(kept, ended)
