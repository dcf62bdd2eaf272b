"""Supervision, one for one: a fallen actor is rebuilt by start-up's own path, its inbox kept.

The message that felled it goes to the dead letters and is not tried again. `restarts` falls within
`period_ns` hold, one more escalates, and the window slides. An actor marked `disarm` is then left
out; any other ends the tree with `TooManyRestarts`, for a restart of the whole process is recovery.
Where the facts cannot be read, one that may be left out is so at once, and any other ends the tree.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from functools import partial
from typing import Any

from daemon.errors import StoreError, TooManyRestarts
from daemon.runtime.telling import silent, telling
from daemon.runtime.words import (
    NOTHING,
    Actor,
    ActorDisarmed,
    ActorSpec,
    DeadLetter,
    Effect,
    Ledger,
    Origin,
    Started,
)


class Fall(Enum):
    """What follows a fall."""

    RESTART = "restart"
    ESCALATE = "escalate"


class Intensity:
    """How many falls are borne within a sliding window."""

    __slots__ = ("_falls", "_period_ns", "_restarts")

    def __init__(self, restarts: int, period_ns: int) -> None:
        assert period_ns > 0, "falls are counted within a period"
        self._restarts = restarts
        self._period_ns = period_ns
        self._falls: deque[int] = deque()

    def fell(self, now_ns: int) -> Fall:
        """Count one fall; a fall exactly `period_ns` old no longer counts."""
        falls = self._falls
        falls.append(now_ns)
        while falls[0] <= now_ns - self._period_ns:
            falls.popleft()
        return Fall.ESCALATE if len(falls) > self._restarts else Fall.RESTART


class _LeftOut:
    """What stands in for a disarmed actor: what it had not read leads to nothing."""

    def handle(self, message: Any, now_ns: int) -> Sequence[Effect]:  # noqa: ARG002
        return NOTHING


class Child:
    """One supervised actor: what runs now, how it is rebuilt, how often it fell."""

    __slots__ = ("actor", "disarmed", "intensity", "restarts", "spec")

    def __init__(self, spec: ActorSpec, actor: Actor) -> None:
        self.spec = spec
        self.actor = actor
        self.intensity = Intensity(spec.restarts, spec.period_ns)
        self.restarts = 0
        self.disarmed = False


class Supervisor:
    """Builds the actors in order, hands them messages, and answers their falls.

    Args:
        specs: the actors.
        ledger: the facts that they are built from.
        goes_on: is told while they are built from many of them.
        unread: says why the ledger, which would answer late or never, is not read; empty: it is.
    """

    def __init__(
        self,
        specs: Sequence[ActorSpec],
        ledger: Ledger,
        goes_on: Callable[[], object] = silent,
        unread: Callable[[], str] = str,
    ) -> None:
        self._ledger = ledger
        self._unread = unread
        recorded = tuple(ledger.facts())  # once for all: reading a fact takes longer than its fold
        self.children = {
            spec.name: Child(spec, _built(spec, telling(recorded, goes_on))) for spec in specs
        }
        assert len(self.children) == len(specs), "two actors share a name"

    def admit(self, spec: ActorSpec) -> tuple[Child, Callable[[], Actor]]:
        """Let one more actor join; it is handed nothing before it is built.

        Returns:
            Its child, and what builds it from the facts so far, as start-up would have. That may
            run in another thread; facts that are recorded meanwhile do not join.
        """
        assert spec.name not in self.children, "two actors share a name"
        child = self.children[spec.name] = Child(spec, _LeftOut())
        return child, partial(_built, spec, self._ledger.facts())

    def dismiss(self, name: str) -> None:
        """Let an actor go; it is handed nothing any more."""
        self.children.pop(name).actor = _LeftOut()

    def handle(self, child: Child, item: tuple[Any, int, int], now_ns: int) -> Sequence[Effect]:
        """Let an actor decide on one message, and survive its fall.

        Raises:
            TooManyRestarts: it fell more often than it may, and is not one to be left out.
            StoreError: the ledger failed; deciding on without it would lose orders.
        """
        try:
            return child.actor.handle(item[0], now_ns)
        except Exception as error:  # noqa: BLE001  the boundary where a fall becomes a fact
            return self.fell(child, item, error, now_ns)

    def fell(
        self, child: Child, item: tuple[Any, int, int], error: Exception, now_ns: int
    ) -> Sequence[Effect]:
        """Answer the fall of an actor: bury the message, rebuild the actor or give it up.

        Args:
            child: who fell.
            item: the message that felled it, with its number and cause.
            error: what it raised.
            now_ns: the instant of market time.

        Raises:
            TooManyRestarts: it fell more often than it may, and is not one to be left out.
            StoreError: the ledger failed; deciding on without it would lose orders. Where only the
                facts cannot be read, whoever may be left out is.
        """
        if isinstance(error, StoreError):
            raise error
        origin = Origin(child.spec.name, item[1], item[2])
        message = item[0]
        while True:
            self._bury(message, error, origin, now_ns)
            if child.intensity.fell(now_ns) is Fall.ESCALATE:
                return self._give_up(child, error, origin, now_ns)
            child.restarts += 1
            message = Started()
            try:
                child.actor = child.spec.restore(self._facts())
                return child.actor.handle(message, now_ns)
            except StoreError as unread:
                if not child.spec.disarm:
                    raise
                self._bury(message, unread, origin, now_ns)
                return self._give_up(child, unread, origin, now_ns)
            except Exception as again:  # noqa: BLE001  a fall while it was rebuilt
                error = again

    def _facts(self) -> Iterable[Any]:
        """Return what an actor is rebuilt from; a ledger that may not answer refuses its reader."""
        because = self._unread()
        return map(_refuse, (because,)) if because else self._ledger.facts()

    def _bury(self, message: object, error: Exception, origin: Origin, now_ns: int) -> None:
        """Put a message that felled its actor to the dead letters."""
        letter = DeadLetter(origin.actor, repr(message)[:2_000], _told(error), now_ns)
        self._ledger.append((letter,), origin, now_ns)

    def _give_up(
        self, child: Child, error: Exception, origin: Origin, now_ns: int
    ) -> Sequence[Effect]:
        """Leave an actor out that fell too often, or cannot be rebuilt; or end the tree."""
        name = child.spec.name
        if not child.spec.disarm:
            raise TooManyRestarts(
                f"{name} fell more than {child.spec.restarts} times; the last fall: {_told(error)}"
            ) from error
        child.disarmed = True
        child.actor = _LeftOut()
        self._ledger.append((ActorDisarmed(name, now_ns),), origin, now_ns)
        return NOTHING


class _Unbuilt:
    """Stands for an actor that its facts felled: its first message is answered by the same fall."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:  # noqa: ARG002
        """Fall."""
        raise self._error


def _built(spec: ActorSpec, facts: Iterable[Any]) -> Actor:
    """Return an actor as its facts leave it; one that may be left out keeps nobody from a start."""
    try:
        return spec.restore(facts)
    except StoreError:
        raise
    except Exception as error:  # it is told once the actor is handed its first message
        if not spec.disarm:
            raise
        return _Unbuilt(error)


def _refuse(because: str) -> None:
    raise StoreError(f"the facts are not read, for the ledger has failed: {because}")


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
