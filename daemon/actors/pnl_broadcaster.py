"""The broadcaster: the newest prices, and what people see move, at the pace of whoever watches.

It is beaten from outside, asks the watchdog for its risk, and shows the two as one frame. So no
reader costs the path of a tick anything, and where nobody watches nothing is composed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from msgspec.structs import replace

from daemon.domain.instants import MILLISECOND_NS
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.instruments import is_index, parts_of
from daemon.messages import (
    Ask,
    Beat,
    DayOpened,
    Declined,
    LegSeen,
    LinkDied,
    LinkRevived,
    PnlFrame,
    PriceSeen,
    RiskSeen,
    SeePrice,
    TellRisk,
    Told,
)
from daemon.messages.cells import whole_of
from daemon.runtime.words import NOTHING, Effect, Show, Started, Tell

HEARS = (Frame, DayOpened, LinkDied, LinkRevived)


class PnlBroadcaster:
    """Shows what moves.

    Args:
        name: its own address, to which the watchdog answers.
        watchdogs: their addresses, one of each account.
        traded: underlyings that strategies trade: they are known, though nothing is quoted yet.
    """

    def __init__(
        self,
        name: str = "pnl_broadcaster",
        watchdogs: Sequence[str] = ("watchdog",),
        traded: Collection[str] = (),
    ) -> None:
        self._traded = traded
        self._ask = tuple(Tell(each, TellRisk(name)) for each in watchdogs)
        self._told: dict[str, RiskSeen] = {}
        self._quotes: dict[str, Quote] = {}
        self._seen_ns: dict[str, int] = {}
        self._stale: set[str] = set()
        self._changed: set[str] = set()
        self._known: set[str] = set()  # to those who watch, by the frames that were shown
        self._gone: set[str] = set()
        self._day: date | None = None
        self._shown: RiskSeen | None = None
        self._forced = False

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        if type(message) is Frame:
            self._see(message, now_ns)
            return NOTHING
        match message:
            case Beat(force):
                self._forced = self._forced or force
                return self._ask
            case RiskSeen(account=account):
                self._told[account] = message
                if len(self._told) < len(self._ask):
                    return NOTHING
                whole = whole_of(tuple(self._told.values()))
                self._told.clear()
                return self._compose(whole, now_ns)
            case Ask(number, SeePrice(symbol)):
                return (Show(Told(number, self._price(symbol, now_ns))),)
            case LinkDied():
                self._lose()
            case DayOpened(day):
                if day != self._day:
                    self._day = day
                    self._forget(day)
                    self._lose()
            case LinkRevived() | Started():
                pass
            case _:
                raise AssertionError(f"the broadcaster was told {message!r}")
        return NOTHING

    def _see(self, frame: Frame, now_ns: int) -> None:
        """Keep the newest prices; what is absent is unchanged."""
        quotes = frame.quotes
        self._quotes.update(quotes)
        self._seen_ns.update(dict.fromkeys(quotes, now_ns))
        self._changed.update(quotes)
        if self._stale:
            self._stale.difference_update(quotes)

    def _forget(self, day: date) -> None:
        """Keep no price of a contract that is over, lest there be more of them each week.

        Whoever was shown one is told that it is gone.
        """
        for symbol in tuple(self._quotes):
            parts = parts_of(symbol)
            if parts is not None and parts.expiry is not None and parts.expiry < day:
                del self._quotes[symbol], self._seen_ns[symbol]
                self._stale.discard(symbol)
                self._changed.discard(symbol)
                if symbol in self._known:
                    self._known.discard(symbol)
                    self._gone.add(symbol)

    def _lose(self) -> None:
        """Every price is stale until it is quoted anew, and people see that."""
        self._stale.update(self._quotes)
        self._changed.update(self._quotes)

    def _compose(self, risk: RiskSeen, now_ns: int) -> Sequence[Effect]:
        """Show one frame, where anything has changed or one is wanted anyway."""
        moved = self._changed or self._gone
        changed = moved or self._shown is None or _timeless(risk) != self._shown
        if not (changed or self._forced):
            return NOTHING
        prices = tuple(self._price_seen(symbol, now_ns) for symbol in sorted(self._changed))
        gone = tuple(sorted(self._gone))
        self._shown, self._forced = _timeless(risk), False
        self._known |= self._changed
        self._changed.clear()
        self._gone.clear()
        return (Show(PnlFrame(risk.at_ns, risk, prices, gone)),)

    def _price(self, symbol: str, now_ns: int) -> PriceSeen | Declined:
        if symbol in self._quotes:
            return self._price_seen(symbol, now_ns)
        if self._is_known(symbol):
            return Declined("no_price", f"{symbol} has not been quoted yet")
        sentence = f"{symbol} has not been quoted; symbols read like NIFTY-2026-11-23-24550-CE"
        return Declined("unknown_symbol", sentence)

    def _is_known(self, symbol: str) -> bool:
        """Say whether a price may come: of an index or what is traded here, unless it is over."""
        parts = parts_of(symbol)
        if parts is None or not (is_index(parts.underlying) or parts.underlying in self._traded):
            return False
        return parts.expiry is None or self._day is None or parts.expiry >= self._day

    def _price_seen(self, symbol: str, now_ns: int) -> PriceSeen:
        quote = self._quotes[symbol]
        age_ms = (now_ns - self._seen_ns[symbol]) // MILLISECOND_NS
        stale = symbol in self._stale
        return PriceSeen(symbol, quote.ltp_e4, quote.bid_e4, quote.ask_e4, age_ms, stale)


def _timeless(risk: RiskSeen) -> RiskSeen:
    """Return what is seen without what only time moves."""
    watches = tuple(
        replace(watch, legs=tuple(_ageless(leg) for leg in watch.legs)) for watch in risk.watches
    )
    return RiskSeen(0, risk.link_alive, watches, day=risk.day)


def _ageless(leg: LegSeen) -> LegSeen:
    return replace(leg, age_ms=0)
