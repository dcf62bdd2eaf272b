"""What is held at Zerodha: positions of the day, and shares of earlier ones.

One line that cannot be understood leaves all of it unknown, for it may be of any number of units.
It is looked for then, so that a person is told which it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TypeVar

from msgspec import Raw, Struct

from daemon.brokers.zerodha.codec import Names
from daemon.brokers.zerodha.products import pocket_of
from daemon.brokers.zerodha.singly import fields
from daemon.brokers.zerodha.wire import Reply, data, parsed, whole
from daemon.domain.orders.words import Product
from daemon.errors import WireGarbled
from daemon.messages import BrokerPosition

T = TypeVar("T")


class Holding(Struct, frozen=True):
    """Shares that are held over the day.

    Attributes:
        exchange: of the line.
        tradingsymbol: its name there.
        quantity: that are delivered, less what was sold today.
        t1_quantity: that are bought and not delivered yet.
        average_price: what one of them cost.
        opening_quantity: that the day began with; what is sold of them is among the positions.
    """

    exchange: str
    tradingsymbol: str
    quantity: Decimal
    t1_quantity: Decimal
    average_price: Decimal
    opening_quantity: Decimal = Decimal(0)


class _Position(Struct, frozen=True):
    exchange: str
    tradingsymbol: str
    product: str
    quantity: Decimal


class _Positions(Struct, frozen=True):
    net: tuple[_Position, ...]


class _Lines(Struct, frozen=True):
    net: tuple[Raw, ...]


def positions(reply: Reply, names: Names) -> tuple[BrokerPosition, ...]:
    """Return what is held, each product of a contract by itself; what is flat is left out.

    Args:
        reply: the answer to a read of positions.
        names: tells our symbols.

    Raises:
        BrokerError: there is no such answer; its class says why.
    """
    try:
        net = data(reply, _Positions).net
    except WireGarbled:
        net = tuple(_line(each, _Position) for each in data(reply, _Lines).net)
    return tuple(_position(each, units, names) for each in net if (units := _units(each)))


def holdings(reply: Reply) -> tuple[Holding, ...]:
    """Return the lines of shares that are held over the day.

    Raises:
        BrokerError: there is no such answer; its class says why.
    """
    try:
        return data(reply, tuple[Holding, ...])
    except WireGarbled:
        return tuple(_line(each, Holding) for each in data(reply, tuple[Raw, ...]))


def shares(lines: Iterable[Holding], names: Names) -> tuple[BrokerPosition, ...]:
    """Return the shares that the day began with as positions, undelivered ones included.

    Raises:
        WireGarbled: one counts what cannot be counted.
    """
    return tuple(
        BrokerPosition(names(each.exchange, each.tradingsymbol), units, Product.CARRY)
        for each in lines
        if (units := _began_with(each))
    )


def _position(line: _Position, units: int, names: Names) -> BrokerPosition:
    symbol = names(line.exchange, line.tradingsymbol)
    pocket = pocket_of(symbol, line.exchange, line.product)
    return BrokerPosition(pocket.symbol, units, pocket.product)


def _units(line: _Position) -> int:
    with _naming(line.exchange, line.tradingsymbol):
        return whole(line.quantity)


def _began_with(line: Holding) -> int:
    with _naming(line.exchange, line.tradingsymbol):
        return max(whole(line.opening_quantity), whole(line.quantity) + whole(line.t1_quantity))


def _line(line: Raw, form: type[T]) -> T:
    told = fields(line)
    with _naming(told.get("exchange"), told.get("tradingsymbol")):
        return parsed(line, form)


@contextmanager
def _naming(exchange: object, name: object) -> Iterator[None]:
    """Have a failure tell of which line it is."""
    try:
        yield
    except WireGarbled as error:
        of = ":".join(each if isinstance(each, str) else "?" for each in (exchange, name))
        raise WireGarbled(f"what is held of {of} cannot be understood: {error}") from error
