"""The option chain as a strategy sees it: one underlying's options by expiry, and their quotes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date

from daemon.actors.listings import Listings
from daemon.domain.instants import SECOND_NS, wall_of
from daemon.domain.market.bands import reference_e4
from daemon.domain.market.calendar import Segment, session_close_ns
from daemon.domain.market.expiries import monthly
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.freshness import GAPS_KEPT, STALE_FLOOR_NS, Link, lives_ns
from daemon.domain.market.instruments import Kind, parts_of, symbol_of
from daemon.domain.market.parity import synthetic_forward
from daemon.domain.plans.legs import LegPlan
from daemon.domain.plans.schema import Plan
from daemon.domain.plans.strikes import Listed
from daemon.domain.plans.validation import Fault
from daemon.domain.plans.words import Basis
from daemon.errors import RuleUnknown
from daemon.messages import DayOpened

_OPTIONS = (f"-{Kind.CALL}", f"-{Kind.PUT}")
_AWAITED_NS = 30 * SECOND_NS
"""How long a basis that was never told is waited for at most where all prices come seldom."""


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
        quote = self._quotes.get(basis_symbol(self._underlying, self._basis, self._day))
        return reference_e4(quote) if quote else 0


class Seen:
    """What a living link has told: the newest of everything, and how old its basis is.

    What is absent from a frame is unchanged: a strike that does not trade is quiet. What the money
    is measured on moves all the time, so where it is told no more nobody knows where it stands; and
    where it is not told yet it may come at any moment. One that has not come for as long as prices
    live since the first frame, or half a minute, is none: a recording may hold options only, and
    the forward that they imply stands in for it. Once shares trade no more, in the closing auction,
    it is none at once: options go on, and its silence says nothing.

    Attributes:
        lives_ns: how old the newest frame may be.

    Args:
        plan: whose basis it is.
    """

    def __init__(self, plan: Plan) -> None:
        self.lives_ns = STALE_FLOOR_NS
        self._plan = plan
        self._quotes: dict[str, Quote] = {}
        self._basis = ""
        self._ends_ns = 0  # when the basis is told no more; 0: nobody knows
        self._told_ns = 0
        self._first_ns = 0  # when the first frame came of this day, or of this link; 0: none has
        self._gaps_ns: deque[int] = deque(maxlen=GAPS_KEPT)

    def begin_day(self, opened: DayOpened) -> None:
        """Begin anew, and go by what is declared of the day until the pace is learnt."""
        self.lose()
        self._gaps_ns.clear()
        self.lives_ns = lives_ns(Link(opened.interval_ns))
        self._basis = basis_symbol(self._plan.underlying, self._plan.basis, opened.day)
        self._ends_ns = 0
        if self._plan.basis is Basis.SPOT and _measures(self._plan):
            with suppress(RuleUnknown):
                self._ends_ns = session_close_ns(opened.day, Segment.CASH)

    def see(self, frame: Frame, now_ns: int) -> None:
        """Take a frame in, and drop a basis whose hours are over; the path of every tick."""
        self._quotes.update(frame.quotes)
        self._first_ns = self._first_ns or frame.at_ns
        if self._ends_ns and now_ns >= self._ends_ns:
            self._quotes.pop(self._basis, None)
        if self._basis in frame.quotes:
            if self._told_ns:
                self._gaps_ns.append(frame.at_ns - self._told_ns)
            self._told_ns = frame.at_ns

    def lose(self) -> None:
        """Forget every quote: the link is dead, or the day is another."""
        self._quotes.clear()
        self._told_ns = self._first_ns = 0

    @property
    def quotes(self) -> Mapping[str, Quote]:
        """The newest of everything, by symbol; no basis whose hours were over by then."""
        return self._quotes

    def silent(self, now_ns: int) -> str:
        """Return why strikes are not measured now; empty: their basis is told, or there is none.

        It lives as long as the feed's prices do, or by its own pace where that is slower: by the
        longest gap of this day while that pace is not known. So long it is waited for as well, but
        of a feed that tells seldom for half a minute: what it tells at once, it tells of all.
        """
        if not self._basis or not _measures(self._plan):
            return ""
        gaps_ns = tuple(self._gaps_ns)
        own_ns = lives_ns(Link(max(gaps_ns, default=0), gaps_ns=gaps_ns))
        quote = self._quotes.get(self._basis)
        if quote is not None and reference_e4(quote):
            if now_ns - self._told_ns <= max(self.lives_ns, own_ns):
                return ""
            return f"basis: {self._basis} was last told at {wall_of(self._told_ns):%H:%M:%S}"
        is_over = 0 < self._ends_ns <= now_ns
        waits_ns = max(min(self.lives_ns, _AWAITED_NS), own_ns)
        if is_over or (self._first_ns and now_ns - self._first_ns > waits_ns):
            return ""
        return f"basis: {self._basis} is not told yet"


def basis_symbol(underlying: str, basis: Basis, day: date) -> str:
    """Return the symbol that at the money is measured on; empty: the forward, or none is known."""
    match basis:
        case Basis.SPOT:
            return underlying
        case Basis.FUTURE:
            try:
                expiry = monthly(underlying, day)
            except RuleUnknown:
                return ""
            return symbol_of(underlying, expiry, 0, Kind.FUTURE)
        case Basis.SYNTHETIC:
            return ""


def _measures(plan: Plan) -> bool:
    """Say whether a strike of a plan is chosen by its distance from the money."""
    return any(leg.strike is not None and leg.strike.atm is not None for leg in plan.legs)


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
    books = (leg.symbol for leg in chosen if leg.quote.is_crossed)
    return next((f"the book of {symbol} is crossed" for symbol in books), "")
