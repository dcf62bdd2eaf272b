"""The generated market: days on end, each of which can be entered at any instant.

Equal seed, day and interval give equal frames, whatever was made before. Nothing here reads a
clock; the frames of a day lie at its own session hours. The index goes on being told as long as
its options trade, in the closing auction of the cash market too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache

from msgspec import Struct

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.calendar import Segment, coverage, next_session, sessions
from daemon.domain.market.expiries import weekly
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.instruments import Kind, Parts, contract
from daemon.domain.money import E4
from daemon.errors import RuleUnknown
from daemon.twin.generator.board import Board, Listing
from daemon.twin.generator.course import course, passed
from daemon.twin.generator.walk import Walk

INTERVAL_NS = SECOND_NS
_WEEK = timedelta(days=7)


class Index(Struct, frozen=True):
    """An index that is made: its name, the level that it keeps to, rupees between two strikes."""

    name: str
    base: int
    step: int


INDICES = (Index("NIFTY", 24_500, 50), Index("SENSEX", 80_500, 100))


class _Part(Struct, frozen=True):
    """A session: its first and last instant, and how long others were open before it."""

    open_ns: int
    close_ns: int
    before_ns: int

    def beats(self, interval_ns: int) -> range:
        """Return the instants of its frames."""
        return range(self.open_ns, self.close_ns + 1, interval_ns)


class GeneratedDay:
    """One day of all indices.

    Args:
        parts: its sessions.
        boards: of each index, by its name.
        interval_ns: how far apart frames are.
    """

    def __init__(self, parts: Sequence[_Part], boards: dict[str, Board], interval_ns: int) -> None:
        self._parts = parts
        self._boards = boards
        self._interval_ns = interval_ns

    def frames(self, after_ns: int) -> Iterator[Frame]:
        """Yield the frames after an instant, in order of time."""
        for part in self._parts:
            beats = part.beats(self._interval_ns)
            first = max(0, (after_ns - part.open_ns) // self._interval_ns + 1)
            for at_ns in beats[first:]:
                yield Frame(at_ns, self._quotes(*self._place(part, at_ns)))

    def newest(self, at_ns: int) -> list[Frame]:
        """Return the newest quote of everything at an instant.

        Each stands in a frame of the instant that it was quoted at; the oldest comes first, and
        the last is of the newest frame. Before the first frame of the day there are none.
        """
        missing: dict[str, set[tuple[Kind, int]]] | None = None
        found: list[Frame] = []
        for part in reversed(self._parts):
            last = (at_ns - part.open_ns) // self._interval_ns + 1
            for beat_ns in reversed(part.beats(self._interval_ns)[: max(0, last)]):
                place = self._place(part, beat_ns)
                if missing is None:
                    missing = {name: board.listed(place[0]) for name, board in self._boards.items()}
                quotes = self._still_missing(missing, place, with_index=not found)
                if quotes:
                    found.append(Frame(beat_ns, quotes))
                if not any(missing.values()):
                    return found[::-1]
        return found[::-1]

    def _place(self, part: _Part, at_ns: int) -> tuple[int, int]:
        """Return an instant, and that of the frame before, in time that sessions were open."""
        since_ns = part.before_ns + at_ns - part.open_ns
        before_ns = since_ns - self._interval_ns if at_ns > part.open_ns else part.before_ns - 1
        return since_ns, before_ns

    def _quotes(self, since_ns: int, before_ns: int) -> dict[str, Quote]:
        quotes: dict[str, Quote] = {}
        for name, board in self._boards.items():
            quotes[name] = board.index(since_ns)
            quotes.update(board.quotes(board.quoted(since_ns, before_ns), since_ns))
        return quotes

    def _still_missing(
        self,
        missing: dict[str, set[tuple[Kind, int]]],
        place: tuple[int, int],
        *,
        with_index: bool,
    ) -> dict[str, Quote]:
        """Return what a frame quotes of all that is missing; it is missing no longer."""
        quotes: dict[str, Quote] = {}
        for name, board in self._boards.items():
            if with_index:
                quotes[name] = board.index(place[0])
            if missing[name]:
                now = [each for each in board.quoted(*place) if each in missing[name]]
                missing[name].difference_update(now)
                quotes.update(board.quotes(now, place[0]))
        return quotes


class Generator:
    """Days of NIFTY and SENSEX with the options of their nearest weekly expiry.

    Args:
        seed: equal seeds, equal days.
        interval_ns: how far apart frames are.
    """

    def __init__(self, seed: int, interval_ns: int = INTERVAL_NS) -> None:
        assert interval_ns > 0, "frames lie apart"
        self._seed = seed
        self._interval_ns = interval_ns
        self._walks = {index.name: Walk(seed, index.name, float(index.base)) for index in INDICES}
        self._made = lru_cache(maxsize=2)(self._make)

    def days(self, first: date) -> Iterator[date]:
        """Yield the days that can be made, from the first one on, as far as the tables reach."""
        day, last = max(first, coverage()[0]), coverage()[1]
        while day <= last:
            if self._listings(day):
                yield day
            day += timedelta(days=1)

    def day(self, day: date) -> GeneratedDay:
        """Return a day; one without a session has no frames."""
        return self._made(day)

    def _make(self, day: date) -> GeneratedDay:
        listings = self._listings(day)
        if not listings:
            return GeneratedDay((), {}, self._interval_ns)
        parts = _parts(day)
        last = parts[-1]
        shares = passed((last.before_ns + last.close_ns - last.open_ns) // SECOND_NS)
        boards = {}
        for name, listing in listings.items():
            made = course(self._seed, name, self._walks[name].of(day), shares)
            boards[name] = Board(self._seed, listing, made, self._interval_ns)
        return GeneratedDay(parts, boards, self._interval_ns)

    def _listings(self, day: date) -> dict[str, Listing]:
        """Return what is listed on a day of each index that all tables know."""
        found = {}
        for index in INDICES:
            try:
                if sessions(day, Segment.DERIVATIVES):
                    found[index.name] = self._listing(index, day)
            except RuleUnknown:
                continue
        return found

    def _listing(self, index: Index, day: date) -> Listing:
        expiry = weekly(index.name, day)
        parts = Parts(index.name, Kind.CALL, expiry, index.base * E4)
        walk = self._walks[index.name]
        same = [
            each
            for each in walk.since(expiry - _WEEK, day)
            if weekly(index.name, each.day) == expiry
        ]
        levels = [level for each in same for level in (each.opens, each.closes)]
        opens = walk.of(day).opens
        return Listing(
            name=index.name,
            day=day,
            expiry=expiry,
            step=index.step,
            lot=contract(parts, day, strict=False).lot,
            sessions_after=_sessions_between(day, expiry),
            held=(min([opens, *levels]), max([opens, *levels])),
        )


def _parts(day: date) -> list[_Part]:
    """Return a day's sessions; a second lies between two of them in time that was open."""
    found: list[_Part] = []
    before_ns = 0
    for session in sessions(day, Segment.DERIVATIVES):
        found.append(_Part(session.open_ns, session.close_ns, before_ns))
        before_ns += session.close_ns - session.open_ns + SECOND_NS
    return found


def _sessions_between(day: date, expiry: date) -> int:
    """Return how many sessions follow a day, up to and including an expiry."""
    count = 0
    while day < expiry:
        day = next_session(day, Segment.DERIVATIVES)
        count += 1
    return count
