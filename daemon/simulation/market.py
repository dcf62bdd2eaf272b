"""A short, dense piece of market: an index that wanders and leaps, and a few options around it.

Prices are whole ticks throughout, so that every machine makes the same piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from daemon.domain.instants import SECOND_NS, day_of
from daemon.domain.market.expiries import weekly
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.instruments import Kind, contract, symbol_of
from daemon.domain.money import E4
from daemon.feeds.formats.words import ListedStrikes, RecordedFrame
from daemon.simulation.dice import Dice

UNDERLYING = "NIFTY"
FRAME_NS = SECOND_NS
_BASE_E4, _STEP_E4 = 24_500 * E4, 50 * E4
_STRIKES = range(-4, 5)
_LEAST_E4, _MOST_E4 = 2 * E4, 95 * E4
_TICK_E4 = 500
_LOTS_SHOWN, _LOTS_THIN = 80, 4
_LEAPS = 40
"""One frame in so many leaps."""


class _Name(NamedTuple):
    strike_e4: int
    is_call: bool
    symbol: str
    expiry: date


class Piece:
    """The market of one run, in the form of a recording.

    Attributes:
        memory: one content; no two frames are told apart by it, each has a print of its own.
        lot: units of one lot of its options.
        symbols: of its options.

    Args:
        dice: the chance of the run.
        days: its days; what expires on one of them is not quoted on the next.
    """

    memory = 1

    def __init__(self, dice: Dice, days: Sequence[date]) -> None:
        self._dice = dice
        expiries = dict.fromkeys(weekly(UNDERLYING, day) for day in days)
        self._names = [name for expiry in expiries for name in _names(expiry)]
        self.symbols = tuple(each.symbol for each in self._names)
        self.lot = contract(self.symbols[0], days[0], strict=False).lot
        self._count = 0
        self._spot_e4 = _BASE_E4 + dice.between(-20, 20, "opens") * E4

    def next(self, at_ns: int, *, thin: bool) -> Frame:
        """Return the next frame.

        Args:
            at_ns: its instant.
            thin: little is on offer anywhere.
        """
        self._count += 1
        self._spot_e4 += self._moves_e4()
        quotes = {UNDERLYING: Quote(self._spot_e4)}
        shown = self.lot * (_LOTS_THIN if thin else _LOTS_SHOWN)
        day = day_of(at_ns)
        for strike_e4, is_call, symbol, expiry in self._names:
            if expiry < day:
                continue
            away_e4 = self._spot_e4 - strike_e4
            inner_e4 = max(0, away_e4 if is_call else -away_e4)
            time_e4 = max(_LEAST_E4, _MOST_E4 - abs(away_e4) * 2 // 5)
            price_e4 = (inner_e4 + time_e4) // _TICK_E4 * _TICK_E4
            bid_e4, ask_e4 = price_e4 - 2 * _TICK_E4, price_e4 + 2 * _TICK_E4
            quotes[symbol] = Quote(price_e4, bid_e4, shown, ask_e4, shown)
        return Frame(at_ns, quotes)

    def frames(self, day: date) -> Iterator[RecordedFrame]:  # noqa: ARG002  it has but one
        """Yield nothing: the simulated world brings its frames itself."""
        return iter(())

    def interval_ns(self, day: date) -> int:  # noqa: ARG002  it has but one
        """Return how far apart frames are, in ns."""
        return FRAME_NS

    def listed(self, day: date) -> tuple[ListedStrikes, ...]:  # noqa: ARG002  all of it is quoted
        """Return nothing: what is quoted is all there is."""
        return ()

    def _moves_e4(self) -> int:
        """Return how far the index moves, in `_e4`; it is drawn back when it strays."""
        dice, number = self._dice, self._count
        moved_e4 = dice.between(-60, 60, "moves", number) * 500
        if dice.below(_LEAPS, "leaps", number) == 0:
            moved_e4 += dice.between(-60, 60, "leap", number) * E4
        stray_e4 = self._spot_e4 - _BASE_E4
        return moved_e4 - stray_e4 // 40


def _names(expiry: date) -> Iterator[_Name]:
    for step in _STRIKES:
        strike_e4 = _BASE_E4 + step * _STEP_E4
        for kind in (Kind.CALL, Kind.PUT):
            symbol = symbol_of(UNDERLYING, expiry, strike_e4, kind)
            yield _Name(strike_e4, kind is Kind.CALL, symbol, expiry)
