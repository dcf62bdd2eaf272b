"""The wire between a daemon and the broker process: bodies of msgpack, for both of its sides.

One side is the broker's own: what `ports/broker` asks, each request with the market instant at
which it left. The other is the market's: what the world shows an exchange, and asks of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.msgpack import decode, encode

from daemon.domain.market.frames import Frame
from daemon.domain.market.instruments import Instrument
from daemon.domain.orders.words import (
    ConfirmationWanted,
    Intent,
    OrderAccepted,
    OrderRefused,
    OrderUpdated,
    OutcomeUnknown,
)
from daemon.messages import (
    AccountRead,
    Cancel,
    CancelAnswered,
    FindOrder,
    LoggedIn,
    LogIn,
    MarginRead,
    OrderNotFound,
    ReadAccount,
    ReadMargin,
)
from daemon.twin.matching import LastPrices
from daemon.twin.words import FinalPrice, OrderReport, Trade

ASKED: Mapping[str, type] = {
    "place": Intent,
    "cancel": Cancel,
    "find": FindOrder,
    "read": ReadAccount,
    "margin": ReadMargin,
    "log_in": LogIn,
}
"""What is asked of the broker, and by which word."""
_TOLD: Mapping[str, type] = {
    word.__name__: word
    for word in (
        ConfirmationWanted,
        OrderAccepted,
        OrderRefused,
        OutcomeUnknown,
        OrderUpdated,
        CancelAnswered,
        OrderNotFound,
        AccountRead,
        MarginRead,
        LoggedIn,
        OrderReport,
        Trade,
        FinalPrice,
    )
}
_EVENTS = list[tuple[str, Raw]]
MARKET: Mapping[str, tuple[Any, Any]] = {
    "frames": (tuple[list[tuple[Frame, int]]], _EVENTS),
    "advance": (tuple[int], _EVENTS),
    "settle": (tuple[date, dict[str, int], int], _EVENTS),
    "prime": (tuple[list[Frame], int], None),
    "reached_ns": (tuple[()], int),
    "quoted_ns": (tuple[()], int),
    "trades": (tuple[()], list[Trade]),
    "expiring": (tuple[date], list[Instrument]),
    "quotes": (tuple[date], LastPrices),
}
"""What the world shows or asks, what it gives, and what it is told."""


class Garbled(Exception):
    """A body that is not what it should be."""


class Shown(Struct, array_like=True):
    """What the market's side is told.

    Attributes:
        idle: frames change nothing at the exchange until somebody asks something of it.
        told: the answer.
    """

    idle: bool
    told: Raw


def request(word: Any, at_ns: int) -> bytes:
    """Write what is asked of the broker at a market instant."""
    return encode((at_ns, word))


def requested(verb: str, body: bytes) -> tuple[int, Any]:
    """Read it.

    Raises:
        Garbled: it is no such request.
    """
    try:
        at_ns, word = decode(body, type=tuple[int, ASKED[verb]])
    except (KeyError, msgspec.MsgspecError) as error:
        raise Garbled(f"{verb}: {error}") from error
    return at_ns, word


def words(several: Iterable[Any]) -> list[tuple[str, Any]]:
    """Return words under their names, for one body."""
    return [(type(word).__name__, word) for word in several]


def told(body: bytes) -> tuple[Any, ...]:
    """Read the words of one body.

    Raises:
        Garbled: it holds something else.
    """
    try:
        return tuple(decode(raw, type=_TOLD[name]) for name, raw in decode(body, type=_EVENTS))
    except (KeyError, msgspec.MsgspecError) as error:
        raise Garbled(str(error)) from error
