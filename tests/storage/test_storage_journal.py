from __future__ import annotations

from datetime import date
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.words import (
    ConfirmationWanted,
    IntentRecorded,
    OrderAccepted,
    OrderParked,
    OrderRefused,
    OrderUpdated,
    OutcomeUnknown,
    Product,
    Refusal,
    Side,
    State,
)
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    BasketEnded,
    BooksAgree,
    BooksDiffer,
    DayEnded,
    EpochBegan,
    ExitDecided,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    LegExpired,
    Noted,
    OptionsListed,
    PositionChanged,
    Released,
)
from daemon.runtime.words import ActorDisarmed, DeadLetter
from daemon.storage.codec import FACTS, TicksTaken, decode, encode
from daemon.storage.journal import ENTRIES, Journal
from daemon.storage.recorder import Recorder
from tests.kit.facts import INTENT, NOW, ORIGIN, tick

RECORDED = IntentRecorded(INTENT, NOW)
FILLED = OrderUpdated(INTENT.intent_id, "B1", State.FILLED, 75, 88_950_000, NOW)
MOVED = LevelMoved("straddle", "call", Move.TRAILED, 5, 4, NOW)
POSITION = PositionChanged("straddle", "call", "NIFTY", Side.SELL, 0, 0, 75, 88_950_000, NOW)
DECIDED = ExitDecided("straddle", ("call",), ExitReason.STOP, -5, NOW)


def hashed(*records) -> str:
    journal = Journal()
    for record in records:
        journal.feed(record)
    return journal.sha256()


def test_every_type_of_fact_has_its_entry():
    """A new one fails here until somebody has decided what the journal takes of it."""
    assert set(ENTRIES) == set(FACTS)


def test_that_a_sink_was_not_told_is_no_matter_of_the_day():
    assert hashed(Noted(NoteKind.UNTOLD, "the sink pager: no", NOW)) == hashed()


def test_only_fields_that_exist_are_left_out():
    assert [
        (kind.__name__, name)
        for kind, entry in ENTRIES.items()
        for name in (*entry.without, *entry.unless_preset)
        if name not in kind.__struct_fields__
    ] == []


def test_an_exit_of_a_part_has_an_entry_of_its_own_and_a_whole_one_that_of_old():
    """A field that came later changes no journal of before."""
    whole = ExitOwed("e", "s", ("call",), ExitReason.MANUAL, NOW)
    old = b'["ExitOwed","e","s",["call"],"manual"]\n'
    assert hashed(whole) == sha256(old).hexdigest()
    assert hashed(replace(whole, keep=75)) == sha256(old[:-2] + b",75]\n").hexdigest()


@pytest.mark.parametrize(
    ("carried", "old"),
    [
        (
            replace(POSITION, product=Product.CARRY),
            b'["PositionChanged","straddle","call","NIFTY","sell",0,0,75,88950000]\n',
        ),
        (
            BooksDiffer("paper", "NIFTY", 0, 75, NOW, Product.CARRY),
            b'["BooksDiffer","paper","NIFTY",0,75]\n',
        ),
        (BooksAgree("paper", "NIFTY", NOW, Product.CARRY), b'["BooksAgree","paper","NIFTY"]\n'),
    ],
)
def test_what_is_carried_is_entered_as_such_and_all_else_as_before_there_were_products(
    carried, old
):
    today = replace(carried, product=Product.INTRADAY)
    assert hashed(today) == sha256(old).hexdigest()
    assert hashed(carried) == sha256(old[:-2] + b',"carry"]\n').hexdigest()


def test_what_was_added_to_an_entry_stands_in_records_only_where_something_was():
    assert b"added" not in encode(POSITION)
    assert decode(encode(POSITION)) == POSITION
    added = replace(POSITION, added_quantity=75)
    assert decode(encode(added)) == added
    old = b'["PositionChanged","straddle","call","NIFTY","sell",0,0,75,88950000]\n'
    assert hashed(POSITION) == sha256(old).hexdigest()
    assert hashed(added) == sha256(old[:-2] + b",75]\n").hexdigest()


def test_whose_fill_is_handed_on_stands_in_records_only_where_it_is_and_in_no_journal():
    assert b"part_of" not in encode(POSITION)
    part = replace(POSITION, part_of="EX:2025-09-01:B7")
    assert decode(encode(part)) == part
    assert hashed(part) == hashed(POSITION)


