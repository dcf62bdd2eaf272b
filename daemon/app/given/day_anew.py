"""A day that was opened by other hours than it has by now: the start tells it anew.

Rules are read when a program starts, so rows of one's own may come when their day is open already.
It is told before any actor is built, so that each goes by the hours of now from its first message
on, as the world around it does.
"""

from __future__ import annotations

from collections.abc import Iterable

from daemon.domain.instants import day_of, wall_of
from daemon.domain.market.calendar import guarded
from daemon.domain.market.notes import NoteKind
from daemon.messages import DayEnded, DayOpened, Noted

Hours = tuple[tuple[int, int], ...]


def day_anew(
    facts: Iterable[object], now_ns: int, interval_ns: int
) -> tuple[DayOpened | Noted, ...]:
    """Return what is to be recorded of the present day where its hours have changed.

    A day that has ended is not begun again: what was marked and booked at its end would be of a
    part of it. That something of it is still to come is told alone, once.

    Args:
        facts: all that was recorded, oldest first.
        now_ns: market time.
        interval_ns: how often the feed delivers; 0: unknown.
    """
    opened: DayOpened | None = None
    has_ended, told = False, set[str]()
    for fact in facts:
        match fact:
            case DayOpened():
                opened, has_ended = fact, False
            case DayEnded():
                has_ended = True
            case Noted(NoteKind.HOURS, text):
                told.add(text)
    if opened is None or opened.day != day_of(now_ns):
        return ()
    day, hours = opened.day, tuple((each.open_ns, each.close_ns) for each in guarded(opened.day))
    if hours == opened.sessions:
        return ()
    before, now = f"{day} was opened with {_said(opened.sessions)}", _said(hours)
    if not has_ended:
        text = f"{before}, and has {now} from this start on: see that that is right"
        anew = DayOpened(day, hours, now_ns, interval_ns)
        return (anew, Noted(NoteKind.HOURS, text, now_ns))
    text = f"{before}, and has ended; by now it has {now}: in what is still to come of that "
    text += "nothing is guarded and nothing is entered; look at the broker, and leave by hand there"
    is_over = not hours or hours[-1][1] <= now_ns
    return () if is_over or text in told else (Noted(NoteKind.HOURS, text, now_ns),)


def _said(hours: Hours) -> str:
    """Return the parts of a day, in words."""
    parts = (f"{wall_of(opens):%H:%M}-{wall_of(closes):%H:%M}" for opens, closes in hours)
    said = " and ".join(parts)
    return f"the hours {said}" if said else "no session"
