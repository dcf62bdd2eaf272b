"""What is done once on each day of market time, beside trading, and how it went."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from msgspec import Struct


class Job(StrEnum):
    """What there is to do on a day."""

    EARLY_CHECK = "early_check"
    CHECK = "check"
    MARGIN = "margin"
    SESSION = "session"
    SQUARE_OFF = "square_off"
    REPORT = "report"
    BACKUP = "backup"


class RunJob(Struct, frozen=True):
    """To the port of jobs: do this."""

    job: Job
    day: date


class JobDone(Struct, frozen=True, tag=True):
    """A job of a day was done, or could not be.

    Attributes:
        job: which.
        day: of which day.
        ok: it was done, and nothing is amiss.
        text: what came of it, or what is amiss and what to do.
        at_ns: the market instant.
    """

    job: Job
    day: date
    ok: bool
    text: str
    at_ns: int
