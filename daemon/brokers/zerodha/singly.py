"""An answer of which not every record can be read: record by record, and field by field.

What can be read is told. An order that cannot be, and bears no id of ours, is odd: it is somebody
else's, or nobody can tell whose. So beside one no order of ours is told not to be in the book.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from decimal import Decimal

from msgspec import Raw

from daemon.brokers.zerodha import codec
from daemon.brokers.zerodha.codec import OrderRecord, TradeRecord
from daemon.brokers.zerodha.wire import Reply, data, parsed
from daemon.domain.orders.ids import parse
from daemon.errors import WireGarbled


def orders(reply: Reply) -> tuple[OrderRecord, ...]:
    """Return the orders of a book, among them odd ones.

    Raises:
        BrokerError: there is no such answer; its class says why.
        WireGarbled: an order of ours cannot be read.
    """
    try:
        return codec.orders(reply)
    except WireGarbled:
        return tuple(map(_order, data(reply, tuple[Raw, ...])))


def trades(reply: Reply) -> tuple[TradeRecord, ...]:
    """Return those fills that can be read, each once: not all of an order's count as none.

    Raises:
        BrokerError: there is no such answer; its class says why.
    """
    try:
        return codec.trades(reply)
    except WireGarbled:
        return codec.each_once(_readable(data(reply, tuple[Raw, ...])))


def fields(record: Raw) -> dict[str, object]:
    """Return the fields of a record that can be read; none of what is no record."""
    told: dict[str, object] = {}
    with suppress(WireGarbled):
        for name, value in parsed(record, dict[str, Raw]).items():
            with suppress(WireGarbled):
                told[name] = parsed(value, object)
    return told


def _readable(fills: Iterable[Raw]) -> Iterator[TradeRecord]:
    for each in fills:
        with suppress(WireGarbled):
            yield parsed(each, TradeRecord)


def _order(record: Raw) -> OrderRecord:
    try:
        return parsed(record, OrderRecord)
    except WireGarbled as error:
        told = fields(record)
        number, tag = _number(told), _tag(told)
        if any(map(parse, _texts(told))):
            raise WireGarbled(f"order {number}, which is ours: {error}") from error
        whose = "which is not ours" if tag else "which bears no tag that can be read"
        odd = f"order {number or '?'}, {whose}, cannot be understood: {error}"
        return OrderRecord(number, "", "", "", "", "", Decimal(0), tag=tag, odd=odd)


def _number(order: dict[str, object]) -> str:
    number = order.get("order_id")
    return str(number) if isinstance(number, str | int) else ""


def _tag(order: dict[str, object]) -> str:
    """Return the tag of an order; empty where it bears none, or not each of them can be read."""
    tags = order.get("tags")
    borne = [order.get("tag"), *(tags if isinstance(tags, list) else [tags])]
    told = [each for each in borne if each]
    read = [each for each in told if isinstance(each, str)]
    return read[0] if read and read == told else ""


def _texts(value: object) -> list[str]:
    """Return all texts that stand in something, however deep."""
    found, left = list[str](), [value]
    while left:
        match left.pop():
            case str(text):
                found.append(text)
            case list(values):
                left += values
            case dict(named):
                left += named.values()
    return found
