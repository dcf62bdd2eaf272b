"""Runs recorded days through the intake, as a feed does, with sessions of 09:15 to the close."""

from __future__ import annotations

from datetime import date, time, timedelta

from daemon.domain.instants import at
from daemon.domain.market.freshness import Link
from daemon.domain.market.intake import Arrival, Intake, Sessions, ended, judge
from daemon.domain.market.notes import Note, NoteKind
from daemon.feeds.formats.words import RecordedFrame
from daemon.feeds.replay import Recording

THURSDAY = 3


def next_thursday(underlying: str, day: date) -> date:
    """Return the Thursday on or after a day: the front weekly expiry up to 2025."""
    return day + timedelta((THURSDAY - day.weekday()) % 7)


def ordinary_sessions(day: date) -> Sessions:
    """Return the one session of a weekday in the years that tests look at."""
    return ((at(day, time(9, 15)), at(day, time(15, 30))),) if day.weekday() < 5 else ()


def take_day(
    recording: Recording,
    day: date,
    sessions: Sessions | None = None,
) -> tuple[list[RecordedFrame], list[NoteKind | None], list[Note]]:
    """Return a day's frames, why each was dropped (None: taken), and all notes."""
    intake = Intake(Link(recording.interval_ns(day)), recording.memory)
    frames = list(recording.frames(day))
    drops, notes = [], []
    for recorded in frames:
        arrival = Arrival(recorded.frame.at_ns, recorded.fingerprint)
        judged = judge(intake, arrival, ordinary_sessions(day) if sessions is None else sessions)
        intake = judged.intake
        drops.append(judged.dropped)
        notes.extend(judged.notes)
    return frames, drops, [*notes, *ended(intake).notes]
