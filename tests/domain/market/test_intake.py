from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.instants import SECOND_NS, at
from daemon.domain.market import freshness
from daemon.domain.market.freshness import Link
from daemon.domain.market.intake import (
    Arrival,
    Intake,
    Sessions,
    _decide,
    begin,
    dies_at_ns,
    ended,
    judge,
    silence,
)
from daemon.domain.market.notes import Note, NoteKind

DAY = date(2026, 11, 18)
OPEN_NS = at(DAY, time(9, 15))
CLOSE_NS = at(DAY, time(15, 30))
SESSIONS: Sessions = ((OPEN_NS, CLOSE_NS),)
MINUTE_NS = 60 * SECOND_NS
FRESH = Intake(Link(MINUTE_NS))


def run(intake: Intake, *arrivals: tuple[int, int], sessions: Sessions = SESSIONS):
    """Judge arrivals given as (seconds after the open, fingerprint)."""
    drops, notes = [], []
    for second, fingerprint in arrivals:
        arrival = Arrival(OPEN_NS + second * SECOND_NS, fingerprint)
        judged = judge(intake, arrival, sessions)
        intake = judged.intake
        drops.append(judged.dropped)
        notes.extend(judged.notes)
    return intake, drops, notes


def kinds(notes: list[Note] | tuple[Note, ...]) -> list[NoteKind]:
    return [note.kind for note in notes]


@pytest.mark.parametrize(
    ("arrivals", "sessions", "expected"),
    [
        ([(0, 1)], SESSIONS, None),
        ([(0, 1)], (), NoteKind.CLOSED_DAY),
        ([(-1, 1)], SESSIONS, NoteKind.OUTSIDE_SESSION),
        ([(375 * 60, 1)], SESSIONS, None),
        ([(375 * 60 + 1, 1)], SESSIONS, NoteKind.OUTSIDE_SESSION),
        ([(0, 1), (60, 1)], SESSIONS, NoteKind.DUPLICATE),
        ([(0, 1), (60, 2), (120, 1)], SESSIONS, None),
        ([(0, 0), (60, 0)], SESSIONS, None),
        ([(0, 1), (0, 2)], SESSIONS, NoteKind.DUPLICATE),
        ([(-60, 1), (60, 1)], SESSIONS, NoteKind.DUPLICATE),
        ([(60, 1), (59, 2)], SESSIONS, NoteKind.REFUSED),
        ([(60, 1), (59, 2)], (), NoteKind.REFUSED),
        ([(60, 1), (59, 2), (120, 2)], SESSIONS, NoteKind.DUPLICATE),
        ([(60, 1), (59, 2), (60, 3)], SESSIONS, NoteKind.DUPLICATE),
        ([(-120, 1), (-60, 1)], SESSIONS, NoteKind.OUTSIDE_SESSION),
    ],
    ids=[
        "new in session",
        "closed day",
        "before the open",
        "the close itself belongs to the session",
        "after the close",
        "same content as the frame before",
        "content that returns",
        "content without a claim",
        "same instant",
        "same content as before the open",
        "older",
        "older on a closed day",
        "same content as an older one",
        "same instant as the one before an older one",
        "outside goes before duplicate",
    ],
)
def test_the_last_of_these_frames_is_dropped_for(arrivals, sessions, expected):
    _, drops, _ = run(FRESH, *arrivals, sessions=sessions)
    assert drops[-1] == expected


def test_a_longer_memory_knows_a_copy_that_alternates_with_fresh_frames():
    stuck = Intake(Link(MINUTE_NS), memory=3)
    _, drops, _ = run(stuck, (0, 9), (60, 1), (120, 9), (180, 2), (240, 9), (300, 3), (360, 1))
    assert drops == [None, None, *[NoteKind.DUPLICATE, None] * 2, None]


def test_a_drop_is_told_where_its_run_begins_and_counted_at_the_end_of_the_day():
    arrivals = [(-120, 1), (-60, 1), (0, 2), (60, 2), (120, 2), (180, 3), (240, 3)]
    intake, _, notes = run(FRESH, *arrivals)
    last = ended(intake)
    assert (kinds(notes), kinds(last.notes)) == (
        [NoteKind.OUTSIDE_SESSION, NoteKind.DUPLICATE, NoteKind.DUPLICATE],
        [NoteKind.STALE, NoteKind.OUTSIDE_SESSION, NoteKind.DUPLICATE],
    )
    assert [note.text.split()[0] for note in last.notes[1:]] == ["2", "3"]


def test_a_single_drop_needs_no_count():
    intake, _, _ = run(FRESH, (0, 1), (375 * 60, 1), (375 * 60 + 9, 2))
    assert NoteKind.OUTSIDE_SESSION not in kinds(ended(intake).notes)


