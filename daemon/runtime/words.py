"""The words between actors and their drivers: lanes, effects, and what an actor is.

An actor is `handle(message, now_ns) -> effects`: one synchronous decision that never waits. Its
effects are data, addressed by the actor and carried out by whichever driver runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Protocol, final

from msgspec import Struct


class Lane(IntEnum):
    """Which of an inbox's three lanes a message takes; a lower lane is always read first."""

    CONTROL = 0
    FACTS = 1
    NEWEST = 2


class Tell(Struct, frozen=True, gc=False):
    """Give a message to one actor."""

    to: str
    message: Any
    lane: Lane = Lane.FACTS


class Publish(Struct, frozen=True, gc=False):
    """Give a message to every actor that hears its type."""

    message: Any
    lane: Lane = Lane.FACTS


@final
class Take(Struct, frozen=True, gc=False):
    """Enter a tick into the journal; ticks are chained in blocks, before the next fact."""

    tick: Any


class Commit(Struct, frozen=True, gc=False):
    """Make facts durable, in one piece; carry out `then` only once they are."""

    facts: tuple[Any, ...]
    then: tuple[Effect, ...] = ()


class Call(Struct, frozen=True, gc=False):
    """Ask a port; what it answers is told to the asking actor, in the order answered.

    Calls run side by side, and those of one actor are begun in the order decided.

    Attributes:
        port: its name.
        request: what it is asked.
        within_s: seconds of the host after which a live driver ends the tree: the port has not
            kept a limit of its own. None: it may take as long as it takes.
    """

    port: str
    request: Any
    within_s: int | None = 90


class Alarm(Struct, frozen=True, gc=False):
    """Tell me this at that instant of market time, whatever else happens or fails to happen."""

    at_ns: int
    message: Any
    lane: Lane = Lane.FACTS


class Show(Struct, frozen=True, gc=False):
    """Let people see this; no decision hangs on it."""

    view: Any


Effect = Tell | Publish | Take | Commit | Call | Alarm | Show
NOTHING: tuple[Effect, ...] = ()


class Actor(Protocol):
    """Whoever decides."""

    def handle(self, message: Any, now_ns: int) -> Sequence[Effect]:
        """Decide on one message at one instant of market time, and return what follows."""
        ...


class Started(Struct, frozen=True):
    """Told to an actor once it is built, at start-up and after a fall: set your alarms again."""


class Origin(Struct, frozen=True, gc=False):
    """Where a fact comes from: `ordo why` walks these.

    Attributes:
        actor: who committed it.
        message: the number of the message it was handling.
        cause: the number of the message that caused that one; 0 for the outside world.
    """

    actor: str
    message: int
    cause: int


class ActorSpec(Struct, frozen=True):
    """How an actor is made, at start and again after a fall.

    Attributes:
        name: its address.
        restore: builds it from every fact recorded so far; start-up and recovery are one path.
        hears: the types of message that `Publish` brings to it.
        merge: joins two unread messages of the newest lane into one.
        facts_limit: how many unread facts are borne before that is an incident.
        restarts: how many falls within `period_ns` are borne; one more escalates.
        period_ns: the sliding window for `restarts`, in ns of market time.
        disarm: past its restarts the actor is left out and the others go on, instead of all ending.
    """

    name: str
    restore: Callable[[Iterable[Any]], Actor]
    hears: tuple[type, ...] = ()
    merge: Callable[[Any, Any], Any] | None = None
    facts_limit: int = 10_000
    restarts: int = 3
    period_ns: int = 600_000_000_000
    disarm: bool = False


class DeadLetter(Struct, frozen=True, tag=True):
    """A message that felled its actor, kept for a person to read."""

    actor: str
    message: str
    error: str
    at_ns: int


class ActorDisarmed(Struct, frozen=True, tag=True):
    """An actor fell too often and was left out; what it held stays guarded by others."""

    actor: str
    at_ns: int


Port = Callable[[Any], Coroutine[Any, Any, Sequence[Any]]]
"""Asks the outside something; answers with messages, each with its `at_ns`, in bounded time.

A port alone knows the words for an answer that did not come, so the limit is its own; that of a
`Call` stands behind it. One whose connection may turn writes around has to queue them itself.
"""


def _nothing(message: Any, at_ns: int) -> Sequence[tuple[str, Any]]:  # noqa: ARG001
    return ()


class Meter(Protocol):
    """Whoever measures a driver, by host time; it decides nothing, and never raises."""

    def now_ns(self) -> int:
        """Return host time, in ns."""
        ...

    def brought(self, number: int) -> None:
        """A message with that number has come in from the outside."""
        ...

    def handled(self, actor: str, item: tuple[Any, int, int], began_ns: int) -> None:
        """An actor has handled a message, and what followed at once was carried out.

        Args:
            actor: its address.
            item: the message, its number and that of its cause.
            began_ns: host time before.
        """
        ...

    def answered(self, call: Call, cause: int, began_ns: int, answers: Sequence[Any]) -> None:
        """A port has answered.

        Args:
            call: what it was asked.
            cause: the number of the message that led to it.
            began_ns: host time before.
            answers: all of them.
        """
        ...


class Surroundings(Struct, frozen=True):
    """What a driver finds around its actors.

    Attributes:
        ports: by name.
        show: lets people see something.
        outside: lets the rest of the world see what comes in, and each tick that is taken,
            before the actors do; returns what that led to: (actor, message) each.
        meter: measures the live driver; None: nobody does.
    """

    ports: Mapping[str, Port]
    show: Callable[[Any], None]
    outside: Callable[[Any, int], Sequence[tuple[str, Any]]] = _nothing
    meter: Meter | None = None


class Ledger(Protocol):
    """The one append-only, hash-chained table, as the drivers see it."""

    def take(self, tick: Any) -> None:
        """Enter a tick; it is chained before the next fact."""
        ...

    def append(self, facts: Sequence[Any], origin: Origin, at_ns: int) -> None:
        """Enter facts; they are durable once `flush` has returned.

        Raises:
            StoreError: the ledger failed.
        """
        ...

    def flush(self) -> None:
        """Make everything entered durable.

        Raises:
            StoreError: the ledger failed.
        """
        ...

    def facts(self) -> Iterable[Any]:
        """Return every fact so far, oldest first."""
        ...
