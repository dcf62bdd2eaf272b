"""What Zerodha answers to a write: taken, refused for a reason, or nobody knows.

A refusal is believed only where the broker names one that cannot have reached an exchange, under
the status that goes with it, and says nothing of a time-out. Whatever else comes, an order may have
been placed by it, for the broker's own gateway answers before its order system does.

Source: Kite Connect 3, response structure and exceptions; answers of its staff on time-outs.
"""

from __future__ import annotations

import re
from typing import TypeVar

from msgspec import Struct

from daemon import errors
from daemon.brokers.zerodha.wire import (
    DEAD_SESSION,
    OK,
    TOO_MANY,
    Envelope,
    Reply,
    envelope,
    parsed,
)
from daemon.domain.orders.words import (
    OrderAccepted,
    OrderAnswer,
    OrderRefused,
    OutcomeUnknown,
    Refusal,
)
from daemon.errors import WireGarbled
from daemon.messages import CancelAnswered

T = TypeVar("T")
_BAD, _FORBIDDEN = 400, 403

REFUSALS: dict[tuple[int, str], Refusal | None] = {
    (_BAD, "InputException"): None,
    (_BAD, "MarginException"): Refusal.MARGIN,
    (_BAD, "HoldingException"): Refusal.OTHER,
    (_FORBIDDEN, "PermissionException"): Refusal.OTHER,
    **{(_FORBIDDEN, dead): Refusal.SESSION for dead in DEAD_SESSION},
}
"""Status and error -> why it was refused; None: its text says. All else leaves us in doubt."""

IN_DOUBT = re.compile(
    r"tim(e[ds]?|ing)[ -]?out|may have been placed|before placing again|order ?book and confirm",
    re.IGNORECASE,
)
"""What a text says where the broker itself does not know; it comes under the status of a no."""
_TEXTS: tuple[tuple[Refusal, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (Refusal.FREEZE, r"freeze|maximum (allowed )?quantity"),
        (Refusal.TICK, r"tick[ _]?size"),
        (Refusal.LOT, r"lot[ _]?size|multiples? of (the )?(market )?lot"),
        (Refusal.BAND, r"circuit|price (range|band)|(execution|operating|protection) range"),
        (Refusal.BAND, r"\blpp\b|theoretical price"),
        (Refusal.MARGIN, r"insufficient funds|margin exceeds|required margin"),
        (Refusal.RATE, r"too many requests|rate limit|maximum allowed order requests"),
        (Refusal.CLOSED, r"markets? (is|are) (currently )?closed|market hours|after market"),
        (Refusal.INSTRUMENT, r"tradingsymbol|instrument|expired|\bscrips?\b"),
    )
)
"""In words of the broker's and of its risk system; the first that fits counts.

Source: tradingqna 160065 (freeze); the broker's support, price out of LPP range.
"""


class _Placed(Struct, frozen=True):
    order_id: str


def placed(intent_id: str, reply: Reply, now_ns: int) -> OrderAnswer:
    """Return what became of a request to place an order.

    Args:
        intent_id: of the order.
        reply: what came back.
        now_ns: when.
    """
    told, order_id = _read(reply)
    if order_id:
        return OrderAccepted(intent_id, order_id, now_ns)
    text = told.said or f"Zerodha answered {reply.status} with nothing that can be read"
    kind = _refused(reply.status, told)
    if kind is not None:
        return OrderRefused(intent_id, kind, text, now_ns)
    return OutcomeUnknown(intent_id, text, now_ns)


def cancelled(intent_id: str, reply: Reply, now_ns: int) -> CancelAnswered:
    """Return what the broker said to a cancellation; what became of the order its book tells.

    Args:
        intent_id: of the order.
        reply: what came back.
        now_ns: when.
    """
    told, order_id = _read(reply)
    text = told.said or f"Zerodha answered {reply.status} with nothing that can be read"
    return CancelAnswered(intent_id, bool(order_id), "" if order_id else text, now_ns)


def done(reply: Reply, form: type[T]) -> T:
    """Return what a write that is no order was answered with.

    Args:
        reply: what came back.
        form: of the answer.

    Raises:
        SessionRefused: the session is dead; nothing was done.
        BrokerMisused: it was refused for a reason, and surely not done.
        OutcomeUnknown: it may have been done.
    """
    try:
        told = envelope(reply)
        if reply.status == OK and not told.is_error:
            return parsed(told.data, form)
    except WireGarbled as error:
        raise errors.OutcomeUnknown(f"Zerodha answered {reply.status}: {error}") from error
    said = f"Zerodha answers {reply.status}: {told.said}"
    match _refused(reply.status, told):
        case None:
            raise errors.OutcomeUnknown(said)
        case Refusal.SESSION:
            raise errors.SessionRefused(said)
    raise errors.BrokerMisused(said)


def refuses_session(reply: Reply) -> bool:
    """Say whether the answer to a write says that the session is dead, and leaves no doubt of it.

    Where it may have been placed all the same it is looked up, and that read meets a dead session.
    """
    try:
        return _refused(reply.status, envelope(reply)) is Refusal.SESSION
    except WireGarbled:
        return False


def kind_of(text: str) -> Refusal:
    """Return the reason that a text of the broker's gives; `OTHER` where it gives none we know."""
    return next((kind for kind, found in _TEXTS if found.search(text)), Refusal.OTHER)


def _read(reply: Reply) -> tuple[Envelope, str]:
    """Return the envelope, empty where there is none, and the number of an order that was taken."""
    try:
        told = envelope(reply)
        if reply.status == OK and not told.is_error:
            return told, parsed(told.data, _Placed).order_id
    except WireGarbled:
        return Envelope(), ""
    return told, ""


def _refused(status: int, told: Envelope) -> Refusal | None:
    """Return why it surely was not placed; None where it may have been."""
    if IN_DOUBT.search(told.message or ""):
        return None
    if status == TOO_MANY:
        return Refusal.RATE
    row = (status, told.error_type or "")
    if row not in REFUSALS:
        return None
    return REFUSALS[row] or kind_of(told.message or "")
