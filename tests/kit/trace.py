"""What happened in a world, message by message: who was told what, because of what, and what came.

Actors, ledger and ports are wrapped, never changed. A message is known by itself, not by a number,
so what caused it is whoever brought that very object; a test holds this against the causes that the
ledger has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from daemon.runtime.words import (
    Actor,
    ActorSpec,
    Alarm,
    Call,
    Commit,
    Effect,
    Ledger,
    Origin,
    Port,
    Publish,
    Take,
    Tell,
)


class WorldFell(Exception):
    """The power went, between two steps."""


class Kind(StrEnum):
    """What an event is."""

    TOLD = "an actor was told something, and decided"
    RECORDED = "facts became durable"
    ASKED = "a port was asked something, and answered"
    HAPPENED = "something happened outside the actors"


class Event(Struct, eq=False):
    """One thing that happened.

    Attributes:
        place: its place in the order of everything that happened.
        kind: what it is.
        at_ns: market time.
        who: the actor, or what stands outside of them.
        module: the module of its code.
        about: what was told, asked or recorded; a sentence where something happened.
        cause: what brought it; None: the world.
        effects: what the actor decided, a commit before what follows it.
        answers: what a port answered, or what followed from what happened.
        origin: under which numbers facts were recorded.
        heard: what came from it to which actor.
    """

    place: int
    kind: Kind
    at_ns: int
    who: str
    module: str
    about: Any
    cause: Event | None = None
    effects: tuple[Effect, ...] = ()
    answers: tuple[Any, ...] = ()
    origin: Origin | None = None
    heard: list[tuple[Any, str]] = field(default_factory=list)

    def facts(self) -> list[Any]:
        """What the actor recorded."""
        return [fact for each in self.effects if isinstance(each, Commit) for fact in each.facts]


class Trace:
    """Everything that happened, in its order."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._brought: dict[int, tuple[object, Event]] = {}

    def add(self, kind: Kind, who: tuple[str, str], about: object, at_ns: int) -> Event:
        """Enter an event: who it befell and where its code is, what about, and when."""
        cause = self.bringer(about)
        event = Event(len(self.events), kind, at_ns, *who, about, cause)
        self.events.append(event)
        if cause is not None and kind is Kind.TOLD:
            cause.heard.append((about, event.who))
        return event

    def brings(self, event: Event, *messages: object) -> None:
        """Take that these messages come from an event; kept, none is taken for another."""
        for message in messages:
            self._brought[id(message)] = (message, event)

    def bringer(self, message: object) -> Event | None:
        """Return what brought a message."""
        found = self._brought.get(id(message))
        return found[1] if found else None

    def happened(self, who: tuple[str, str], sentence: str, at_ns: int, *led_to: object) -> Event:
        """Enter something that happened outside, and the messages that it led to."""
        event = self.add(Kind.HAPPENED, who, sentence, at_ns)
        event.answers = led_to
        self.brings(event, *led_to)
        return event

    def told(self, *types: type, who: str = "") -> list[Event]:
        """Return when actors were told something of these types, in order."""
        return [e for e in self._of(Kind.TOLD, *types) if e.who.startswith(who)]

    def asked(self, *types: type) -> list[Event]:
        """Return when ports were asked something of these types, in order."""
        return list(self._of(Kind.ASKED, *types))

    def recorded(self, kind: type) -> list[tuple[Event, Any]]:
        """Return the facts of a type, each with the event that made it durable."""
        found = (event for event in self.events if event.kind is Kind.RECORDED)
        return [(event, fact) for event in found for fact in event.about if isinstance(fact, kind)]

    def actors(self, specs: Sequence[ActorSpec]) -> tuple[ActorSpec, ...]:
        """Return these actors, traced."""
        return tuple(replace(spec, restore=self._restored(spec)) for spec in specs)

    def port(self, port: Port, now_ns: Callable[[], int], falls: Callable[[Any], bool]) -> Port:
        """Return a port, traced; the world falls once it has answered, where that is wanted."""
        module = type(port.__self__).__module__

        async def ask(request: Any) -> Sequence[Any]:
            event = self.add(Kind.ASKED, ("door", module), request, now_ns())
            event.answers = tuple(await port(request))
            self.brings(event, *event.answers)
            if falls(request):
                raise WorldFell
            return event.answers

        return ask

    def outside(self, see: Callable[[Any, int], Sequence[tuple[str, Any]]]):
        """Return what sees the world's messages first, traced where that led to something."""

        def seen(message: Any, at_ns: int) -> Sequence[tuple[str, Any]]:
            news = see(message, at_ns)
            if news:
                who = ("exchange", "daemon.twin.exchange")
                event = self.add(Kind.HAPPENED, who, message, at_ns)
                event.answers = tuple(told for _, told in news)
                self.brings(event, *event.answers)
            return news

        return seen

    def _of(self, kind: Kind, *types: type) -> Iterator[Event]:
        return (e for e in self.events if e.kind is kind and isinstance(e.about, types))

    def _restored(self, spec: ActorSpec) -> Callable[[Iterable[Any]], Actor]:
        return lambda facts: _Traced(spec.restore(facts), spec.name, self)


class TracedLedger:
    """A ledger that makes facts durable at once, and has the trace know of it."""

    def __init__(self, ledger: Ledger, trace: Trace) -> None:
        self._ledger = ledger
        self._trace = trace
        self.take = ledger.take
        self.flush = ledger.flush
        self.facts = ledger.facts

    def append(self, facts: Sequence[Any], origin: Origin, at_ns: int) -> None:
        """Enter facts, and make them durable."""
        self._ledger.append(facts, origin, at_ns)
        self._ledger.flush()
        who = ("ledger", type(self._ledger).__module__)
        self._trace.add(Kind.RECORDED, who, facts, at_ns).origin = origin


class _Traced:
    """An actor whose every decision is entered in the trace."""

    def __init__(self, actor: Actor, name: str, trace: Trace) -> None:
        self._actor = actor
        self._who = (name, type(actor).__module__)
        self._trace = trace

    def handle(self, message: Any, now_ns: int) -> Sequence[Effect]:
        """Decide as the actor does."""
        event = self._trace.add(Kind.TOLD, self._who, message, now_ns)
        effects = self._actor.handle(message, now_ns)
        event.effects = tuple(_flat(effects))
        self._trace.brings(event, *map(_carried, event.effects))
        return effects


def _flat(effects: Sequence[Effect]) -> Iterator[Effect]:
    """Yield effects, a commit before what follows it."""
    for effect in effects:
        yield effect
        if isinstance(effect, Commit):
            yield from _flat(effect.then)


def _carried(effect: Effect) -> object:
    """What an effect brings to somebody else."""
    match effect:
        case Tell() | Publish() | Alarm():
            return effect.message
        case Call():
            return effect.request
        case Commit():
            return effect.facts
        case Take():
            return effect.tick
    return effect
