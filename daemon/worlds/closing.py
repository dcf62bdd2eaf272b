"""Closing values: at what an exchange twin settles the contracts of one underlying.

What a recording brings of it after the session, else the mean of its last half hour. Elsewhere the
last price of the underlying itself, where that is one of the close. Where a feed stopped quoting it
earlier, the forward that its expiring options implied since is nearer to the close, and is taken in
its place. Which one was taken, and how old it is, is told with it.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from daemon.domain.market.closes import Closes
from daemon.domain.market.frames import Quote
from daemon.domain.market.instruments import Kind, parts_of
from daemon.domain.market.parity import synthetic_forward
from daemon.messages import Basis
from daemon.twin.matching import LastPrices


class Closing(Struct, frozen=True):
    """What an underlying was worth.

    Attributes:
        value_e4: that.
        at_ns: when.
        basis: what that is.
    """

    value_e4: int
    at_ns: int
    basis: Basis = Basis.CLOSE


def closing(last: LastPrices, underlying: str, day: date, fresh_ns: int, usual_ns: int) -> Closing:
    """Return what an underlying was worth at the close of a day, as near to it as anything tells.

    Args:
        last: the prices of the day.
        underlying: of what.
        day: on which the options expire that may imply it.
        fresh_ns: from when on a price is one of the close.
        usual_ns: how far apart prices may lie that are of one time.

    Returns:
        That, with a value of 0 where nothing tells it.
    """
    spot = last.quotes.get(underlying)
    own = Closing(0, 0)
    if spot is not None and spot.ltp_e4:
        own = Closing(spot.ltp_e4, last.quoted_ns[underlying])
    if own.value_e4 and own.at_ns >= fresh_ns:
        return own
    return max(
        replace(own, basis=Basis.LAST), _implied(last, underlying, day, usual_ns), key=_instant
    )


def recorded(found: Closing, quoted: Quote | None, underlying: str, closes: Closes) -> Closing:
    """Return what an underlying was worth at the close of a recorded day.

    Args:
        found: what its prices up to the close tell.
        quoted: its last quote of the session; None: it has none.
        underlying: of what.
        closes: what else the recording tells.
    """
    after_e4 = closes.after_e4.get(underlying, 0)
    if after_e4 and (quoted is None or after_e4 != quoted.ltp_e4):  # that again is no news
        return Closing(after_e4, closes.known_ns)
    mean_e4 = closes.mean_e4.get(underlying, 0)
    if mean_e4:
        return Closing(mean_e4, closes.known_ns, Basis.MEAN)
    if found.basis is Basis.CLOSE and closes.averaged:  # a last price is no average
        return replace(found, basis=Basis.LAST)
    return found


def _implied(last: LastPrices, underlying: str, day: date, usual_ns: int) -> Closing:
    """Return the forward of the pairs of options that were quoted last; 0: there are none."""
    symbols: dict[Kind, dict[int, str]] = {Kind.CALL: {}, Kind.PUT: {}}
    for symbol in last.quotes:
        parts = parts_of(symbol)
        if parts is not None and (parts.underlying, parts.expiry) == (underlying, day):
            symbols.get(parts.kind, {})[parts.strike_e4] = symbol
    calls, puts = symbols[Kind.CALL], symbols[Kind.PUT]
    pairs: list[tuple[int, tuple[int, Quote, Quote]]] = []
    for strike_e4 in calls.keys() & puts.keys():
        call, put = calls[strike_e4], puts[strike_e4]
        row = (strike_e4, last.quotes[call], last.quotes[put])
        if synthetic_forward((row,)):  # a pair without prices is no news of them
            pairs.append((min(last.quoted_ns[call], last.quoted_ns[put]), row))
    newest_ns = max((at_ns for at_ns, _ in pairs), default=0)
    together = (row for at_ns, row in pairs if at_ns >= newest_ns - usual_ns)
    return Closing(synthetic_forward(together) or 0, newest_ns, Basis.FORWARD)


def _instant(known: Closing) -> int:
    return known.at_ns
