"""Zerodha's records of orders, trades and funds, as words of the domain.

A record's fields that lie are not read at all: the pending and cancelled quantities of what was
cancelled, the type and the protection of what the exchange got as a limit, the split of profits.
What is left of an order follows from what was filled. A status that nobody knows ends nothing.

Source: Kite Connect 3, orders, portfolio, user and margins; the broker's own sample answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from msgspec import Raw, Struct

from daemon.brokers.zerodha.answers import kind_of
from daemon.brokers.zerodha.products import pocket_of
from daemon.brokers.zerodha.wire import Reply, amount_e4, data, parsed, whole
from daemon.domain.orders.ids import parse
from daemon.domain.orders.words import OrderUpdated, Refusal, Side, State
from daemon.errors import WireGarbled
from daemon.messages import AccountRead, BrokerOrder, BrokerPosition, OrderNotFound

Names = Callable[[str, str], str]
"""Exchange and name at the broker -> Ordo's symbol."""

OPEN = "OPEN"
STATUSES: dict[str, State] = {
    "COMPLETE": State.FILLED,
    "CANCELLED": State.CANCELLED,
    "REJECTED": State.REJECTED,
    "PUT ORDER REQ RECEIVED": State.WORKING,
    "AMO REQ RECEIVED": State.WORKING,
    "VALIDATION PENDING": State.WORKING,
    "OPEN PENDING": State.WORKING,
    OPEN: State.WORKING,
    "TRIGGER PENDING": State.WORKING,
    "MODIFY VALIDATION PENDING": State.WORKING,
    "MODIFY PENDING": State.WORKING,
    "MODIFIED": State.WORKING,
    "CANCEL PENDING": State.WORKING,
}
"""Status of a record -> where the order stands. `UPDATE`, which only pushes have, says nothing."""
_NO_PRICE = Raw(b"null")
_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}


class OrderRecord(Struct, frozen=True):
    """An order, as a book shows it; only what is to be believed.

    Attributes:
        order_id: the broker's number.
        status: one of `STATUSES`, or a word that nobody knows.
        variety: under which it is changed and cancelled.
        parent_order_id: of a second leg, the first.
        price: its limit; like the next one it hides nothing where it cannot be read.
        trigger_price: what wakes it.
        odd: why it cannot be understood, of an order not known as ours; no answer says it.
    """

    order_id: str
    status: str
    exchange: str
    tradingsymbol: str
    transaction_type: str
    product: str
    quantity: Decimal
    filled_quantity: Decimal | None = None
    average_price: Decimal | None = None
    status_message: str | None = None
    status_message_raw: str | None = None
    tag: str | None = None
    tags: tuple[str, ...] | None = None
    variety: str = "regular"
    parent_order_id: str | None = None
    price: Raw = _NO_PRICE
    trigger_price: Raw = _NO_PRICE
    odd: str = ""

    @property
    def client_id(self) -> str:
        """Our own id; of another's order its tag."""
        told = [tag for tag in (self.tag, *(self.tags or ())) if tag]
        return next(filter(parse, told), told[0] if told else "")

    @property
    def is_told(self) -> bool:
        """Whether its status says where it stands; otherwise it is to be read again."""
        return self.status in STATUSES

    @property
    def is_rejected(self) -> bool:
        """Whether it was taken, and then refused."""
        return _state(self) is State.REJECTED

    @property
    def text(self) -> str:
        """The broker's words, those for people before those of its risk system."""
        return self.status_message or self.status_message_raw or ""


class TradeRecord(Struct, frozen=True):
    """A fill; its number is one of its exchange."""

    trade_id: str
    order_id: str
    exchange: str
    average_price: Decimal
    quantity: Decimal


class _Funds(Struct, frozen=True):
    net: Decimal


class _Segments(Struct, frozen=True):
    equity: _Funds


class _Total(Struct, frozen=True):
    total: Decimal


class _Basket(Struct, frozen=True):
    final: _Total


def orders(reply: Reply) -> tuple[OrderRecord, ...]:
    """Return the orders of a book, or the states of one order, all of which can be read.

    Raises:
        BrokerError: there is no such answer; its class says why.
    """
    return data(reply, tuple[OrderRecord, ...])


def trades(reply: Reply) -> tuple[TradeRecord, ...]:
    """Return fills, each once.

    Raises:
        BrokerError: there is no such answer; its class says why.
    """
    return each_once(data(reply, tuple[TradeRecord, ...]))


def each_once(fills: Iterable[TradeRecord]) -> tuple[TradeRecord, ...]:
    """Return fills, of which some may be told more than once."""
    return tuple({(each.exchange, each.trade_id, each.order_id): each for each in fills}.values())


def updated(record: OrderRecord, now_ns: int) -> OrderUpdated:
    """Return an order as evidence.

    Of what was cancelled or rejected the units are not told, for they fill no more; and the prices
    that it asks only while it works.

    Args:
        record: as the book shows it, at the price of its fills.
        now_ns: when it was read.

    Raises:
        WireGarbled: it counts what cannot be counted.
    """
    state = _state(record)
    price_e4, trigger_e4 = _asked_e4(record)
    return OrderUpdated(
        intent_id=record.client_id,
        broker_order_id=record.order_id,
        state=state,
        filled_quantity=count(record.filled_quantity),
        filled_value_e4=_value_e4(record),
        at_ns=now_ns,
        kind=_reason(record),
        text=record.text,
        quantity=count(record.quantity) if state in (State.WORKING, State.FILLED) else 0,
        price_e4=price_e4,
        trigger_e4=trigger_e4,
    )


