"""What is held at Zerodha: positions of the day, and shares of earlier ones.

One line that cannot be understood leaves all of it unknown, for it may be of any number of units.
It is looked for then, so that a person is told which it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TypeVar

from msgspec import Raw, Struct
from msgspec.structs import replace

from daemon.brokers.zerodha.codec import Names
from daemon.brokers.zerodha.products import pocket_of
from daemon.brokers.zerodha.singly import fields
from daemon.brokers.zerodha.wire import Reply, data, parsed, whole
from daemon.domain.market.instruments import Exchange, parts_of
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

    A share is one and the same at both exchanges, and has one line under either of them, wherever
    it was bought. So a line of BSE is the share at NSE where that lists one of this name.

    Raises:
        WireGarbled: one counts what cannot be counted.
    """
    return tuple(
        BrokerPosition(_share(each, names), units, Product.CARRY)
        for each in lines
        if (units := _began_with(each))
    )


def where_sold(
    owned: Iterable[BrokerPosition], held: Iterable[BrokerPosition]
) -> tuple[BrokerPosition, ...]:
    """Return shares of earlier days under the names by which some of them are sold today.

    What is sold of them at BSE stands among the positions by its name there. As many bear that
    name here too, so that it is seen to be out of them, and is no short.

    Args:
        owned: the shares that the day began with.
        held: the positions of the day.
    """
    sold = Counter[str]()
    for each in held:
        if each.product is Product.CARRY:
            sold[each.symbol] += max(-each.net_quantity, 0)
    found = list[BrokerPosition]()
    for each in owned:
        there = f"{Exchange.BSE}:{each.symbol}"
        units = min(sold[there], each.net_quantity)
        sold[there] -= units
        found.append(replace(each, net_quantity=each.net_quantity - units))
        found.append(replace(each, symbol=there, net_quantity=units))
    return tuple(each for each in found if each.net_quantity)


def _share(line: Holding, names: Names) -> str:
    if line.exchange == Exchange.BSE:
        at_nse = names(Exchange.NSE, line.tradingsymbol)
        if parts_of(at_nse) is not None:
            return at_nse
    return names(line.exchange, line.tradingsymbol)


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
