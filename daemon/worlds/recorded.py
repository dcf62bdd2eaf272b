"""The recorded world: days that were written down, around the exchange twins of its accounts.

A recorded world plays days back. The exchange twin sees every frame that the feed takes before the
other actors do; a frame that the feed drops is no news to it either, so a duplicate refills no
order book. `replay` runs on the live driver at a
pace, `backtest` on the pump; nothing else differs between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from daemon.actors.timekeeper import DayBegins, DayEnds, DaySettles
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.calendar import Segment, sessions, settlement_ns
from daemon.domain.market.expiries import front
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.instruments import Kind, parse_symbol
from daemon.domain.market.intake import Sessions
from daemon.domain.market.parity import synthetic_forward
from daemon.errors import RuleUnknown
from daemon.feeds.formats.words import RecordedFrame
from daemon.messages import FrameArrived, Settled
from daemon.twin.exchange import Exchange

News = Sequence[tuple[str, Any]]
_MINUTE_NS = 60 * SECOND_NS
_INTERVALS = 3
"""A last price may lie so many intervals of its feed before the close, and a minute in any case."""


class Step(Struct, frozen=True, gc=False):
    """Something that the world brings in.

    Attributes:
        to: the actor that is told.
        message: what.
        at_ns: when, in market time.
        jump: nothing happens before it; a paced world need not wait for it.
    """

    to: str
    message: Any
    at_ns: int
    jump: bool = False


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


class Account(Protocol):
    """An account at the exchange twin, as the world around it meets it."""

    @property
    def exchange(self) -> Exchange:
        """The twin."""
        ...

    def on_frame(self, frame: Frame, now_ns: int) -> Sequence[Any]:
        """Let the twin see a frame, and return what it told."""
        ...

    def advance(self, now_ns: int) -> Sequence[Any]:
        """Let the twin's day go on without a frame, and return what it told."""
        ...

    def settle(self, day: date, values_e4: Mapping[str, int], now_ns: int) -> Sequence[Any]:
        """Let the twin settle what expires on a day, and return what it told."""
        ...


class Recorded:
    """A world that plays recorded days back, around the twins of its accounts.

    Args:
        recording: the days.
        papers: the paper account of each router, by the router's address.
        days: which of the recorded days.
    """

    def __init__(
        self, recording: Market, papers: Mapping[str, Account], days: Sequence[date]
    ) -> None:
        self._recording = recording
        self._papers = papers
        self._days = days
        self._takers = tuple(papers.items())

    def steps(self) -> Iterator[Step]:
        """Yield everything that these days bring, in order; reads one day at a time."""
        return chain.from_iterable(map(self._of, self._days))  # one generator deep, not two

    def see(self, message: object, at_ns: int) -> News:
        """Let the twins see what is coming, and return what that led to."""
        if type(message) is FrameArrived:
            return ()  # once the feed has taken it: what it drops is no news to them
        if type(message) is Frame:  # the path of every tick: not one call more
            news: News = ()
            for router, paper in self._takers:
                updates = paper.on_frame(message, at_ns)
                if updates:
                    news = (*news, *((router, update) for update in updates))
            return news
        match message:
            case DayBegins():
                return self._each(lambda paper: paper.advance(at_ns))
            case DaySettles(day):
                return self._settle(day, at_ns)
        return ()

    def _of(self, day: date) -> Iterator[Step]:
        frames = self._recording.frames(day)
        first = next(frames, None)
        return iter(()) if first is None else self._day(day, first, frames)

    def _day(
        self, day: date, first: RecordedFrame, rest: Iterator[RecordedFrame]
    ) -> Iterator[Step]:
        at_ns = first.frame.at_ns
        begins = DayBegins(day, self._recording.interval_ns(day))
        yield Step("timekeeper", begins, at_ns - 1, jump=True)
        yield Step("feed", FrameArrived(first.frame, first.fingerprint), at_ns)
        for recorded in rest:
            frame = recorded.frame
            at_ns = frame.at_ns
            yield Step("feed", FrameArrived(frame, recorded.fingerprint), at_ns)
        yield from self._ends(day, at_ns)

    def _ends(self, day: date, at_ns: int) -> Iterator[Step]:
        """Yield the end of a day whose last step was at that instant."""
        day_sessions = trading_sessions(day)
        close_ns = day_sessions[-1][1] if day_sessions else at_ns
        ends_ns = max(at_ns, close_ns) + 1
        # A step of its own: all that is settled is booked before the day is marked.
        yield Step("timekeeper", DaySettles(day), ends_ns)
        yield Step("timekeeper", DayEnds(day), ends_ns)

    def _each(self, asked: Callable[[Account], Sequence[Any]]) -> News:
        return tuple(
            (router, told) for router, paper in self._papers.items() for told in asked(paper)
        )

    def _settle(self, day: date, at_ns: int) -> News:
        """Let the exchange settle what expires, and say how old the prices were that it went by."""
        values_e4 = self._settlement_values(day)
        if not values_e4:
            return ()
        aged_ns = self._aged_ns(day)
        return tuple(
            (router, replace(told, aged_ns=aged_ns) if type(told) is Settled else told)
            for router, told in self._each(lambda paper: paper.settle(day, values_e4, at_ns))
        )

    def _aged_ns(self, day: date) -> int:
        """How long before its closing value was known an index was last priced; 0: not long."""
        try:
            known_ns = settlement_ns(day)
        except RuleUnknown:
            return 0
        aged_ns = known_ns - self._takers[0][1].exchange.quoted_ns()
        usual_ns = max(_MINUTE_NS, _INTERVALS * self._recording.interval_ns(day))
        return aged_ns if aged_ns > usual_ns else 0

    def _settlement_values(self, day: date) -> dict[str, int]:
        """The last price of every underlying, or the forward that its expiring options imply."""
        underlyings = {
            expiring.underlying
            for paper in self._papers.values()
            for expiring in paper.exchange.expiring(day)
        }
        quotes = self._takers[0][1].exchange.quotes(day) if underlyings else {}
        values_e4 = {name: _settlement_e4(quotes, name, day) for name in sorted(underlyings)}
        return {name: value for name, value in values_e4.items() if value}


def trading_sessions(day: date) -> Sessions:
    """Return a day's sessions of the derivatives segment; none where no table reaches it."""
    try:
        return tuple((each.open_ns, each.close_ns) for each in sessions(day, Segment.DERIVATIVES))
    except RuleUnknown:
        return ()


def front_expiry(underlying: str, day: date) -> date:
    """Return the nearest expiry, for recordings that do not say which one they are of."""
    return front(underlying, day)


def _settlement_e4(quotes: Mapping[str, Quote], underlying: str, day: date) -> int:
    spot = quotes.get(underlying)
    if spot is not None and spot.ltp_e4:
        return spot.ltp_e4
    calls: dict[int, Quote] = {}
    puts: dict[int, Quote] = {}
    for symbol, quote in quotes.items():
        parts = parse_symbol(symbol)
        if (parts.underlying, parts.expiry) == (underlying, day):
            {Kind.CALL: calls, Kind.PUT: puts}.get(parts.kind, {})[parts.strike_e4] = quote
    rows = ((strike, calls[strike], puts[strike]) for strike in calls if strike in puts)
    return synthetic_forward(rows) or 0
