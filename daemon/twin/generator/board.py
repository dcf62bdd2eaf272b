"""The board of one index on one day: its strikes, which of them are quoted when, and at what.

A quote is a pure function of the strike and the instant, and so is whether there is one: near the
money a strike is quoted in almost every frame, far from it now and then. So the newest quote of
every strike can be told at any instant without having made the ones before.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import accumulate
from math import log, sqrt

from msgspec import Struct

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Quote
from daemon.domain.market.instruments import Kind, symbol_of
from daemon.domain.money import E4
from daemon.twin.generator.black76 import otm_value, smile
from daemon.twin.generator.course import Course
from daemon.twin.generator.draws import key, noise

REACH = 12
"""So many strikes are listed on each side of the money; once listed, one stays for the day."""
_BYTES = 64
_DAYS = 252.0
_SESSION_PART = 0.85
"""How much of a day's time value is lost while the market is open; the rest goes overnight."""
_LEAST_TIME = 2e-7  # of a year, some seconds
_CARRY = 0.065 / 365.0
_CURVE = 0.04
_TICK = 0.05
_TICK_E4 = 500
_LIVELY = (0.97, 0.95, 0.9, 0.8, 0.65, 0.5, 0.38, 0.28, 0.2, 0.15, 0.11, 0.09, 0.07)
"""The chance of a quote in a second, by strikes from the money; half of it in the money."""
_FEWER_FROM = 3
_OF_A_BYTE = 256


class Listing(Struct, frozen=True):
    """What stands on a board for a day.

    Attributes:
        name: of the index.
        day: the date.
        expiry: of the chain.
        step: rupees between two strikes.
        lot: units.
        sessions_after: whole sessions between this day's close and the expiry's close.
        held: lowest and highest level since this chain is the front one; their strikes stay.
    """

    name: str
    day: date
    expiry: date
    step: int
    lot: int
    sessions_after: int
    held: tuple[float, float]


class Moment(Struct, frozen=True, gc=False):
    """What the options of an instant are priced on.

    Attributes:
        forward: at their expiry.
        deviation: volatility at the money x the root of the time left.
        skew: of the smile.
        at_money: the number of the strike at the money.
    """

    forward: float
    deviation: float
    skew: float
    at_money: int


