"""The publisher of one sink: what it is given next, how often, and when that is given up.

What is recorded behind the cursor is held, a bounded part of it, and given in the order of the
record within each key; other keys go on meanwhile. What is not taken is tried again after a pause
that grows. After so many tries it is a dead letter; once that is kept, what follows it is given.

The cursor moves behind whatever is done with, never past anything else. So a crash sets it back at
most, and the sink is given some of it once more.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS
from daemon.messages.outbox import (
    Awake,
    BeginSink,
    Cursor,
    Deliver,
    Delivered,
    Event,
    EventsRead,
    Letter,
    LetterState,
    LettersWanted,
    NotDelivered,
    ReadOn,
    ReadWanted,
    Settle,
    Settled,
    SinkBegun,
    SinkSeen,
    StoreFailed,
    WantedRead,
)
from daemon.runtime.words import Alarm, Call, Effect, Started

STORE, SINK = "store", "sink"
"""The names of its ports."""
AGAIN_NS = 5 * SECOND_NS
"""The store is asked again so long after it failed."""


class Conduct(Struct, frozen=True):
    """How a sink is treated.

    Attributes:
        tries: so often an event is given at most.
        pause_ns: between the first two tries, in host time; each later pause is twice as long.
        longest_pause_ns: no pause is longer.
        batch: so many records are looked at at once.
        held: so many events are held at most.
        at_once: so many are given at once, each of another key.
        settle_ns: the cursor is not moved more often than that, for who writes records has to wait
            while it is.
    """

    tries: int
    pause_ns: int
    longest_pause_ns: int
    batch: int = 100
    held: int = 400
    at_once: int = 4
    settle_ns: int = SECOND_NS // 4

    def pause_after_ns(self, attempts: int) -> int:
        """Return the pause after so many tries."""
        doubled = min(attempts - 1, 62)
        return min(self.pause_ns << doubled, self.longest_pause_ns)


class Due(Struct, frozen=True):
    """A pause is over: something may be tried again, or the cursor be moved."""


class StoreDue(Struct, frozen=True):
    """The store may be asked again."""


class Held(Struct, frozen=True):
    """An event on its way.

    Attributes:
        event: which.
        attempts: so often it was given.
        because: why it was not taken the last time.
        due_ns: before it, it is not given again.
        out: it is being given now.
        earlier: so often it was given before it was a dead letter.
    """

    event: Event
    attempts: int = 0
    because: str = ""
    due_ns: int = 0
    out: bool = False
    earlier: int = 0


class OutboxPublisher:
    """Decides what a sink is given.

    Args:
        sink: its id.
        conduct: how it is treated.
    """

    def __init__(self, sink: str, conduct: Conduct) -> None:
        self._sink = sink
        self._conduct = conduct
        self._cursor = Cursor("", 0)
        self._is_known = False  # where the cursor stands in the store
        self._settled_ns = self._awaited_ns = 0
        self._read = self._left = self._dead = 0
        self._buried: frozenset[int] = frozenset()
        self._held: dict[int, Held] = {}  # behind the cursor, in the order of the record
        self._again: dict[int, Held] = {}  # dead letters that are wanted
        self._letters: dict[int, Letter] = {}  # to be kept
        self._asked: set[type] = set()  # what the store is at
        self._waits = False  # for the store to be asked again
        self._is_news = self._is_wanted = True
        self._failed = self._lacks = ("", 0)  # why, and when: the sink, and the store

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message, at an instant of host time."""
        turn = Turn()
        match message:
            case Started():
                self._ask(turn, BeginSink())
            case SinkBegun() | EventsRead() | WantedRead() | Settled():
                self._take(message)
            case StoreFailed():
                self._do_without(turn, message, now_ns)
            case Delivered(number):
                self._delivered(number, now_ns)
            case NotDelivered(number, because):
                self._not_delivered(turn, number, because, now_ns)
            case Awake():  # told behind each flush, and changes nothing of what is held
                self._is_news = True
                self._read_on(turn)
                return turn.done()
            case LettersWanted(dead):
                self._is_wanted, self._dead = True, dead
            case StoreDue():
                self._waits = False
                if not self._is_known:
                    self._ask(turn, BeginSink())
            case Due():
                pass
            case _:
                raise AssertionError(f"the publisher of {self._sink} was told {message!r}")
        if self._cursor.name:
            self._go_on(turn, now_ns)
        return turn.done()

    def seen(self) -> SinkSeen:
        """Return how the sink stands."""
        because, at_ns = self._lacks if self._lacks[0] else self._failed
        cursor = Cursor(self._sink, self._cursor.number, because, at_ns)
        return SinkSeen(self._sink, cursor, len(self._held) + self._left, self._dead)

    def _take(self, answer: SinkBegun | EventsRead | WantedRead | Settled) -> None:
        """Take what the store answers."""
        self._lacks = ("", 0)
        match answer:
            case SinkBegun(cursor, buried, dead):
                self._asked.discard(BeginSink)
                if not self._cursor.name:  # else it was in doubt what became of the last move
                    self._read = cursor.number
                    self._failed = cursor.failed_because, cursor.failed_ns
                self._cursor, self._buried, self._dead = cursor, buried, dead
                self._is_known = True
            case EventsRead(events, reached, left):
                self._asked.discard(ReadOn)
                self._is_news = self._is_news or left > 0
                self._read, self._left = reached, left
                fresh = (each for each in events if each.number not in self._buried)
                self._held.update((each.number, Held(each)) for each in fresh)
            case WantedRead(letters):
                self._asked.discard(ReadWanted)
                self._is_wanted = self._is_wanted or bool(letters)
                for letter in letters:
                    held = Held(letter.event, earlier=letter.attempts)
                    self._again[letter.event.number] = held
            case Settled(done, dead):
                self._asked.discard(Settle)
                self._cursor, self._dead = done.after, dead
                for letter in done.letters:
                    number = letter.event.number
                    del self._letters[number]
                    self._held.pop(number, None)
                    self._again.pop(number, None)

    def _do_without(self, turn: Turn, failed: StoreFailed, now_ns: int) -> None:
        """Leave the store alone for a while; what it was asked for is asked again."""
        self._asked.discard(type(failed.asked))
        match failed.asked:
            case Settle():
                self._is_known = False
            case ReadOn():
                self._is_news = True
            case ReadWanted():
                self._is_wanted = True
        self._lacks = f"the store: {failed.because}", now_ns
        self._waits = True
        turn.do(Alarm(now_ns + AGAIN_NS, StoreDue()))

    def _delivered(self, number: int, now_ns: int) -> None:
        if self._held.pop(number, None) is None:
            held = self._again[number] = replace(self._again[number], out=False)
            self._bury(held, LetterState.DELIVERED, now_ns)
        self._failed = ("", 0)

    def _not_delivered(self, turn: Turn, number: int, because: str, now_ns: int) -> None:
        """Try an event again after a pause, or give it up."""
        kept = self._among(number)
        attempts = kept[number].attempts + 1
        due_ns = now_ns + self._conduct.pause_after_ns(attempts)
        held = replace(kept[number], attempts=attempts, because=because, due_ns=due_ns, out=False)
        kept[number] = held
        self._failed = because, now_ns
        if attempts < self._conduct.tries:
            turn.do(Alarm(due_ns, Due()))
        else:
            self._bury(held, LetterState.DEAD, now_ns)

    def _bury(self, held: Held, state: LetterState, now_ns: int) -> None:
        """Have a letter kept; until it is, nothing that follows it is given."""
        attempts = held.earlier + held.attempts + (state is LetterState.DELIVERED)
        self._letters[held.event.number] = Letter(
            self._sink, held.event, attempts, held.because, now_ns, state
        )

    def _go_on(self, turn: Turn, now_ns: int) -> None:
        """Read, give and keep whatever can be."""
        for held in self._givable(now_ns):
            number = held.event.number
            self._among(number)[number] = replace(held, out=True)
            turn.do(Call(SINK, Deliver(held.event, held.attempts + 1)))
        self._settle(turn, now_ns)
        self._read_on(turn)
        if self._is_wanted and not self._again:
            self._ask(turn, ReadWanted(self._conduct.batch))

    def _read_on(self, turn: Turn) -> None:
        """Read what was recorded since, where there is room for it."""
        has_room = len(self._held) + self._conduct.batch <= self._conduct.held
        if self._cursor.name and self._is_news and has_room:
            self._ask(turn, ReadOn(self._read, self._conduct.batch))

    def _settle(self, turn: Turn, now_ns: int) -> None:
        """Move the cursor and keep letters, now or when it is time for that again."""
        if not self._is_known:
            return
        because, at_ns = self._failed
        done = min(self._held, default=self._read + 1) - 1
        before, number = self._cursor, max(done, self._cursor.number)
        after = Cursor(before.name, number, because, at_ns)
        if after == before and not self._letters:
            return
        due_ns = self._settled_ns + self._conduct.settle_ns
        if now_ns >= due_ns:
            self._settled_ns = now_ns
            self._ask(turn, Settle(before, after, tuple(self._letters.values())))
        elif self._awaited_ns != due_ns:
            self._awaited_ns = due_ns
            turn.do(Alarm(due_ns, Due()))

    def _givable(self, now_ns: int) -> list[Held]:
        """Return what is to be given now: of each key its first.

        A dead letter that is wanted holds up nothing, and waits for whatever else is of its key.
        """
        every = (*self._held.values(), *self._again.values())
        if not every:
            return []
        busy = {each.event.key for each in every if each.out}
        room = self._conduct.at_once - sum(each.out for each in every)
        given: list[Held] = []
        for each in every:
            number, key = each.event.number, each.event.key
            is_free = key not in busy and number not in self._letters
            may = is_free and each.due_ns <= now_ns and len(given) < room
            if may:
                given.append(each)
            if may or number in self._held:
                busy.add(key)
        return given

    def _among(self, number: int) -> dict[int, Held]:
        """Return where an event is held."""
        return self._held if number in self._held else self._again

    def _ask(self, turn: Turn, asked: BeginSink | ReadOn | ReadWanted | Settle) -> None:
        """Ask the store for something, unless it is at just that or is to be left alone."""
        if self._waits or type(asked) in self._asked:
            return
        self._asked.add(type(asked))
        if isinstance(asked, ReadOn):
            self._is_news = False
        elif isinstance(asked, ReadWanted):
            self._is_wanted = False
        turn.do(Call(STORE, asked))
