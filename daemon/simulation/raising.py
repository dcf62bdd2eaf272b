"""Strategies that raise: the runner as it is, but for the frames at which it falls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from daemon.domain.market.frames import Frame
from daemon.runtime.words import Actor, ActorSpec, Effect
from daemon.simulation.faults import Call, Fates

DRILL = "a strategy that raises"
_RUNNER = "runner:"


class Raised(Exception):
    """A strategy has raised by plan."""


class _Raising:
    """An actor that falls where the fates of the run have it."""

    def __init__(self, actor: Actor, fates: Fates) -> None:
        self._actor = actor
        self._fates = fates

    def handle(self, message: Any, now_ns: int) -> Sequence[Effect]:
        """Decide on one message, or fall over it.

        Raises:
            Raised: it falls.
        """
        if isinstance(message, Frame) and self._fates.of(Call.DECIDE):
            raise Raised(DRILL)
        return self._actor.handle(message, now_ns)


def raising(spec: ActorSpec, fates: Fates) -> ActorSpec:
    """Return how an actor is made that raises by plan, where it runs a strategy."""
    if not spec.name.startswith(_RUNNER):
        return spec

    def restore(facts: Iterable[object]) -> Actor:
        return _Raising(spec.restore(facts), fates)

    return replace(spec, restore=restore)


def is_planned(actor: str, error: str) -> bool:
    """Say whether the fall of an actor was planned."""
    return actor.startswith(_RUNNER) and DRILL in error
