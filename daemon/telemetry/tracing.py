"""A seam for tracing: spans of a route, a verb, an actor's message and a broker's call.

The driver numbers each message and names its cause, so a span needs no context of its own: a call
names the message that asked for it, a message its cause, a verb the request that it came from.
Where nobody traces there is no tracer, and whoever would tell it of a span asks for that alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from msgspec import Struct


class SpanKind(StrEnum):
    """What a span is of."""

    ROUTE = "route"
    """A request, from its arrival to its answer."""
    VERB = "verb"
    """A message that somebody outside the actors told one of them; it takes no time."""
    MESSAGE = "message"
    """An actor's handling of a message, with all that was carried out of it at once."""
    CALL = "call"
    """A port's answering."""


class Span(Struct, frozen=True, kw_only=True):
    """A stretch of host time in which something was done.

    Attributes:
        kind: of what.
        mode: whose money is traded with.
        name: the route's template, or the actor or port and the type of the message.
        began_ns: host time.
        ended_ns: host time.
        request_id: whose request it serves; empty: nobody's, or only its cause knows.
        number: of the message that was told or handled; 0: none.
        cause: the number of the message that led to it; 0: it came from outside.
    """

    kind: SpanKind
    mode: str
    name: str
    began_ns: int
    ended_ns: int
    request_id: str = ""
    number: int = 0
    cause: int = 0


class Tracer(Protocol):
    """Takes spans as they end."""

    def ended(self, span: Span) -> None:
        """Take a span; must not wait, and must not raise."""
        ...


class SpansInMemory:
    """Keeps every span, for tests and for a look at one request.

    Attributes:
        spans: in the order in which they ended.
    """

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def ended(self, span: Span) -> None:
        """Keep a span."""
        self.spans.append(span)

    def of(self, request_id: str) -> Sequence[Span]:
        """Return the spans of a request and of all that it led to."""
        found = [span for span in self.spans if span.request_id == request_id]
        numbers = {span.number for span in found if span.number}
        while True:
            more = [
                span
                for span in self.spans
                if span not in found and (span.cause in numbers or span.number in numbers)
            ]
            if not more:
                return found
            found += more
            numbers |= {span.number for span in more if span.number}
