"""What a publisher may ask of a sink: to take one event."""

from __future__ import annotations

from typing import Literal, Protocol

from daemon.messages.outbox import Event

SinkKind = Literal["webhook", "redis"]


class Sink(Protocol):
    """Somebody outside who is told of what happened.

    Attributes:
        kind: what it is.
        name: the place, for people; no secret is in it.
    """

    kind: SinkKind
    name: str

    async def deliver(self, event: Event, attempt: int) -> None:
        """Have an event taken, in bounded time; whoever takes it may have taken it before.

        Args:
            event: which; its id is the same each time.
            attempt: how often it was given in a row, this time included.

        Raises:
            SinkError: it was not taken, as far as anybody knows.
        """
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...
