"""One turn of an actor: what it records, and what it does once that is durable, or at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daemon.runtime.words import NOTHING, Commit, Effect, Publish


class Turn:
    """Gathers facts and effects while one message is handled."""

    __slots__ = ("effects", "facts", "warnings")

    def __init__(self) -> None:
        self.facts: list[Any] = []
        self.effects: list[Effect] = []
        self.warnings: list[Effect] = []

    def record(self, fact: object) -> None:
        """Commit a fact."""
        self.facts.append(fact)

    def announce(self, fact: object) -> None:
        """Commit a fact, and tell it to those who hear it."""
        self.facts.append(fact)
        self.effects.append(Publish(fact))

    def warn(self, fact: object) -> None:
        """Commit a fact, and tell it at once to those who hear it.

        Only for what forbids: while the disk works, nobody goes on with what is forbidden. What
        follows from hearing it is recorded after it, so no record lacks it.
        """
        self.facts.append(fact)
        self.warnings.append(Publish(fact))

    def do(self, *effects: Effect) -> None:
        """Add effects; they leave after the facts of this turn are durable."""
        self.effects.extend(effects)

    def done(self) -> Sequence[Effect]:
        """Return the turn as effects."""
        if self.facts:
            return (*self.warnings, Commit(tuple(self.facts), tuple(self.effects)))
        return tuple(self.effects) if self.effects else NOTHING
