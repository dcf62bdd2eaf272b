"""A webhook: each event is posted as JSON to one address, signed.

The header `Ordo-Signature` is `t=SECONDS,v1=HEX`: the SHA-256 HMAC, under the secret that both
know, of `SECONDS.ID.` and the body, where the seconds are those since 1970 at which it was sent and
the id is that of the header `Ordo-Event-Id`. So a receiver can tell who it is from and that it is
of now, and by the id he drops what he has had before. Only a 2xx says that it was taken. A
redirection is not followed: what is told is meant for that address alone.

A 4xx is a no to this event. Any other answer, and none, may be one: a gateway's 502 or 504 tells as
well of an event that whoever is behind it falls over. Who cannot be reached at all says no to none,
nor who wants to be left alone: 408, 425, 429, and a 503 with a `Retry-After`, which is heard.
"""

from __future__ import annotations

import asyncio
import hmac
from email.utils import parsedate_to_datetime
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp

from daemon.domain.instants import SECOND_NS
from daemon.errors import SinkError, SinkFault
from daemon.messages.outbox import Event
from daemon.ports.sink import SinkKind
from daemon.runtime.clock import Clock
from daemon.telemetry.redaction import Secret, printable

EVENT_ID, ATTEMPT, SIGNATURE = "Ordo-Event-Id", "Ordo-Attempt", "Ordo-Signature"
"""The headers of ours."""
_LETTERS = 200
_NOT_NOW = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)


class Webhook:
    """One address.

    Args:
        url: of it.
        secret: that signatures are made with.
        timeout_ms: an answer that takes longer is none.
        wall: tells when something is sent.

    Attributes:
        kind: what it is.
        name: the place without its path, which only it and we need to know.
    """

    kind: SinkKind = "webhook"

    def __init__(self, url: str, secret: Secret, timeout_ms: int, wall: Clock) -> None:
        parts = urlsplit(url)
        self.name = f"{parts.scheme}://{parts.netloc}"
        self._url = url
        self._secret = secret
        self._timeout_ms = timeout_ms
        self._wall = wall
        self._session: aiohttp.ClientSession | None = None

    async def deliver(self, event: Event, attempt: int) -> None:
        """Post an event.

        Raises:
            SinkError: it was not taken, as far as anybody knows.
        """
        seconds = self._wall.now_ns() // SECOND_NS
        headers = {
            "Content-Type": "application/json",
            EVENT_ID: event.event_id,
            ATTEMPT: str(attempt),
            SIGNATURE: signature(self._secret, seconds, event),
        }
        try:
            async with (
                asyncio.timeout(self._timeout_ms / 1_000),
                self._open().post(
                    self._url, data=event.body, headers=headers, allow_redirects=False
                ) as answer,
            ):
                status, after = answer.status, answer.headers.get("Retry-After", "")
        except TimeoutError as error:
            text = f"gave no answer within {self._timeout_ms} ms"
            raise self._untaken(text, SinkFault.FAILED) from error
        except (aiohttp.ClientError, OSError, RuntimeError) as error:  # the last is uvloop's
            is_away = isinstance(error, aiohttp.ClientConnectorError)
            fault = SinkFault.AWAY if is_away else SinkFault.FAILED
            raise self._untaken(f"cannot be reached: {_printed(error)}", fault) from error
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            told = "leads elsewhere" if status < HTTPStatus.BAD_REQUEST else "says no"
            after_s = _seconds(after, seconds)
            raise self._untaken(f"{told}: it answered {status}", _fault(status, after_s), after_s)

    async def close(self) -> None:
        """Let go of its connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    def _untaken(self, why: str, fault: SinkFault, after_s: int = 0) -> SinkError:
        return SinkError(f"the webhook at {self.name} {why}", fault=fault, after_s=after_s)


def signature(secret: Secret, seconds: int, event: Event) -> str:
    """Return what the header says of who sent an event, and when."""
    signed = f"{seconds}.{event.event_id}.".encode() + event.body
    code = hmac.new(secret.reveal().encode(), signed, sha256).hexdigest()
    return f"t={seconds},v1={code}"


def _fault(status: int, after_s: int) -> SinkFault:
    """Return what an answer says of the event that it was given to."""
    is_for_later = status == HTTPStatus.SERVICE_UNAVAILABLE and after_s > 0
    if status in _NOT_NOW or is_for_later:
        return SinkFault.AWAY
    is_no = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return SinkFault.REFUSED if is_no else SinkFault.FAILED


def _seconds(after: str, now_s: int) -> int:
    """Return how long a receiver wants nothing: he says for how many seconds, or until when."""
    if after.isascii() and after.isdecimal():
        return int(after[:9])
    try:
        return max(0, int(parsedate_to_datetime(after).timestamp()) - now_s)
    except (ValueError, OverflowError):
        return 0


def _printed(error: Exception) -> str:
    """Return what an error says; an address in it would tell the path."""
    told = getattr(error, "os_error", error)
    text = getattr(told, "strerror", None) or type(told).__name__
    return printable(str(text))[:_LETTERS]