def test_a_leg_that_ended_outside_is_entered_as_such_and_one_that_expired_as_before():
    expired = LegExpired("s", "call", "NIFTY", NOW)
    body = f'{{"type":"LegExpired","strategy_id":"s","leg_id":"call","symbol":"NIFTY","at_ns":{NOW}'
    assert encode(expired).decode() == body + ',"account":""}'
    outside = replace(expired, outside=True)
    assert decode(encode(outside)) == outside
    old = b'["LegExpired","s","call","NIFTY"]\n'
    assert hashed(expired) == sha256(old).hexdigest()
    assert hashed(outside) == sha256(old[:-2] + b",true]\n").hexdigest()


def test_the_end_of_an_exit_tells_of_a_part_only_where_there_was_one():
    """As the exit itself."""
    whole = ExitFinished("e", "s", ("call",), NOW)
    old = b'["ExitFinished","e","s",["call"]]\n'
    assert hashed(whole) == sha256(old).hexdigest()
    part = replace(whole, closed_quantity=75, held_quantity=150)
    assert hashed(part) == sha256(old[:-2] + b",75,150]\n").hexdigest()


def test_an_exit_that_was_recorded_before_parts_were_left_is_read_as_whole():
    body = encode(ExitOwed("e", "s", ("call",), ExitReason.STOP, NOW)).replace(b',"keep":0', b"")
    assert b"keep" not in body
    assert decode(body) == ExitOwed("e", "s", ("call",), ExitReason.STOP, NOW)


def test_what_a_person_said_of_an_exit_stands_in_records_only_where_something_was():
    """It is his affair, and in no journal."""
    exit_owed = ExitOwed("e", "s", ("call",), ExitReason.MANUAL, NOW)
    body = '{"type":"ExitOwed","exit_id":"e","strategy_id":"s","leg_ids":["call"],'
    body += f'"reason":"manual","at_ns":{NOW},"keep":0,"account":""}}'
    assert encode(exit_owed).decode() == body
    said = replace(exit_owed, because="the news")
    assert decode(encode(said)) == said
    assert hashed(said) == hashed(exit_owed)


def test_what_a_market_lists_is_entered_and_what_a_recording_shows_is_absent():
    """That comes with the recording, as its prices do."""
    told = OptionsListed("NIFTY", date(2025, 9, 2), (1,), (1,), NOW)
    assert hashed(told, MOVED) != hashed(MOVED) == hashed(replace(told, recorded=True), MOVED)
    assert b"recorded" not in encode(told)
    assert decode(encode(told)) == told


@pytest.mark.parametrize(
    "fact",
    [
        OrderAccepted(INTENT.intent_id, "B1", NOW),
        OutcomeUnknown(INTENT.intent_id, "no answer in 3 s", NOW),
        OrderUpdated(INTENT.intent_id, "B1", State.WORKING, 0, 0, NOW),
        EpochBegan(1, NOW),
        DeadLetter("runner", "Frame", "ValueError", NOW),
        ActorDisarmed("runner", NOW),
    ],
)
def test_what_befalls_the_host_or_the_connection_is_absent(fact):
    """It does not even part the ticks around it."""
    before, after = TicksTaken(1, 2, 2, "aa"), TicksTaken(3, 4, 2, "bb")

    assert hashed(before, fact, after, MOVED) == hashed(after, MOVED)


@pytest.mark.parametrize(
    ("fact", "other"),
    [
        (FILLED, replace(FILLED, at_ns=1, broker_order_id="X", text="traded")),
        (POSITION, replace(POSITION, at_ns=1)),
        (Noted(NoteKind.STALE, "late", NOW), Noted(NoteKind.STALE, "later", 1)),
        (BasketEnded("b", "s", False, "MARGIN", NOW), BasketEnded("b", "s", False, "margin", 1)),
        (ExitFinished("e", "s", ("call",), NOW), ExitFinished("e", "s", ("call",), 1)),
        (ExitOverdue("e", "s", "one", NOW), ExitOverdue("e", "s", "other", 1)),
        (ConfirmationWanted("A", "q1", "x", NOW), ConfirmationWanted("A", "q2", "y", 1)),
        (OrderParked("A", NOW), OrderParked("B", 1)),
        (OrderRefused("A", Refusal.BAND, "x", NOW), OrderRefused("A", Refusal.BAND, "y", 1)),
        (RECORDED, IntentRecorded(replace(INTENT, intent_id="OR0000000070000009"), NOW)),
    ],
)
def test_broker_ids_their_words_and_latencies_make_no_difference(fact, other):
    assert hashed(fact) == hashed(other)


