"""What a text on the socket says: that an order has news, or words for people.

An order in it is a hint, and its book the evidence.

Source: Kite Connect 3, web socket streaming, message structure and postbacks.
"""

from __future__ import annotations

from msgspec import Raw, Struct

from daemon.brokers.zerodha.wire import parsed
from daemon.errors import WireGarbled


class Pushed(Struct, frozen=True):
    """An order that is pushed; its number may be missing, and nothing else of it is believed."""

    order_id: str


class Notice(Struct, frozen=True):
    """A text of the broker's on the socket; `kind` is its word for it."""

    kind: str
    text: str


class _Pushed(Struct, frozen=True):
    type: str
    data: Raw = Raw(b"null")


class _Numbered(Struct, frozen=True):
    order_id: str | int


def pushed(text: str) -> Pushed | Notice:
    """Return what a text on the socket says; an order in it is a hint, and its book the evidence.

    So an order whose record lacks something, or all, is a hint as well.

    Raises:
        WireGarbled: it cannot be understood.
    """
    told = parsed(text, _Pushed)
    if told.type == "order":
        return Pushed(_number(told.data))
    words = parsed(told.data, str) if told.type in ("error", "message") else ""
    return Notice(told.type, words)


def _number(order: Raw) -> str:
    """Return the broker's number of an order that is pushed; empty where it says none."""
    try:
        return str(parsed(order, _Numbered).order_id)
    except WireGarbled:
        return ""
