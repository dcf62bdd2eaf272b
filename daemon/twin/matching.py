"""Matching: the market as the newest frame leaves it, and what of it own orders may take.

An order trades at the touch, never better and never through it, up to the size that is shown
there. A size is shared by all orders until a frame quotes that symbol again. Own orders go by
price, then by time; they never trade with each other. No quote, no fill.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from daemon.domain.instants import DAY_NS, day_of, start_of
from daemon.domain.market.bands import AVERAGED_FRAMES, AVERAGED_NS, averaged_e4
from daemon.domain.market.frames import Frame, Quote
from daemon.twin.rules import reference_of
from daemon.twin.words import OrderReport, OrderType, Side, Trade

PENDING_FRAMES = 64
"""Frames kept unread while nothing works; more are folded in, so that memory stays bounded."""


class Offer(Struct, frozen=True):
    """What one side of the touch still has for us; quantity in units, whole lots."""

    price_e4: int
    quantity: int


class Fill(Struct, frozen=True):
    """What one order takes of an offer."""

    order_id: str
    quantity: int
    price_e4: int


class LastPrices(Struct, frozen=True):
    """The newest quotes of a day.

    Attributes:
        quotes: by symbol.
        quoted_ns: the instant of each, by symbol.
    """

    quotes: dict[str, Quote] = {}
    quoted_ns: dict[str, int] = {}


class Quotes:
    """The newest quote of each symbol; what a frame does not carry is unchanged.

    Frames are only laid down until somebody asks. Yesterday's quotes end with the first frame of
    a new day. What a symbol was worth by the newest quote that says so is kept, for bands alone. A
    frame older than one already read changes nothing.

    Args:
        worths_e4: what symbols were worth before any quote of theirs is read here.

    Attributes:
        pending: frames laid down and not read yet; `merge` reads them.
        quoted_ns: the instant of the newest quote of each symbol of the day.
        at_ns: the instant of the newest frame read.
        shown_ns: the instant at which these quotes were shown last: what was decided up to then
            may match them.
    """

    def __init__(self, worths_e4: Mapping[str, int] = MappingProxyType({})) -> None:
        self.pending: list[Frame] = []
        self.quoted_ns: dict[str, int] = {}
        self.at_ns = self.shown_ns = 0
        self._midnight_ns = 0
        self._known: dict[str, Quote] = {}
        self._taken: dict[tuple[str, Side], int] = {}
        self._worths_e4 = dict(worths_e4)
        self._read: deque[Frame] = deque(maxlen=AVERAGED_FRAMES)

    def prime(self, frames: Sequence[Frame], trades: Iterable[Trade], shown_ns: int = 0) -> None:
        """Take in the newest quotes and what of them was taken before.

        Args:
            frames: each symbol's newest quote in a frame of its instant, the oldest first.
            trades: of the day; those since a symbol's newest quote were made at it.
            shown_ns: when all of them are shown once more; 0: they are not.
        """
        assert not self.at_ns, "quotes are primed before any was read"
        self.pending.extend(frames)
        self.merge()
        self.shown_ns = max(self.at_ns, shown_ns)
        quoted_ns = {symbol: frame.at_ns for frame in frames for symbol in frame.quotes}
        for trade in trades:
            if not trade.settlement and trade.at_ns >= quoted_ns.get(trade.symbol, trade.at_ns + 1):
                self.consume(trade.symbol, trade.side, trade.quantity)

    def merge(self) -> None:
        """Read the frames that were laid down."""
        known, quoted_ns = self._known, self.quoted_ns
        for frame in self.pending:
            at_ns, quotes = frame.at_ns, frame.quotes
            if at_ns < self.at_ns:
                continue
            if at_ns >= self._midnight_ns:
                self._begin_day(at_ns)
            self.at_ns = self.shown_ns = at_ns
            for symbol, quote in quotes.items():
                quoted_ns[symbol] = at_ns
                if not quote.ltp_e4:
                    self._keep_worth(symbol)
            known.update(quotes)
            if self._taken:
                self._refill(quotes)
        self._read.extend(self.pending)
        self.pending.clear()

    def get(self, symbol: str) -> Quote | None:
        """Return the newest quote of a symbol, if it has one."""
        return self._known.get(symbol)

    def averaged_e4(self, symbol: str, now_ns: int) -> int:
        """Return the mean that the exchange measures a derivative's band around; 0: none.

        It is taken every half minute, of what was quoted in the half minute before.
        """
        return averaged_e4(self._read, symbol, now_ns // AVERAGED_NS * AVERAGED_NS)

    def worth_e4(self, symbol: str) -> int:
        """Return what a symbol was worth by the newest quote that says so, in `_e4`; 0: none does.

        It may be of an earlier day. Without a trade half a touch says nothing of that.
        """
        return reference_of(self._known.get(symbol)) or self._worths_e4.get(symbol, 0)

    def worths_e4(self) -> dict[str, int]:
        """Return what every symbol is worth that a quote has told of, as `worth_e4` does."""
        known = ((symbol, reference_of(quote)) for symbol, quote in self._known.items())
        return self._worths_e4 | {symbol: worth_e4 for symbol, worth_e4 in known if worth_e4}

    def keep_worths(self, trades_on: Callable[[str], bool]) -> None:
        """Forget what of earlier days is no contract any more."""
        self._worths_e4 = {
            symbol: worth_e4 for symbol, worth_e4 in self._worths_e4.items() if trades_on(symbol)
        }

    def known(self) -> LastPrices:
        """Return the newest quote of every symbol that has one, and its instant."""
        return LastPrices(dict(self._known), dict(self.quoted_ns))

    def offer(self, symbol: str, side: Side, lot: int) -> Offer | None:
        """Return what an order of that side could trade at now, if there is anything.

        Args:
            symbol: of what.
            side: of the order; a purchase takes from the ask.
            lot: only whole lots are on offer.
        """
        quote = self._known.get(symbol)
        if quote is None:
            return None
        if side == Side.BUY:
            price_e4, shown = quote.ask_e4, quote.ask_quantity
        else:
            price_e4, shown = quote.bid_e4, quote.bid_quantity
        left = (shown - self._taken.get((symbol, side), 0)) // lot * lot
        return Offer(price_e4, left) if price_e4 > 0 and left > 0 else None

    def consume(self, symbol: str, side: Side, quantity: int) -> None:
        """Take units from the size on show, until a frame quotes the symbol again."""
        key = (symbol, side)
        self._taken[key] = self._taken.get(key, 0) + quantity

    def _begin_day(self, at_ns: int) -> None:
        for symbol in self._known:
            self._keep_worth(symbol)
        self._known.clear()
        self.quoted_ns.clear()
        self._taken.clear()
        self._midnight_ns = start_of(day_of(at_ns)) + DAY_NS

    def _keep_worth(self, symbol: str) -> None:
        """Keep what a symbol is worth by a quote that is about to go."""
        if worth_e4 := reference_of(self._known.get(symbol)):
            self._worths_e4[symbol] = worth_e4

    def _refill(self, quotes: dict[str, Quote]) -> None:
        for key in [key for key in self._taken if key[0] in quotes]:
            del self._taken[key]


def triggers(order: OrderReport, quote: Quote, *, ranged: bool) -> bool:
    """Return whether a quote touches the trigger of a stop.

    Args:
        order: a `STOP_LIMIT` that has not triggered.
        quote: the newest quote.
        ranged: whether low and high count; they do for frames after the order arrived.
    """
    if quote.ltp_e4 <= 0:
        return False
    if order.side == Side.BUY:
        high_e4 = max(quote.ltp_e4, quote.high_e4) if ranged else quote.ltp_e4
        return high_e4 >= order.trigger_e4
    low_e4 = min(quote.ltp_e4, quote.low_e4) if ranged and quote.low_e4 else quote.ltp_e4
    return low_e4 <= order.trigger_e4


def can_trade(order: OrderReport) -> bool:
    """Return whether an order is in the book of limits: not a stop that still waits."""
    return order.triggered or order.order_type != OrderType.STOP_LIMIT


def crosses(order: OrderReport, price_e4: int) -> bool:
    """Return whether an order's limit allows a price."""
    if order.side == Side.BUY:
        return order.price_e4 >= price_e4
    return order.price_e4 <= price_e4


def fills(orders: Iterable[OrderReport], offer: Offer) -> list[Fill]:
    """Return what orders of one symbol and side take of an offer, by price and then time."""
    found = []
    left = offer.quantity
    for order in sorted(orders, key=_turn):
        if left == 0 or not crosses(order, offer.price_e4):
            break
        quantity = min(order.open_quantity, left)
        left -= quantity
        found.append(Fill(order.order_id, quantity, offer.price_e4))
    return found


def _turn(order: OrderReport) -> tuple[int, int]:
    return -order.side.sign * order.price_e4, order.priority