@pytest.mark.parametrize(
    ("fact", "other"),
    [
        (FILLED, replace(FILLED, filled_value_e4=1)),
        (FILLED, replace(FILLED, state=State.CANCELLED)),
        (MOVED, replace(MOVED, at_ns=1)),
        (MOVED, replace(MOVED, to_e4=3)),
        (DECIDED, replace(DECIDED, at_ns=1)),
        (RECORDED, IntentRecorded(replace(INTENT, price_e4=1), NOW)),
        (RECORDED, IntentRecorded(replace(INTENT, parent="another"), NOW)),
        (OrderRefused("A", Refusal.BAND, "", NOW), OrderRefused("A", Refusal.RATE, "", NOW)),
        (ExitFinished("e", "s", (), NOW), ExitFinished("f", "s", (), NOW)),
    ],
)
def test_decisions_intents_and_fills_do(fact, other):
    assert hashed(fact) != hashed(other)


ENTERED = st.lists(st.sampled_from([MOVED, DECIDED, FILLED, POSITION]), max_size=4)


@given(ENTERED, ENTERED)
def test_a_journal_tells_what_was_entered_and_in_which_order(some, more):
    assert (hashed(*some) == hashed(*more)) == (some == more)


def test_an_order_is_told_from_another_by_where_it_first_appears():
    """Epoch and count are gone; which fill belongs to which intent is not."""

    def run(epoch: int, filled: int) -> str:
        intents = [replace(INTENT, intent_id=f"{epoch}-{count}") for count in (1, 2)]
        recorded = [IntentRecorded(intent, NOW) for intent in intents]
        return hashed(*recorded, replace(FILLED, intent_id=f"{epoch}-{filled}"))

    assert [run(2, 2) == run(1, 2), run(1, 1) == run(1, 2)] == [True, False]


STEPS = st.lists(
    st.one_of(st.integers(0, 9), st.just("flush"), st.just(MOVED), st.just(EpochBegan(1, NOW))),
    max_size=30,
)


def journal_of(steps: list, block_limit: int) -> str:
    """The journal that a recorder tells after these ticks, facts and flushes."""
    recorder = Recorder("owner", [].append, block_limit=block_limit)
    for step in steps:
        match step:
            case int():
                recorder.take(tick(step))
            case "flush":
                recorder.end_block()
            case fact:
                recorder.append((fact,), ORIGIN, NOW)
    return recorder.journal_sha256()


@given(STEPS, st.integers(1, 5))
def test_where_blocks_end_and_when_is_flushed_makes_no_difference(steps, block_limit):
    """Ticks are entered as one stream."""
    unflushed = [step for step in steps if step != "flush"]

    assert journal_of(steps, block_limit) == journal_of(unflushed, 4_096)


@given(st.integers(0, 6), st.integers(0, 6))
def test_the_place_of_a_decision_among_the_ticks_is_told(early, late):
    ticks = list(range(6))
    run = [journal_of([*ticks[:at], MOVED, *ticks[at:]], 4_096) for at in (early, late)]

    assert (run[0] == run[1]) == (early == late)


def test_ticks_after_the_last_decision_are_told():
    assert journal_of([1, MOVED, 2], 9) != journal_of([1, MOVED], 9)


def test_asking_for_the_hash_changes_nothing():
    journal = Journal()
    for record in (TicksTaken(1, 1, 1, "aa"), MOVED, TicksTaken(2, 2, 1, "bb")):
        journal.feed(record)
        journal.sha256("cc")

    assert journal.sha256() == hashed(TicksTaken(1, 1, 1, "aa"), MOVED, TicksTaken(2, 2, 1, "bb"))


def test_a_long_journal_has_the_hash_of_its_lines():
    """However many of them are digested together, and whenever it is asked for."""
    journal, lines = Journal(), b'["ticks","aa"]\n'
    journal.feed(TicksTaken(1, 1, 1, "aa"))
    for at in range(4_000):
        journal.feed(DayEnded(date(2025, 8, 29), at))
        lines += b'["DayEnded","2025-08-29",%d]\n' % at
        if at % 999 == 0:
            assert journal.sha256() == sha256(lines).hexdigest()

    assert journal.sha256() == sha256(lines).hexdigest()


def test_of_a_release_the_name_alone_is_entered():
    released = Released("L1", "owner", NOW)

    assert hashed(released) == sha256(b'["Released"]\n').hexdigest()


def test_a_journal_is_the_same_anywhere():
    """Pinned: whoever changes what is hashed changes what earlier runs were compared by."""
    steps = [1, 2, RECORDED, 3, FILLED, DECIDED, 4, DayEnded(date(2025, 8, 29), NOW)]

    assert journal_of(steps, 4_096)[:16] == "337ae09a0af0eb51"
