"""One sink of the outbox, played step by step over a real store, with crashes where it is told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Any

from daemon.actors.outbox_publisher import STORE, Conduct, OutboxPublisher
from daemon.app.shown.outbox_store import SinkStore
from daemon.domain.instants import SECOND_NS
from daemon.errors import SinkFault
from daemon.messages import StrategyStarted
from daemon.messages.outbox import (
    CaughtUp,
    Delivered,
    Event,
    NotDelivered,
)
from daemon.runtime.words import Alarm, Call, Started
from daemon.settings import SinkSettings
from daemon.simulation.sink import OutboxInMemory
from daemon.storage.codec import Row
from daemon.storage.outbox import Outbox
from daemon.storage.recorder import Recorder
from tests.kit.facts import NOW, ORIGIN

PAGER = SinkSettings(id="pager", url="http://127.0.0.1:1/")
CONDUCT = Conduct(tries=3, pause_ns=SECOND_NS, longest_pause_ns=3 * SECOND_NS)
Refuses = Callable[[Event, int], bool]


def never(event: Event, attempt: int) -> bool:
    """Every event is taken the first time."""
    return False


def news(*keys: str) -> list[StrategyStarted]:
    """Return a fact for each key, which is told to sinks as an event of that key."""
    return [StrategyStarted(key, "somebody", at_ns) for at_ns, key in enumerate(keys, start=1)]


class Play:
    """A sink and its publisher; nothing runs but by `step`.

    Args:
        outbox: in the store.
        refuses: whether the receiver refuses an event at a try.
        made: makes the publisher.
        settings: of the sink.
        fault: what each of its noes says of an event.

    Attributes:
        received: what the receiver has taken, in the order in which it came, repeats included.
        tried: every try, refused ones included.
        caught_up: so often it was said that nothing waits any more.
        now_ns: host time.
    """

    def __init__(
        self,
        outbox: Outbox,
        refuses: Refuses = never,
        made: Callable[[str, Conduct], OutboxPublisher] = OutboxPublisher,
        settings: SinkSettings = PAGER,
        *,
        fault: SinkFault = SinkFault.REFUSED,
    ) -> None:
        self._fault = fault
        self._outbox = outbox
        self._refuses = refuses
        self._made = made
        self._settings = settings
        self._number = count()
        self.received: list[Event] = []
        self.tried: list[tuple[int, int]] = []
        self.caught_up = 0
        self.now_ns = SECOND_NS
        self.begin()

    def begin(self) -> None:
        """Start, as after a crash: what the store and the receiver hold is all there is."""
        self.publisher = self._made(self._settings.id, CONDUCT)
        self.store = SinkStore(self._settings, _nobody)
        self._calls: deque[Call] = deque()
        self._answers: deque[Any] = deque()
        self._alarms: list[tuple[int, int, Any]] = []
        self.tell(Started())

    def tell(self, message: object) -> None:
        """Let the publisher decide on a message."""
        for effect in self.publisher.handle(message, self.now_ns):
            match effect:
                case Call(request=CaughtUp()):
                    self.caught_up += 1
                case Call():
                    self._calls.append(effect)
                case Alarm(at_ns, later):
                    heappush(self._alarms, (at_ns, next(self._number), later))

    def step(self) -> bool:
        """Do one thing: tell an answer, carry out a call, or let time pass; False: all is quiet."""
        if self._answers:
            self.tell(self._answers.popleft())
        elif self._calls:
            self._answers.append(self._carried_out(self._calls.popleft()))
        elif self._alarms:
            at_ns, _, message = heappop(self._alarms)
            self.now_ns = max(self.now_ns, at_ns)
            self.tell(message)
        else:
            return False
        return True

    def settle(self) -> int:
        """Step until all is quiet; return how many steps that took."""
        for steps in count():
            if not self.step():
                return steps
        raise AssertionError("it never ends")

    def numbers(self) -> list[int]:
        """Return the numbers of what was received, in the order in which it came."""
        return [event.number for event in self.received]

    def order(self, key: str) -> list[int]:
        """Return in which order the events of a key came first."""
        came = dict.fromkeys(each.number for each in self.received if each.key.endswith(f":{key}"))
        return list(came)

    def _carried_out(self, call: Call) -> object:
        if call.port == STORE:
            return self.store._answer(self._outbox, call.request)
        event, attempt = call.request.event, call.request.attempt
        self.tried.append((event.number, attempt))
        if self._refuses(event, attempt):
            return NotDelivered(event.number, f"it said no to try {attempt}", self._fault)
        self.received.append(event)
        return Delivered(event.number)


def crashed_everywhere(begun: Callable[[], Play], steps: int) -> Iterator[tuple[int, Play]]:
    """Yield plays that crashed once, one at each step, and went on until all was quiet."""
    for crash in range(steps + 1):
        play = begun()
        for _ in range(crash):
            play.step()
        play.begin()
        play.settle()
        yield crash, play


def lost(play: Play, expected: Sequence[int], dead: Sequence[int] = ()) -> list[int]:
    """Return what was neither delivered nor kept as a dead letter."""
    return [each for each in expected if each not in play.numbers() and each not in dead]


def in_memory(keys: Sequence[str]) -> OutboxInMemory:
    """Return an outbox over a fact for each key, as quick as it gets; begun before all of them."""
    rows: list[Row] = []
    Recorder("owner", rows.append).append(news(*keys), ORIGIN, NOW)
    return OutboxInMemory(rows)


async def _nobody(work: Callable[[Outbox], Any]) -> Any:
    raise AssertionError(f"{work} is done by the play itself")
