"""What cards ask through the port, and how they look into the exchange's own book."""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.instants import SECOND_NS
from daemon.domain.money import E4
from daemon.domain.orders.limits import Approved, _Seal
from daemon.domain.orders.words import (
    ConfirmationWanted,
    Intent,
    OrderAccepted,
    OrderAnswer,
    OrderRefused,
    OrderType,
    OrderUpdated,
    OutcomeUnknown,
    Purpose,
    Side,
    State,
)
from daemon.messages import (
    AccountRead,
    Cancel,
    CancelAnswered,
    FindOrder,
    OrderNotFound,
    Place,
    ReadAccount,
)
from daemon.twin.words import OrderReport, Status
from tests.contract.bench import Bench
from tests.kit.wire_twin import CALL, LOT

OUTCOMES = (OrderAccepted, OrderRefused, OutcomeUnknown, ConfirmationWanted)
"""The four that a write is answered with, one of them."""


class Sent(Struct, frozen=True):
    """An order that was asked for.

    Attributes:
        intent_id: our own id.
        outcome: which of the four came.
        number: the broker's, where it was taken.
    """

    intent_id: str
    outcome: OrderAnswer
    number: str = ""


async def place(bench: Bench, price: float = 201, **changes: object) -> Sent:
    """Ask for one lot of the call, which is bought at once at 201, unless it is to be another."""
    now_ns = bench.now_ns()
    fields = {
        "intent_id": bench.ids.next(), "account": "bench", "strategy_id": "cards", "leg_id": "call",
        "symbol": CALL, "side": Side.BUY, "quantity": LOT, "order_type": OrderType.LIMIT,
        "price_e4": round(price * E4), "purpose": Purpose.ENTRY, "parent": "cards",
        "decided_ns": now_ns, "deadline_ns": now_ns + SECOND_NS,
    }  # fmt: skip
    intent = Intent(**{**fields, **changes})
    outcome, *evidence = await bench.ask(Place(Approved(intent, _Seal(intent))))
    assert isinstance(outcome, OUTCOMES)
    assert outcome.intent_id == intent.intent_id
    assert not any(isinstance(each, OUTCOMES) for each in evidence)
    number = outcome.broker_order_id if isinstance(outcome, OrderAccepted) else ""
    return Sent(intent.intent_id, outcome, number)


async def taken(bench: Bench, price: float = 201, **changes: object) -> Sent:
    """Ask for an order that is taken."""
    sent = await place(bench, price, **changes)
    assert isinstance(sent.outcome, OrderAccepted), sent
    return sent


async def cancel(bench: Bench, sent: Sent) -> bool:
    """Ask that an order be taken out of the book, and say whether that is told to be done."""
    answered, *_ = await bench.ask(Cancel(sent.intent_id, sent.number))
    assert isinstance(answered, CancelAnswered)
    assert answered.done or answered.text
    return answered.done


async def found(bench: Bench, sent: Sent) -> OrderUpdated:
    """Return what a look-up says of an order that is there once."""
    (told,) = await bench.ask(FindOrder(sent.intent_id))
    assert isinstance(told, OrderUpdated)
    assert told.intent_id == sent.intent_id
    assert sent.number in ("", told.broker_order_id)
    return told


async def is_absent(bench: Bench, sent: Sent) -> bool:
    """Say whether a look-up tells that an order is not there; that nothing was seen is no such."""
    told = await bench.ask(FindOrder(sent.intent_id))
    return [type(each) for each in told] == [OrderNotFound]


async def whole(bench: Bench) -> AccountRead:
    """Return what the whole book is told to be."""
    *_, read = await bench.ask(ReadAccount())
    assert isinstance(read, AccountRead), read
    return read


def booked(bench: Bench, sent: Sent) -> OrderReport:
    """Return an order as the exchange itself has it, once."""
    (report,) = bench.exchange.orders_by_client_id(sent.intent_id)
    return report


def is_nowhere(bench: Bench, sent: Sent) -> bool:
    """Say whether the exchange never had an order that could trade."""
    known = bench.exchange.orders_by_client_id(sent.intent_id)
    return all(each.status is Status.REJECTED for each in known)


def held(bench: Bench) -> dict[str, int]:
    """Return what the exchange itself says is held, in units by symbol."""
    positions = bench.exchange.positions()
    return {each.symbol: each.net_quantity for each in positions if each.net_quantity}


async def assert_equal_books(bench: Bench) -> None:
    """Hold what the port shows against the exchange's own book: orders, fills, what is held."""
    read = await whole(bench)
    shown = [
        (each.client_id, each.side.value, each.quantity, each.state.name, each.filled_quantity)
        for each in read.orders
        if each.state is not State.REJECTED
    ]
    own = [
        (each.client_id, each.side.value, each.quantity, each.status.name, each.filled_quantity)
        for each in bench.exchange.orders()
        if each.status is not Status.REJECTED
    ]
    assert sorted(shown) == sorted(own)
    positions = {each.symbol: each.net_quantity for each in read.positions if each.net_quantity}
    assert positions == held(bench)
