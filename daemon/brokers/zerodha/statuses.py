"""Orders whose status nobody knows: where they stand by what they have been before.

The status alone is taken from an order's own states. What was filled of it its record says as well,
and quantities are cumulative: the greatest is the newest. What was asked for once is remembered,
for a record that stays as it is has been nothing else since.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from daemon.brokers.zerodha import questions
from daemon.brokers.zerodha.client import Client
from daemon.brokers.zerodha.codec import OrderRecord
from daemon.brokers.zerodha.wire import amount_e4, whole
from daemon.domain.orders.ids import parse

MOST_OTHERS = 10
"""So many orders that are not ours are asked about in one reading; the rest in those after it."""
_Key = tuple[str, str, int]


class Statuses:
    """What orders of a book have been.

    Args:
        client: the way to the broker.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[_Key, tuple[OrderRecord, ...]] = {}

    async def told(self, book: Sequence[OrderRecord]) -> tuple[OrderRecord, ...]:
        """Return a book in which each order stands where its record or its states say.

        Raises:
            BrokerError: the states of an order could not be read.
            WireGarbled: an order counts what cannot be counted.
        """
        untold = [each for each in book if not each.is_told]
        keys = {_key(each) for each in untold}
        self._known = {key: states for key, states in self._known.items() if key in keys}
        for each in _due(each for each in untold if _key(each) not in self._known):
            states = await self._client.read(questions.states(each.order_id))
            if any(state.is_told for state in states):
                self._known[_key(each)] = states
        return tuple(_joined(each, self._known.get(_key(each), ())) for each in book)


def _due(unknown: Iterable[OrderRecord]) -> list[OrderRecord]:
    """Return which orders are asked about now: ours, and as many others as there is time for."""
    ours, others = list[OrderRecord](), list[OrderRecord]()
    for each in unknown:
        (ours if parse(each.client_id) else others).append(each)
    return ours + others[:MOST_OTHERS]


def _joined(record: OrderRecord, states: Sequence[OrderRecord]) -> OrderRecord:
    """Return an order at the last status that says something, with all that was filled of it."""
    told = [each for each in states if each.is_told]
    if not told:
        return record
    last, most = told[-1], max((record, *states), key=_filled)
    return replace(
        record,
        status=last.status,
        filled_quantity=most.filled_quantity,
        average_price=most.average_price,
        status_message=record.status_message or last.status_message,
        status_message_raw=record.status_message_raw or last.status_message_raw,
    )


def _filled(record: OrderRecord) -> tuple[int, int]:
    return whole(record.filled_quantity), amount_e4(record.average_price)


def _key(record: OrderRecord) -> _Key:
    return record.order_id, record.status, whole(record.filled_quantity)
