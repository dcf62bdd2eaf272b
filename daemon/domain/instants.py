"""Instants: whole nanoseconds since 1970 in UTC, and their reading on an Indian wall clock.

An instant is an integer, so it has no time zone to lose. Indian time is UTC + 05:30 without
summer time since 1945, hence days and hours are exact integer arithmetic.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

IST = timezone(timedelta(hours=5, minutes=30), "IST")
SECOND_NS = 1_000_000_000
MILLISECOND_NS = 1_000_000
DAY_NS = 86_400 * SECOND_NS
_OFFSET_NS = 19_800 * SECOND_NS
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(moment: datetime) -> int:
    """Return the instant of an aware moment, in ns.

    Raises:
        ValueError: the moment carries no offset.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no offset; times in Ordo are aware")
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND_NS + since.microseconds * 1_000


def at(day: date, wall: time) -> int:
    """Return the instant at which Indian clocks show that time on that day, in ns."""
    seconds = wall.hour * 3_600 + wall.minute * 60 + wall.second
    return start_of(day) + seconds * SECOND_NS + wall.microsecond * 1_000


def start_of(day: date) -> int:
    """Return the instant of midnight in India, in ns."""
    return (day.toordinal() - _EPOCH_ORDINAL) * DAY_NS - _OFFSET_NS


def day_of(at_ns: int) -> date:
    """Return the day that an instant falls on in India."""
    return date.fromordinal((at_ns + _OFFSET_NS) // DAY_NS + _EPOCH_ORDINAL)


def wall_of(at_ns: int) -> time:
    """Return what Indian clocks show at an instant, to the microsecond."""
    return moment_of(at_ns).time()


def moment_of(at_ns: int) -> datetime:
    """Return an instant as an aware moment in Indian time, to the microsecond."""
    return (_EPOCH + timedelta(microseconds=at_ns // 1_000)).astimezone(IST)


def iso(at_ns: int) -> str:
    """Return an instant as ISO 8601 in Indian time, without idle decimals."""
    return moment_of(at_ns).isoformat()
