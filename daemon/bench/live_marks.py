"""What a bench notes of a live daemon: what came to the door, and when its watchdog decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from daemon.domain.market.frames import Frame
from daemon.messages import Cancel, KillStaged, Place
from daemon.runtime.words import Actor, ActorSpec, Effect


class Leaving(Struct, frozen=True):
    """A write that was brought to the door: when, what, and whether the door kept it."""

    host_ns: int
    request: Place | Cancel
    kept: bool


class Marks(Struct):
    """What was noted, by host time in ns.

    Attributes:
        writes: what came to the door, in order.
        accepted_ns: when a kill was last accepted; 0: none was.
        stages: how far kills came, and when.
        due_us: how long after the instant it was due each frame was decided on by the watchdog.
        arrived_us: how long after it was taken from the feed.
    """

    writes: list[Leaving] = field(default_factory=list)
    accepted_ns: int = 0
    stages: list[tuple[int, KillStaged]] = field(default_factory=list)
    due_us: list[int] = field(default_factory=list)
    arrived_us: list[int] = field(default_factory=list)

    def forget_frames(self) -> None:
        """Begin another stretch of frames."""
        self.due_us.clear()
        self.arrived_us.clear()


class _Watching:
    """An actor, and who is told when it has decided on a frame."""

    def __init__(self, actor: Actor, decided: Callable[[], None]) -> None:
        self._actor = actor
        self._decided = decided

    def handle(self, message: Any, now_ns: int) -> Sequence[Effect]:
        effects = self._actor.handle(message, now_ns)
        if type(message) is Frame:
            self._decided()
        return effects


def watching(spec: ActorSpec, decided: Callable[[], None]) -> ActorSpec:
    """Return an actor that tells when it has decided on a frame."""
    return replace(spec, restore=lambda facts: _Watching(spec.restore(facts), decided))
