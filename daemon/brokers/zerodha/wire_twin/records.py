"""Orders and trades as Zerodha's books show them.

What the exchange got as a limit shows as a limit, with tags that say it was at the market: so it is
at the broker, and so a client must learn it.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from daemon.brokers.zerodha.wire_twin.asked import AT_MARKET, Asked
from daemon.brokers.zerodha.wire_twin.session import APP_ID, USER
from daemon.brokers.zerodha.wire_twin.words import Data, average, clock, rupees, stamp
from daemon.twin.words import OrderReport, OrderType, Side, Status, Trade

RECEIVED = ("PUT ORDER REQ RECEIVED",)
_CHECKED = ("VALIDATION PENDING", "OPEN PENDING")
ON_THE_WAY = (*RECEIVED, *_CHECKED)
CHANGING = ("MODIFY VALIDATION PENDING", "MODIFY PENDING", "MODIFIED")
CANCELLING = ("CANCEL PENDING",)
SIDES = {Side.BUY: "BUY", Side.SELL: "SELL"}
"""Which way an order goes, in Zerodha's word."""
_ENDS = {
    Status.FILLED: "COMPLETE",
    Status.CANCELLED: "CANCELLED",
    Status.REJECTED: "REJECTED",
}


class Kept(Struct):
    """An order as the broker keeps it.

    Attributes:
        order_id: its number.
        asked: as it was asked for, with what was changed since.
        report: what the exchange said last.
        states: its records, the oldest first.
        changes: how often it was modified.
    """

    order_id: str
    asked: Asked
    report: OrderReport
    states: list[Data]
    changes: int = 0

    @property
    def is_unsent(self) -> bool:
        """Whether it has yet to reach the exchange."""
        return not self.report.order_id and self.report.status is Status.WORKING

    @property
    def newest(self) -> Data:
        """Its record."""
        return self.states[-1]


def number_of(exchange_order_id: str) -> str:
    """Return Zerodha's number of an order, of 19 digits."""
    return f"190{exchange_order_id}"


def begun(asked: Asked, report: OrderReport, before: Kept | None) -> Kept:
    """Return an order that is at the exchange, with the states that it went through on its way.

    Args:
        asked: the order.
        report: of the exchange.
        before: the order as it was taken earlier; None: it is new.
    """
    kept = before and replace(before, report=report, states=list(before.states))
    kept = kept or Kept(number_of(report.order_id), asked, report, [])
    for status in _CHECKED if before else ON_THE_WAY:
        kept.states.append(_record(kept, status) | {"exchange_order_id": None})
    return kept


def told(kept: Kept, report: OrderReport) -> None:
    """Take in what the exchange says of an order."""
    kept.report = report
    kept.states.append(_record(kept, status_of(report)))


def passed(kept: Kept, statuses: tuple[str, ...]) -> None:
    """Take in what a change or a cancellation goes through before the exchange has answered."""
    kept.states.extend(_record(kept, status) for status in statuses)


def status_of(report: OrderReport) -> str:
    """Return Zerodha's word for where an order stands."""
    if report.status is not Status.WORKING:
        return _ENDS[report.status]
    waits = report.order_type is OrderType.STOP_LIMIT and not report.triggered
    return "TRIGGER PENDING" if waits else "OPEN"


def _record(kept: Kept, status: str) -> Data:
    asked, report = kept.asked, kept.report
    listing = asked.listing
    rest = report.quantity - report.filled_quantity
    over = report.status in (Status.CANCELLED, Status.REJECTED)
    text = f"{report.reason}: {report.text}" if report.reason else None
    tags = _tags(asked)
    return {
        "account_id": USER,
        "placed_by": USER,
        "order_id": kept.order_id,
        "exchange_order_id": report.order_id or None,
        "parent_order_id": None,
        "status": status,
        "status_message": text,
        "status_message_raw": text,
        "order_timestamp": stamp(report.at_ns),
        "exchange_update_timestamp": stamp(report.at_ns),
        "exchange_timestamp": stamp(report.arrived_ns),
        "variety": asked.variety,
        "modified": kept.changes > 0,
        "exchange": listing.exchange,
        "tradingsymbol": listing.name,
        "instrument_token": listing.token,
        "order_type": "SL" if report.order_type is OrderType.STOP_LIMIT else "LIMIT",
        "transaction_type": SIDES[report.side],
        "validity": asked.validity,
        "validity_ttl": asked.minutes,
        "product": asked.product,
        "quantity": report.quantity,
        "disclosed_quantity": asked.disclosed_quantity,
        "price": rupees(report.price_e4),
        "trigger_price": rupees(report.trigger_e4),
        "auction_number": None,
        "average_price": average(report.filled_value_e4, report.filled_quantity),
        "filled_quantity": report.filled_quantity,
        "pending_quantity": 0 if over else rest,
        "cancelled_quantity": rest if report.status is Status.CANCELLED else 0,
        "market_protection": 0,
        "meta": {},
        "tag": asked.tag or None,
        "tags": tags,
        "guid": f"twin{kept.order_id}",
    }


def _tags(asked: Asked) -> list[str]:
    tags = [asked.tag, *asked.marks] if asked.tag else list(asked.marks)
    if asked.order_type in AT_MARKET:
        tags.append("mktp")
        if asked.protection > 0:
            tags.append(f"mktp:{rupees(asked.protection)}")
    return tags


def pushed(record: Data, status: str) -> Data:
    """Return a record as it is pushed."""
    rest = record["pending_quantity"]
    return record | {
        "status": status,
        "user_id": USER,
        "unfilled_quantity": rest,
        "app_id": APP_ID,
        "checksum": "",
    }


def trade_record(trade: Trade, kept: Kept) -> Data:
    """Return a fill as the book of trades shows it."""
    listing = kept.asked.listing
    return {
        "trade_id": trade.trade_id,
        "order_id": kept.order_id,
        "exchange": listing.exchange,
        "tradingsymbol": listing.name,
        "instrument_token": listing.token,
        "product": kept.asked.product,
        "average_price": rupees(trade.price_e4),
        "quantity": trade.quantity,
        "exchange_order_id": trade.order_id,
        "transaction_type": SIDES[trade.side],
        "fill_timestamp": stamp(trade.at_ns),
        "order_timestamp": clock(trade.at_ns),
        "exchange_timestamp": stamp(trade.at_ns),
    }
