"""What a world is to those who play it: steps that it brings in, and what it sees of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Protocol

from msgspec import Struct

News = Sequence[tuple[str, Any]]
"""What something led to outside: (actor, message) each."""


class Step(Struct, frozen=True, gc=False):
    """Something that the world brings in.

    Attributes:
        to: the actor that is told.
        message: what.
        at_ns: when, in market time.
        jump: nothing happens before it; a paced world need not wait for it.
    """

    to: str
    message: Any
    at_ns: int
    jump: bool = False


class World(Protocol):
    """What is around the actors."""

    def coming(self) -> AsyncGenerator[Step, None]:
        """Yield what the world brings in, as it comes, until it is over.

        Raises:
            OrdoError: it cannot be read, or listened to, any further.
        """
        ...

    def see(self, message: object, at_ns: int) -> News:
        """See what comes in, and each frame that is taken; return what that led to."""
        ...
