"""The generated world: a market made by chance, left and entered at any instant.

Everything in it follows from the seed, so after a crash it goes on at the newest instant that the
ledger or the exchange has recorded. The exchange is shown the quotes up to there, as a real one
would have kept them; the feed gets a whole picture first, as a broker's gives one, and then the
frames from there on. A day that was opened is not opened again, one that ended is over, and what
the exchange settled is told to those who had not recorded it yet. A run begins in the same way, at
the instant that it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction

from daemon.actors.timekeeper import DayBegins
from daemon.domain.instants import SECOND_NS, at, day_of, start_of
from daemon.domain.market.calendar import previous_session
from daemon.domain.market.closes import Levels
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.plans.schema import Plan
from daemon.feeds.formats.words import ListedStrikes, RecordedFrame
from daemon.messages import FrameArrived
from daemon.twin.generator.market import INTERVAL_NS, Generator
from daemon.worlds.entry import Entry
from daemon.worlds.recorded import Recorded, trading_sessions
from daemon.worlds.twins import Account
from daemon.worlds.words import News, Step

LEAD_NS = 30 * SECOND_NS
"""So much host time passes between the start of a first run and its first entry."""
_DAY = timedelta(days=1)


class GeneratedMarket:
    """The days that a seed makes, in the form of a recording.

    Attributes:
        memory: one content; no two frames are told apart by it, each has a print of its own.

    Args:
        seed: equal seeds, equal days.
        first: the first day; one without a session stands for the next that has one.
        interval_ns: how far apart frames are; 0: a second.
    """

    memory = 1

    def __init__(self, seed: int, first: date, interval_ns: int = 0) -> None:
        self._interval_ns = interval_ns or INTERVAL_NS
        self._first = first
        self._generator = Generator(seed, self._interval_ns)

    def days(self, first: date | None = None) -> Iterator[date]:
        """Yield session days, as far as the tables of the market reach.

        Args:
            first: from when on; None: the market's own first day.
        """
        return self._generator.days(first or self._first)

    def frames(self, day: date, after_ns: int = 0) -> Iterator[RecordedFrame]:
        """Yield a day's frames after an instant, in order of time; none without a session."""
        for frame in self._generator.day(day).frames(after_ns):
            yield _printed(frame)

    def newest(self, day: date, at_ns: int) -> list[Frame]:
        """Return everything's newest quote of a day at an instant, in frames of when it came."""
        return self._generator.day(day).newest(at_ns)

    def interval_ns(self, day: date) -> int:  # noqa: ARG002  every day is alike
        """Return how far apart frames are."""
        return self._interval_ns

    def listed(self, day: date) -> tuple[ListedStrikes, ...]:  # noqa: ARG002  all of it is quoted
        """Return nothing: what is quoted is all there is."""
        return ()


def begins_ns(plans: Iterable[Plan], speed: Fraction | None, day: date) -> int:
    """Return the instant at which a first run begins: half a minute of host time before an entry.

    Args:
        plans: the strategies that take entries; the earliest counts.
        speed: market seconds per host second; None: never wait.
        day: the first day; the run begins on it, whatever the speed.
    """
    hours = trading_sessions(day)
    eve_ns = hours[0][0] - 1 if hours else start_of(day)
    entries_ns = [at(day, plan.entry.at) for plan in plans]
    if speed is None or not entries_ns:
        return eve_ns
    lead_ns = LEAD_NS * speed.numerator // speed.denominator
    return max(min(entries_ns) - lead_ns, start_of(day))


