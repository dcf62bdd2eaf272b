"""The simulated world's sink: who is told of what happens, and what the store keeps of that.

It has a timeline of its own, so that no throw and no step of those who trade depends on it. What it
has taken outlives every crash, and so do the cursor and the dead letters; what is under way between
them and the publisher may be cut anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar

from daemon.actors.outbox_publisher import OutboxPublisher
from daemon.app.shown.outbox import conduct_of
from daemon.app.shown.outbox_store import SinkStore
from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.errors import SinkFault, StoreError
from daemon.messages.outbox import (
    Awake,
    Cursor,
    Deliver,
    Delivered,
    Event,
    EventsRead,
    Letter,
    LetterState,
    NotDelivered,
    ReadOn,
    Settle,
)
from daemon.runtime.words import Alarm, Call, Started
from daemon.settings import SinkSettings
from daemon.simulation import faults
from daemon.simulation.dice import Dice
from daemon.simulation.judging.judge import Violated
from daemon.simulation.timeline import Timeline
from daemon.storage.codec import Row
from daemon.storage.outbox import SINK, Outbox
from daemon.storage.reader import ALL

_SETTINGS = SinkSettings(id="pager", url="http://127.0.0.1:1/", tries=3)
_SETTLED_NS = 300 * SECOND_NS
_DISK_NS, _WIRE_NS = MILLISECOND_NS // 10, 2 * MILLISECOND_NS
"""How long something is under way at most."""
T = TypeVar("T")


class OutboxInMemory(Outbox):
    """The outbox over rows of a list, for one sink that began before all of them.

    Args:
        rows: what is durable; more may come.

    Attributes:
        cursor: of the sink.
        kept: its dead letters, by the numbers of their records.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self.cursor = Cursor(SINK + _SETTINGS.id, 0)
        self.kept: dict[int, Letter] = {}

    def begin(self, sink: str) -> Cursor:  # noqa: ARG002
        """Return the cursor."""
        return self.cursor

    def buried(self, cursor: Cursor) -> frozenset[int]:
        """Return the records behind the cursor that have a dead letter."""
        return frozenset(number for number in self.kept if number > cursor.number)

    def rows(self, after: int, most: int) -> list[Row]:
        """Return the next records."""
        return list(self._rows[after : after + most])

    def reminders(self, until: int, most: int) -> list[Row]:
        """Return the newest records up to a number; what reminds of nothing is passed over."""
        return [row for row in self._rows[:until] if row.kind == "IntentRecorded"][-most:]

    def left(self, after: int, most: int = ALL) -> int:
        """Return how many records there are behind a number."""
        return min(len(self._rows) - after, most)

    def settle(self, asked: Settle) -> None:
        """Move the cursor and keep dead letters.

        Raises:
            StoreError: the cursor stands elsewhere.
        """
        if asked.before != self.cursor:
            raise StoreError("the cursor was moved")
        self.cursor = asked.after
        self.kept |= {letter.event.number: letter for letter in asked.letters}

    def waiting(self, sink: str) -> int:  # noqa: ARG002
        """Return how many dead letters were not delivered since."""
        return sum(letter.state is not LetterState.DELIVERED for letter in self.kept.values())

    def letters(
        self,
        states: Sequence[LetterState],
        sink: str = "",  # noqa: ARG002
        most: int = ALL,
    ) -> tuple[Letter, ...]:
        """Return dead letters."""
        return tuple(each for each in self.kept.values() if each.state in states)[:most]


