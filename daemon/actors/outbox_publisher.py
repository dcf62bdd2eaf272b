"""The publisher of one sink: what it is given next, how often, and when that is given up.

What is recorded behind the cursor is held, a bounded part of it, and given in the order of the
record within each key; other keys go on meanwhile. What is not taken is tried again after a pause
that grows. After so many noes it is a dead letter; once that is kept, what follows it is given. Who
is away says no to nothing: however long that lasts, what he was not given is given to him then. Who
fails says no where he takes others, and where so much waits behind an event that no more is read.

The cursor moves behind whatever is done with, never past anything else. So a crash sets it back at
most, and the sink is given some of it once more.

Once the ledger has failed nothing more comes by the record. What is told past it is given all the
same, moves no cursor and has no letter: the next start finds it in the record, and gives it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from daemon.actors.sink_conduct import MOST_AFTER_NS, Conduct, Held
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS
from daemon.errors import SinkFault
from daemon.messages.outbox import (
    Awake,
    BeginSink,
    CaughtUp,
    Cursor,
    Deliver,
    Delivered,
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
    Unrecorded,
    WantedRead,
)
from daemon.runtime.words import Alarm, Call, Effect, Started

STORE, SINK = "store", "sink"
"""The names of its ports."""
AGAIN_NS = 5 * SECOND_NS
"""The store is asked again so long after it failed."""


class Due(Struct, frozen=True):
    """A pause is over: something may be tried again, or the cursor be moved."""


class StoreDue(Struct, frozen=True):
    """The store may be asked again."""


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
        self._read = self._left = self._dead = self._taken = 0
        self._buried: frozenset[int] = frozenset()
        self._held: dict[int, Held] = {}  # behind the cursor, in the order of the record
        self._again: dict[int, Held] = {}  # dead letters that are wanted
        self._past: dict[int, Held] = {}  # what comes past the record
        self._untold = 0  # so much of that waits for the next start
        self._letters: dict[int, Letter] = {}  # to be kept
        self._asked: set[type] = set()  # what the store is at
        self._waits = False  # for the store to be asked again
        self._is_news = self._is_wanted = True
        self._is_behind = False  # more waited than was read, and since then something always has
        self._failed = self._lacks = self._cut = ("", 0)  # why, and when: sink, store and ledger

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
            case NotDelivered():
                self._not_delivered(turn, message, now_ns)
            case Awake():  # told behind each flush, and changes nothing of what is held
                self._is_news = True
                self._read_on(turn)
                return turn.done()
            case Unrecorded():
                self._take_past(message, now_ns)
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
        if self._cursor.name or self._past:
            self._go_on(turn, now_ns)
        return turn.done()

    def seen(self) -> SinkSeen:
        """Return how the sink stands."""
        amiss = (each for each in (self._lacks, self._failed, self._cut) if each[0])
        because, at_ns = next(amiss, ("", 0))
        cursor = Cursor(self._sink, self._cursor.number, because, at_ns)
        behind = len(self._held) + self._left + len(self._past) + self._untold
        return SinkSeen(self._sink, cursor, behind, self._dead)

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
                taken = self._taken
                self._held.update((each.number, Held(each, taken=taken)) for each in fresh)
            case WantedRead(letters):
                self._asked.discard(ReadWanted)
                self._is_wanted = self._is_wanted or bool(letters)
                for letter in letters:
                    held = Held(letter.event, earlier=letter.attempts, taken=self._taken)
                    self._again[letter.event.number] = held
            case Settled(done, dead):
                self._asked.discard(Settle)
                self._cursor, self._dead = done.after, dead
                for letter in done.letters:
                    number = letter.event.number
                    del self._letters[number]
                    self._held.pop(number, None)
                    self._again.pop(number, None)

    def _take_past(self, told: Unrecorded, now_ns: int) -> None:
        """Hold what comes past the record, as far as there is room for it."""
        room = max(0, self._conduct.held - len(self._past))
        given, left = told.events[:room], told.events[room:]
        self._past.update((each.number, Held(each, taken=self._taken)) for each in given)
        self._untold += told.others + len(left)
        text = f"{told.because}; it is told of alerts and kills alone, and of the rest by a restart"
        self._cut = text, self._cut[1] or now_ns

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
        is_due = number in self._held or number in self._past
        if is_due:
            del self._among(number)[number]
        else:
            held = self._again[number] = replace(self._again[number], out=False)
            self._bury(held, LetterState.DELIVERED, now_ns)
        self._failed = ("", 0)
        self._taken += 1

    def _not_delivered(self, turn: Turn, failed: NotDelivered, now_ns: int) -> None:
        """Try an event again after a pause, or give it up."""
        kept = self._among(failed.number)
        held = kept[failed.number]
        attempts, noes = held.attempts + 1, held.noes + self._is_no(held, failed.fault)
        pause_ns = self._conduct.pause_after_ns(attempts)
        due_ns = now_ns + max(pause_ns, min(failed.after_ns, MOST_AFTER_NS))
        held = kept[failed.number] = replace(
            held,
            attempts=attempts,
            because=failed.because,
            due_ns=due_ns,
            out=False,
            noes=noes,
            taken=self._taken,
        )
        self._failed = failed.because, now_ns
        if noes < self._conduct.tries:
            turn.do(Alarm(due_ns, Due()))
        elif kept is self._past:
            del kept[failed.number]
            self._untold += 1
        else:
            self._bury(held, LetterState.DEAD, now_ns)

    def _is_no(self, held: Held, fault: SinkFault) -> bool:
        """Say whether it is this event that the receiver cannot take, and not any."""
        if fault is SinkFault.FAILED:
            return self._taken != held.taken or self._silences(held)
        return fault is SinkFault.REFUSED

    def _silences(self, held: Held) -> bool:
        """Say whether it is for this event most of all that no more is read.

        Nothing could show then whether others are taken. One event at a time is suspected so: where
        it is the receiver who fails, that costs few.
        """
        if held.event.number not in self._held or not self._is_crowded():
            return False
        waiting = Counter(each.event.key for each in self._held.values())
        ((key, _),) = waiting.most_common(1)
        return held.event.key == key

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
            is_last = held.noes + 1 >= self._conduct.tries
            asked = Deliver(held.event, held.attempts + 1, is_last, self._is_crowded())
            self._is_behind = self._is_behind or asked.is_crowded
            turn.do(Call(SINK, asked))
        self._settle(turn, now_ns)
        self._read_on(turn)
        if self._is_behind and self._is_done():
            self._is_behind = False
            turn.do(Call(SINK, CaughtUp()))
        if self._cursor.name and self._is_wanted and not self._again:
            self._ask(turn, ReadWanted(self._conduct.batch))

    def _read_on(self, turn: Turn) -> None:
        """Read what was recorded since, where there is room for it."""
        if self._cursor.name and self._is_news and self._has_room():
            self._ask(turn, ReadOn(self._read, self._conduct.batch))

    def _is_crowded(self) -> bool:
        """Say whether more is recorded, as far as is known, and not read for want of room."""
        return self._is_news and not self._has_room()

    def _is_done(self) -> bool:
        """Say whether nothing waits for the sink, be it read or not."""
        is_unread = self._is_news or ReadOn in self._asked
        return not (is_unread or self._held or self._again or self._past)

    def _has_room(self) -> bool:
        return len(self._held) + self._conduct.batch <= self._conduct.held

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
        What comes past the record waits for no letter to be kept: the store may never be back.
        """
        every = (*self._held.values(), *self._again.values(), *self._past.values())
        if not every:
            return []
        busy = {each.event.key for each in every if each.out}
        room = self._conduct.at_once - sum(each.out for each in every)
        buried: set[str] = set()
        given: list[Held] = []
        for each in every:
            number, key = each.event.number, each.event.key
            if number in self._letters or (key in buried and number in self._held):
                buried |= {key} if number in self._held else set()
                continue
            is_free = key not in busy and (key not in buried or number in self._past)
            may = is_free and each.due_ns <= now_ns and len(given) < room
            if may:
                given.append(each)
            if may or number not in self._again:
                busy.add(key)
        return given

    def _among(self, number: int) -> dict[int, Held]:
        """Return where an event is held."""
        due = (kept for kept in (self._held, self._past) if number in kept)
        return next(due, self._again)

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
