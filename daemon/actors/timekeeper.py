"""The timekeeper: which day it is, and when its market trades."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from daemon.actors.turn import Turn
from daemon.domain.market.calendar import Segment, sessions
from daemon.domain.market.notes import NoteKind
from daemon.errors import RuleUnknown
from daemon.messages import DayEnded, DayOpened, Noted
from daemon.runtime.words import NOTHING, Effect, Started


class DayBegins(Struct, frozen=True):
    """A day of market time begins; `interval_ns`: how often its feed delivers, 0 unknown."""

    day: date
    interval_ns: int = 0


class DaySettles(Struct, frozen=True):
    """The market of a day has closed, and the exchange settles what expired on it."""

    day: date


class DayEnds(Struct, frozen=True):
    """A day of market time ends."""

    day: date


class Timekeeper:
    """Opens and ends the days of one market segment."""

    def __init__(self, segment: Segment = Segment.DERIVATIVES) -> None:
        self._segment = segment

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        turn = Turn()
        match message:
            case DayBegins(day, interval_ns):
                turn.announce(
                    DayOpened(day, self._sessions(turn, day, now_ns), now_ns, interval_ns)
                )
            case DayEnds(day):
                turn.announce(DayEnded(day, now_ns))
            case Started() | DaySettles():
                return NOTHING
            case _:
                raise AssertionError(f"the timekeeper was told {message!r}")
        return turn.done()

    def _sessions(self, turn: Turn, day: date, now_ns: int) -> tuple[tuple[int, int], ...]:
        """Return a day's sessions; a day that no table reaches is closed, and that is told."""
        try:
            return tuple((each.open_ns, each.close_ns) for each in sessions(day, self._segment))
        except RuleUnknown as error:
            turn.announce(Noted(NoteKind.UNKNOWN_TABLE, str(error), now_ns))
            return ()