class Board:
    """Quotes of one index and its chain.

    Args:
        seed: equal seeds, equal quotes.
        listing: what stands on it.
        course: where the index goes.
        interval_ns: how far apart frames are; strikes are quoted as often at any interval.
    """

    def __init__(self, seed: int, listing: Listing, course: Course, interval_ns: int) -> None:
        self._listing = listing
        self._course = course
        self._lowest, self._highest = _listed(listing, course.spot)
        when, what = (
            {kind: key(seed, about, listing.name, kind, listing.day) for kind in Kind}
            for about in ("when", "what")
        )
        self._when, self._what = when, what
        self._limits = tuple(_limit(chance, interval_ns / SECOND_NS) for chance in _LIVELY)
        self._fewer = tuple(_limit(chance / 2, interval_ns / SECOND_NS) for chance in _LIVELY)
        self._calendar_days = (listing.expiry - listing.day).days
        self._symbols: dict[tuple[Kind, int], str] = {}

    def listed(self, since_open_ns: int) -> set[tuple[Kind, int]]:
        """Return all that is listed at an instant: the kind, and the number of the strike."""
        second = since_open_ns // SECOND_NS
        strikes = range(self._lowest[second], self._highest[second] + 1)
        return {(kind, strike) for kind in (Kind.CALL, Kind.PUT) for strike in strikes}

    def quoted(self, since_open_ns: int, before_ns: int) -> Iterator[tuple[Kind, int]]:
        """Yield which strikes are quoted in a frame: the kind, and the number of the strike.

        Args:
            since_open_ns: the instant of the frame, in time that the sessions were open.
            before_ns: the same of the frame before; negative: there is none, and all is quoted.
        """
        second = since_open_ns // SECOND_NS
        lowest, highest = self._lowest[second], self._highest[second]
        known = before_ns // SECOND_NS
        old = range(self._lowest[known], self._highest[known] + 1) if before_ns >= 0 else range(0)
        at_money = round(self._course.spot[second] / self._listing.step)
        for kind, side in ((Kind.CALL, 1), (Kind.PUT, -1)):
            drawn = noise(self._when[kind], since_open_ns)
            for strike in range(lowest, highest + 1):
                away = (strike - at_money) * side
                limits = self._fewer if away <= -_FEWER_FROM else self._limits
                limit = limits[min(abs(away), REACH)]
                if drawn[strike % _BYTES] < limit or strike not in old:
                    yield kind, strike

    def moment(self, since_open_ns: int) -> Moment:
        """Return what options are priced on at an instant."""
        second = since_open_ns // SECOND_NS
        course, listing = self._course, self._listing
        left = _SESSION_PART * (1.0 - course.passed[second]) + listing.sessions_after
        time = max(left / _DAYS, _LEAST_TIME)
        spot = self._spot(since_open_ns)
        return Moment(
            forward=spot * (1.0 + _CARRY * self._calendar_days),
            deviation=course.volatility[second] * sqrt(time),
            skew=course.skew[second],
            at_money=round(spot / listing.step),
        )

    def index(self, since_open_ns: int) -> Quote:
        """Return the index itself, which has a level and no book."""
        return Quote(round(self._spot(since_open_ns) / _TICK) * _TICK_E4)

    def quotes(self, strikes: Iterable[tuple[Kind, int]], since_open_ns: int) -> dict[str, Quote]:
        """Return the quotes of strikes at an instant, by symbol."""
        moment = self.moment(since_open_ns)
        drawn = {kind: noise(self._what[kind], since_open_ns) for kind in (Kind.CALL, Kind.PUT)}
        return {
            self.symbol(kind, strike): self._option(kind, strike, moment, drawn[kind])
            for kind, strike in strikes
        }

    def _option(self, kind: Kind, strike: int, moment: Moment, drawn: bytes) -> Quote:
        value = self.value(kind, strike, moment)
        away = abs(strike - moment.at_money)
        half = 0.02 + 0.006 * away + 0.0006 * value
        bid = max(int((value - half) / _TICK), 1)
        ask = max(int((value + half) / _TICK) + 1, bid + 1)
        byte = drawn[strike % _BYTES]
        other = drawn[(strike + 31) % _BYTES]
        # The last trade was a buyer's, a seller's, or met in between.
        last = (bid, ask, (bid + ask) // 2)[byte % 3]
        most = max(30 - 2 * away, 4)
        lot = self._listing.lot
        bid_quantity = (2 + other % most) * lot
        ask_quantity = (2 + (byte ^ other) % most) * lot
        return Quote(last * _TICK_E4, bid * _TICK_E4, bid_quantity, ask * _TICK_E4, ask_quantity)

    def value(self, kind: Kind, strike: int, moment: Moment) -> float:
        """Return what an option is worth in rupees, by Black-76 over the smile."""
        level = float(strike * self._listing.step)
        forward, deviation = moment.forward, moment.deviation
        away = log(level / forward) / deviation
        value = otm_value(forward, level, deviation * smile(away, moment.skew, _CURVE))
        if (level < forward) == (kind is Kind.CALL):
            value += abs(forward - level)
        return value

    def symbol(self, kind: Kind, strike: int) -> str:
        """Return the symbol of a strike."""
        found = self._symbols.get((kind, strike))
        if found is None:
            listing = self._listing
            strike_e4 = strike * listing.step * E4
            found = symbol_of(listing.name, listing.expiry, strike_e4, kind)
            self._symbols[kind, strike] = found
        return found

    def _spot(self, since_open_ns: int) -> float:
        """Return where the index stands; between two seconds it goes straight, but for a shiver."""
        second, part_ns = divmod(since_open_ns, SECOND_NS)
        spot = self._course.spot
        if not part_ns:
            return spot[second]
        here, there = spot[second], spot[second + 1]
        shiver = (noise(self._what[Kind.INDEX], since_open_ns)[0] - 128) * here * 1e-8
        return here + (there - here) * (part_ns / SECOND_NS) + shiver


def _listed(listing: Listing, spot: Sequence[float]) -> tuple[Sequence[int], Sequence[int]]:
    """Return the lowest and the highest strike that is listed, second by second."""
    low, high = (round(each / listing.step) for each in listing.held)
    at_money = [round(each / listing.step) for each in spot]
    lows = accumulate(at_money, min, initial=low)
    highs = accumulate(at_money, max, initial=high)
    lowest = array("l", (each - REACH for each in lows))
    highest = array("l", (each + REACH for each in highs))
    return lowest[1:], highest[1:]


def _limit(chance: float, interval_s: float) -> int:
    """Return below which byte a strike is quoted, so that it is as often at any interval."""
    quoted = 1.0 - pow(1.0 - chance, interval_s)
    return min(max(int(quoted * _OF_A_BYTE + 0.5), 1), _OF_A_BYTE)
