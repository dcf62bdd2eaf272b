"""The client of a Redis, and what its errors mean to people."""

from __future__ import annotations

from typing import Any, Final

from redis.asyncio import Connection, ConnectionPool, Redis, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, OutOfMemoryError, ReadOnlyError, RedisError

from daemon.settings import RedisPlace
from daemon.storage.hot.words import PATIENCE_S
from daemon.telemetry.redaction import Secret, printable

FAILURES: Final = (RedisError, OSError, RuntimeError)
"""What a call may raise."""
_ADVICE: tuple[tuple[type[RedisError], str], ...] = (
    (ReadOnlyError, "name the server that it is a copy of"),
    (OutOfMemoryError, "raise its maxmemory"),
    (NoPermissionError, "see to the rights of the user of the url"),
)
_LETTERS = 200


def client_of(place: RedisPlace, password: Secret | None, connections: int = 2) -> Redis:
    """Return a client that connects when it is first asked, and tries nothing twice.

    Args:
        place: where the Redis listens.
        password: of the user that the place names, or of the default one; None: it asks for none.
        connections: so many are open at most.
    """
    given: dict[str, Any] = {
        "db": place.db,
        "username": place.user or None,
        "password": password.reveal() if password is not None else None,
        "socket_timeout": PATIENCE_S,
        "socket_connect_timeout": PATIENCE_S,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        "driver_info": None,
    }
    if place.path:
        given |= {"connection_class": UnixDomainSocketConnection, "path": place.path}
    else:
        given |= {"connection_class": Connection, "host": place.host, "port": place.port}
    return Redis(connection_pool=ConnectionPool(max_connections=connections, **given))


def because_of(error: Exception, otherwise: str) -> str:
    """Return why a call failed and what to do; where no advice is known, that which is given."""
    advice = next((told for kind, told in _ADVICE if isinstance(error, kind)), otherwise)
    because = printed(error) or "it answers too late"
    if isinstance(error, RuntimeError):  # uvloop's, on a wire that was reset while idle
        because = "the connection was reset"
    return f"{because}; {advice}"


def printed(error: Exception) -> str:
    """Return what an error says, in letters that a terminal may be shown."""
    return printable(str(error))[:_LETTERS]
