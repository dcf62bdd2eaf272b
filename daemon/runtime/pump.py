"""The deterministic driver: one loop drains every inbox in a fixed order, without task switches.

Market time is virtual and stands still while a port works. What follows a commit runs once all
inboxes are empty; then, at equal times, come answers, the outside's message (a frame), and alarms.
What one actor decides is carried out in the order decided. Equal input gives equal decisions,
anywhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Coroutine, Sequence
from heapq import heappop, heappush
from typing import Any, assert_never

from daemon.runtime.clock import VirtualClock
from daemon.runtime.inbox import Inbox
from daemon.runtime.supervisor import Child, Supervisor
from daemon.runtime.words import (
    NOTHING,
    Alarm,
    Call,
    Commit,
    Effect,
    Lane,
    Ledger,
    Origin,
    Publish,
    Show,
    Started,
    Surroundings,
    Take,
    Tell,
)

Item = tuple[Any, int, int]


class _Slot:
    """An actor in the pump: its inbox, its child, what it hears, and how many commits it awaits."""

    __slots__ = ("child", "hears", "inbox", "waiting")

    def __init__(self, child: Child) -> None:
        self.child = child
        self.hears = frozenset(child.spec.hears)
        self.inbox = Inbox(child.spec.name, child.spec.facts_limit, child.spec.merge)
        self.waiting = 0


def at_once(work: Coroutine[Any, Any, Sequence[Any]]) -> Sequence[Any]:
    """Run a port of a virtual world, which answers without waiting."""
    try:
        work.send(None)
    except StopIteration as done:
        answers: Sequence[Any] = done.value
        return answers
    work.close()
    raise AssertionError("a port of a virtual world may not wait")


class Pump:
    """Runs the actors of one virtual world.

    Attributes:
        now_ns: the instant of market time that the world stands at.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        ledger: Ledger,
        around: Surroundings,
        clock: VirtualClock,
    ) -> None:
        self.now_ns = clock.now_ns()
        self._clock = clock
        self._supervisor = supervisor
        self._ledger = ledger
        self._take = ledger.take
        self._around = around
        self._outside = around.outside
        self._number = 0
        self._slots = {name: _Slot(child) for name, child in supervisor.children.items()}
        self._hearers = _hearers(list(self._slots.values()))
        self._ready: deque[_Slot] = deque()
        self._busy: _Slot | None = None
        self._commits: deque[tuple[_Slot, Sequence[Effect], Item]] = deque()
        self._answers: deque[tuple[int, _Slot, Any, int]] = deque()
        self._alarms: list[tuple[int, int, _Slot, Alarm]] = []
        for slot in self._slots.values():
            self._put(slot, Lane.FACTS, Started(), 0)
        self._drain()

    def tell(self, to: str, message: Any, at_ns: int, lane: Lane = Lane.FACTS) -> None:
        """Bring a message in from the outside, after every alarm that is due before it."""
        alarms = self._alarms
        while alarms and alarms[0][0] < at_ns:
            self._ring()
        if at_ns > self.now_ns:
            self.now_ns = at_ns
            self._clock.set(at_ns)
        outside = self._outside
        for other, news in outside(message, at_ns):
            self._put(self._slots[other], Lane.FACTS, news, 0)
        self._bring(self._slots[to], lane, message)

    def run_until(self, at_ns: int) -> None:
        """Let market time pass, ringing every alarm up to and including that instant."""
        while self._alarms and self._alarms[0][0] <= at_ns:
            self._ring()
        self._reach(at_ns)

    def _ring(self) -> None:
        at_ns, _, slot, alarm = heappop(self._alarms)
        self._reach(at_ns)
        self._bring(slot, alarm.lane, alarm.message)

    def _bring(self, slot: _Slot, lane: Lane, message: Any) -> None:
        """Let an actor have a message that no other caused, and everything that follows from it."""
        if self._ready or slot.inbox.unread or slot.child.disarmed:
            self._put(slot, lane, message, 0)
        else:  # nobody waits, so it would be read next anyway
            self._number += 1
            self._decide(slot, (message, self._number, 0))
        if self._ready or self._commits or self._answers:
            self._drain()

    def _reach(self, at_ns: int) -> None:
        """Let time be at an instant; it never goes back."""
        if at_ns > self.now_ns:
            self.now_ns = at_ns
            self._clock.set(at_ns)

    def _put(self, slot: _Slot, lane: Lane, message: Any, cause: int) -> None:
        self._number = number = self._number + 1
        self._deliver(slot, lane, (message, number, cause))

    def _deliver(self, slot: _Slot, lane: Lane, item: Item) -> None:
        if slot.child.disarmed:
            return
        if slot.inbox.put(lane, item) and slot is not self._busy:
            self._ready.append(slot)

    def _drain(self) -> None:
        ready, commits = self._ready, self._commits
        while True:
            while ready:
                slot = ready.popleft()
                self._decide(slot, slot.inbox.get())
            if commits:
                slot, then, item = commits.popleft()
                slot.waiting -= 1
                self._carry_out(then, slot, item, 0)
            elif self._answers:
                at_ns, slot, message, cause = self._answers.popleft()
                self._reach(at_ns)
                self._put(slot, Lane.FACTS, message, cause)
            else:
                return

    def _decide(self, slot: _Slot, item: Item) -> None:
        """Let an actor decide; whatever is in its inbox afterwards waits behind all others."""
        try:
            effects = slot.child.actor.handle(item[0], self.now_ns)
        except Exception as error:  # noqa: BLE001  held inline: the path of every tick
            effects = self._supervisor.fell(slot.child, item, error, self.now_ns)
        last: Publish | None = None
        while effects:
            self._busy = slot
            last = self._carry_out(effects, slot, item, slot.waiting)
            self._busy = None
            if last is None:
                break
            slot, item, effects = self._fan_out(last, slot, item)
        if slot.inbox.unread:
            self._ready.append(slot)

    def _fan_out(
        self, published: Publish, slot: _Slot, item: Item
    ) -> tuple[_Slot, Item, Sequence[Effect]]:
        """Let hearers decide one after the other, as draining would have them do, but at once.

        Only where nobody else waits: then each would be read next anyway. Before anything is
        carried out for one of them those after it have their mail, so that what it sends comes
        behind; from there on the inboxes take over.

        Returns:
            Who decided something, on what, and what is to be carried out for it.
        """
        message, cause, now_ns = published.message, item[1], self.now_ns
        hearers = self._hearers.get(type(message), ())
        first = self._number + 1
        self._number += len(hearers)
        for hearer in hearers:
            try:
                effects = hearer.child.actor.handle(message, now_ns)
            except Exception as error:  # noqa: BLE001  held inline: the path of every tick
                fallen = (message, first + hearers.index(hearer), cause)
                effects = self._supervisor.fell(hearer.child, fallen, error, now_ns)
            if effects:
                number = first + hearers.index(hearer)
                for ahead, later in enumerate(hearers[number - first + 1 :], number + 1):
                    self._deliver(later, published.lane, (message, ahead, cause))
                return hearer, (message, number, cause), effects
        return slot, item, NOTHING

    def _carry_out(
        self, effects: Sequence[Effect], slot: _Slot, item: Item, awaited: int
    ) -> Publish | None:
        """Carry effects out, or return the last where its hearers can be let decide at once.

        While commits are awaited everything but another commit is held back.
        """
        held, left = awaited > 0, len(effects)
        for effect in effects:
            left -= 1
            if held and type(effect) is not Commit:
                self._hold((effect,), slot, item)
            elif type(effect) is Take:  # the path of every tick, hence before the table below
                tick, take, outside = effect.tick, self._take, self._outside
                take(tick)
                for other, news in outside(tick, self.now_ns):
                    self._put(self._slots[other], Lane.FACTS, news, item[1])
            elif (
                type(effect) is Publish
                and not left
                and slot is self._busy
                and not (self._ready or slot.inbox.unread)
                and type(effect.message) not in slot.hears
            ):  # nobody waits, and this actor does not hear itself
                return effect
            else:
                held = self._carry_out_one(effect, slot, item) or held
        return None

    def _carry_out_one(
        self, effect: Publish | Tell | Commit | Call | Alarm | Show, slot: _Slot, item: Item
    ) -> bool:
        """Carry an effect out; return whether what follows it has to be held back."""
        cause = item[1]
        match effect:
            case Alarm():  # every few frames the feed moves its own on, hence first
                self._number += 1
                heappush(self._alarms, (effect.at_ns, self._number, slot, effect))
            case Commit(facts, then):
                origin = Origin(slot.child.spec.name, cause, item[2])
                self._ledger.append(facts, origin, self.now_ns)
                self._hold(then, slot, item)
                return True
            case Tell(to, message, lane):
                self._put(self._slots[to], lane, message, cause)
            case Publish(message, lane):
                for hearer in self._hearers.get(type(message), ()):
                    self._put(hearer, lane, message, cause)
            case Call(port, request):
                for answer in at_once(self._around.ports[port](request)):
                    self._answers.append((answer.at_ns, slot, answer, cause))
            case Show(view):
                self._around.show(view)
            case _:
                assert_never(effect)
        return False

    def _hold(self, effects: Sequence[Effect], slot: _Slot, item: Item) -> None:
        """Keep effects back until what the actor committed before them has had its turn."""
        slot.waiting += 1
        self._commits.append((slot, effects, item))


def _hearers(slots: Sequence[_Slot]) -> dict[type, tuple[_Slot, ...]]:
    heard = {kind for slot in slots for kind in slot.child.spec.hears}
    return {kind: tuple(slot for slot in slots if kind in slot.child.spec.hears) for kind in heard}
