"""When a ticker owes something: never at night, at the weekend, or before the open.

Derivatives trade longer than the shares that an index is made of, so an index is only expected to
move while those trade.
"""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.instants import day_of
from daemon.domain.market.calendar import Segment, sessions
from daemon.errors import RuleUnknown


class Owed(Struct, frozen=True, gc=False):
    """What a ticker owes at an instant; 0 where it does not.

    Attributes:
        trading_ns: since when anything trades.
        indices_ns: since when indices must move.
    """

    trading_ns: int = 0
    indices_ns: int = 0


def owed(market_ns: int) -> Owed:
    """Return what a ticker owes; nothing on days that no table reaches."""
    shares_ns = _open_since_ns(market_ns, Segment.CASH)
    derivatives_ns = _open_since_ns(market_ns, Segment.DERIVATIVES)
    return Owed(derivatives_ns or shares_ns, shares_ns)


def _open_since_ns(market_ns: int, segment: Segment) -> int:
    try:
        parts = sessions(day_of(market_ns), segment)
    except RuleUnknown:
        return 0
    return next((each.open_ns for each in parts if each.open_ns <= market_ns < each.close_ns), 0)
