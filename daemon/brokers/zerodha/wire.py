"""What all answers of Zerodha's REST interface have in common: an envelope, and numbers.

Numbers come as JSON numbers of any spelling, and are read as decimals, never as floats.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from daemon.brokers.zerodha.strict import made_strict
from daemon.domain.money import E4
from daemon.errors import BrokerError, BrokerMisused, BrokerUnavailable, SessionRefused, WireGarbled
from daemon.telemetry.redaction import STARS, Secret

T = TypeVar("T")
OK, TOO_MANY = 200, 429
_DONE = range(OK, 300)
_MOST = Decimal(10) ** 15
_NULL = Raw(b"null")
_ERROR = "error"
_SHOWN_LEAST = 4
"""A shorter text is no secret: it stands in too much that is none."""


class Reply(Struct, frozen=True):
    """What came back of a request.

    Attributes:
        status: of HTTP.
        body: as it came, uncompressed.
        location: where it leads; None: nowhere.
    """

    status: int
    body: bytes
    location: Secret | None = None


class Envelope(Struct, frozen=True):
    """What is around every answer.

    Attributes:
        status: how it ended, in a word.
        data: what was asked for, unread.
        message: why it failed, for people.
        error_type: why it failed, in a word.
    """

    status: str | None = None
    data: Raw = _NULL
    message: str | None = None
    error_type: str | None = None

    @property
    def is_error(self) -> bool:
        """Whether it tells of a failure; its data, if any, is not what was asked for."""
        return bool(self.error_type) or self.status == _ERROR

    @property
    def said(self) -> str:
        """Word and sentence of a failure."""
        return ": ".join(filter(None, (self.error_type, self.message)))


DEAD_SESSION = ("TokenException", "TwoFAException")
_READ_ERRORS: dict[str, type[BrokerError]] = {
    **dict.fromkeys(DEAD_SESSION, SessionRefused),
    "UserException": BrokerError,
    "PermissionException": BrokerError,
    "InputException": BrokerMisused,
}
"""What a read that failed is; everything else may be tried again."""


def envelope(reply: Reply) -> Envelope:
    """Return the envelope of an answer, of one that is almost JSON as well.

    Raises:
        WireGarbled: it has none: a page for browsers, or a text that was cut.
    """
    try:
        return parsed(reply.body, Envelope)
    except WireGarbled:
        return parsed(made_strict(reply.body), Envelope)


def data(reply: Reply, form: type[T]) -> T:
    """Return what a read was answered with.

    Raises:
        SessionRefused: the session is dead.
        BrokerMisused: we asked wrongly.
        BrokerUnavailable: the broker cannot answer now.
        BrokerError: this account may not ask.
        WireGarbled: it is not of that form.
    """
    try:
        told = envelope(reply)
    except WireGarbled:
        if reply.status in _DONE:
            raise
        told = Envelope()
    if reply.status in _DONE and not told.is_error:
        return parsed(told.data, form)
    kind = _READ_ERRORS.get(told.error_type or "", BrokerUnavailable)
    kind = BrokerUnavailable if reply.status == TOO_MANY else kind
    raise kind(f"Zerodha answers {reply.status}: {told.said or 'no reason that can be read'}")


def parsed(text: bytes | str | Raw, form: type[T]) -> T:
    """Return a JSON text in a form.

    Raises:
        WireGarbled: it is no such text.
    """
    try:
        return msgspec.json.decode(text, type=form)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireGarbled(f"an answer of Zerodha's cannot be read: {error}") from error


def without(text: str, sent: Iterable[Secret]) -> str:
    """Return what a broker said without what it was sent, which it may quote."""
    for secret in sent:
        if len(secret.reveal()) >= _SHOWN_LEAST:
            text = text.replace(secret.reveal(), STARS)
    return text


def unquoted(reply: Reply, sent: Iterable[Secret]) -> Reply:
    """Return an answer without what was sent for it, which it may quote."""
    text = reply.body.decode(errors="surrogateescape")  # what is no text stays what it is
    return replace(reply, body=without(text, sent).encode(errors="surrogateescape"))


def amount_e4(value: Decimal | None, units: int = 1) -> int:
    """Return so many times an amount in `_e4`, rounded half to even; nothing is zero.

    Raises:
        WireGarbled: it is beyond all reason.
    """
    scaled = _within(value) * (units * E4)
    return int(scaled.to_integral_value(ROUND_HALF_EVEN))


def whole(value: Decimal | None) -> int:
    """Return a whole number, whether or not it was written with a point; nothing is zero.

    Raises:
        WireGarbled: it is not whole, or beyond all reason.
    """
    number = _within(value)
    if number != number.to_integral_value():
        raise WireGarbled(f"an answer of Zerodha's counts {number} units")
    return int(number)


def _within(value: Decimal | None) -> Decimal:
    if value is None:
        return Decimal(0)
    if not value.is_finite() or not -_MOST <= value <= _MOST:
        raise WireGarbled(f"an answer of Zerodha's holds the number {value}")
    return value