class SimulatedSink:
    """A receiver that outlives the daemon, and the publisher of each of its lives.

    Args:
        rows: what is durable in the ledger.
        dice: the chance of the run.
        fates: what goes wrong with what it is told.
        begins_ns: where time begins.

    Attributes:
        taken: what it was told, in the order in which that came, repeats included.
        outbox: what the store keeps.
    """

    def __init__(
        self, rows: Sequence[Row], dice: Dice, fates: faults.Fates, begins_ns: int
    ) -> None:
        self.taken: list[Event] = []
        self.outbox = OutboxInMemory(rows)
        self._rows = rows
        self._dice, self._fates = dice, fates
        self._timeline = Timeline(dice, begins_ns)
        self._throws = self._life = 0
        self._publisher: OutboxPublisher | None = None
        self._store = SinkStore(_SETTINGS, self._done)

    def begin(self, now_ns: int) -> None:
        """Begin a life, from what the store keeps."""
        self._timeline.at(now_ns, self._started)

    def wake(self, now_ns: int) -> None:
        """Say that something more may be recorded."""
        self._timeline.at(now_ns, partial(self._tell, self._life, Awake()))

    def catch_up(self, now_ns: int) -> None:
        """Let everything happen that was to happen by now."""
        while self._timeline.go_on(now_ns):
            pass

    def crash(self, now_ns: int) -> None:
        """End a life: what is under way from it may arrive, and nobody hears of it."""
        self.catch_up(now_ns)
        self._life += 1
        self._publisher = None

    def recorded(self, count: int) -> tuple[Event, ...]:
        """Return the events of so many records, the first ones."""
        store = SinkStore(_SETTINGS, self._done)
        (read,) = _end_of(store.ask(ReadOn(0, count)))
        assert isinstance(read, EventsRead), "a list does not fail"
        return read.events

    def settle(self, now_ns: int) -> int:
        """Let all be told that is durable, and return how many records that are."""
        self.wake(now_ns)
        self.catch_up(now_ns + _SETTLED_NS)
        return len(self._rows)

    def _started(self) -> None:
        self._publisher = OutboxPublisher(_SETTINGS.id, conduct_of(_SETTINGS))
        self._store = SinkStore(_SETTINGS, self._done)
        self._tell(self._life, Started())

    def _tell(self, life: int, message: object) -> None:
        if life != self._life or self._publisher is None:
            return
        for effect in self._publisher.handle(message, self._timeline.now_ns()):
            match effect:
                case Call("store", asked):
                    self._soon(partial(self._kept, self._life, asked), _DISK_NS)
                case Call(_, Deliver() as asked):
                    self._soon(partial(self._met, self._life, asked), _WIRE_NS)
                case Alarm(at_ns, later):
                    self._timeline.at(at_ns, partial(self._tell, self._life, later))

    def _kept(self, life: int, asked: Any) -> None:
        """The store does what it was asked for; of a life that is over it may, or may not."""
        if life == self._life or (isinstance(asked, Settle) and self._throw(2)):
            (answer,) = _end_of(self._store.ask(asked))
            self._soon(partial(self._tell, life, answer), _DISK_NS)

    def _met(self, life: int, asked: Deliver) -> None:
        """An event arrives; that of a life that is over may, or may not."""
        if life != self._life and self._throw(2):
            return
        fate = self._fates.of(faults.Call.TELL)
        if fate is not faults.Kind.SINK_REFUSES:
            self.taken.append(asked.event)
        number = asked.event.number
        why = SinkFault.REFUSED if fate is faults.Kind.SINK_REFUSES else SinkFault.FAILED
        heard = Delivered(number) if fate is None else NotDelivered(number, fate.value, why)
        self._soon(partial(self._tell, life, heard), _WIRE_NS)

    def _soon(self, what: Callable[[], None], most_ns: int) -> None:
        self._timeline.after(1 + self._throw(most_ns), what)

    def _throw(self, limit: int) -> int:
        self._throws += 1
        return self._dice.below(limit, "sink", self._throws)

    async def _done(self, work: Callable[[Outbox], Any]) -> Any:
        return work(self.outbox)


def every_event_is_told(sink: SimulatedSink, count: int) -> None:
    """I18: what is recorded was told, or has a dead letter; nothing else was, and all in order.

    Args:
        sink: that was told.
        count: of how many records.

    Raises:
        Violated: it is not so.
    """
    recorded = {event.event_id: event for event in sink.recorded(count)}
    arrived: dict[str, list[int]] = {}
    for event in {event.event_id: event for event in sink.taken}.values():  # repeats left out
        if event.event_id not in recorded:
            raise Violated("I18", f"{event.event_id} was told, and the record has no such event")
        arrived.setdefault(event.key, []).append(event.number)
    for key, numbers in arrived.items():
        if numbers != sorted(numbers):
            raise Violated("I18", f"the events of {key} came in the order {numbers}")
    told = {number for numbers in arrived.values() for number in numbers}
    for event_id, event in recorded.items():
        if event.number not in told and event.number not in sink.outbox.kept:
            raise Violated("I18", f"{event_id} was recorded, and nobody was told")


def _end_of(work: Coroutine[Any, Any, T]) -> T:
    """Return what comes of work that waits for nobody."""
    try:
        work.send(None)
    except StopIteration as done:
        answer: T = done.value
        return answer
    raise AssertionError("it waits")
