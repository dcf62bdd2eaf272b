"""The seeded driver: chance says which ready inbox is read next, and answers come when they come.

It runs the handlers that the other two drivers run, and carries their effects out by the same
rules: what an actor decides is carried out in the order decided, and nothing leaves before what was
committed ahead of it is durable. What differs is what a real machine leaves open: who reads first,
how long the disk takes, and what arrives meanwhile. Any two steps have a gap between them, at which
a run may crash it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Generator, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any, NamedTuple, assert_never

from daemon.errors import OrdoError
from daemon.runtime.inbox import Inbox
from daemon.runtime.supervisor import Child, Supervisor
from daemon.runtime.words import (
    Alarm,
    Call,
    Commit,
    Effect,
    Lane,
    Origin,
    Publish,
    Show,
    Started,
    Surroundings,
    Take,
    Tell,
)
from daemon.simulation.ledger import SimulatedLedger
from daemon.simulation.timeline import Timeline

_FASTEST_NS, SLOWEST_NS = 50_000, 20_000_000
"""How long the disk takes."""
_STANDSTILL = 5_000
"""So many steps at one instant are an endless round."""

Item = tuple[Any, int, int]


class _Held(NamedTuple):
    """Effects that wait until as many commits are durable as were entered before them."""

    effects: Sequence[Effect]
    item: Item
    entered: int


class _Slot:
    """An actor: its inbox, its child, and what it decided that waits for the disk."""

    def __init__(self, child: Child) -> None:
        spec = child.spec
        self.child = child
        self.inbox = Inbox(spec.name, spec.facts_limit, spec.merge)
        self.held: deque[_Held] = deque()
        self.reads, self.acts = _Turn(self, acts=False), _Turn(self, acts=True)


class _Turn(NamedTuple):
    """What an actor may do next: act on a commit that is durable, or read a message."""

    slot: _Slot
    acts: bool


class Reply:
    """What a port waits for; the world gives it, or lets it fail, at an instant of its own."""

    def __init__(self) -> None:
        self._given: Any = None
        self._error: OrdoError | None = None
        self._wake: Callable[[], None] = _nobody

    def __await__(self) -> Generator[Reply, None, Any]:
        """Wait for it.

        Raises:
            OrdoError: what it failed with.
        """
        yield self
        if self._error is not None:
            raise self._error
        return self._given

    def then(self, wake: Callable[[], None]) -> None:
        """Say who goes on once it is there."""
        self._wake = wake

    def give(self, given: Any) -> None:
        """Let whoever waits go on with this."""
        self._given = given
        self._wake()

    def fail(self, error: OrdoError) -> None:
        """Let whoever waits go on with an error."""
        self._error = error
        self._wake()


def _nobody() -> None:
    """Nobody waits: whoever asked is told another way, or not at all."""


class Trace:
    """The running digest over every step of a run: equal seeds, equal digests.

    Attributes:
        steps: how many there were.
        last: the newest of them, in words.
    """

    def __init__(self, kept: int) -> None:
        self.steps = 0
        self.last: deque[str] = deque(maxlen=kept)
        self._digest = blake2b(digest_size=16)

    def step(self, at_ns: int, actor: str, what: str) -> None:
        """Take one step in."""
        self.steps += 1
        line = f"{self.steps} {at_ns} {actor} {what}"
        self.last.append(line)
        self._digest.update(line.encode() + b"\n")

    def hexdigest(self) -> str:
        """Return the digest so far."""
        return self._digest.hexdigest()


class SimulatedPump:
    """Runs the actors of one life of a daemon.

    Args:
        supervisor: the actors.
        ledger: where their facts go.
        around: what they find around them.
        timeline: virtual time.
        trace: is told every step.

    Attributes:
        over: it has crashed; nothing it waited for reaches anybody any more.
        steps: how many messages were read, and held effects carried out, in this life.
        deeds: how many commits were entered and ports asked.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        ledger: SimulatedLedger,
        around: Surroundings,
        timeline: Timeline,
        trace: Trace,
    ) -> None:
        self.over = False
        self.steps = self.deeds = 0
        self._supervisor = supervisor
        self._ledger = ledger
        self._around = around
        self._timeline = timeline
        self._trace = trace
        self._dice = timeline.dice
        self._number = 0
        self._entered = self._durable = self._flushes = 0
        self._flushing = False
        self._still_ns, self._still = 0, 0
        self._slots = {name: _Slot(child) for name, child in supervisor.children.items()}
        self._all = tuple(self._slots.values())
        self._heard_by: dict[type, tuple[_Slot, ...]] = {}
        for slot in self._all:
            self._put(slot, Lane.FACTS, Started(), 0)

    def tell(self, to: str, message: Any, lane: Lane = Lane.FACTS) -> None:
        """Bring a message in from the outside, now."""
        if not self.over:
            self._put(self._slots[to], lane, message, 0)

    def ready(self) -> list[_Turn]:
        """Return what can be done at this instant: messages to read, and commits to act on."""
        ready = [slot.reads for slot in self._all if slot.inbox.unread]
        ready += [slot.acts for slot in self._all if slot.held and self._may_act(slot)]
        return ready

    def is_at_rest(self) -> bool:
        """Say whether nothing is to be read, and nothing waits for the disk."""
        return not any(slot.inbox.unread or slot.held for slot in self._all)

    def step(self, ready: Sequence[_Turn]) -> None:
        """Let chance choose one of those that are ready: it reads a message, or acts on a commit.

        Raises:
            OrdoError: what ends the tree, such as `TooManyRestarts`.
        """
        number = self._trace.steps
        at = self._dice.below(len(ready), "turn", number) if len(ready) > 1 else 0
        slot, acts = ready[at]
        self.steps += 1
        name, now_ns = slot.child.spec.name, self._timeline.now_ns()
        self._watch_time(now_ns)
        if acts:
            held = slot.held.popleft()
            self._trace.step(now_ns, name, "acts")
            self._carry_out(held.effects, slot, held.item, held=False)
        else:
            item = slot.inbox.get()
            self._trace.step(now_ns, name, type(item[0]).__name__)
            effects = self._supervisor.handle(slot.child, item, now_ns)
            self._carry_out(effects, slot, item, held=bool(slot.held))

    def _watch_time(self, now_ns: int) -> None:
        if now_ns > self._still_ns:
            self._still_ns, self._still = now_ns, 0
        self._still += 1
        assert self._still < _STANDSTILL, f"{_STANDSTILL} steps at one instant are an endless round"

    def _may_act(self, slot: _Slot) -> bool:
        return slot.held[0].entered <= self._durable

    def _put(self, slot: _Slot, lane: Lane, message: Any, cause: int) -> None:
        self._number += 1
        if not slot.child.disarmed:
            slot.inbox.put(lane, (message, self._number, cause))

    def _carry_out(self, effects: Sequence[Effect], slot: _Slot, item: Item, *, held: bool) -> None:
        for effect in effects:
            if isinstance(effect, Commit):
                self._commit(effect, slot, item)
                held = True
            elif held:
                slot.held.append(_Held((effect,), item, self._entered))
            else:
                self._do(effect, slot, item[1])

    def _commit(self, commit: Commit, slot: _Slot, item: Item) -> None:
        self.deeds += 1
        origin = Origin(slot.child.spec.name, item[1], item[2])
        self._ledger.append(commit.facts, origin, self._timeline.now_ns())
        self._entered += 1
        slot.held.append(_Held(commit.then, item, self._entered))
        if not self._flushing:
            self._flush()

    def _flush(self) -> None:
        """Write what was entered so far; what is entered meanwhile goes out with the next."""
        self._flushing = True
        self._flushes += 1
        took_ns = self._dice.between(_FASTEST_NS, SLOWEST_NS, "disk", self._trace.steps)
        took_ns += self._ledger.begin_write()
        self._timeline.after(took_ns, partial(self._flushed, self._entered))

    def _flushed(self, entered: int) -> None:
        if self.over:
            return
        self._ledger.end_write()
        self._durable = entered
        self._flushing = False
        if self._entered > entered:
            self._flush()

    def _do(
        self, effect: Publish | Take | Tell | Call | Alarm | Show, slot: _Slot, cause: int
    ) -> None:
        match effect:
            case Publish(message, lane):
                for hearer in self._hearers(type(message)):
                    self._put(hearer, lane, message, cause)
            case Take(tick):
                self._ledger.take(tick)
            case Tell(to, message, lane):
                self._put(self._slots[to], lane, message, cause)
            case Call(port, request):
                self.deeds += 1
                self._drive(self._around.ports[port](request), slot, cause)
            case Alarm(at_ns):
                self._timeline.at(at_ns, partial(self._ring, slot, effect))
            case Show(view):
                self._around.show(view)
            case _:
                assert_never(effect)

    def _hearers(self, kind: type) -> tuple[_Slot, ...]:
        """Return who hears messages of a type; none comes later, and none goes."""
        known = self._heard_by.get(kind)
        if known is None:
            known = tuple(slot for slot in self._all if kind in slot.child.spec.hears)
            self._heard_by[kind] = known
        return known

    def _ring(self, slot: _Slot, alarm: Alarm) -> None:
        if not self.over:
            self._put(slot, alarm.lane, alarm.message, 0)

    def _drive(self, work: Coroutine[Any, Any, Sequence[Any]], slot: _Slot, cause: int) -> None:
        """Let a port go on until it waits for the world, or answers; one that crashed never does.

        A port that was asked by a daemon that is over is left where it stands, as a kill leaves it.
        """
        if self.over:
            return
        try:
            reply: Reply = work.send(None)
        except StopIteration as done:
            for answer in done.value:
                self._put(slot, Lane.FACTS, answer, cause)
        else:
            reply.then(partial(self._drive, work, slot, cause))
