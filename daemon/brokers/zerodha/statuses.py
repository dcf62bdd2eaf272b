"""Orders whose status nobody knows: where they stand by what they have been before.

The status alone is taken from an order's own states. What was filled of it its record says as well,
and quantities are cumulative: the greatest is the newest. What was asked for once is remembered,
for a record that stays as it is has been nothing else since.

An order that cannot be understood, and is not known as ours, is marked as odd and hides none of
ours: only what is held cannot be compared while it is there. Ours is what bears an id of ours, and
what has borne one under its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from daemon.brokers.zerodha import codec, questions
from daemon.brokers.zerodha.client import Client
from daemon.brokers.zerodha.codec import OrderRecord
from daemon.brokers.zerodha.wire import amount_e4, whole
from daemon.domain.orders.ids import parse
from daemon.errors import BrokerError, SessionRefused, WireGarbled

MOST_OTHERS = 10
"""So many orders that are not ours are asked about in one reading; the rest in those after it."""
_OTHERS_MS = 2_000
"""So long is waited for the states of one of them, tried again or not: news of ours wait for it."""
_Key = tuple[str, str, int]


class Statuses:
    """What orders of a book have been.

    Args:
        client: the way to the broker.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[_Key, tuple[OrderRecord, ...]] = {}
        self._ours: dict[str, str] = {}

    async def told(self, book: Sequence[OrderRecord]) -> tuple[OrderRecord, ...]:
        """Return a book in which each order stands where its record or its states say.

        After one of somebody else's that cannot be understood no other such is asked about.

        Raises:
            BrokerError: the states of an order of ours could not be read, or there is no session.
            WireGarbled: an order of ours counts what cannot be counted, or cannot be read.
        """
        book = self._own([_counted(each) for each in book])
        untold = [each for each in book if not each.is_told and not each.odd]
        keys = {_key(each) for each in untold}
        self._known = {key: states for key, states in self._known.items() if key in keys}
        odd: dict[str, OrderRecord] = {}
        for each in _due(each for each in untold if _key(each) not in self._known):
            try:
                states = await self._states(each)
            except SessionRefused:
                raise
            except BrokerError as error:
                if _is_ours(each):
                    raise
                odd[each.order_id] = _odd(each, error)
                break
            if any(state.is_told for state in states):
                self._known[_key(each)] = states
        return tuple(odd.get(each.order_id) or self._joined(each) for each in book)

    def _own(self, book: Sequence[OrderRecord]) -> list[OrderRecord]:
        """Return a book in which each order bears the id of ours that it has ever borne.

        Raises:
            WireGarbled: an odd one has borne one.
        """
        self._ours |= {each.order_id: each.client_id for each in book if _is_ours(each)}
        if not any(each.odd for each in book):  # such a one may be any number
            shown = {each.order_id for each in book}
            self._ours = {at: own for at, own in self._ours.items() if at in shown}
        return [_owned(each, self._ours.get(each.order_id, "")) for each in book]

    async def _states(self, record: OrderRecord) -> tuple[OrderRecord, ...]:
        """Return what an order has been, all of which can be counted.

        Raises:
            BrokerError: that could not be read.
        """
        asked = questions.states(record.order_id)
        states = await self._client.read(asked, None if _is_ours(record) else _OTHERS_MS)
        for each in states:
            _filled(each)
        return states

    def _joined(self, record: OrderRecord) -> OrderRecord:
        return record if record.odd else _joined(record, self._known.get(_key(record), ()))


def _is_ours(record: OrderRecord) -> bool:
    return parse(record.client_id) is not None


def _owned(record: OrderRecord, own: str) -> OrderRecord:
    """Return an order under the id of ours that its number has borne, if any."""
    if not own or _is_ours(record):
        return record
    if record.odd:
        raise WireGarbled(f"order {record.order_id} is ours by its number; {record.odd}")
    return replace(record, tag=own)


def _counted(record: OrderRecord) -> OrderRecord:
    """Return an order as it is, and as an odd one where it is not ours and cannot be counted."""
    if _is_ours(record):
        return record
    try:
        codec.count(record.quantity)
        codec.count(record.filled_quantity)
        amount_e4(record.average_price)
    except WireGarbled as error:
        return _odd(record, error)
    return record


def _odd(record: OrderRecord, error: BrokerError) -> OrderRecord:
    text = f"order {record.order_id}, which is not ours, cannot be understood: {error}"
    return replace(record, odd=text)


def _due(unknown: Iterable[OrderRecord]) -> list[OrderRecord]:
    """Return which orders are asked about now: ours, and as many others as there is time for."""
    ours, others = list[OrderRecord](), list[OrderRecord]()
    for each in unknown:
        (ours if _is_ours(each) else others).append(each)
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
