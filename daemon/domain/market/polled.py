"""Polled quotes: what may be judged of quotes that were asked for while no link tells them.

A link that is dead for ten seconds is not waited for any longer where something is held:
that is asked for once a second. A quote is as old as the exchange says it is, whenever it was
asked for, and lives as long as a price of a feed of that pace; one that is older, or does not say
how old it is, judges nothing. Nor does a last trade of an earlier day, however young the book
beside it is: of such a quote the book alone is judged.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from daemon.domain.instants import SECOND_NS, day_of, start_of
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.freshness import Link, lives_ns

AFTER_NS = 10 * SECOND_NS
"""So long a link is dead before anybody asks."""
EVERY_NS = SECOND_NS
"""As often as a broker lets quotes be asked for."""
LIVES_NS = lives_ns(Link(EVERY_NS))
AHEAD_NS = SECOND_NS
"""So far the clocks of both sides may lie apart: a quote from further ahead has no known age."""


class Stamped(Struct, frozen=True):
    """A quote, and when the exchange says that it was so.

    Attributes:
        quote: the prices.
        exchange_ns: when they were so; 0: it does not say.
        traded_ns: when its last trade was; 0: it does not say.
    """

    quote: Quote
    exchange_ns: int
    traded_ns: int = 0


def is_young(exchange_ns: int, now_ns: int) -> bool:
    """Say whether what the exchange told at one instant may still be judged at another."""
    return exchange_ns > 0 and -AHEAD_NS <= now_ns - exchange_ns <= LIVES_NS


def bygone_of(told: Mapping[str, Stamped], now_ns: int) -> dict[str, Quote]:
    """Return the quotes whose last trade was before the day of an instant of market time."""
    day_ns = start_of(day_of(now_ns))
    return {symbol: each.quote for symbol, each in told.items() if 0 < each.traded_ns < day_ns}


def frame_of(told: Mapping[str, Stamped], now_ns: int) -> Frame | None:
    """Return the frame that polled quotes are, of those that are young; None: none of them is.

    Args:
        told: by symbol.
        now_ns: market time. The frame is of now, and no younger for the exchange than its oldest
            quote.
    """
    young = {symbol: each for symbol, each in told.items() if is_young(each.exchange_ns, now_ns)}
    if not young:
        return None
    old = bygone_of(young, now_ns)
    quotes = {
        symbol: replace(each.quote, ltp_e4=0) if symbol in old else each.quote
        for symbol, each in young.items()
    }
    return Frame(now_ns, quotes, min(each.exchange_ns for each in young.values()))
