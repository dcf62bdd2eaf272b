"""The walk of days: where an index opens and closes, and how volatile its options are.

The return of each session is drawn for its date alone, and a gentle pull towards the base keeps the
level plausible over years. So a day's level follows from the calendar and the seed, and no other
day has to be made for it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, timedelta

from msgspec import Struct

from daemon.domain.market.calendar import coverage, is_session
from daemon.twin.generator.draws import bell, stream

DAY_RETURN = 0.0055
"""The deviation of an index from its opening to its close."""
_GAP = 0.0025
_PULL = 0.012
_SHARED = 0.95
_APART = 0.31  # of what is left to each index: 0.95^2 + 0.31^2 = 1
_LEVEL_KEPT = 0.9
_LEVEL_MOVE = 0.05


class Session(Struct, frozen=True):
    """One session of one index.

    Attributes:
        day: its date.
        opens: the level that it opens at.
        shared: the part of its return that all indices have in common, as a share of `opens`.
        own: the part that it has alone.
        level: its volatility, as a multiple of the usual one.
    """

    day: date
    opens: float
    shared: float
    own: float
    level: float

    @property
    def closes(self) -> float:
        """The level that it closes at."""
        return self.opens * (1.0 + self.shared + self.own)


class Walk:
    """The sessions of one index, from the first day of the calendar.

    Args:
        seed: equal seeds, equal sessions.
        name: of the index.
        base: the level that it is pulled to.
    """

    def __init__(self, seed: int, name: str, base: float) -> None:
        self._seed = seed
        self._name = name
        self._base = base
        self._known: list[Session] = []

    def of(self, day: date) -> Session:
        """Return a session.

        Raises:
            RuleUnknown: the calendar does not reach that day.
        """
        at = self._reach(day)
        found = self._known[at]
        assert found.day == day, f"{day} is no session"
        return found

    def since(self, first: date, day: date) -> list[Session]:
        """Return the sessions from one day up to the day before another."""
        until = self._reach(day)
        return self._known[bisect_left(self._known, first, key=_day_of) : until]

    def _reach(self, day: date) -> int:
        """Walk on to a day, and return its place."""
        if not self._known or self._known[-1].day < day:
            self._known.extend(self._on(day))
        return bisect_left(self._known, day, key=_day_of)

    def _on(self, until: date) -> Iterator[Session]:
        last = self._known[-1] if self._known else None
        day = last.day + timedelta(days=1) if last is not None else coverage()[0]
        closed, log_level = self._base, 0.0
        if last is not None:
            closed, log_level = last.closes, last.level - 1.0
        while day <= until:
            if is_session(day):
                found = self._session(day, closed, log_level)
                closed, log_level = found.closes, found.level - 1.0
                yield found
            day += timedelta(days=1)

    def _session(self, day: date, closed: float, level: float) -> Session:
        common = stream(self._seed, "day", day)
        alone = stream(self._seed, "day", self._name, day)
        gap = _GAP * (_SHARED * bell(common) + _APART * bell(alone))
        gap += _PULL * (self._base / closed - 1.0)
        return Session(
            day=day,
            opens=closed * (1.0 + gap),
            shared=DAY_RETURN * _SHARED * bell(common),
            own=DAY_RETURN * _APART * bell(alone),
            level=1.0 + _LEVEL_KEPT * level + _LEVEL_MOVE * bell(common),
        )


def _day_of(session: Session) -> date:
    return session.day
