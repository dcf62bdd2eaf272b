"""Zerodha's triggers that rest for up to a year, and place a limit order once a price is reached.

A trigger bears no tag of ours, so one whose answer was lost cannot be told from another's. What it
places may be refused then, and shows so; it is no stop that anybody may rely on.

Source: Kite Connect 3, GTT.
"""

from __future__ import annotations

from decimal import Decimal
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


class _Outcome(Struct, frozen=True):
    order_id: str = ""
    rejection_reason: str = ""


class _Result(Struct, frozen=True):
    order_result: _Outcome = _Outcome()


class _Order(Struct, frozen=True):
    result: _Result | None = None


class Trigger(Struct, frozen=True):
    """A trigger as the broker shows it; one that has triggered may have placed nothing."""

    id: int
    status: Status
    type: str
    orders: tuple[_Order, ...] = ()

    @property
    def order_id(self) -> str:
        """The broker's number of the order that it placed; empty: there is none."""
        return next((each.order_id for each in self._outcomes if each.order_id), "")

    @property
    def refusal(self) -> str:
        """Why the order that it placed was refused; empty: it was not."""
        return next((each.rejection_reason for each in self._outcomes if not each.order_id), "")

    @property
    def _outcomes(self) -> list[_Outcome]:
        return [each.result.order_result for each in self.orders if each.result is not None]


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
    return form("POST", _PATH, _fields(listed, last_e4, children))


def changing(trigger_id: int, listed: Listed, last_e4: int, children: tuple[Child, ...]) -> Sent:
    """Return the request that has a trigger wait for other prices, or place other orders.

    Args:
        trigger_id: the broker's number.
        listed: its contract.
        last_e4: what it costs now.
        children: as many as it has, all that they shall be.

    Raises:
        BrokerMisused: there are others than one or two, or they do not rise.
    """
    return form("PUT", f"{_PATH}/{trigger_id}", _fields(listed, last_e4, children))


def _fields(listed: Listed, last_e4: int, children: tuple[Child, ...]) -> dict[str, object]:
    triggers = [child.trigger_e4 for child in children]
    kinds = {1: "single", 2: "two-leg"}
    if len(children) not in kinds or sorted(set(triggers)) != triggers:
        raise BrokerMisused("a trigger has one price, or a lower and a higher one")
    condition = {
        "exchange": listed.exchange,
        "tradingsymbol": listed.name,
        "trigger_values": [_number(each) for each in triggers],
        "last_price": _number(last_e4),
    }
    orders = [
        {
            "exchange": listed.exchange,
            "tradingsymbol": listed.name,
            "transaction_type": SIDES[child.side],
            "quantity": child.quantity,
            "order_type": "LIMIT",
            "product": child.product,
            "price": _number(child.price_e4),
        }
        for child in children
    ]
    return {
        "condition": _text(condition),
        "orders": _text(orders),
        "type": kinds[len(children)],
    }


def _text(told: object) -> str:
    """Return JSON as the broker's own client spaces it."""
    return msgspec.json.format(_JSON.encode(told), indent=0).decode()


def _number(price_e4: int) -> Decimal:
    """Return a price with the digits that the broker's own client writes: `200.0`, `200.05`."""
    text = f"{units(price_e4):f}".rstrip("0")
    return Decimal(f"{text}0" if text.endswith(".") else text)


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
