"""What Zerodha is asked, without anything being changed by it: each question with its reading.

A question belongs to a class, for the broker counts quotes, candles and all else apart.

Source: Kite Connect 3, orders, portfolio, user, margins, market quotes, instruments and GTT.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from daemon.brokers.zerodha import codec, forms, held, singly, wire
from daemon.brokers.zerodha.codec import Names, OrderRecord, TradeRecord
from daemon.brokers.zerodha.forms import JSON_FORM, Sent
from daemon.brokers.zerodha.held import Holding
from daemon.brokers.zerodha.instruments import Listed
from daemon.brokers.zerodha.wire import Reply, amount_e4, data
from daemon.domain.orders.margin import MarginLeg
from daemon.errors import BrokerUnavailable
from daemon.messages import BrokerPosition

T = TypeVar("T")
READ_MS = 3_000
"""So long one answer may take, where a late one is worth less than another try."""
_FILE_MS = 60_000  # eight megabytes


class Kind(StrEnum):
    """Which of the broker's counts a question falls under."""

    QUOTE = "quote"
    HISTORY = "history"
    OTHER = "other"


class Question(Struct, Generic[T], frozen=True, kw_only=True):
    """A question.

    Attributes:
        what: its name in the sentence of a failure.
        sent: the request.
        read: takes the answer apart, or raises what it is instead.
        kind: its class.
        timeout_ms: how long one answer may take; None: as long as the broker may for any, tried
            again or not, for one that is late is worth more than none.
    """

    what: str
    sent: Sent
    read: Callable[[Reply], T]
    kind: Kind = Kind.OTHER
    timeout_ms: int | None = READ_MS


class Profile(Struct, frozen=True):
    """Whose session it is."""

    user_id: str
    exchanges: tuple[str, ...] = ()
    products: tuple[str, ...] = ()


class _Total(Struct, frozen=True):
    total: Decimal


class _Charged(Struct, frozen=True):
    charges: _Total


class Executed(Struct, frozen=True, kw_only=True):
    """An order that was executed, as the question for its charges names it."""

    order_id: str
    exchange: str
    tradingsymbol: str
    transaction_type: str
    variety: str = forms.REGULAR
    product: str
    order_type: str = "LIMIT"
    quantity: int
    average_price: Decimal


def orders() -> Question[tuple[OrderRecord, ...]]:
    """Ask for all orders of the day."""
    sent = _get("/orders")
    return Question(what="the order book", sent=sent, read=singly.orders, timeout_ms=None)


def states(order_id: str) -> Question[tuple[OrderRecord, ...]]:
    """Ask for all that an order has been, oldest first."""
    sent = _get(f"/orders/{quote(order_id, '')}")
    return Question(what="the states of an order", sent=sent, read=codec.orders, timeout_ms=None)


def trades(order_id: str = "") -> Question[tuple[TradeRecord, ...]]:
    """Ask for the fills of the day, or of one order."""
    path = f"/orders/{quote(order_id, '')}/trades" if order_id else "/trades"
    return Question(what="the trades", sent=_get(path), read=singly.trades)


def positions(names: Names) -> Question[tuple[BrokerPosition, ...]]:
    """Ask what is held, each product by itself; `names` tells our symbols."""

    def read(reply: Reply) -> tuple[BrokerPosition, ...]:
        return held.positions(reply, names)

    sent = _get("/portfolio/positions")
    return Question(what="the positions", sent=sent, read=read, timeout_ms=None)


def holdings() -> Question[tuple[Holding, ...]]:
    """Ask for the shares that are held over the day."""
    sent = _get("/portfolio/holdings")
    return Question(what="the holdings", sent=sent, read=held.holdings)


def funds() -> Question[int]:
    """Ask what is free for shares and derivatives, in `_e4`."""
    return Question(what="the funds", sent=_get("/user/margins"), read=codec.available_e4)


def profile() -> Question[Profile]:
    """Ask whose session it is: the cheapest way to find out whether it stands."""
    sent = _get("/user/profile")
    return Question(what="the profile", sent=sent, read=lambda reply: data(reply, Profile))


def basket_margin(legs: Iterable[tuple[MarginLeg, Listed]]) -> Question[int]:
    """Ask what legs need beside all that is held, in `_e4`."""
    sent = forms.basket(legs)
    return Question(what="the margin of the legs", sent=sent, read=codec.required_e4)


def order_margins(legs: Iterable[tuple[MarginLeg, Listed]]) -> Question[tuple[int, ...]]:
    """Ask what each leg needs by itself, in `_e4`."""
    basket = forms.basket(legs)
    sent = Sent("POST", "/margins/orders", basket.body, basket.content_type)

    def read(reply: Reply) -> tuple[int, ...]:
        return tuple(amount_e4(each.total) for each in data(reply, tuple[_Total, ...]))

    return Question(what="the margins of the orders", sent=sent, read=read)


def charges(executed: Sequence[Executed]) -> Question[tuple[int, ...]]:
    """Ask what is charged for each of some orders, in `_e4`."""
    body = msgspec.json.Encoder(decimal_format="number").encode(executed)
    sent = Sent("POST", "/charges/orders", body, JSON_FORM)

    def read(reply: Reply) -> tuple[int, ...]:
        return tuple(amount_e4(each.charges.total) for each in data(reply, tuple[_Charged, ...]))

    return Question(what="the charges", sent=sent, read=read)


def contracts() -> Question[str]:
    """Ask for the file of contracts; `instruments.read` takes it apart."""
    return Question(
        what="the file of contracts",
        sent=_get("/instruments"),
        read=_file,
        timeout_ms=_FILE_MS,
    )


def asked(path: str, fields: Sequence[tuple[str, object]]) -> Sent:
    """Return a request whose parameters stand in its path; one that repeats is given twice."""
    return Sent("GET", f"{path}?{urlencode(fields)}")


def _get(path: str) -> Sent:
    return Sent("GET", path)


def _file(reply: Reply) -> str:
    """Return the file; a page for browsers that comes in its place is none.

    Raises:
        BrokerError: it did not come; its class says why.
    """
    if reply.status != wire.OK:
        wire.data(reply, msgspec.Raw)
        raise BrokerUnavailable(f"Zerodha answers {reply.status} in place of its contracts")
    try:
        return reply.body.decode()
    except UnicodeDecodeError as error:
        raise BrokerUnavailable("Zerodha's file of contracts is no text") from error
