"""Put-call parity: the forward that option prices imply, where an underlying has no price itself.

At one strike a call less its put is worth the forward less the strike. The strike where the two
are nearest is taken, for there both are at the money and traded most. Nothing is discounted: over
the days that index options live the difference is below their own spread. Integers throughout.
"""

from __future__ import annotations

from collections.abc import Iterable

from daemon.domain.market.frames import Quote
from daemon.domain.money import divide_half_even

_SANE_SPREADS = 5
"""A spread is sane while it is at most one fifth of the mid price."""


def synthetic_forward(rows: Iterable[tuple[int, Quote, Quote]]) -> int | None:
    """Return the forward of one expiry in `_e4`; None where no strike has both prices.

    Strikes quoted on both sides with a sane spread come first, by their mid prices; only where
    there is none are last traded prices taken. A tie goes to the lower strike.

    Args:
        rows: strike in `_e4`, the call's quote, the put's quote; one expiry of one underlying.
    """
    seen = tuple(rows)
    for doubled in (_doubled_mid, _doubled_ltp):
        nearest: tuple[int, int, int] | None = None
        for strike_e4, call, put in seen:
            call2_e4, put2_e4 = doubled(call), doubled(put)
            if call2_e4 and put2_e4:
                apart2_e4 = call2_e4 - put2_e4
                candidate = (abs(apart2_e4), strike_e4, apart2_e4)
                nearest = candidate if nearest is None else min(nearest, candidate)
        if nearest is not None:
            return nearest[1] + divide_half_even(nearest[2], 2)
    return None


def _doubled_mid(quote: Quote) -> int:
    """Return twice the mid price, 0 where it says nothing: one-sided, crossed, or too wide."""
    both_e4 = quote.bid_e4 + quote.ask_e4
    spread_e4 = quote.ask_e4 - quote.bid_e4
    sane = quote.bid_e4 > 0 and 0 <= 2 * _SANE_SPREADS * spread_e4 <= both_e4
    return both_e4 if sane else 0


def _doubled_ltp(quote: Quote) -> int:
    return 2 * max(quote.ltp_e4, 0)
