"""The outbox: what sinks are given of the record, and what is said on the way there.

A sink is somebody outside who is told of what happened. Its publisher decides what it is given
next; two ports wait: one for the store that the record is in, one for the sink itself.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from daemon.errors import SinkFault


class Event(Struct, frozen=True):
    """What a sink is given of one record.

    Attributes:
        number: of the record; later ones have higher numbers. Below 0: it is told past the record.
        event_id: the number and the record's link; the same each time that it is given.
        kind: one of those of the stream of events.
        key: what it is about; events of one key are given in their order.
        body: what is told, as JSON.
    """

    number: int
    event_id: str
    kind: str
    key: str
    body: bytes


class LetterState(StrEnum):
    """What became of a dead letter."""

    DEAD = "dead"
    WANTED = "wanted"
    DELIVERED = "delivered"


class Letter(Struct, frozen=True):
    """A dead letter: an event that a sink did not take.

    Attributes:
        sink: which.
        event: which.
        attempts: so many times it was given.
        because: why it was not taken the last time.
        at_ns: when that was, in host time.
        state: what became of it since.
    """

    sink: str
    event: Event
    attempts: int
    because: str
    at_ns: int
    state: LetterState = LetterState.DEAD


class Cursor(Struct, frozen=True):
    """How far a reader of the records has come.

    Attributes:
        name: of the reader.
        number: the last record that it is done with; 0: none.
        failed_because: why it cannot go on, or could not the last time; empty: it can.
        failed_ns: when that was, in host time.
    """

    name: str
    number: int
    failed_because: str = ""
    failed_ns: int = 0


class BeginSink(Struct, frozen=True):
    """To the store: how far is the sink?"""


class SinkBegun(Struct, frozen=True):
    """How far a sink is.

    Attributes:
        cursor: of the sink.
        buried: records behind the cursor that have a dead letter already.
        dead: so many dead letters wait for a person.
    """

    cursor: Cursor
    buried: frozenset[int]
    dead: int


class ReadOn(Struct, frozen=True):
    """To the store: what was recorded behind this number? So many records are looked at."""

    after: int
    most: int


class EventsRead(Struct, frozen=True):
    """What a sink is to be given.

    Attributes:
        events: in their order.
        reached: the last record that was looked at.
        left: so many facts are recorded behind that one at least, of which some may be events.
    """

    events: tuple[Event, ...]
    reached: int
    left: int


class ReadWanted(Struct, frozen=True):
    """To the store: which dead letters are wanted? So many at most."""

    most: int


class WantedRead(Struct, frozen=True):
    """Dead letters that a person wants delivered."""

    letters: tuple[Letter, ...]


class Settle(Struct, frozen=True):
    """To the store: keep this, all of it or nothing.

    Attributes:
        before: where the cursor stands.
        after: where it stands then.
        letters: how dead letters stand then; a new one is made.
    """

    before: Cursor
    after: Cursor
    letters: tuple[Letter, ...] = ()


class Settled(Struct, frozen=True):
    """It is kept.

    Attributes:
        done: what was to be.
        dead: so many dead letters wait for a person.
    """

    done: Settle
    dead: int


class StoreFailed(Struct, frozen=True):
    """The store did not do what it was asked for, as far as anybody knows."""

    asked: BeginSink | ReadOn | ReadWanted | Settle
    because: str


class Deliver(Struct, frozen=True):
    """To the sink: this has happened.

    Attributes:
        event: what.
        attempt: how often it was given, this time included.
        is_last: where it is answered a no, it is given up.
        is_crowded: so much waits for the sink that no more is read, and more is recorded.
    """

    event: Event
    attempt: int
    is_last: bool = False
    is_crowded: bool = False


class CaughtUp(Struct, frozen=True):
    """To the sink's port: what waited is done with, all of it, after more waited than was read."""


class Delivered(Struct, frozen=True):
    """The sink has taken an event."""

    number: int


class NotDelivered(Struct, frozen=True):
    """The sink has not taken an event, as far as anybody knows.

    Attributes:
        number: of the event.
        because: why, for people.
        fault: what that says of the event.
        after_ns: before so long the receiver wants nothing.
    """

    number: int
    because: str
    fault: SinkFault = SinkFault.REFUSED
    after_ns: int = 0


class Awake(Struct, frozen=True):
    """To a publisher: something more is recorded."""


class Unrecorded(Struct, frozen=True):
    """To a publisher: the ledger has failed, so no record tells this before the next start.

    Attributes:
        because: why it failed.
        events: what is to be given now.
        others: so many more events wait for that start.
    """

    because: str
    events: tuple[Event, ...]
    others: int


class LettersWanted(Struct, frozen=True):
    """To a publisher: a person wants dead letters delivered; so many still wait for that."""

    dead: int


class SinkSeen(Struct, frozen=True):
    """How a sink stands.

    Attributes:
        sink: its id.
        cursor: how far it is.
        behind: so many events it is being given, and so many facts are still to be looked at; no
            more than some ten thousand are counted.
        dead: so many dead letters wait for a person.
    """

    sink: str
    cursor: Cursor
    behind: int
    dead: int
