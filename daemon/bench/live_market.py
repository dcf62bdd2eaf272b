"""A made market at the pace of a busy feed: an index and the options on it, held in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, time

from daemon.domain.instants import SECOND_NS, at
from daemon.domain.market.expiries import weekly
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.instruments import Kind, symbol_of
from daemon.domain.money import E4, floor_to
from daemon.feeds.formats.words import ListedStrikes, RecordedFrame

DAY = date(2026, 11, 18)
BEGINS = time(9, 19, 58)
SPOT_E4 = 24_500 * E4
_STEP_E4 = 50 * E4
TICK_E4 = 500
_PHASES = 100
"""So many pictures of the market come in turn, up and down again."""


def option(strike: int, kind: Kind) -> str:
    """Return the symbol of an option of this market by its strike in rupees."""
    return symbol_of("NIFTY", weekly("NIFTY", DAY), strike * E4, kind)


class LiveMarket:
    """One day of frames, each of all its symbols, from a moment before the first entry on.

    Attributes:
        memory: no frame claims to be told apart by its content.

    Args:
        seconds: how long it goes on.
        symbols: how many there are, the index among them.
        per_second: frames in a second.
    """

    memory = 1

    def __init__(self, seconds: int, symbols: int = 200, per_second: int = 100) -> None:
        self.symbols = symbols
        self.per_second = per_second
        self._count = seconds * per_second
        self._every_ns = SECOND_NS // per_second
        self._pictures = [_picture(phase, symbols) for phase in range(_PHASES)]

    def days(self) -> Sequence[date]:
        """Return the one day there is."""
        return (DAY,)

    def frames(self, day: date) -> Iterator[RecordedFrame]:
        """Yield the frames, each the next picture."""
        begins_ns = at(day, BEGINS)
        for number in range(self._count):
            at_ns = begins_ns + number * self._every_ns
            yield RecordedFrame(Frame(at_ns, self._pictures[number % _PHASES]), 0)

    def interval_ns(self, day: date) -> int:  # noqa: ARG002  every day is alike
        """Return how far apart frames are."""
        return self._every_ns

    def listed(self, day: date) -> tuple[ListedStrikes, ...]:  # noqa: ARG002  all of it is quoted
        """Return nothing: what is quoted is all there is."""
        return ()


def quote_of(strike: int, kind: Kind, moved_e4: int = 0) -> Quote:
    """Return an option's quote: what it is worth at once, and less for time the further out."""
    beyond_e4 = (SPOT_E4 - strike * E4) * (1 if kind is Kind.CALL else -1)
    time_e4 = 150 * E4 - abs(beyond_e4) * 55 // 1_000
    ltp_e4 = floor_to(max(beyond_e4, 0) + time_e4 + moved_e4, TICK_E4)
    return Quote(ltp_e4, ltp_e4 - TICK_E4, 100_000, ltp_e4 + TICK_E4, 100_000)


def _picture(phase: int, symbols: int) -> dict[str, Quote]:
    moved_e4 = (abs(phase - _PHASES // 2) - _PHASES // 4) * TICK_E4 // 4
    quotes = {"NIFTY": Quote(SPOT_E4 + moved_e4)}
    strikes = (symbols + 1) // 2
    lowest = SPOT_E4 - strikes // 2 * _STEP_E4
    for place in range(symbols - 1):
        strike = (lowest + place // 2 * _STEP_E4) // E4
        kind = Kind.PUT if place % 2 else Kind.CALL
        quotes[option(strike, kind)] = quote_of(strike, kind, moved_e4)
    return quotes
