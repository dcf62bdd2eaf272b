"""What was filled of orders, and at which price.

A price is that of an order's trades where they are all there, else its average, which is rounded.
A trade that cannot be understood is none: it hides the price of its own order and of no other.
Both may come later than the fill itself. One that neither prices is not told yet: its order stands
as it stood before, at work, and the rest of the book is told. What was told by the average is told
again once by its trades.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from daemon.brokers.zerodha import codec, questions
from daemon.brokers.zerodha.client import Client
from daemon.brokers.zerodha.codec import OPEN, OrderRecord, TradeRecord
from daemon.brokers.zerodha.wire import amount_e4, whole
from daemon.domain.instants import SECOND_NS
from daemon.domain.money import E4
from daemon.domain.orders.ids import parse
from daemon.domain.orders.words import OrderUpdated
from daemon.errors import BrokerError, WireGarbled

_TRADES_MS = 1_000
"""So long is waited for the trades of an order: its average stands in for them."""
LATE_NS = 10 * SECOND_NS
"""After so long a person is to know that nobody tells at which price an order has filled."""


class _Price(Struct, frozen=True):
    """At which average so many units were filled; exact where their trades tell it."""

    filled: int
    average: Decimal
    exact: bool


class Fills:
    """The fills of an account's orders, as far as they were told.

    Args:
        client: the way to the broker.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._prices: dict[str, _Price] = {}
        self._told: dict[str, tuple[str, int, int]] = {}
        self._unpriced_ns: dict[str, int] = {}

    async def told(self, known: Sequence[OrderRecord], at_ns: int) -> tuple[OrderUpdated, ...]:
        """Return orders as evidence, with the values of their fills.

        Raises:
            WireGarbled: one counts what cannot be counted.
        """
        told = await self._priced(known, at_ns)
        return tuple(self._tell(each, at_ns) for each in told)

    async def news(
        self, book: Sequence[OrderRecord], at_ns: int
    ) -> tuple[tuple[OrderUpdated, ...], tuple[OrderRecord, ...]]:
        """Return the orders of ours that are otherwise than they were told, and the priced book.

        Told are those that were filled, or were rejected: the book shows a no without its reason.

        Raises:
            WireGarbled: an order counts what cannot be counted.
        """
        shown = {each.order_id for each in book}
        for kept in (self._prices, self._told, self._unpriced_ns):
            for number in kept.keys() - shown:
                del kept[number]
        priced = await self._priced(book, at_ns)
        ours = (
            each
            for each in priced
            if parse(each.client_id) and (each.filled_quantity or each.is_rejected)
        )
        due = [each for each in ours if self._told.get(each.order_id) != _seen(each)]
        return tuple(self._tell(each, at_ns) for each in due), priced

    def unpriced(self, at_ns: int) -> tuple[str, ...]:
        """Return the orders that filled a while ago, and that nobody tells a price of."""
        since_ns = self._unpriced_ns
        return tuple(number for number in since_ns if at_ns - since_ns[number] >= LATE_NS)

    def _tell(self, record: OrderRecord, at_ns: int) -> OrderUpdated:
        self._told[record.order_id] = _seen(record)
        return codec.updated(record, at_ns)

    async def _priced(self, book: Sequence[OrderRecord], at_ns: int) -> tuple[OrderRecord, ...]:
        """Return orders at the prices of their fills, and without those that have none."""
        trades: tuple[TradeRecord, ...] = ()
        if any(self._wants_trades(each) for each in book if not each.odd):
            with suppress(BrokerError):  # averages stand in for them; what has none is not told
                trades = await self._client.read(questions.trades(), _TRADES_MS)
        return tuple(each if each.odd else self._at_its_price(each, trades, at_ns) for each in book)

    def _wants_trades(self, record: OrderRecord) -> bool:
        """Say whether its trades tell more of an order; a stranger's average does as it is."""
        if not whole(record.filled_quantity) or self._known(record, exact=True):
            return False
        return bool(parse(record.client_id)) or not record.average_price

    def _at_its_price(
        self, record: OrderRecord, trades: Iterable[TradeRecord], at_ns: int
    ) -> OrderRecord:
        number, filled = record.order_id, whole(record.filled_quantity)
        if not filled:
            return record
        price = (
            self._known(record, exact=True)
            or _by_trades(record, trades)
            or _by_average(record)
            or self._known(record, exact=False)
        )
        if price is None:
            self._unpriced_ns.setdefault(number, at_ns)
            return _before_its_fill(record, self._prices.get(number))
        self._unpriced_ns.pop(number, None)
        self._prices[number] = price
        return replace(record, average_price=price.average)

    def _known(self, record: OrderRecord, *, exact: bool) -> _Price | None:
        """Return the price at which all that is filled of an order was told before."""
        price = self._prices.get(record.order_id)
        if price is None or price.filled != whole(record.filled_quantity):
            return None
        return price if price.exact or not exact else None


def _by_trades(record: OrderRecord, trades: Iterable[TradeRecord]) -> _Price | None:
    """Return the exact price of an order's fills; None where not all of its trades tell theirs."""
    ours = [each for each in trades if each.order_id == record.order_id]
    filled = whole(record.filled_quantity)
    try:
        units = [codec.count(each.quantity) for each in ours]
        value_e4 = sum(map(amount_e4, (each.average_price for each in ours), units))
    except WireGarbled:
        return None
    if not value_e4 or sum(units) != filled:
        return None
    return _Price(filled, Decimal(value_e4) / (filled * E4), exact=True)


def _by_average(record: OrderRecord) -> _Price | None:
    average = record.average_price
    return _Price(whole(record.filled_quantity), average, exact=False) if average else None


def _before_its_fill(record: OrderRecord, before: _Price | None) -> OrderRecord:
    """Return an order as it stood before the fill that nobody tells a price of."""
    text = (
        f"{whole(record.filled_quantity)} filled, and the broker does not tell yet at which price"
    )
    return replace(
        record,
        status=OPEN,
        filled_quantity=Decimal(before.filled if before else 0),
        average_price=before.average if before else None,
        status_message=text,
    )


def _seen(record: OrderRecord) -> tuple[str, int, int]:
    return record.status, whole(record.filled_quantity), amount_e4(record.average_price)
