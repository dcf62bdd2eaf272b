"""The hot state in a Redis, by commands that version 6.2 has.

A batch is one pipeline and one transaction, so whoever reads the keys sees them of one instant. A
user of an access list needs `SCAN GETRANGE SET DEL EXISTS PING PUBLISH MULTI EXEC` on our keys and
on the channel; with `CONFIG|GET` and `ACL|GETUSER` besides it is found out whether the server is
safe.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

from redis.exceptions import ResponseError

from daemon.errors import HotStateError
from daemon.settings import RedisPlace
from daemon.storage.hot.client import FAILURES, because_of, client_of, printed
from daemon.storage.hot.codec import (
    CHANNEL,
    PATTERNS,
    VALUE_BYTES,
    is_ours,
    poison,
    too_many,
)
from daemon.storage.hot.words import PATIENCE_S, Batch, Hazard, Kept, Kind
from daemon.telemetry.redaction import Secret

_MOST_KEYS = 2_000
_PAGE = 1_000
_POLICY, _PORT, _BIND, _PROTECTED = "maxmemory-policy", "port", "bind", "protected-mode"
_LOOKED_AT = (_POLICY, _PORT, _BIND, _PROTECTED)
_UNEVICTED = "noeviction"
_ELSE = "start it, or see to url and password_file of [hot_state]"


class RedisHot:
    """A Redis that the mirror is kept in.

    Args:
        place: where it listens.
        password: of the user that the place names, or of the default one; None: it asks for none.
    """

    kind: Kind = "redis"
    publishes = True

    def __init__(self, place: RedisPlace, password: Secret | None = None) -> None:
        self._named = f"the Redis {place}"
        self._redis = client_of(place, password)

    async def read(self) -> Kept:
        """Return all that stands under our keys.

        Raises:
            HotStateError: it cannot be had.
        """
        async with self._bounded("could not be read"):
            keys = await self._keys()
            crowd = too_many(keys, _MOST_KEYS)
            if crowd is not None:
                return Kept(poisoned=(crowd,))
            asked = self._redis.pipeline(transaction=False)
            for key in keys:
                asked.getrange(key, 0, VALUE_BYTES - 1)  # whatever lies there, no more is read
            values = await asked.execute(raise_on_error=False) if keys else []
        poisoned = tuple(
            poison(key, f"cannot be read: {printed(value)}")
            for key, value in zip(keys, values, strict=True)
            if isinstance(value, ResponseError)
        )
        found = {
            key: value if isinstance(value, bytes) else b""
            for key, value in zip(keys, values, strict=True)
        }
        return Kept(found, poisoned)

    async def hazards(self) -> tuple[Hazard, ...]:
        """Return what is not safe about the server.

        Raises:
            HotStateError: it cannot be had.
        """
        async with self._bounded("could not be looked at"):
            try:
                told: dict[str, str] = {}
                for key in _LOOKED_AT:  # several at once came with version 7
                    told |= _text(await self._redis.config_get(key))
                default = await self._ask("ACL GETUSER", "default")
            except ResponseError as error:  # it may not, or the server does not know how
                sentence = f"whether {self._named} is safe was not found out: {printed(error)}"
                return (Hazard(sentence, certain=False),)
        return tuple(hazards_of(self._named, told, default["flags"]))

    async def write(self, batch: Batch) -> bool:
        """Write a batch, and say whether every key stands that is to.

        Raises:
            HotStateError: it could not be; perhaps all of it stands, perhaps nothing.
        """
        asked = self._redis.pipeline(transaction=True)
        for key, value in batch.changed.items():
            asked.set(key, value)
        if batch.gone:
            asked.delete(*batch.gone)
        if batch.news:
            asked.publish(CHANNEL, batch.news)
        if batch.standing:
            asked.exists(*batch.standing)
        else:
            asked.ping()
        async with self._bounded("could not be written"):
            *_, last = await asked.execute()
        return not batch.standing or last == len(batch.standing)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._redis.aclose(close_connection_pool=True)

    async def _ask(self, *words: str) -> Any:
        return await self._redis.execute_command(*words)  # type: ignore[no-untyped-call]

    async def _keys(self) -> list[str]:
        """Return the keys of our form, at most a few more than we ever write."""
        keys: set[str] = set()
        for pattern in PATTERNS:
            async for raw in self._redis.scan_iter(match=pattern, count=_PAGE):
                key = bytes(raw).decode("utf-8", "replace")
                if is_ours(key):
                    keys.add(key)
                if len(keys) > _MOST_KEYS:
                    break
        return sorted(keys)

    @asynccontextmanager
    async def _bounded(self, what: str) -> AsyncIterator[None]:
        """Let the block take so long at most, and turn every failure into a sentence."""
        try:
            async with asyncio.timeout(2 * PATIENCE_S):
                yield
        except FAILURES as error:
            why = because_of(error, _ELSE)
            raise HotStateError(f"{self._named} {what}: {why}") from error


def hazards_of(named: str, told: Mapping[str, str], default: Collection[str]) -> Iterator[Hazard]:
    """Yield what is not safe about a server.

    Args:
        named: what it is called.
        told: its configuration.
        default: what holds for whoever gives no name: `on`, `nopass` and others.
    """
    policy = told.get(_POLICY, "")
    if policy != _UNEVICTED:
        yield Hazard(
            f"{named} may drop keys when its memory is full: its maxmemory-policy is {policy}; "
            f"set it to {_UNEVICTED}"
        )
    listens = told.get(_PORT) != "0" and _is_public(told.get(_BIND, ""))
    if listens and {"on", "nopass"}.issubset(default) and told.get(_PROTECTED) != "yes":
        yield Hazard(
            f"{named} lets anybody in who reaches this machine: it listens on "
            f"{told.get(_BIND) or 'every address'} and asks for no password; bind it to "
            "127.0.0.1, or set a password and name its file in [hot_state] password_file"
        )


def _text(told: Mapping[Any, Any]) -> dict[str, str]:
    return {_word(key): _word(value) for key, value in told.items()}


def _word(raw: object) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)


def _is_public(bind: str) -> bool:
    """Say whether one of the addresses that a server is bound to is reached from outside."""
    addresses = [one.removeprefix("-") for one in bind.split()]
    return not addresses or not all(map(_is_loopback, addresses))


def _is_loopback(text: str) -> bool:
    try:
        return ip_address(text).is_loopback
    except ValueError:  # such as *
        return False
