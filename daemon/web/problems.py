"""Problems: every no that leaves the control port, as `application/problem+json`.

A code says what is wrong to programs, the detail says it to a person. The table says of each code
how it is answered; a code of an actor that is not in the table is a plain refusal, 409.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web
from msgspec import Struct

from daemon.errors import OrdoError

CONTENT_TYPE: Final = "application/problem+json"


class Kind(Struct, frozen=True):
    """How a code is answered.

    Attributes:
        status: of HTTP.
        title: the same for every problem of this code.
        category: whose matter it is: `request`, `access`, `state`, `broker` or `daemon`.
        severity: `info`, `warning` or `error`.
        recoverable: the same request may succeed later, as it is.
    """

    status: int
    title: str
    category: str = "request"
    severity: str = "warning"
    recoverable: bool = False


class ProblemDocument(Struct, frozen=True, kw_only=True):
    """What a problem says, by RFC 9457 and by what traders' programs decide on."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    category: str
    severity: str
    recoverable: bool
    retry_after: int | None
    request_id: str


KINDS: Final[Mapping[str, Kind]] = {
    "bad_request": Kind(400, "The request cannot be understood"),
    "bad_json": Kind(400, "The body is not the JSON that is taken here"),
    "bad_request_id": Kind(400, "The request id has a form that is not taken"),
    "request_id_needed": Kind(400, "An order needs a request id"),
    "credential_in_url": Kind(400, "A credential stood in the address", "access"),
    "duplicate_host": Kind(400, "More than one Host was named", "access"),
    "unauthorised": Kind(401, "No credential that counts", "access"),
    "bad_login": Kind(401, "The code is not valid", "access"),
    "forbidden": Kind(403, "The role does not reach", "access"),
    "cross_site": Kind(403, "Another site's page may not act here", "access"),
    "no_route": Kind(404, "There is nothing at this address"),
    "not_allowed": Kind(405, "The method is not taken here"),
    "timeout": Kind(408, "The request took too long to arrive", recoverable=True),
    "halted": Kind(409, "Trading is halted", "state"),
    "paused": Kind(409, "Entries are paused", "state"),
    "strategy_known": Kind(409, "There is such a strategy already", "state"),
    "strategy_of_a_file": Kind(409, "The strategy is its file's", "state"),
    "strategy_busy": Kind(409, "The strategy is not at rest", "state", recoverable=True),
    "strategy_gone": Kind(409, "The strategy went meanwhile", "state", recoverable=True),
    "too_many_strategies": Kind(409, "There are too many strategies", "state"),
    "request_begun": Kind(409, "The request was interrupted by a stop of the daemon", "state"),
    "too_large": Kind(413, "The body is too large"),
    "bad_media_type": Kind(415, "The body is not JSON as it stands"),
    "misdirected": Kind(421, "This name is not served here", "access"),
    "invalid": Kind(422, "The request says something that cannot be"),
    "request_reused": Kind(422, "The request id was used for another request"),
    "order_refused": Kind(422, "The order was refused", "broker"),
    "too_many_logins": Kind(429, "Too many failed attempts", "access", recoverable=True),
    "too_many": Kind(429, "There is too much of this", recoverable=True),
    "internal": Kind(500, "A defect of the daemon's", "daemon", "error"),
    "not_built": Kind(501, "Not built yet", "daemon", "info"),
    "not_ready": Kind(503, "The daemon is recovering", "state", "info", recoverable=True),
    "request_unfinished": Kind(503, "The request was not carried out", "daemon", recoverable=True),
    "reduce_only": Kind(503, "Nothing new is taken", "daemon", "error", recoverable=True),
    "latch_unwritten": Kind(503, "The latch could not be made durable", "daemon", "error"),
    "no_answer": Kind(504, "No answer in time; perhaps it acts", "daemon", "error"),
}
"""Code -> how it is answered."""
_UNKNOWN: Final = Kind(404, "There is no such thing")
_REFUSED: Final = Kind(409, "Refused", "state")


def kind_of(code: str) -> Kind:
    """Return how a code is answered; whatever an actor refuses has an answer."""
    return KINDS.get(code) or (_UNKNOWN if code.startswith("unknown_") else _REFUSED)


class Problem(OrdoError):
    """A request is answered with a no.

    Attributes:
        code: one word for programs.
        retry_after_s: when it may be tried again; None: no matter of time.
        more: further members of the document.
        headers: further ones of the answer.
    """

    def __init__(
        self,
        code: str,
        sentence: str,
        retry_after_s: int | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.retry_after_s = retry_after_s
        self.more = dict(more or {})
        self.headers: dict[str, str] = {}

    @property
    def status(self) -> int:
        """Of HTTP."""
        return kind_of(self.code).status

    def body(self, request_id: str) -> bytes:
        """Return the document."""
        kind = kind_of(self.code)
        document = ProblemDocument(
            type=f"urn:ordo:problem:{self.code}",
            title=kind.title,
            status=kind.status,
            detail=str(self),
            code=self.code,
            category=kind.category,
            severity=kind.severity,
            recoverable=kind.recoverable,
            retry_after=self.retry_after_s,
            request_id=request_id,
        )
        return msgspec.json.encode({**msgspec.structs.asdict(document), **self.more})

    def response(self, request_id: str) -> web.Response:
        """Return the answer."""
        headers = dict(self.headers)
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(self.retry_after_s)
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = 'Bearer realm="ordo"'
        return web.Response(
            status=self.status,
            body=self.body(request_id),
            content_type=CONTENT_TYPE,
            headers=headers,
        )
