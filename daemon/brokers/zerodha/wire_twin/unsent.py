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
from daemon.twin.admission import drafted
from daemon.twin.words import OrderReport, Reason, Status, TwinOrder


def rejected(desk: Desk, asked: Asked, why: str) -> str:
    """Take an order that never reaches the exchange, and return its number."""
    kept = taken(desk, asked)
    _reject(desk, kept, why)
    return kept.order_id


def stuck(desk: Desk, asked: Asked, late_ns: int) -> str:
    """Take an order that reaches the exchange so much later, and return its number."""
    kept = taken(desk, asked, records.RECEIVED)
    desk.after(late_ns, lambda: arrive(desk, kept))
    return kept.order_id


def taken(desk: Desk, asked: Asked, statuses: tuple[str, ...] = records.ON_THE_WAY) -> Kept:
    """Take an order that is not sent, and return it.

    Args:
        desk: whose books it stands in.
        asked: the order.
        statuses: that it goes through at once.
    """
    kept = Kept(desk.books.number(), asked, reported(desk, asked), [])
    records.passed(kept, statuses)
    desk.books.add(kept)
    return kept


def arrive(desk: Desk, kept: Kept) -> None:
    """Take an order to the exchange that was taken before; what is refused is rejected."""
    try:
        desk.place(kept.asked, kept)
    except Denied as denied:
        _reject(desk, kept, str(denied))


def reported(desk: Desk, asked: Asked) -> OrderReport:
    """Return what the exchange would say of an order that it never heard of."""
    now_ns = desk.now_ns
    request = TwinOrder(
        client_id=asked.tag,
        symbol=asked.listing.contract.symbol,
        side=asked.side,
        quantity=asked.quantity,
        order_type=asked.at_exchange,
        price_e4=asked.price_e4,
        decided_ns=now_ns,
        trigger_e4=asked.trigger_e4,
    )
    return replace(drafted(request, now_ns), resting=False)


def _reject(desk: Desk, kept: Kept, why: str) -> None:
    ended = replace(
        kept.report, at_ns=desk.now_ns, status=Status.REJECTED, reason=Reason.OTHER, text=why
    )
    desk.books.tell(kept, ended)
