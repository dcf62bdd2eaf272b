"""Frames: all the prices that a feed delivers at one instant.

A frame is judged whole: profit, stops, floors and trading times are looked at once per frame, so
a price of this instant is never weighed against one of another.
"""

from __future__ import annotations

from msgspec import Struct


class Quote(Struct, frozen=True, gc=False):
    """One instrument at one instant; prices in `_e4`, 0 where there is none.

    Attributes:
        ltp_e4: the last traded price; 0 where it has not traded.
        bid_e4: the best price that buyers offer.
        bid_quantity: units wanted at the bid.
        ask_e4: the best price that sellers offer.
        ask_quantity: units on offer at the ask.
        low_e4: the lowest trade since the last frame that was read; 0: only `ltp_e4`.
        high_e4: the highest trade since the last frame that was read; 0: only `ltp_e4`.
    """

    ltp_e4: int
    bid_e4: int = 0
    bid_quantity: int = 0
    ask_e4: int = 0
    ask_quantity: int = 0
    low_e4: int = 0
    high_e4: int = 0

    @property
    def is_crossed(self) -> bool:
        """Whether the bid lies above the ask: one of the two is wrong."""
        return self.bid_e4 > self.ask_e4 > 0


class Frame(Struct, frozen=True, gc=False):
    """All prices of one feed instant.

    Attributes:
        at_ns: when we got it: the instant that decisions are stamped with.
        quotes: by symbol; an index is quoted under its own name. What is absent is unchanged.
        exchange_ns: when the exchange says it was; 0 where it does not say.
    """

    at_ns: int
    quotes: dict[str, Quote]
    exchange_ns: int = 0
