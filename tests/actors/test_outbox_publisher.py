"""The publisher of a sink: everything is given at least once, in order, and nothing blocks."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.actors.outbox_publisher import AGAIN_NS, Due, OutboxPublisher, StoreDue
from daemon.actors.sink_conduct import MOST_AFTER_NS
from daemon.domain.instants import SECOND_NS
from daemon.errors import SinkFault
from daemon.messages.outbox import (
    Awake,
    BeginSink,
    CaughtUp,
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
    StoreFailed,
    Unrecorded,
    WantedRead,
)
from daemon.runtime.words import Alarm, Call, Started
from daemon.storage.outbox import Outbox
from tests.kit.facts import NOW, ORIGIN
from tests.kit.outbox import CONDUCT, Play, crashed_everywhere, in_memory, lost, news
from tests.kit.stores import InFile, InSchema, killed, ledger_of

DEAD, WANTED, DELIVERED = LetterState
NO, FAILED, AWAY = SinkFault
AT = Cursor("sink:pager", 0)


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request, tmp_path):
    if request.param == "sqlite":
        return InFile(tmp_path / "ledger.db")
    return InSchema(request.getfixturevalue("postgres"))


class Record:
    """A ledger, and the outbox beside it as a sink finds it that began before all of it."""

    def __init__(self, kept) -> None:
        self._kept = kept
        self.ledger = ledger_of(kept)
        self.aside = kept.store.open_aside()
        self.outbox = Outbox(self.aside, "owner")
        self.outbox.begin("pager")

    def tell(self, *keys: str) -> list[int]:
        """Record an event for each key durably, and return their numbers."""
        before = self.ledger.head.count
        self.ledger.append(news(*keys), ORIGIN, NOW)
        self.ledger.flush()
        return list(range(before + 1, self.ledger.head.count + 1))

    def forget(self) -> None:
        """Let the sink stand where it began."""
        self._kept.execute("UPDATE cursors SET number = 0, failed_because = '', failed_ns = 0")
        self._kept.execute("DELETE FROM dead_letters")

    def dead(self) -> list[int]:
        return [letter.event.number for letter in self.outbox.letters([DEAD])]

    def close(self) -> None:
        self.aside.close()
        killed(self.ledger)


@pytest.fixture
def record(kept):
    with closing(Record(kept)) as record:
        yield record


def event(number: int, key: str = "a") -> Event:
    return Event(number, f"{number}-ab", "actor", f"strategy_id:{key}", b"{}")


def calls(effects) -> list[object]:
    return [effect.request for effect in effects if isinstance(effect, Call)]


def delivers(effects) -> list[int]:
    return [each.event.number for each in calls(effects) if isinstance(each, Deliver)]


def begun(*events: Event, left: int = 0, **conduct: int) -> tuple[OutboxPublisher, list[object]]:
    """Return a publisher that has read these, and what it asks for then."""
    publisher = OutboxPublisher("pager", replace(CONDUCT, **conduct))
    publisher.handle(Started(), SECOND_NS)
    publisher.handle(SinkBegun(AT, frozenset(), 0), SECOND_NS)
    publisher.handle(WantedRead(()), SECOND_NS)
    reached = max((each.number for each in events), default=0)
    return publisher, calls(publisher.handle(EventsRead(events, reached, left), SECOND_NS))


def test_everything_recorded_is_given_once_and_in_order_where_nothing_fails(record):
    told = record.tell("a", "b", "a", "c", "b", "a")
    play = Play(record.outbox)
    play.settle()
    later = record.tell("a", "b")
    play.tell(Awake())
    play.settle()

    assert sorted(play.numbers()) == [*told, *later]
    assert [play.order(key) for key in "abc"] == [[1, 3, 6, 7], [2, 5, 8], [4]]
    assert record.outbox.cursors()["pager"] == replace(AT, number=8)


def test_what_is_not_flushed_is_not_given(record):
    record.ledger.append(news("a"), ORIGIN, NOW)
    play = Play(record.outbox)
    play.settle()
    assert play.numbers() == []

    record.ledger.flush()
    play.tell(Awake())
    play.settle()
    assert play.numbers() == [1]


def test_an_event_says_the_same_id_each_time_so_that_its_receiver_can_drop_repeats(record):
    record.tell("a")
    play = Play(record.outbox)
    play.settle()
    record.forget()
    play.begin()
    play.settle()

    first, again = play.received
    assert first == again
    assert first.event_id == f"1-{record.ledger.head.digest.hex()[:32]}"


REFUSED = {1: 1, 2: 9}
"""Record -> so many tries of it are refused; nine is more than there are."""


@pytest.mark.untraced
def test_a_crash_at_any_step_loses_nothing_and_keeps_the_order_of_each_key(record):
    """Between an event and its receiver, its receiver and the cursor, and anywhere else."""
    told = record.tell("a", "b", "a", "b")

    def begin() -> Play:
        record.forget()
        return Play(record.outbox, lambda event, attempt: attempt <= REFUSED.get(event.number, 0))

    steps = begin().settle()
    assert steps > 25
    repeats = 0
    for crash, play in crashed_everywhere(begin, steps):
        dead = record.dead()
        assert lost(play, told, dead) == [], f"crash at step {crash}"
        assert dead == [2], f"crash at step {crash}"
        orders = [play.order(key) for key in "ab"]
        assert orders == [[1, 3], [4]], f"crash at step {crash}"
        assert record.outbox.cursors()["pager"].number == told[-1]
        repeats += len(play.numbers()) - len(set(play.numbers()))
    assert repeats > 0  # given, and not yet known to be


class AheadOfDelivery(OutboxPublisher):
    """A planted fault: the cursor moves when events are read, before they were given."""

    def _settle(self, turn, now_ns):
        held, self._held = self._held, {}
        super()._settle(turn, now_ns)
        self._held = held


def test_the_crash_table_finds_a_cursor_that_runs_ahead_of_what_was_given(tmp_path):
    with closing(Record(InFile(tmp_path / "ledger.db"))) as record:
        told = record.tell("a", "b", "a", "b", "c", "b")

        def begin() -> Play:
            record.forget()
            return Play(record.outbox, made=AheadOfDelivery)

        found = [lost(play, told) for _, play in crashed_everywhere(begin, begin().settle())]
    assert any(found)


class BeforeTheFlush(Outbox):
    """A planted fault: what is entered is taken for an event before it is stored."""

    def __init__(self, record: Record) -> None:
        super().__init__(record.aside, "owner")
        self._record = record

    def rows(self, after, most):
        waiting = [row for row in self._record.ledger._waiting if row.number > after]
        return [*super().rows(after, most), *waiting][:most]


@pytest.mark.parametrize("made", [lambda record: record.outbox, BeforeTheFlush])
def test_a_crash_finds_events_that_were_taken_before_they_were_stored(tmp_path, made):
    """A receiver was told of what never happened, and would drop what then did as a repeat."""
    kept = InFile(tmp_path / "ledger.db")
    with closing(Record(kept)) as record:
        play = Play(made(record))
        record.ledger.append(news("undone"), ORIGIN, NOW)
        play.tell(Awake())
        play.settle()
    # The crash: what was not flushed is gone, and something else happens instead.
    with closing(Record(kept)) as record:
        record.tell("done")
        after = Play(record.outbox)
        after.settle()

    told = [each.key for each in (*play.received, *after.received)]
    is_sound = made is not BeforeTheFlush
    assert (told == ["strategy_id:done"]) == is_sound


def test_a_sink_that_always_fails_has_dead_letters_with_their_reason_and_goes_on(record):
    record.tell("a", "b")
    play = Play(record.outbox, lambda event, _: event.number == 1)
    play.settle()

    (letter,) = record.outbox.letters([DEAD])
    assert (letter.sink, letter.event.number, letter.event.kind) == ("pager", 1, "actor")
    assert (letter.attempts, letter.because) == (3, "it said no to try 3")
    assert SECOND_NS < letter.at_ns <= play.now_ns
    assert b'"text":"a was started by somebody"' in letter.event.body
    assert play.numbers() == [2]
    assert play.publisher.seen().dead == 1


def test_pauses_grow_and_end_at_the_longest(record):
    assert [CONDUCT.pause_after_ns(tries) // SECOND_NS for tries in range(1, 6)] == [1, 2, 3, 3, 3]
    assert CONDUCT.pause_after_ns(1_000) == 3 * SECOND_NS

    record.tell("a")
    play = Play(record.outbox, lambda *_: True)
    began_ns = play.now_ns
    play.settle()
    assert play.tried == [(1, 1), (1, 2), (1, 3)]
    assert play.now_ns - began_ns >= 3 * SECOND_NS


def test_what_follows_an_event_waits_until_it_is_taken():
    publisher, asked = begun(event(1), event(2), event(3, "b"))
    assert [each.event.number for each in asked if isinstance(each, Deliver)] == [1, 3]

    assert delivers(publisher.handle(NotDelivered(1, "no"), 2 * SECOND_NS)) == []
    assert delivers(publisher.handle(Due(), 3 * SECOND_NS - 1)) == []
    assert delivers(publisher.handle(Due(), 3 * SECOND_NS)) == [1]
    assert delivers(publisher.handle(Delivered(1), 4 * SECOND_NS)) == [2]


def test_what_follows_a_dead_letter_waits_until_that_is_kept():
    """Else a crash could have it tried again after what follows it was given."""
    publisher, _ = begun(event(1), event(2), tries=1)
    effects = publisher.handle(NotDelivered(1, "no"), 2 * SECOND_NS)
    assert delivers(effects) == []

    (settle,) = calls(effects)
    assert (settle.after.number, [each.event.number for each in settle.letters]) == (0, [1])
    assert delivers(publisher.handle(Settled(settle, 1), 3 * SECOND_NS)) == [2]


def test_an_event_that_hangs_holds_up_its_own_key_alone_and_the_cursor():
    publisher, _ = begun(event(1), event(2, "b"), event(3, "b"))
    (given,) = calls(publisher.handle(Delivered(2), SECOND_NS))
    effects = publisher.handle(Delivered(3), 2 * SECOND_NS)

    assert given.event.number == 3
    assert calls(effects) == []
    assert publisher.seen().behind == 1
    (settle,) = calls(publisher.handle(Delivered(1), 3 * SECOND_NS))
    assert settle == Settle(AT, replace(AT, number=3))


def test_what_is_held_and_what_is_given_at_once_is_bounded():
    events = [event(number, str(number)) for number in range(1, 7)]
    publisher, asked = begun(*events, left=50, batch=4, held=9, at_once=2)

    assert [type(each) for each in asked] == [Deliver, Deliver]
    assert publisher.seen().behind == 56
    (more,) = calls(publisher.handle(Delivered(1), SECOND_NS))[:1]
    assert more.event.number == 3
    read = calls(publisher.handle(Delivered(2), SECOND_NS))
    assert [type(each) for each in read] == [Deliver]  # four are held, and room is for five
    assert ReadOn(6, 4) not in read


def test_what_is_held_is_not_looked_at_for_every_flush(monkeypatch):
    """A sink that is gone holds hundreds of events, and who decides records facts all the same."""
    publisher, _ = begun(*map(event, range(1, 101)))
    monkeypatch.setattr(publisher, "_givable", lambda now_ns: 1 // 0)

    assert calls(publisher.handle(Awake(), SECOND_NS)) == [ReadOn(100, 100)]
    assert calls(publisher.handle(Awake(), SECOND_NS)) == []


def test_more_is_read_once_there_is_room_for_it():
    publisher, asked = begun(event(1), left=50, batch=4, held=8)

    assert ReadOn(1, 4) in asked
    assert calls(publisher.handle(Awake(), SECOND_NS)) == []  # it is being read


def test_the_cursor_moves_only_so_often_and_in_the_end_in_any_case():
    publisher, _ = begun(event(1), event(2))
    first = publisher.handle(Delivered(1), SECOND_NS)
    assert Settle(AT, replace(AT, number=1)) in calls(first)
    publisher.handle(Settled(Settle(AT, replace(AT, number=1)), 0), SECOND_NS)

    effects = publisher.handle(Delivered(2), SECOND_NS)
    due = [effect for effect in effects if isinstance(effect, Alarm)]
    assert calls(effects) == []
    assert [each.at_ns for each in due] == [SECOND_NS + CONDUCT.settle_ns]
    (settle,) = calls(publisher.handle(due[0].message, due[0].at_ns))
    assert settle.after.number == 2


@pytest.mark.parametrize("asked", [BeginSink(), ReadOn(0, 100), ReadWanted(100)])
def test_a_store_that_fails_is_left_alone_for_a_while_and_asked_again(asked):
    publisher = OutboxPublisher("pager", CONDUCT)
    publisher.handle(Started(), 0)
    if asked != BeginSink():
        publisher.handle(SinkBegun(AT, frozenset(), 0), 0)
    effects = publisher.handle(StoreFailed(asked, "no room"), 7)

    assert Alarm(7 + AGAIN_NS, StoreDue()) in effects
    assert calls(effects) == []
    assert publisher.seen().cursor.failed_because == "the store: no room"
    assert calls(publisher.handle(Awake(), 8)) == []
    assert asked in calls(publisher.handle(StoreDue(), AGAIN_NS + 7))


def test_where_a_move_of_the_cursor_is_in_doubt_it_is_looked_for():
    publisher, _ = begun(event(1), event(2))
    (settle,) = [
        each
        for each in calls(publisher.handle(Delivered(1), SECOND_NS))
        if isinstance(each, Settle)
    ]
    publisher.handle(StoreFailed(settle, "the wire was cut"), SECOND_NS)
    assert calls(publisher.handle(Delivered(2), 2 * SECOND_NS)) == []
    assert calls(publisher.handle(StoreDue(), 6 * SECOND_NS)) == [BeginSink()]

    found = SinkBegun(settle.after, frozenset(), 0)  # it was made after all
    (again,) = calls(publisher.handle(found, 7 * SECOND_NS))
    assert (again.before, again.after.number) == (settle.after, 2)


def test_a_store_that_keeps_nothing_holds_up_no_event():
    publisher, _ = begun(event(1), event(2))
    effects = publisher.handle(Delivered(1), SECOND_NS)
    (settle,) = [each for each in calls(effects) if isinstance(each, Settle)]
    publisher.handle(StoreFailed(settle, "no room"), SECOND_NS)
    publisher.handle(NotDelivered(2, "no"), 2 * SECOND_NS)

    assert publisher.seen().cursor.failed_because == "the store: no room"
    assert calls(publisher.handle(Due(), 3 * SECOND_NS)) == [Deliver(event(2), 2)]


def test_a_dead_letter_that_is_wanted_is_delivered_and_marked_so(record):
    record.tell("a", "b")
    refused = {1}
    play = Play(record.outbox, lambda event, _: event.number in refused)
    play.settle()
    assert record.dead() == [1]

    refused.clear()
    record.outbox.want("pager")
    play.tell(LettersWanted(1))
    play.settle()
    (letter,) = record.outbox.letters([DELIVERED])
    assert (letter.event.number, letter.attempts) == (1, 4)
    assert (play.numbers(), play.publisher.seen().dead) == ([2, 1], 0)


def test_a_wanted_letter_that_is_refused_again_is_dead_again_with_all_its_tries(record):
    record.tell("a")
    play = Play(record.outbox, lambda *_: True)
    play.settle()
    record.outbox.want("pager")
    play.begin()  # a restart takes up what was wanted
    play.settle()

    (letter,) = record.outbox.letters([DEAD])
    assert (letter.attempts, record.outbox.letters([WANTED])) == (6, ())


def test_a_wanted_letter_waits_for_what_is_under_way_of_its_key_and_holds_up_nothing():
    publisher, asked = begun(event(5), event(6, "b"))
    old = Letter("pager", event(2), 3, "no", 1, WANTED)
    assert calls(publisher.handle(LettersWanted(1), SECOND_NS)) == [ReadWanted(CONDUCT.batch)]
    assert calls(publisher.handle(WantedRead((old,)), SECOND_NS)) == []
    assert [type(each) for each in asked] == [Deliver, Deliver, Settle]

    given = calls(publisher.handle(Delivered(5), SECOND_NS))
    assert Deliver(old.event, 1) in given
    publisher.handle(EventsRead((event(7),), 7, 0), SECOND_NS)  # it waits only while that is out
    later = calls(publisher.handle(NotDelivered(2, "no"), 2 * SECOND_NS))
    assert Deliver(event(7), 1) in later


def test_a_receiver_that_is_away_for_long_is_given_everything_once_he_is_back():
    publisher, _ = begun(event(1), event(2, "b"))
    now_ns = SECOND_NS
    for attempt in range(1, 50):
        for number in (1, 2):
            failed = NotDelivered(number, "cannot be reached", AWAY if number == 1 else FAILED)
            effects = publisher.handle(failed, now_ns)
            assert not any(isinstance(each, Settle) and each.letters for each in calls(effects))
        now_ns += CONDUCT.pause_after_ns(attempt)
        assert delivers(publisher.handle(Due(), now_ns)) == [1, 2]

    assert publisher.seen().cursor.failed_because == "cannot be reached"
    assert publisher.seen().behind == 2
    publisher.handle(Delivered(1), now_ns)
    publisher.handle(Delivered(2), now_ns)
    assert (publisher.seen().behind, publisher.seen().cursor.failed_because) == (0, "")


def test_what_a_receiver_fails_at_while_he_takes_others_is_a_dead_letter_in_the_end():
    """One event that he falls over would else hold up its key for ever, and the reading of more."""
    publisher, _ = begun(event(1), *(event(number, "b") for number in range(2, 5)))
    for number in (2, 3, 4):
        effects = publisher.handle(NotDelivered(1, "it answered 500", FAILED), number * 10**10)
        assert all(not each.letters for each in calls(effects) if isinstance(each, Settle))
        publisher.handle(Delivered(number), number * 10**10)
        publisher.handle(Due(), (number + 1) * 10**10)
    effects = publisher.handle(NotDelivered(1, "it answered 500", FAILED), 5 * 10**10)

    (letter,) = publisher._letters.values()
    assert (letter.event.number, letter.attempts, letter.state) == (1, 4, DEAD)


BUSY = ["a"] * 4 + ["b"]
"""The keys of what is recorded where one strategy does most of it."""


def test_one_event_that_a_receiver_falls_over_silences_no_sink_that_is_full_behind_it():
    """What follows it takes all the room there is, so nothing else could show that he takes it."""
    store = in_memory([*BUSY * 120, "kill"])
    play = Play(store, lambda event, _: event.number == 1, fault=FAILED)
    while play.now_ns < 600 * SECOND_NS and play.step():
        pass

    assert sorted(play.numbers()) == list(range(2, 602))
    assert [(each.event.number, each.state) for each in store.kept.values()] == [(1, DEAD)]


def test_a_strategy_whose_every_event_a_receiver_falls_over_silences_the_others_for_a_while_only():
    store = in_memory([*["a"] * 420, "kill"])
    play = Play(store, lambda event, _: event.key.endswith(":a"), fault=FAILED)
    while not play.numbers() and play.now_ns < 600 * SECOND_NS:
        assert play.step()

    assert play.numbers() == [421]
    assert sorted(store.kept) == list(range(1, 101))  # so that there is room for as many


def outage(fault: SinkFault, *keys: str, minutes: int = 2) -> tuple[Play, list[Letter]]:
    """Return how a sink stands that nothing was taken by for so long, and its dead letters."""
    store = in_memory(keys)
    play = Play(store, lambda *_: True, fault=fault)
    until_ns = play.now_ns + minutes * 60 * SECOND_NS
    while play.now_ns < until_ns:
        assert play.step()
    return play, list(store.kept.values())


def test_a_receiver_that_fails_at_all_he_is_given_costs_one_event_of_the_busiest_at_a_time():
    _, letters = outage(FAILED, *["alert", "kill", *BUSY * 120])

    assert {each.event.key for each in letters} == {"strategy_id:a"}
    assert [each.event.number for each in letters[:6]] == [3, 4, 5, 6, 8, 9]
    pauses_ns = [late.at_ns - early.at_ns for early, late in pairwise(letters)]
    assert min(pauses_ns) >= CONDUCT.pause_after_ns(1) + CONDUCT.pause_after_ns(2)


@pytest.mark.parametrize(
    ("fault", "keys"), [(FAILED, BUSY * 60), (FAILED, BUSY * 70), (AWAY, BUSY * 120)]
)
def test_an_outage_costs_nothing_where_there_is_room_or_nothing_waits_or_nobody_is_there(
    fault, keys
):
    play, letters = outage(fault, *keys)
    assert (letters, play.publisher.seen().dead) == ([], 0)


def test_what_a_receiver_fails_at_is_not_given_up_where_no_more_is_read_for_want_of_the_store():
    publisher, _ = begun(event(1), tries=1)
    publisher.handle(StoreFailed(ReadOn(1, 100), "no room"), SECOND_NS)
    effects = publisher.handle(NotDelivered(1, "it fell", FAILED), SECOND_NS)
    assert effects == (Alarm(2 * SECOND_NS, Due()),)


def test_what_a_receiver_fails_at_is_not_given_up_where_what_is_held_does_not_wait_behind_it():
    publisher, _ = begun(tries=1, batch=4, held=8)
    publisher.handle(LettersWanted(1), SECOND_NS)
    publisher.handle(WantedRead((Letter("pager", event(2, "b"), 3, "no", 1, WANTED),)), SECOND_NS)
    publisher.handle(Unrecorded("so", (past(1),), 0), SECOND_NS)
    for number, key in ((2, "b"), (-1, "kill")):
        held = tuple(event(each, key) for each in range(5, 10))
        publisher._held.clear()
        publisher.handle(EventsRead(held, 9, 50), SECOND_NS)
        effects = publisher.handle(NotDelivered(number, "it fell", FAILED), SECOND_NS)
        assert Alarm(2 * SECOND_NS, Due()) in effects


def test_the_last_try_before_an_event_is_given_up_says_so():
    publisher, asked = begun(event(1), tries=2)
    assert asked[0] == Deliver(event(1), 1, is_last=False)
    publisher.handle(NotDelivered(1, "gone", AWAY), SECOND_NS)
    again = calls(publisher.handle(Due(), 3 * SECOND_NS))
    assert Deliver(event(1), 2, is_last=False) in again
    publisher.handle(NotDelivered(1, "no", NO), 3 * SECOND_NS)
    assert Deliver(event(1), 3, is_last=True) in calls(publisher.handle(Due(), 9 * SECOND_NS))


@pytest.mark.parametrize(
    ("held", "left", "is_crowded"), [(8, 50, False), (5, 0, False), (5, 50, True)]
)
def test_a_try_says_whether_more_waits_for_the_sink_than_is_read(held, left, is_crowded):
    publisher, asked = begun(event(1), event(2), left=left, batch=4, held=held)
    assert Deliver(event(1), 1, is_crowded=is_crowded) in asked

    publisher.handle(NotDelivered(1, "gone", AWAY), SECOND_NS)
    publisher.handle(Awake(), SECOND_NS)
    (again, *_) = calls(publisher.handle(Due(), 3 * SECOND_NS))
    assert again == Deliver(event(1), 2, is_crowded=held == 5)  # by then more is recorded


def test_after_more_waited_than_was_read_it_is_said_once_that_nothing_waits_any_more():
    publisher, _ = begun(event(1), event(2, "b"), left=1, batch=4, held=5)
    asked = [publisher.handle(Delivered(number), SECOND_NS) for number in (1, 2)]
    read = publisher.handle(EventsRead((event(3),), 3, 0), SECOND_NS)
    assert CaughtUp() not in [each for effects in (*asked, read) for each in calls(effects)]
    assert CaughtUp() in calls(publisher.handle(Delivered(3), SECOND_NS))

    publisher.handle(Awake(), SECOND_NS)
    publisher.handle(EventsRead((event(4),), 4, 0), SECOND_NS)
    assert CaughtUp() not in calls(publisher.handle(Delivered(4), SECOND_NS))


def test_nothing_is_said_to_be_done_with_while_more_is_recorded_or_a_letter_is_wanted():
    publisher, _ = begun(event(1), left=1, batch=4, held=4)
    publisher.handle(Delivered(1), SECOND_NS)
    publisher.handle(Settled(Settle(AT, AT), 0), SECOND_NS)
    publisher.handle(LettersWanted(0), SECOND_NS)
    publisher.handle(WantedRead((Letter("pager", event(9), 2, "no", 1, WANTED),)), SECOND_NS)
    assert CaughtUp() not in calls(publisher.handle(EventsRead((), 2, 0), SECOND_NS))
    asked = calls(publisher.handle(Delivered(9), 2 * SECOND_NS))
    (kept,) = (each for each in asked if isinstance(each, Settle))
    assert CaughtUp() not in asked
    assert CaughtUp() in calls(publisher.handle(Settled(kept, 0), 2 * SECOND_NS))


@pytest.mark.parametrize(
    ("after_s", "waits_s"),
    [(0, 1), (1, 1), (7, 7), (3_600, MOST_AFTER_NS // SECOND_NS)],
)
def test_a_receiver_that_asks_for_time_has_it_and_five_minutes_at_most(after_s, waits_s):
    publisher, _ = begun(event(1))
    failed = NotDelivered(1, "too many", AWAY, after_s * SECOND_NS)

    assert Alarm(waits_s * SECOND_NS, Due()) in publisher.handle(failed, 0)
    assert delivers(publisher.handle(Due(), waits_s * SECOND_NS - 1)) == []
    assert delivers(publisher.handle(Due(), waits_s * SECOND_NS)) == [1]


def past(number: int, key: str = "kill") -> Event:
    return Event(-number, f"emergency-7-{number}", "kill", f"strategy_id:{key}", b"{}")


def test_once_the_ledger_has_failed_what_comes_past_the_record_is_given_and_moves_no_cursor():
    publisher, _ = begun()
    told = Unrecorded("the ledger failed: no room", (past(1), past(2), past(3, "b")), 4)
    assert delivers(publisher.handle(told, 5 * SECOND_NS)) == [-1, -3]
    assert publisher.seen().behind == 7
    cursor = publisher.seen().cursor
    assert (cursor.number, cursor.failed_ns) == (0, 5 * SECOND_NS)
    assert cursor.failed_because.startswith("the ledger failed: no room; it is told of alerts and")

    assert delivers(publisher.handle(Delivered(-1), 6 * SECOND_NS)) == [-2]
    for number in (-2, -3):
        effects = publisher.handle(Delivered(number), 7 * SECOND_NS)
        assert calls(effects) == []
    assert publisher.seen().behind == 4
    publisher.handle(Unrecorded("the ledger failed: no room", (), 1), 8 * SECOND_NS)
    assert (publisher.seen().behind, publisher.seen().cursor.failed_ns) == (5, 5 * SECOND_NS)


def test_what_comes_past_the_record_is_given_where_the_store_is_not_to_be_had_at_all():
    publisher = OutboxPublisher("pager", CONDUCT)
    publisher.handle(Started(), 0)
    publisher.handle(StoreFailed(BeginSink(), "its disk is gone"), 0)

    assert delivers(publisher.handle(Unrecorded("so", (past(1),), 0), SECOND_NS)) == [-1]
    assert calls(publisher.handle(NotDelivered(-1, "gone", AWAY), SECOND_NS)) == []
    assert delivers(publisher.handle(Due(), 2 * SECOND_NS)) == [-1]
    publisher.handle(Delivered(-1), 2 * SECOND_NS)
    assert publisher.seen().behind == 0


def test_what_comes_past_the_record_waits_for_its_key_but_for_no_letter_that_cannot_be_kept():
    publisher, _ = begun(event(1, "kill"), event(2, "kill"), event(3, "b"), tries=1)
    publisher.handle(Unrecorded("so", (past(1), past(2, "b")), 0), SECOND_NS)
    assert delivers(publisher.handle(Due(), SECOND_NS)) == []

    effects = publisher.handle(NotDelivered(1, "no"), 2 * SECOND_NS)
    (settle,) = (each for each in calls(effects) if isinstance(each, Settle))
    assert delivers(effects) == [-1]  # and not the second one, which follows the letter
    publisher.handle(StoreFailed(settle, "its disk is gone"), 2 * SECOND_NS)
    assert delivers(publisher.handle(Delivered(3), 3 * SECOND_NS)) == [-2]


def test_what_comes_past_the_record_is_bounded_and_what_is_refused_of_it_waits_for_a_restart():
    publisher, _ = begun(held=2, tries=1)
    told = Unrecorded("so", (past(1), past(2, "b"), past(3, "c")), 0)
    assert delivers(publisher.handle(told, SECOND_NS)) == [-1, -2]
    assert publisher.seen().behind == 3

    (settle,) = calls(publisher.handle(NotDelivered(-1, "no"), SECOND_NS))
    assert (settle.after.number, settle.letters) == (0, ())  # it tells of the failure alone
    publisher.handle(Delivered(-2), SECOND_NS)
    assert (publisher.seen().behind, publisher.seen().dead) == (2, 0)


@given(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=8),
    st.dictionaries(st.integers(1, 8), st.integers(0, 4)),
    st.lists(st.integers(0, 40), max_size=3),
)
def test_whatever_fails_and_crashes_everything_is_given_in_order_or_a_dead_letter(
    keys, refusals, crashes
):
    store = in_memory(keys)
    play = Play(store, lambda event, attempt: attempt <= refusals.get(event.number, 0))
    for steps in crashes:
        for _ in range(steps):
            play.step()
        play.begin()
    play.settle()

    dead = {number for number, letter in store.kept.items() if letter.state is DEAD}
    assert lost(play, range(1, len(keys) + 1), sorted(dead)) == []
    assert dead <= {number for number, often in refusals.items() if often >= CONDUCT.tries}
    for key in "abc":
        came = [number for number in play.order(key) if number not in dead]
        assert all(early < late for early, late in pairwise(came))
    assert store.cursor.number == len(keys)