def shown(record: OrderRecord, names: Names) -> BrokerOrder:
    """Return an order as the broker's book shows it.

    Raises:
        WireGarbled: it counts what cannot be counted, goes neither way, or is odd.
    """
    if record.odd:
        raise WireGarbled(record.odd)
    if record.transaction_type not in _SIDES:
        raise WireGarbled(f"order {record.order_id} is to {record.transaction_type!r}")
    symbol = names(record.exchange, record.tradingsymbol)
    pocket = pocket_of(symbol, record.exchange, record.product)
    price_e4, trigger_e4 = _asked_e4(record)
    return BrokerOrder(
        client_id=record.client_id,
        broker_order_id=record.order_id,
        symbol=pocket.symbol,
        side=_SIDES[record.transaction_type],
        quantity=count(record.quantity),
        state=_state(record),
        filled_quantity=count(record.filled_quantity),
        filled_value_e4=_value_e4(record),
        text=record.text,
        product=pocket.product,
        price_e4=price_e4,
        trigger_e4=trigger_e4,
        kind=_reason(record),
    )


def account(
    book: Iterable[OrderRecord], held: tuple[BrokerPosition, ...], names: Names, now_ns: int
) -> tuple[AccountRead, str]:
    """Return the book, orders of the day and what is held, and why an order is not in it.

    That is only said of one that bears no id of ours; of several the first is named.

    Args:
        book: the orders.
        held: the positions.
        names: tells our symbols.
        now_ns: when both were read.

    Raises:
        WireGarbled: an order of ours counts what cannot be counted, or goes neither way.
    """
    understood, odd = list[BrokerOrder](), ""
    for record in book:
        try:
            understood.append(shown(record, names))
        except WireGarbled as error:
            if parse(record.client_id):
                raise
            odd = odd or str(error)
    return AccountRead(tuple(understood), held, now_ns), odd


def found(
    intent_id: str, book: Sequence[OrderRecord], now_ns: int
) -> tuple[OrderUpdated, ...] | tuple[OrderNotFound]:
    """Return all orders of a book that bear our id; that there is none now proves nothing.

    Raises:
        WireGarbled: one counts what cannot be counted; or there is none, and an odd one may be it.
    """
    ours = [updated(record, now_ns) for record in book if record.client_id == intent_id]
    hidden = next((each.odd for each in book if each.odd), "")
    if hidden and not ours:
        raise WireGarbled(hidden)
    return tuple(ours) if ours else (OrderNotFound(intent_id, now_ns),)


def count(value: Decimal | None) -> int:
    """Return of how many units something is told to be; nothing is zero.

    Raises:
        WireGarbled: that cannot be counted.
    """
    number = whole(value)
    if number < 0:
        raise WireGarbled(f"an order at Zerodha is told to be of {number} units")
    return number


def available_e4(funds: Reply) -> int:
    """Return what is free for shares and derivatives, in `_e4`.

    Raises:
        BrokerError: there is no such answer; its class says why.
    """
    return amount_e4(data(funds, _Segments).equity.net)


def required_e4(basket: Reply) -> int:
    """Return what the legs of a basket need beside what is held, in `_e4`.

    Raises:
        BrokerError: there is no such answer; its class says why.
    """
    return amount_e4(data(basket, _Basket).final.total)


def _state(record: OrderRecord) -> State:
    """Return where an order stands; one that is done before all of it is counted still works."""
    state = STATUSES.get(record.status, State.WORKING)
    if state is State.FILLED and whole(record.filled_quantity) < whole(record.quantity):
        return State.WORKING
    return state


def _reason(record: OrderRecord) -> Refusal | None:
    """Return why the broker would not have an order, or has it no longer; None: no word of that.

    Who cancelled an order is told by no record, so there a text that nobody knows is no reason.
    """
    state = _state(record)
    if state not in (State.REJECTED, State.CANCELLED):
        return None
    kind = kind_of(f"{record.status_message or ''} {record.status_message_raw or ''}")
    return None if state is State.CANCELLED and kind is Refusal.OTHER else kind


def _value_e4(record: OrderRecord) -> int:
    """Return the sum of price x units of what was filled."""
    return amount_e4(record.average_price, count(record.filled_quantity))


def _asked_e4(record: OrderRecord) -> tuple[int, int]:
    """Return the limit and the trigger of an order that works; of any other they may lie."""
    if _state(record) is not State.WORKING:
        return 0, 0
    return _price_e4(record.price), _price_e4(record.trigger_price)


def _price_e4(told: Raw) -> int:
    """Return a price that an order asks; zero: it asks none, or none that can be read."""
    try:
        return max(amount_e4(parsed(told, Decimal)), 0)
    except WireGarbled:
        return 0
