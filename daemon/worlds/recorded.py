"""The recorded world: days that were written down, around the exchange twins of its accounts.

`replay` runs on the live driver at a pace, `backtest` on the pump; nothing else differs between
them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Protocol

from daemon.actors.timekeeper import DayBegins, DayEnds, DaySettles
from daemon.domain.market.calendar import Segment, sessions
from daemon.domain.market.closes import Closes, Levels
from daemon.domain.market.expiries import front
from daemon.domain.market.intake import Sessions
from daemon.errors import RuleUnknown
from daemon.feeds.formats.words import ListedStrikes, RecordedFrame
from daemon.messages import FrameArrived, OptionsListed
from daemon.worlds.ahead import read_ahead
from daemon.worlds.entry import AT_THE_START, Entry
from daemon.worlds.twins import Account, Twins
from daemon.worlds.words import Step


class Market(Protocol):
    """Days of frames to play, recorded or made.

    Attributes:
        memory: how many contents the feed should remember.
    """

    memory: int

    def frames(self, day: date) -> Iterator[RecordedFrame]:
        """Yield a day's frames in order of time."""
        ...

    def interval_ns(self, day: date) -> int:
        """Return how far apart that day's frames typically are, in ns; 0: not known."""
        ...

    def listed(self, day: date) -> tuple[ListedStrikes, ...]:
        """Return what was listed that day, by expiry; empty: only what is quoted is known."""
        ...


class Recorded(Twins):
    """A world that plays recorded days back, around the twins of its accounts.

    Args:
        recording: the days.
        papers: the paper account of each router, by the router's address.
        days: which of the recorded days.
        entry: where the record ends.
    """

    def __init__(
        self,
        recording: Market,
        papers: Mapping[str, Account],
        days: Sequence[date],
        entry: Entry = AT_THE_START,
    ) -> None:
        super().__init__(papers, recording.interval_ns, entry)
        self._recording = recording
        self._days = days

    def coming(self) -> AsyncGenerator[Step, None]:
        """Yield the same as `steps`, read ahead in a thread."""
        return read_ahead(self.steps())

    def steps(self) -> Iterator[Step]:
        """Yield everything that these days bring, in order; reads one day at a time."""
        return chain.from_iterable(map(self._of, self._days))  # one generator deep, not two

    def _of(self, day: date) -> Iterator[Step]:
        frames = self._recording.frames(day)
        first = next(frames, None)
        return iter(()) if first is None else self._day(day, first, frames)

    def _day(
        self, day: date, first: RecordedFrame, rest: Iterator[RecordedFrame]
    ) -> Iterator[Step]:
        at_ns = first.frame.at_ns
        begins = DayBegins(day, self._recording.interval_ns(day))
        levels = self._levels(day)
        tells_ns = levels.begins_ns if levels is not None else 0
        yield Step("timekeeper", begins, at_ns - 1, jump=True)
        for each in self._recording.listed(day):
            yield Step("feed", _listed(each, at_ns - 1), at_ns - 1)
        for recorded in chain((first,), rest):
            frame, fingerprint = recorded.frame, recorded.fingerprint
            at_ns = frame.at_ns
            yield Step("feed", FrameArrived(frame, fingerprint), at_ns)
            if levels is not None:
                if at_ns > tells_ns:
                    levels.hear(frame, fingerprint)
                else:
                    levels.prints.append(fingerprint)
        yield from self._ends(day, at_ns, levels.closes() if levels is not None else None)

    def _levels(self, day: date) -> Levels | None:
        """Return who gathers what tells the closing values of a day; None: nothing tells them."""
        try:
            return Levels(day)
        except RuleUnknown:
            return None

    def _ends(self, day: date, at_ns: int, closes: Closes | None = None) -> Iterator[Step]:
        """Yield the end of a day whose last step was at that instant."""
        day_sessions = trading_sessions(day)
        close_ns = day_sessions[-1][1] if day_sessions else at_ns
        ends_ns = max(at_ns, close_ns) + 1
        # A step of its own: all that is settled is booked before the day is marked.
        yield Step("timekeeper", DaySettles(day, closes), ends_ns)
        yield Step("timekeeper", DayEnds(day), ends_ns)


def _listed(shown: ListedStrikes, at_ns: int) -> OptionsListed:
    """Return what a recording shows of a chain as a fact: each strike is of a call and a put."""
    both = (shown.strikes_e4, shown.strikes_e4)
    return OptionsListed(shown.underlying, shown.expiry, *both, at_ns, recorded=True)


def trading_sessions(day: date) -> Sessions:
    """Return a day's sessions of the derivatives segment; none where no table reaches it."""
    try:
        return tuple((each.open_ns, each.close_ns) for each in sessions(day, Segment.DERIVATIVES))
    except RuleUnknown:
        return ()


def front_expiry(underlying: str, day: date) -> date:
    """Return the nearest expiry, for recordings that do not say which one they are of."""
    return front(underlying, day)