def test_a_frame_of_the_next_day_ends_the_day_before():
    intake, _, _ = run(FRESH, (0, 1), (60, 1), (120, 1))
    next_day_s = 86_400
    _, _, notes = run(intake, (next_day_s, 1), sessions=())
    assert kinds(notes) == [NoteKind.STALE, NoteKind.DUPLICATE, NoteKind.CLOSED_DAY]


def test_a_closed_day_is_told_once():
    _, drops, notes = run(FRESH, (0, 1), (60, 2), (120, 3), sessions=())
    assert (len(drops), kinds(notes)) == (3, [NoteKind.CLOSED_DAY])


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (119, []),
        (120, [NoteKind.GAP]),
        (180, [NoteKind.GAP]),
        (181, [NoteKind.STALE]),
        (375 * 60 + 1, [NoteKind.STALE, NoteKind.OUTSIDE_SESSION]),
    ],
)
def test_a_silence_is_a_gap_until_the_link_dies_of_it(second, expected):
    _, _, notes = run(FRESH, (0, 1), (second, 2))
    assert kinds(notes) == expected


def test_an_alarm_and_the_next_frame_tell_of_the_same_silence_once_and_alike():
    intake, _, _ = run(FRESH, (0, 1))
    dead_ns = OPEN_NS + 180 * SECOND_NS + 1
    early, alarm = silence(intake, dead_ns - 1), silence(intake, dead_ns)
    by_frame = run(intake, (1_000, 2))[2]
    after_alarm = run(alarm.intake, (1_000, 2))[2]
    assert dies_at_ns(intake) == dead_ns
    assert (early.notes, list(alarm.notes), after_alarm) == ((), by_frame, [])


def test_a_link_that_beats_again_can_die_again():
    _, _, notes = run(FRESH, (0, 1), (1_000, 2), (2_000, 3))
    assert kinds(notes) == [NoteKind.STALE, NoteKind.STALE]


def test_duplicates_do_not_keep_a_link_alive():
    intake, drops, notes = run(FRESH, *((second, 1) for second in range(0, 600, 60)))
    assert kinds(notes) == [NoteKind.DUPLICATE, NoteKind.STALE]
    assert drops.count(None) == 1
    assert not freshness.alive(intake.link, intake.last_ns)


def test_no_alarm_is_due_past_the_close_or_outside_a_session():
    late, _, _ = run(FRESH, (374 * 60, 1))
    assert (dies_at_ns(late), dies_at_ns(FRESH), ended(late).notes) == (0, 0, ())


def test_a_second_session_of_the_day_bases_the_link_anew():
    evening = at(DAY, time(18, 0))
    two = (*SESSIONS, (evening, evening + 60 * MINUTE_NS))
    second = (evening - OPEN_NS) // SECOND_NS
    _, drops, notes = run(FRESH, (374 * 60, 1), (second, 2), sessions=two)
    assert (drops, notes) == ([None, None], [])


def test_a_feed_that_owes_frames_from_the_open_goes_stale_without_any():
    owing = begin(FRESH, OPEN_NS, SESSIONS[0])
    assert kinds(silence(owing, OPEN_NS + 181 * SECOND_NS).notes) == [NoteKind.STALE]


def test_a_frame_from_before_the_link_was_based_is_refused():
    based = begin(run(FRESH, (0, 1))[0], OPEN_NS + 300 * SECOND_NS, SESSIONS[0])
    assert run(based, (100, 2))[1] == [NoteKind.REFUSED]


def test_a_gap_tells_how_long_it_was_and_when_it_ended():
    slow = Intake(Link(90 * SECOND_NS))
    _, _, notes = run(slow, (0, 1), (185, 2), (235, 3))
    fast = run(Intake(Link(SECOND_NS)), (0, 1), (2, 2))[2]
    assert [note.text for note in (*notes, *fast)] == [
        "no frame for 3 min 5 s until 09:18:05",
        "no frame for 2 s until 09:15:02",
    ]


@given(st.lists(st.tuples(st.integers(-60, 200), st.integers(0, 9)), max_size=60))
def test_the_short_way_decides_as_the_table_does(steps):
    intake, second = Intake(Link(10 * SECOND_NS), memory=3), -30
    for step, fingerprint in steps:
        second += step
        arrival = Arrival(OPEN_NS + second * SECOND_NS, fingerprint)
        judged = judge(intake, arrival, SESSIONS)
        assert judged == _decide(intake, arrival, SESSIONS)
        intake = judged.intake


@given(st.lists(st.tuples(st.integers(-600, 23_000), st.integers(0, 3)), max_size=40))
def test_taken_frames_rise_in_time_inside_the_session(arrivals):
    intake, taken = FRESH, []
    for second, fingerprint in arrivals:
        arrival = Arrival(OPEN_NS + second * SECOND_NS, fingerprint)
        judged = judge(intake, arrival, SESSIONS)
        intake = judged.intake
        if judged.dropped is None:
            taken.append(arrival.at_ns)
    assert all(OPEN_NS <= at_ns <= CLOSE_NS for at_ns in taken)
    assert taken == sorted(set(taken))
