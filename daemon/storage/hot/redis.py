"""The hot state in a Redis, by commands that version 6.2 has.

A batch is one pipeline and one transaction, so whoever reads the keys sees them of one instant.
What stands there is looked at before: another daemon's is neither taken nor overwritten. A user of
an access list needs `SCAN GETRANGE SET DEL EXISTS PING PUBLISH MULTI EXEC` on our keys and
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
    OWNED_BYTES,
    PATTERNS,
    VALUE_BYTES,
    is_ours,
    owned,
    owner_of,
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
_UNSAID = "does not say whose it is, as one of an earlier version"


class RedisHot:
    """A Redis that the mirror is kept in.

    Args:
        place: where it listens.
        password: of the user that the place names, or of the default one; None: it asks for none.
        owner: the id of the record that is mirrored; empty: nobody else writes there.
    """

    kind: Kind = "redis"
    publishes = True

    def __init__(self, place: RedisPlace, password: Secret | None = None, owner: str = "") -> None:
        self._named = f"the Redis {place}"
        self._owner = owner
        self._redis = client_of(place, password)

    async def read(self) -> Kept:
        """Return all that stands under our keys; of what does not say whose it is, the keys alone.

        Raises:
            HotStateError: it cannot be had, or is another daemon's.
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
        return self._own(Kept(found, poisoned)) if self._owner else Kept(found, poisoned)

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
            HotStateError: it could not be; perhaps all of it stands, perhaps nothing. Or there
                stands what is another daemon's; then it was not.
        """
        asked = self._redis.pipeline(transaction=True)
        for key, value in batch.changed.items():
            asked.set(key, owned(value, self._owner) if self._owner else value)
        if batch.gone:
            asked.delete(*batch.gone)
        if batch.news:
            asked.publish(CHANNEL, batch.news)
        if batch.standing:
            asked.exists(*batch.standing)
        else:
            asked.ping()
        async with self._bounded("could not be written"):
            if self._owner:
                await self._look(sorted({*batch.changed, *batch.gone, *batch.standing}))
            *_, last = await asked.execute()
        return not batch.standing or last == len(batch.standing)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._redis.aclose(close_connection_pool=True)

    def _own(self, kept: Kept) -> Kept:
        """Return what says that it is of this record.

        Raises:
            HotStateError: some of it is another daemon's.
        """
        owners = {key: owner_of(value) for key, value in kept.values.items()}
        self._require_own(owners)
        unsaid = {key for key, value in kept.values.items() if value and not owners[key]}
        told = (poison(key, _UNSAID) for key in sorted(unsaid) if key.endswith(":risk_state"))
        values = {key: b"" if key in unsaid else value for key, value in kept.values.items()}
        return Kept(values, (*kept.poisoned, *told))

    async def _look(self, keys: list[str]) -> None:
        """Find out that nothing under some keys is another daemon's.

        Raises:
            HotStateError: something is.
        """
        asked = self._redis.pipeline(transaction=False)
        for key in keys:
            asked.getrange(key, 0, OWNED_BYTES - 1)
        heads = await asked.execute(raise_on_error=False) if keys else []
        told = zip(keys, heads, strict=True)
        self._require_own({key: owner_of(head) for key, head in told if isinstance(head, bytes)})

    def _require_own(self, owners: Mapping[str, str]) -> None:
        """Refuse what another daemon keeps.

        Args:
            owners: who says of a key that it is his, by key; empty: nobody does.

        Raises:
            HotStateError: another daemon does.
        """
        theirs = next((key for key, owner in owners.items() if owner not in ("", self._owner)), "")
        if theirs:
            raise HotStateError(
                f"{self._named} holds the state of another daemon, such as {theirs}, which is "
                "neither used nor overwritten; name a database of its own in [hot_state] url, as "
                "redis://HOST:PORT/1, or delete those keys where that daemon is no more",
                "hot_state_taken",
            )

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
