"""Candles of one symbol, folded from the prices of frames.

A candle spans [open, open + span). It closes when a price of a later one comes, or when a timer
says so. What did not happen is never invented: a minute without a price is stated as missing, and
a price older than the open candle is stated as late and changes nothing.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace


class Candle(Struct, frozen=True, gc=False):
    """What one symbol did over one span; prices in `_e4`.

    Attributes:
        open_ns: its first instant.
        close_ns: the first instant that is not its own any more.
        open_e4: the first price.
        high_e4: the highest.
        low_e4: the lowest.
        close_e4: the last price.
        prices: how many prices made it.
    """

    open_ns: int
    close_ns: int
    open_e4: int
    high_e4: int
    low_e4: int
    close_e4: int
    prices: int = 1


class Candles(Struct, frozen=True):
    """The fold's state for one symbol in one session.

    Attributes:
        span_ns: the length of a candle.
        next_ns: where the next candle is expected; at first the session's open, from which all
            candles are counted. 0: unknown, counted from midnight UTC, nothing is missing yet.
        open: the candle that prices still fall into.
    """

    span_ns: int
    next_ns: int = 0
    open: Candle | None = None


class Folded(Struct, frozen=True):
    """What a price or a timer did.

    Attributes:
        candles: the state after.
        closed: the candle that ended.
        missing: spans without a price that end where the new candle opens.
        late: the price was older than the open candle and was not merged.
    """

    candles: Candles
    closed: Candle | None = None
    missing: int = 0
    late: bool = False


def fold(candles: Candles, at_ns: int, price_e4: int, low_e4: int = 0, high_e4: int = 0) -> Folded:
    """Fold one price in.

    Args:
        candles: the state before.
        at_ns: when the price held. A bar stamped at its close belongs to the instant before it.
        price_e4: above zero.
        low_e4: the lowest since the last price; 0: only the price.
        high_e4: the highest since the last price; 0: only the price.
    """
    assert price_e4 > 0, "a candle is made of prices above zero"
    low_e4 = min(low_e4 or price_e4, price_e4)
    high_e4 = max(high_e4, price_e4)
    current = candles.open
    if current is not None and current.open_ns <= at_ns < current.close_ns:
        grown = replace(
            current,
            high_e4=max(current.high_e4, high_e4),
            low_e4=min(current.low_e4, low_e4),
            close_e4=price_e4,
            prices=current.prices + 1,
        )
        return Folded(replace(candles, open=grown))
    if at_ns < (candles.next_ns if current is None else current.open_ns):
        return Folded(candles, late=True)
    open_ns = at_ns - (at_ns - candles.next_ns) % candles.span_ns
    missing = (open_ns - candles.next_ns) // candles.span_ns if candles.next_ns else 0
    close_ns = open_ns + candles.span_ns
    fresh = Candle(open_ns, close_ns, price_e4, high_e4, low_e4, price_e4)
    return Folded(Candles(candles.span_ns, close_ns, fresh), current, missing)


def close_due(candles: Candles, now_ns: int) -> Folded:
    """Close the open candle where its span is over; a timer calls this at `close_ns`."""
    if candles.open is None or now_ns < candles.open.close_ns:
        return Folded(candles)
    return Folded(replace(candles, open=None), candles.open)
