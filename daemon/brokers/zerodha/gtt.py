"""Zerodha's triggers that rest for up to a year, and place a limit order once a price is reached.

A trigger bears no tag of ours, so one whose answer was lost cannot be told from another's. What it
places may be refused then, and shows so; it is no stop that anybody may rely on.

Source: Kite Connect 3, GTT.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec
from msgspec import Struct

from daemon.brokers.zerodha.forms import SIDES, Sent, form
from daemon.brokers.zerodha.instruments import Listed
from daemon.brokers.zerodha.questions import Question
from daemon.brokers.zerodha.wire import data
from daemon.domain.money import units
from daemon.domain.orders.words import Side
from daemon.errors import BrokerMisused

_PATH = "/gtt/triggers"
_JSON = msgspec.json.Encoder(decimal_format="number")


class Status(StrEnum):
    """Where a trigger stands."""

    ACTIVE = "active"
    TRIGGERED = "triggered"
    DISABLED = "disabled"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    DELETED = "deleted"


class Child(Struct, frozen=True):
    """The limit order that a trigger places.

    Attributes:
        trigger_e4: the price at which it does.
        side: which way.
        quantity: units.
        price_e4: the limit.
        product: `NRML`, `CNC` or `MTF`.
    """

    trigger_e4: int
    side: Side
    quantity: int
    price_e4: int
    product: str = "NRML"


class Trigger(Struct, frozen=True):
    """A trigger as the broker shows it."""

    id: int
    status: Status
    type: str


class Taken(Struct, frozen=True):
    """The answer to a write."""

    trigger_id: int


def placing(listed: Listed, last_e4: int, children: tuple[Child, ...]) -> Sent:
    """Return the request for a trigger with one price, or with one below and one above.

    Args:
        listed: the contract.
        last_e4: what it costs now.
        children: one, or two with the lower trigger first.

    Raises:
        BrokerMisused: there are others than one or two, or they do not rise.
    """
    triggers = [child.trigger_e4 for child in children]
    kinds = {1: "single", 2: "two-leg"}
    if len(children) not in kinds or sorted(set(triggers)) != triggers:
        raise BrokerMisused("a trigger has one price, or a lower and a higher one")
    condition = {
        "exchange": listed.exchange,
        "tradingsymbol": listed.name,
        "trigger_values": [units(each) for each in triggers],
        "last_price": units(last_e4),
    }
    orders = [
        {
            "exchange": listed.exchange,
            "tradingsymbol": listed.name,
            "transaction_type": SIDES[child.side],
            "quantity": child.quantity,
            "order_type": "LIMIT",
            "product": child.product,
            "price": units(child.price_e4),
        }
        for child in children
    ]
    fields: dict[str, object] = {
        "condition": _JSON.encode(condition).decode(),
        "orders": _JSON.encode(orders).decode(),
        "type": kinds[len(children)],
    }
    return form("POST", _PATH, fields)


def removal(trigger_id: int) -> Sent:
    """Return the request that takes a trigger away."""
    return Sent("DELETE", f"{_PATH}/{trigger_id}")


def triggers() -> Question[tuple[Trigger, ...]]:
    """Ask for all triggers."""
    return Question(
        what="the triggers",
        sent=Sent("GET", _PATH),
        read=lambda reply: data(reply, tuple[Trigger, ...]),
    )


def trigger(trigger_id: int) -> Question[Trigger]:
    """Ask for one trigger."""
    return Question(
        what="the trigger",
        sent=Sent("GET", f"{_PATH}/{trigger_id}"),
        read=lambda reply: data(reply, Trigger),
    )
