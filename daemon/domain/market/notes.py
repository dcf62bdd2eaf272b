"""Notes: what a report must say about the data it was made from, one kind for each way it bites."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class NoteKind(StrEnum):
    """What a note is about; the words of every report and log line."""

    STALE = "stale"
    GAP = "gap"
    CLOSED_DAY = "closed_day"
    DUPLICATE = "duplicate"
    OUTSIDE_SESSION = "outside_session"
    BASIS = "basis"
    REFUSED = "refused"
    OVERFILLED = "overfilled"
    OUTSIDE = "outside"
    SESSION = "session"
    LEFT_OUT = "left_out"
    UNKNOWN_TABLE = "unknown_table"
    FELL = "fell"
    HOURS = "hours"
    UNTOLD = "untold"


class Note(Struct, frozen=True):
    """One remark about the data.

    Attributes:
        at_ns: the market instant it is about.
        kind: what it is about.
        text: a sentence for a person.
    """

    at_ns: int
    kind: NoteKind
    text: str