class Generated(Recorded):
    """A world of generated days, around the twins of its accounts, entered at an instant.

    Args:
        market: the days.
        papers: the paper account of each router, by the router's address; their exchanges were
            opened just now, and are shown the newest quotes at once.
        entry: where it is entered.
    """

    def __init__(
        self, market: GeneratedMarket, papers: Mapping[str, Account], entry: Entry
    ) -> None:
        super().__init__(market, papers, (), entry)
        self._market = market
        self._entry = entry
        self._today = day_of(entry.at_ns)
        known = self._known()
        self._picture = _whole(known, entry.at_ns + 1) if known and self._is_open() else None
        for paper in papers.values():
            paper.exchange.prime(known, self._picture.at_ns if self._picture is not None else 0)

    def steps(self) -> Iterator[Step]:
        """Yield everything that happens after the entry, day after day."""
        entry, today = self._entry, self._today
        at_ns, first = entry.at_ns, today
        if entry.day is not None:
            if not entry.ended:
                yield from self._rest(entry.day)
                at_ns += 1  # the end of that day comes before the beginning of another
            first = max(today, entry.day + _DAY)
        if first == today and self._is_entered(today):
            begins = DayBegins(today, self._market.interval_ns(today))
            yield Step("timekeeper", begins, at_ns, jump=True)
            yield from self._rest(today)
            first += _DAY
        for day in self._market.days(first):
            frames = self._market.frames(day)
            yield from self._day(day, next(frames), frames)

    def see(self, message: object, at_ns: int) -> News:
        """Let the twins see what is coming, and return what that led to."""
        if message is self._picture:
            return ()  # they were shown it when the world was entered
        return super().see(message, at_ns)

    def _is_entered(self, day: date) -> bool:
        """Return whether the world is entered on a day that the record has not opened.

        Of a record that ends before, such as a copy of the evening, only a day that has begun is:
        the session that is merely next is jumped to.
        """
        if next(self._market.days(day), None) != day:
            return False
        return self._entry.day is None or trading_sessions(day)[0][0] <= self._entry.at_ns

    def _levels(self, day: date) -> Levels | None:  # noqa: ARG002  every day is alike
        """Return nobody: the last level that is made of a day is its closing value."""
        return None

    def _rest(self, day: date) -> Iterator[Step]:
        """Yield what is left of the day that the world is entered on."""
        at_ns = self._entry.at_ns
        for recorded in self._pictured(self._market.frames(day, at_ns)):
            at_ns = recorded.frame.at_ns
            yield Step("feed", FrameArrived(recorded.frame, recorded.fingerprint), at_ns)
        yield from self._ends(day, at_ns)

    def _pictured(self, rest: Iterator[RecordedFrame]) -> Iterator[RecordedFrame]:
        """Yield a whole picture before the frames that are left, where there is one."""
        picture, following = self._picture, next(rest, None)
        if picture is not None and following is not None:
            if following.frame.at_ns > picture.at_ns:
                yield _printed(picture)
            else:  # the next frame comes at the very instant of the picture, so they are one
                quotes = picture.quotes | following.frame.quotes
                following = _printed(Frame(picture.at_ns, quotes))
        if following is not None:
            yield following
        yield from rest

    def _known(self) -> Sequence[Frame]:
        """Return the newest quotes at the entry; before a session those of the one before."""
        at_ns, first = self._entry.at_ns, self._entry.first
        day = day_of(at_ns)
        found = self._market.newest(day, at_ns)
        if found or first is None or day <= first:
            return found
        return self._market.newest(previous_session(day), at_ns)

    def _is_open(self) -> bool:
        """Return whether the world is entered while a session of a day goes on."""
        at_ns = self._entry.at_ns
        hours = trading_sessions(day_of(at_ns))
        return any(open_ns <= at_ns < close_ns for open_ns, close_ns in hours)


def _printed(frame: Frame) -> RecordedFrame:
    """Return a frame with a print of its own: volumes tick, so no content comes twice."""
    return RecordedFrame(frame, frame.at_ns)


def _whole(known: Sequence[Frame], at_ns: int) -> Frame:
    """Return one frame of all that is known."""
    quotes: dict[str, Quote] = {}
    for frame in known:
        quotes.update(frame.quotes)
    return Frame(at_ns, quotes)
