"""The binary frames of Zerodha's ticker, read into ticks.

A frame is a count and as many packets, each after its length; the length tells what a packet holds.
A length that nobody knows is stepped over. Of each packet what a decision needs is read at once,
the day's figures and the depth when they are asked for. Prices come as whole numbers of a fraction
of the rupee that hangs on the segment, and never pass through a float.

Source: Kite Connect 3, web socket streaming; the lengths, offsets and divisors of the clients that
Zerodha publishes.
"""

from __future__ import annotations

from enum import StrEnum
from struct import Struct as Layout

from msgspec import Struct

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Quote
from daemon.domain.market.instruments import Exchange
from daemon.domain.money import divide_half_even
from daemon.errors import WireGarbled


class Mode(StrEnum):
    """How much a packet holds."""

    LTP = "ltp"
    QUOTE = "quote"
    FULL = "full"


class Level(Struct, frozen=True, gc=False):
    """One level of the depth; all are 0 where nobody offers."""

    price_e4: int
    quantity: int
    orders: int


class Depth(Struct, frozen=True):
    """What is offered on both sides, the best level first."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class Figures(Struct, frozen=True, gc=False):
    """The day so far, as a packet tells it; 0 is what it does not tell.

    Attributes:
        open_e4: the first price of the day.
        high_e4: the highest so far.
        low_e4: the lowest so far.
        close_e4: the close of the day before.
        last_quantity: units of the last trade.
        average_e4: the average price of the day's trades.
        volume: units traded.
        buy_quantity: units wanted at any price.
        sell_quantity: units on offer at any price.
        traded_ns: when the last trade was, to the second.
        interest: open contracts, in units.
        interest_high: the most of them today.
        interest_low: the least of them today.
    """

    open_e4: int
    high_e4: int
    low_e4: int
    close_e4: int
    last_quantity: int = 0
    average_e4: int = 0
    volume: int = 0
    buy_quantity: int = 0
    sell_quantity: int = 0
    traded_ns: int = 0
    interest: int = 0
    interest_high: int = 0
    interest_low: int = 0


class Tick(Struct, frozen=True, gc=False):
    """One packet.

    It keeps its whole frame for what may be asked of it, so keep the quote and let the tick go.

    Attributes:
        token: the broker's number of the instrument.
        quote: the last price, with the best bid and ask in full mode.
        exchange_ns: when the exchange says it was, to the second; 0 where it does not say.
        frame: the bytes that it came in.
        start: where its packet begins in them.
        length: how long the packet is.
        traded_ns: when the last trade was, to the second; 0 where it does not say. The book may be
            of today, and the last price beside it of an earlier day.
    """

    token: int
    quote: Quote
    exchange_ns: int
    frame: bytes
    start: int
    length: int
    traded_ns: int = 0

    @property
    def mode(self) -> Mode:
        """How much the packet holds."""
        return _MODES[self.length]

    @property
    def is_tradable(self) -> bool:
        """Whether it is a contract, and not an index."""
        return not is_index(self.token)

    def figures(self) -> Figures | None:
        """Return the day so far; None where the packet holds the last price alone."""
        if self.length in _INDEX_LENGTHS:
            # Of an index the order is another: high, low, open, close.
            day = _INDEX_DAY.unpack_from(self.frame, self.start + 8)
            high_e4, low_e4, open_e4, close_e4 = _prices(self.token, day)
            return Figures(open_e4, high_e4, low_e4, close_e4)
        if self.length not in _CONTRACT_LENGTHS:
            return None
        told = _DAY.unpack_from(self.frame, self.start + 8)
        last_quantity, average, volume, bought, sold = told[:5]
        average_e4, *day_e4 = _prices(self.token, (average, *told[5:]))
        traded_s = interest = most = least = 0
        if self.length == _FULL_LENGTH:
            traded_s, interest, most, least = _INTEREST.unpack_from(self.frame, self.start + 44)
        open_e4, high_e4, low_e4, close_e4 = day_e4
        return Figures(
            open_e4,
            high_e4,
            low_e4,
            close_e4,
            last_quantity,
            average_e4,
            volume,
            bought,
            sold,
            traded_s * SECOND_NS,
            interest,
            most,
            least,
        )

    def depth(self) -> Depth | None:
        """Return five levels of each side; None where the packet is not of full mode."""
        if self.length != _FULL_LENGTH:
            return None
        raw = _LEVELS.iter_unpack(self.frame[self.start + 64 : self.start + _FULL_LENGTH])
        quantities, prices, orders = zip(*raw, strict=True)
        levels = tuple(map(Level, _prices(self.token, prices), quantities, orders))
        return Depth(levels[:5], levels[5:])


_SEGMENT = 0xFF
_CURRENCY, _BSE_CURRENCY, _INDICES, _NSE_COMMODITY = 3, 6, 9, 12
_TO_E4 = 100  # prices come in paise
_TRADED_AT = {1: Exchange.NSE, 2: Exchange.NSE, 4: Exchange.BSE, 5: Exchange.BSE}
"""Segment of shares, and of what is derived from them and from indices -> where it is traded."""
_FINER = {_CURRENCY: 1_000, _BSE_CURRENCY: 1, _NSE_COMMODITY: 1}
"""Segment -> by what a price that comes in a finer unit is divided to be in `_e4`."""

_LTP_LENGTH, _INDEX_LENGTH, _INDEX_FULL_LENGTH, _QUOTE_LENGTH, _FULL_LENGTH = 8, 28, 32, 44, 184
_INDEX_LENGTHS = (_INDEX_LENGTH, _INDEX_FULL_LENGTH)
_CONTRACT_LENGTHS = (_QUOTE_LENGTH, _FULL_LENGTH)
_MODES = {
    _LTP_LENGTH: Mode.LTP,
    _INDEX_LENGTH: Mode.QUOTE,
    _INDEX_FULL_LENGTH: Mode.FULL,
    _QUOTE_LENGTH: Mode.QUOTE,
    _FULL_LENGTH: Mode.FULL,
}
_PREFIX = 2
_read_price = Layout(">2I").unpack_from  # token, last price
_read_index = Layout(">2I20xI").unpack_from  # the same, and when
_read_full = Layout(">2I36xI12x3I52x2I52x").unpack_from
"""Token, last price and when it was traded, when the packet is of, the best bid and ask."""
_INDEX_DAY = Layout(">4I")
_DAY = Layout(">9I")
_INTEREST = Layout(">4I")
_LEVELS = Layout(">2IH2x")


def is_index(token: int) -> bool:
    """Return whether a number is that of an index."""
    return token & _SEGMENT == _INDICES


def traded_at(token: int) -> Exchange | None:
    """Return where a share or a derivative is traded, by its number; None for all else."""
    return _TRADED_AT.get(token & _SEGMENT)


def decode(frame: bytes) -> list[Tick]:
    """Read a frame.

    Args:
        frame: one binary message; a single byte is the broker's heartbeat. What follows the
            announced packets is not looked at.

    Returns:
        A tick for each packet of a known length, in their order.

    Raises:
        WireGarbled: the frame ends before the packets that it announces; no tick of it is kept.
    """
    size = len(frame)
    if size == 1:
        return []
    if not size:
        raise _cut(size)
    ticks = list[Tick]()
    end = _PREFIX
    for _ in range(frame[0] << 8 | frame[1]):
        start = end + _PREFIX
        if start > size:
            raise _cut(size)
        length = frame[end] << 8 | frame[end + 1]
        end = start + length
        if end > size:
            raise _cut(size)
        if length in _READERS:
            ticks.append(_READERS[length](frame, start, length))
    return ticks


def _cut(size: int) -> WireGarbled:
    return WireGarbled(
        f"a frame of the ticker ends after {size} bytes, before its last packet does"
    )


def _priced(frame: bytes, start: int, length: int) -> Tick:
    token, last = _read_price(frame, start)
    last_e4 = last * _TO_E4 if token & _SEGMENT not in _FINER else _prices(token, (last,))[0]
    return Tick(token, Quote(last_e4), 0, frame, start, length)


def _index(frame: bytes, start: int, length: int) -> Tick:
    token, last, at_s = _read_index(frame, start)
    (last_e4,) = _prices(token, (last,))
    return Tick(token, Quote(last_e4), at_s * SECOND_NS, frame, start, length)


def _full(frame: bytes, start: int, length: int) -> Tick:
    told = _read_full(frame, start)
    token, last, traded_s, at_s, bid_quantity, bid, ask_quantity, ask = told
    if token & _SEGMENT not in _FINER:
        quote = Quote(last * _TO_E4, bid * _TO_E4, bid_quantity, ask * _TO_E4, ask_quantity)
    else:
        last_e4, bid_e4, ask_e4 = _prices(token, (last, bid, ask))
        quote = Quote(last_e4, bid_e4, bid_quantity, ask_e4, ask_quantity)
    return Tick(token, quote, at_s * SECOND_NS, frame, start, length, traded_s * SECOND_NS)


def _prices(token: int, raw: tuple[int, ...]) -> list[int]:
    """Return prices in `_e4`; what is finer than that, in currencies, is rounded half to even."""
    segment = token & _SEGMENT
    if segment not in _FINER:
        return [price * _TO_E4 for price in raw]
    divisor = _FINER[segment]
    return [divide_half_even(price, divisor) for price in raw]


_READERS = {
    _LTP_LENGTH: _priced,
    _INDEX_LENGTH: _priced,
    _INDEX_FULL_LENGTH: _index,
    _QUOTE_LENGTH: _priced,
    _FULL_LENGTH: _full,
}
