"""The exchange's refusals: contract, lot, freeze, tick, band, rate; and what protects `MARKET`.

What a contract is, when it trades and how wide its band is comes from outside, by date. What is
written here is only how they are applied, each a pure check that answers a refusal or nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import date

from msgspec import Struct

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Quote
from daemon.domain.market.instruments import Instrument, Kind
from daemon.domain.market.ticks import finest_tick_e4
from daemon.domain.money import E4, ceil_to, floor_to, percent_of, units
from daemon.errors import RuleUnknown
from daemon.twin.words import OrderReport, OrderType, Reason, Side

RATE_WINDOWS = ((10, SECOND_NS), (400, 60 * SECOND_NS))
"""At most so many messages in any sliding span, in ns; one that lies a whole span back is out.

Source: 10 orders a second from SEBI's retail algorithm framework in force since 2026-04-01; 400 a
minute from the brokers' published limits.
"""

OPTION_PROTECTION: tuple[tuple[int, int], ...] = (
    (10 * E4, 5 * E4),
    (100 * E4, 3 * E4),
    (500 * E4, 2 * E4),
)
"""Below this price in `_e4`, that many percent in `_e4`; 1 % from the last price on.

Source: modelled on Kite's automatic market protection. Only the 3 % between 10 and 100 rupees was
found confirmed (tradingqna 193460); the other rows are from memory and unchecked.
"""
OPTION_PROTECTION_ABOVE_E4 = E4
OTHER_PROTECTION: tuple[tuple[int, int], ...] = ((100 * E4, 2 * E4), (500 * E4, E4))
OTHER_PROTECTION_ABOVE_E4 = E4 // 2
"""For futures and equities, in the same form; from memory and unchecked."""

Why = tuple[Reason, str]
"""A refusal: its reason and the sentence that says what was wrong."""


class MarketRules(Struct, frozen=True):
    """What the exchange asks the dated rules.

    Attributes:
        contract: the instrument of a symbol on a day; None: not known.
        band: lowest and highest limit price for a symbol, a reference price and a day; None: free.
        is_open: whether an instrument trades at an instant in ns.
    """

    contract: Callable[[str, date], Instrument | None]
    band: Callable[[str, int, date], tuple[int, int] | None]
    is_open: Callable[[Instrument, int], bool]


class SlidingLog:
    """The instants of the messages let in, as far back as the widest window.

    Args:
        stamps: of the messages so far.
        windows: how many are let in, in which spans; none: whoever stands before it counts.
    """

    def __init__(
        self,
        stamps: Iterable[int] = (),
        windows: tuple[tuple[int, int], ...] = RATE_WINDOWS,
    ) -> None:
        self._stamps = deque(sorted(stamps))
        self._windows = windows

    def admits(self, now_ns: int) -> bool:
        """Return whether one more message keeps every window within its limit."""
        stamps = self._stamps
        while stamps and stamps[0] <= now_ns - RATE_WINDOWS[-1][1]:
            stamps.popleft()
        return all(
            len(stamps) < limit or stamps[-limit] <= now_ns - span_ns
            for limit, span_ns in self._windows
        )

    def add(self, now_ns: int) -> None:
        """Let a message in; instants never run backwards."""
        self._stamps.append(now_ns)


def known(rules: MarketRules, symbol: str, day: date) -> Instrument | None:
    """Return the contract of a symbol on a day, where the rules reach it."""
    try:
        return rules.contract(symbol, day)
    except RuleUnknown:
        return None


def tradable(rules: MarketRules, symbol: str, day: date) -> Instrument | None:
    """Return the contract, where it is known, can be traded and has not expired."""
    instrument = known(rules, symbol, day)
    if instrument is None or instrument.kind == Kind.INDEX:
        return None
    if instrument.expiry is not None and instrument.expiry < day:
        return None
    return instrument


def of_contract(order: OrderReport, instrument: Instrument, day: date) -> Why | None:
    """Return what the contract's lot, freeze quantity and tick have against an order.

    Which tick a share has hangs on a close that is not known here: its price may be on any.
    """
    if order.quantity <= 0 or order.quantity % instrument.lot:
        return Reason.LOT, f"{order.quantity} is no whole number of lots of {instrument.lot}"
    if order.quantity > instrument.freeze_quantity:
        return Reason.FREEZE, f"{order.quantity} is above the freeze {instrument.freeze_quantity}"
    prices = [order.price_e4]
    if order.order_type == OrderType.STOP_LIMIT:
        prices.append(order.trigger_e4)
    for price_e4 in prices:
        tick_e4 = finest_tick_e4(instrument, price_e4, day)
        if price_e4 <= 0 or price_e4 % tick_e4:
            tick = units(tick_e4)
            return Reason.TICK, f"{units(price_e4)} is no whole number of ticks of {tick}"
    return of_trigger(order)


def of_trigger(order: OrderReport) -> Why | None:
    """Return whether a waiting stop's limit lies on the wrong side of its trigger."""
    if order.order_type != OrderType.STOP_LIMIT or order.triggered:
        return None
    if (order.price_e4 - order.trigger_e4) * order.side.sign < 0:
        return Reason.OTHER, f"a {order.side} stop cannot trade between its limit and its trigger"
    return None


def of_band(price_e4: int, band: tuple[int, int] | None) -> Why | None:
    """Return whether a limit lies outside the band; its edges are inside."""
    if band is None or band[0] <= price_e4 <= band[1]:
        return None
    low, high = units(band[0]), units(band[1])
    return Reason.BAND, f"{units(price_e4)} is outside {low} to {high}"


def reference_of(quote: Quote | None) -> int:
    """Return the price that bands are measured on, 0 where there is none.

    It is the last price, unless the touch has two sides and the last price lies outside of them:
    then it is old, and the middle is the price of now.
    """
    if quote is None:
        return 0
    if quote.bid_e4 and quote.ask_e4:
        middle_e4 = (quote.bid_e4 + quote.ask_e4) // 2
        return quote.ltp_e4 if quote.bid_e4 <= quote.ltp_e4 <= quote.ask_e4 else middle_e4
    return quote.ltp_e4


def protection(side: Side, quote: Quote | None, instrument: Instrument) -> int:
    """Return the limit that a `MARKET` order becomes, a whole tick; 0: no price to start from.

    It starts from the touch that the order would trade at, or where there is none from the last
    price, and goes a stated percentage further.
    """
    if quote is None:
        return 0
    touch_e4 = quote.ask_e4 if side == Side.BUY else quote.bid_e4
    start_e4 = touch_e4 or quote.ltp_e4
    if start_e4 == 0:
        return 0
    away_e4 = percent_of(start_e4, _percent_e4(start_e4, instrument.kind))
    if side == Side.BUY:
        return ceil_to(start_e4 + away_e4, instrument.tick_e4)
    return max(floor_to(start_e4 - away_e4, instrument.tick_e4), instrument.tick_e4)


def within(price_e4: int, band: tuple[int, int] | None, tick_e4: int) -> int:
    """Return the whole-tick price inside the band that is nearest to a price."""
    if band is None:
        return price_e4
    return min(max(price_e4, ceil_to(band[0], tick_e4)), floor_to(band[1], tick_e4))


def _percent_e4(price_e4: int, kind: Kind) -> int:
    option = kind in (Kind.CALL, Kind.PUT)
    for below_e4, percent_e4 in OPTION_PROTECTION if option else OTHER_PROTECTION:
        if price_e4 < below_e4:
            return percent_e4
    return OPTION_PROTECTION_ABOVE_E4 if option else OTHER_PROTECTION_ABOVE_E4
