"""The words between the mirror and where it is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Literal, Protocol

from msgspec import Struct

from daemon.errors import HotStateError

Kind = Literal["redis", "sqlite"]
PATIENCE_S = 1.0
"""So long is waited for an answer; what takes longer has failed."""


class Kept(Struct, frozen=True):
    """What stood under our keys at the start.

    Attributes:
        values: by key; the key of what could not be read stands with nothing.
        poisoned: what is not as we write it, an error each.
    """

    values: Mapping[str, bytes] = MappingProxyType({})
    poisoned: tuple[HotStateError, ...] = ()


class Batch(Struct, frozen=True):
    """What goes out at once, in one piece.

    Attributes:
        changed: values by key.
        gone: keys that are taken away.
        standing: every key that is to stand afterwards.
        news: what is told on the channel of prices; empty: nothing.
    """

    changed: Mapping[str, bytes] = MappingProxyType({})
    gone: Collection[str] = ()
    standing: Collection[str] = ()
    news: bytes = b""


class Hazard(Struct, frozen=True):
    """Something about a server that may lose the mirror, or give it away.

    Attributes:
        sentence: what, and what to do.
        certain: false where it only could not be found out.
    """

    sentence: str
    certain: bool = True


class HotStore(Protocol):
    """Where the mirror is kept. Each call ends in bounded time.

    Attributes:
        kind: what it is.
        publishes: it has a channel for prices.
    """

    kind: Kind
    publishes: bool

    async def read(self) -> Kept:
        """Return all that stands under our keys.

        Raises:
            HotStateError: it cannot be had.
        """
        ...

    async def hazards(self) -> tuple[Hazard, ...]:
        """Return what is not safe about it.

        Raises:
            HotStateError: it cannot be had.
        """
        ...

    async def write(self, batch: Batch) -> bool:
        """Write a batch, and say whether every key stands that is to; else some were lost.

        Raises:
            HotStateError: it could not be; perhaps all of it stands, perhaps nothing.
        """
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...
