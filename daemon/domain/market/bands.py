"""Price bands: how far from the reference price the exchange takes a limit.

An order outside is refused, an order on the edge passes. Both edges lie on ticks and inside the
exchange's own numbers, and the lower one is never below one tick.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.instruments import Exchange, Instrument, Kind, exchange_of, is_index
from daemon.domain.market.rules import Amount, Row, Shapes, latest, rows, unknown
from daemon.domain.money import ceil_to, e4, floor_to, percent_of, units
from daemon.errors import RuleUnknown

_TABLE = "bands"
AVERAGED_NS = 30 * SECOND_NS
"""Over so long the exchange averages the trades of a derivative, and so long it keeps the mean.

Source: https://nseindia.com/trade/limit-price-protection-faqs
"""
AVERAGED_FRAMES = 256
"""As many frames are kept to average over: half a minute of eight a second; memory is bounded."""


class Band(Struct, frozen=True):
    """The prices that are taken, both edges included.

    Attributes:
        low_e4: the lowest.
        high_e4: the highest.
    """

    low_e4: int
    high_e4: int

    def holds(self, price_e4: int) -> bool:
        """Return whether a price is taken; a price on the edge is."""
        return self.low_e4 <= price_e4 <= self.high_e4

    def nearest(self, price_e4: int) -> int:
        """Return the price that is taken and nearest to the one wanted, in `_e4`."""
        return min(max(price_e4, self.low_e4), self.high_e4)


class _Band(Row, frozen=True, kw_only=True):
    exchange: Exchange
    of: Literal["option", "index_future", "stock_future", "equity"]
    percent: Amount
    at_least: Amount


SHAPES: Shapes = {"bands": _Band}


def band(instrument: Instrument, reference_e4: int, day: date) -> Band:
    """Return the prices that the exchange takes.

    Args:
        instrument: what is ordered.
        reference_e4: the exchange's reference, for a derivative an average of the last trades;
            above zero.
        day: the trading day.

    Raises:
        RuleUnknown: no row covers this kind of instrument on that day.
        ValueError: the reference is no price.
    """
    if reference_e4 <= 0:
        raise ValueError(
            f"{instrument.symbol} has no band around a reference of {units(reference_e4)}"
        )
    percent_e4, least_e4 = _width(exchange_of(instrument.underlying), _family(instrument), day)
    width_e4 = max(percent_of(reference_e4, percent_e4), least_e4)
    tick_e4 = instrument.tick_e4
    low_e4 = max(ceil_to(reference_e4 - width_e4, tick_e4), tick_e4)
    return Band(low_e4, max(floor_to(reference_e4 + width_e4, tick_e4), low_e4))


def reference_e4(quote: Quote) -> int:
    """Return what band and collar are measured around; 0 where there is nothing."""
    return doubled_reference_e4(quote) // 2


def doubled_reference_e4(quote: Quote) -> int:
    """Return twice the price of now, so that a middle stays whole; 0 where there is nothing.

    The last price while it lies within the touch: an old trade that the touch has left behind
    says nothing of now, and the mid does. Half a touch has no mid, so the last price stands.
    """
    ltp_e4, bid_e4, ask_e4 = quote.ltp_e4, quote.bid_e4, quote.ask_e4
    if not bid_e4 or not ask_e4 or bid_e4 <= ltp_e4 <= ask_e4:
        return 2 * ltp_e4
    return bid_e4 + ask_e4


def averaged_e4(frames: Sequence[Frame], symbol: str, until_ns: int) -> int:
    """Return the mean price of a contract over the half minute before an instant, in `_e4`.

    Args:
        frames: the newest that are known, oldest first.
        symbol: of which contract.
        until_ns: the instant; a frame of it counts.

    Returns:
        The mean of what each frame quoted, rounded down; 0 where none did.
    """
    seen: list[int] = []
    for frame in reversed(frames):
        if frame.at_ns <= until_ns - AVERAGED_NS:
            break
        if frame.at_ns <= until_ns and (quote := frame.quotes.get(symbol)) is not None:
            seen.append(reference_e4(quote))
    priced = [each for each in seen if each]
    return sum(priced) // len(priced) if priced else 0


def taken_e4(instrument: Instrument, around_e4: int, day: date) -> tuple[int, int]:
    """Return what the exchange takes; (0, 0) where no table says, for then it alone judges."""
    try:
        allowed = band(instrument, around_e4, day)
    except RuleUnknown:
        return 0, 0
    return allowed.low_e4, allowed.high_e4


def _family(instrument: Instrument) -> str:
    if instrument.kind.is_option:
        return "option"
    if instrument.kind is Kind.FUTURE:
        return "index_future" if is_index(instrument.underlying) else "stock_future"
    return "equity" if instrument.kind is Kind.EQUITY else "index"


@lru_cache(maxsize=4_096)
def _width(exchange: Exchange, of: str, day: date) -> tuple[int, int]:
    """Return how far a band reaches at either side: a percentage, and at least so much."""
    found = (
        row for row in rows(_TABLE, "bands", _Band) if row.exchange is exchange and row.of == of
    )
    row = latest(found, day)
    if row is None:
        mend = "add a row, as docs/rules.md says; an index itself is never ordered"
        raise unknown(_TABLE, day, f"the band of {exchange} {of}", mend)
    return e4(row.percent), e4(row.at_least)
