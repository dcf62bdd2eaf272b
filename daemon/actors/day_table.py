"""The jobs of a day, as a table by market time.

Those by the clock are set for every part of the day's sessions that they concern, so a special
session has them at its own hours; a day without a session has none. Those at the end of the day
follow each other, in this order, once all that the day brought is recorded.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from daemon.domain.instants import SECOND_NS, at
from daemon.domain.risk.hours import SQUARE_OFF_CASH, SQUARE_OFF_DERIVATIVES
from daemon.messages.jobs import Job

EVENING = (Job.REPORT, Job.BACKUP)
"""What follows the end of a day."""
_MINUTE_NS = 60 * SECOND_NS
SETTLES_NS = 2 * _MINUTE_NS
"""So long after the opening prices must have come."""
AGAIN_NS = _MINUTE_NS
"""So long after a session was found to lack something it is looked at again."""
Hours = tuple[tuple[int, int], ...]


class Timed(Struct, frozen=True):
    """A job, and when it is due; also when to do a job, told to the timekeeper by its alarm."""

    job: Job
    day: date
    at_ns: int


def morning(day: date, sessions: Hours) -> tuple[Timed, ...]:
    """Return the jobs before a day's market opens, the earliest first; 08:30 and 09:00 as a rule.

    Args:
        day: the day.
        sessions: when its market opens and closes; none: it is closed.
    """
    if not sessions:
        return ()
    open_ns = sessions[0][0]
    return tuple(
        Timed(job, day, open_ns - minutes * _MINUTE_NS)
        for job, minutes in ((Job.EARLY_CHECK, 45), (Job.CHECK, 15), (Job.MARGIN, 15))
    )


def timed(day: date, sessions: Hours) -> tuple[Timed, ...]:
    """Return the jobs of a day while its market is open, the earliest first.

    Args:
        day: the day.
        sessions: when its market opens and closes; none: it is closed.
    """
    if not sessions:
        return ()
    open_ns, close_ns = sessions[0][0], sessions[-1][1]
    looks = {
        min(at(day, wall) + _MINUTE_NS, close_ns - _MINUTE_NS // 2)
        for wall in (SQUARE_OFF_CASH, SQUARE_OFF_DERIVATIVES)
    }
    return (
        Timed(Job.SESSION, day, open_ns + SETTLES_NS),
        *(Timed(Job.SQUARE_OFF, day, look) for look in sorted(looks) if look > open_ns),
    )
