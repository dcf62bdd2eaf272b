"""A stream of a Redis: each event is one entry, and the oldest go where there are too many."""

from __future__ import annotations

import asyncio
from typing import Any

from daemon.errors import SinkError
from daemon.messages.outbox import Event
from daemon.ports.sink import SinkKind
from daemon.settings import RedisPlace
from daemon.storage.hot.client import FAILURES, because_of, client_of
from daemon.storage.hot.words import PATIENCE_S
from daemon.telemetry.redaction import Secret

_CONNECTIONS = 8
_ELSE = "start it, or see to url and secret_file of that sink"


class RedisStream:
    """One stream, by commands that version 6.2 has; a user of an access list needs `XADD` on it.

    An entry has the fields `id`, `number`, `kind` and `event`, the last one as JSON. Whatever it
    answers is no answer to one event, for it reads none.

    Args:
        place: where the Redis listens.
        password: of its user; None: it asks for none.
        stream: the key.
        length: about so many entries are kept.

    Attributes:
        kind: what it is.
        name: the place, for people.
    """

    kind: SinkKind = "redis"

    def __init__(
        self, place: RedisPlace, password: Secret | None, stream: str, length: int
    ) -> None:
        self.name = f"{place} {stream}"
        self._redis = client_of(place, password, _CONNECTIONS)
        self._stream = stream
        self._length = length

    async def deliver(self, event: Event, attempt: int) -> None:  # noqa: ARG002  each entry is new
        """Add an event.

        Raises:
            SinkError: it was not added, as far as anybody knows.
        """
        entry: Any = {
            "id": event.event_id,
            "number": max(0, event.number),
            "kind": event.kind,
            "event": event.body,
        }
        try:
            async with asyncio.timeout(2 * PATIENCE_S):
                await self._redis.xadd(self._stream, entry, maxlen=self._length, approximate=True)
        except FAILURES as error:
            why = because_of(error, _ELSE)
            raise SinkError(f"the stream at {self.name} cannot be written: {why}") from error

    async def close(self) -> None:
        """Let go of the connection."""
        await self._redis.aclose(close_connection_pool=True)
