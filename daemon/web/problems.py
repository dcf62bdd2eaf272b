"""Problems: every no that leaves the control port, as `application/problem+json`.

A code says what is wrong to programs, the detail says it to a person. What holds of a code
each time stands in the error catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web
from msgspec import Struct

from daemon.errors import OrdoError
from daemon.errors.catalogue import entry_of

CONTENT_TYPE: Final = "application/problem+json"
_WAITS: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""Statuses that bid whoever asks wait."""
_UNTOLD_S: Final = 60
"""How long, where nobody knows better."""


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
    mend: str


class Problem(OrdoError):
    """A request is answered with a no.

    Attributes:
        code: one word for programs.
        retry_after_s: when it may be tried again, in the catalogue if not told; None: no matter of
            time.
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
        super().__init__(sentence, code)
        self.retry_after_s = (
            entry_of(code).retry_after_s if retry_after_s is None else retry_after_s
        )
        self.more = dict(more or {})
        self.headers: dict[str, str] = {}

    @property
    def status(self) -> int:
        """Of HTTP."""
        return entry_of(self.code).status

    @property
    def says_later(self) -> bool:
        """Whether nothing was done, and the same again may succeed in a while."""
        waits = self.retry_after_s is not None or self.status in _WAITS
        return waits and entry_of(self.code).recoverable

    def body(self, request_id: str) -> bytes:
        """Return the document."""
        entry = entry_of(self.code)
        document = ProblemDocument(
            type=f"urn:ordo:problem:{self.code}",
            title=entry.title,
            status=entry.status,
            detail=str(self),
            code=self.code,
            category=entry.category,
            severity=entry.severity,
            recoverable=entry.recoverable,
            retry_after=self.retry_after_s,
            request_id=request_id,
            mend=entry.mend,
        )
        return msgspec.json.encode({**msgspec.structs.asdict(document), **self.more})

    def response(self, request_id: str) -> web.Response:
        """Return the answer."""
        headers = self.headers | patience(self.status, self.retry_after_s)
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = 'Bearer realm="ordo"'
        return web.Response(
            status=self.status,
            body=self.body(request_id),
            content_type=CONTENT_TYPE,
            headers=headers,
        )


def patience(status: int, retry_after_s: int | None) -> dict[str, str]:
    """Return the header that says when to try again, if at all."""
    if retry_after_s is None and status in _WAITS:
        retry_after_s = _UNTOLD_S
    return {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
