"""The option chain as a strategy sees it: one underlying's options by expiry, and their quotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from daemon.actors.listings import Listings
from daemon.domain.market.bands import reference_e4
from daemon.domain.market.expiries import monthly
from daemon.domain.market.frames import Quote
from daemon.domain.market.instruments import Kind, parts_of, symbol_of
from daemon.domain.market.parity import synthetic_forward
from daemon.domain.plans.legs import LegPlan
from daemon.domain.plans.schema import Plan
from daemon.domain.plans.strikes import Listed
from daemon.domain.plans.validation import Fault
from daemon.domain.plans.words import Basis
from daemon.errors import RuleUnknown

_OPTIONS = (f"-{Kind.CALL}", f"-{Kind.PUT}")


class Chain:
    """What is listed of one underlying on one day, and what of it is quoted.

    Attributes:
        substituted: the basis asked for had no price, so the synthetic forward stood in for it.

    Args:
        underlying: whose options they are.
        basis: what at the money is measured on.
        day: the trading day.
        quotes: the newest of everything, by symbol.
        listings: what the market lists; of what nobody told, the quoted strikes are all there are.
    """

    def __init__(
        self,
        underlying: str,
        basis: Basis,
        day: date,
        quotes: Mapping[str, Quote],
        listings: Listings,
    ) -> None:
        self.substituted = False
        self._underlying = underlying
        self._basis = basis
        self._day = day
        self._quotes = quotes
        self._listings = listings
        self._options: dict[tuple[date, Kind], dict[int, Quote]] = {}
        for symbol, quote in quotes.items():
            if symbol.startswith(f"{underlying}-"):
                parts = parts_of(symbol)
                if parts is None or parts.underlying != underlying:
                    continue
                if parts.expiry is not None and parts.kind.is_option:
                    strikes = self._options.setdefault((parts.expiry, parts.kind), {})
                    strikes[parts.strike_e4] = quote

    def basis_e4(self, expiry: date) -> int:
        """Return what at the money is measured on, in `_e4`; 0 where it is not known."""
        price_e4 = self._price_e4()
        if price_e4:
            return price_e4
        self.substituted = self._basis is not Basis.SYNTHETIC
        puts = self._options.get((expiry, Kind.PUT), {})
        calls = self._options.get((expiry, Kind.CALL), {})
        rows = ((strike, calls[strike], puts[strike]) for strike in calls if strike in puts)
        return synthetic_forward(rows) or 0

    def options(self, expiry: date, kind: Kind) -> Listed:
        """Return the strikes that are listed for an expiry, each with its quote if it has one."""
        listed = self._listings.strikes(self._underlying, expiry, kind)
        return dict.fromkeys(listed) | self._options.get((expiry, kind), {})

    def quote(self, symbol: str) -> Quote | None:
        """Return the quote of one contract."""
        return self._quotes.get(symbol)

    def _price_e4(self) -> int:
        match self._basis:
            case Basis.SPOT:
                symbol = self._underlying
            case Basis.FUTURE:
                try:
                    expiry = monthly(self._underlying, self._day)
                except RuleUnknown:
                    return 0
                symbol = symbol_of(self._underlying, expiry, 0, Kind.FUTURE)
            case Basis.SYNTHETIC:
                return 0
        quote = self._quotes.get(symbol)
        return reference_e4(quote) if quote else 0


def lacks_options(plan: Plan, quotes: Mapping[str, Quote]) -> bool:
    """Say whether options are wanted and none is quoted: a recording may hold none at all."""
    if not any(leg.instrument.is_option for leg in plan.legs):
        return False
    first = f"{plan.underlying}-"
    return not any(symbol.startswith(first) and symbol.endswith(_OPTIONS) for symbol in quotes)


def crossed(chosen: Sequence[LegPlan] | Fault) -> str:
    """Return which book has a bid above its ask; empty: none, and its prices can be believed."""
    if isinstance(chosen, Fault):
        return ""
    books = (leg.symbol for leg in chosen if leg.quote.bid_e4 > leg.quote.ask_e4 > 0)
    return next((f"the book of {symbol} is crossed" for symbol in books), "")
