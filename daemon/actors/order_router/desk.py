"""The desk: all that a router knows of its account, as a fold of the facts it recorded.

The same `apply` serves the live path and a restart, so what a restart finds is what stood before.
Prices and freshness are not facts of the account; they come with frames and start empty.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import date

from msgspec import Struct

from daemon.domain.market.bands import band
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.instruments import Instrument, contract
from daemon.domain.orders.basket import Basket, BasketLeg
from daemon.domain.orders.book import Book, Order, Position
from daemon.domain.orders.flatten import Flatten
from daemon.domain.orders.ids import IntentIds
from daemon.domain.orders.ladder import Ladder, Prospect
from daemon.domain.orders.limits import Limits
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderAccepted,
    OrderParked,
    OrderRefused,
    OrderUpdated,
    OutcomeUnknown,
    Side,
)
from daemon.errors import RuleUnknown
from daemon.messages import (
    BasketEnded,
    BasketOpened,
    EntriesPaused,
    ExitFinished,
    ExitOwed,
    PositionChanged,
)
from daemon.runtime.budget import Budget

_RECENT_INTENTS = 64
"""More than the message budget lets out within the window in which equal orders are looked for."""

_ORDER_FACTS = (
    OrderAccepted,
    OrderRefused,
    OutcomeUnknown,
    OrderParked,
    OrderUpdated,
)


class Terms(Struct, frozen=True):
    """What an account trades under.

    Attributes:
        account: its id.
        broker: the name of its port.
        limits: the owner's.
        ladder: how exits are priced.
        strict: refuse contracts whose tables are not certain; false only where days are replayed.
        exit_limit_ns: how long an exit may take before a person is paged.
        lookup_ns: between two look-ups of an order whose outcome is unknown.
        lookup_window_ns: after it such an order is parked.
    """

    account: str
    broker: str
    limits: Limits = Limits()
    ladder: Ladder = Ladder()
    strict: bool = True
    exit_limit_ns: int = 10_000_000_000
    lookup_ns: int = 1_000_000_000
    lookup_window_ns: int = 15_000_000_000


class Closing(Struct):
    """One exit that is owed."""

    owed: ExitOwed
    machine: Flatten


class Desk:
    """The state of one account's router."""

    def __init__(self, terms: Terms, ids: IntentIds, budget: Budget) -> None:
        self.terms = terms
        self.ids = ids
        self.budget = budget
        self.book = Book()
        self.baskets: dict[str, BasketOpened] = {}
        self.closings: dict[str, Closing] = {}
        self.exits_owed = 0
        self.paused = ""
        self.day: date | None = None
        self.sessions: tuple[tuple[int, int], ...] = ()
        self.link_alive = True
        self.quotes: dict[str, Quote] = {}
        self.recent_frames: deque[Mapping[str, Quote]] = deque(maxlen=terms.limits.collar_ticks)
        self.recent_intents: deque[Intent] = deque(maxlen=_RECENT_INTENTS)
        self.cancelling: set[str] = set()
        self._legs: dict[tuple[str, str], BasketLeg] = {}
        self._before: dict[tuple[str, str], Position] = {}
        self._held: set[tuple[str, str]] = set()

    def apply(self, fact: object) -> None:
        """Take one recorded fact in; those of others are passed over."""
        match fact:
            case BasketOpened(basket):
                self.baskets[basket.basket_id] = fact
                for leg in basket.legs:
                    key = (basket.strategy_id, leg.leg_id)
                    self._legs[key] = leg
                    self._before[key] = self.book.position(*key)
                    self._held.add(key)
            case BasketEnded(basket_id):
                self.baskets.pop(basket_id, None)
            case ExitOwed(exit_id):
                self.exits_owed += 1
                self.closings[exit_id] = Closing(fact, Flatten(self.terms.ladder))
            case ExitFinished(exit_id, strategy_id, leg_ids):
                self.closings.pop(exit_id, None)
                self._held.difference_update((strategy_id, leg_id) for leg_id in leg_ids)
            case EntriesPaused(because):
                self.paused = because
            case IntentRecorded(intent):
                self.recent_intents.append(intent)
                self.book.apply(fact)
            case _ if isinstance(fact, _ORDER_FACTS):
                self.book.apply(fact)

    def restore(self, facts: Iterable[object]) -> None:
        """Take all recorded facts in, oldest first."""
        for fact in facts:
            self.apply(fact)

    def see(self, frame: Frame) -> None:
        """Take a frame's prices."""
        self.quotes.update(frame.quotes)
        self.recent_frames.append(frame.quotes)

    def leg(self, strategy_id: str, leg_id: str) -> BasketLeg | None:
        """Return what a leg was entered with."""
        return self._legs.get((strategy_id, leg_id))

    def holders(self, symbol: str) -> tuple[tuple[str, str], ...]:
        """Return (strategy, leg) of every leg that holds a contract."""
        return tuple(
            key
            for key, leg in self._legs.items()
            if leg.symbol == symbol and self.book.position(*key).net_quantity
        )

    def is_held(self, strategy_id: str, leg_id: str) -> bool:
        """Say whether a leg was entered and not yet left."""
        return (strategy_id, leg_id) in self._held

    def contract(self, symbol: str) -> Instrument | None:
        """Return today's contract; None where there is none such."""
        if self.day is None:
            return None
        try:
            return contract(symbol, self.day, strict=self.terms.strict)
        except (RuleUnknown, ValueError):
            return None

    def session_open(self, now_ns: int) -> bool:
        """Say whether the exchange trades now."""
        return any(opens <= now_ns <= closes for opens, closes in self.sessions)

    def ticks_e4(self, symbol: str) -> tuple[int, ...]:
        """Return the newest last prices, oldest first; the mid where it has not traded."""
        ticks = (_reference(frame[symbol]) for frame in self.recent_frames if symbol in frame)
        return tuple(tick for tick in ticks if tick)

    def prospect(self, instrument: Instrument, side: Side) -> Prospect:
        """Return what an order in this contract is priced from."""
        quote = self.quotes.get(instrument.symbol, Quote(0))
        touch_e4 = quote.ask_e4 if side is Side.BUY else quote.bid_e4
        ticks = self.ticks_e4(instrument.symbol)
        low_e4 = high_e4 = 0
        if ticks and self.day is not None:
            low_e4, high_e4 = _band(instrument, ticks[-1], self.day)
        return Prospect(touch_e4, quote.ltp_e4, low_e4, high_e4, instrument.tick_e4)

    def position_changed(self, order: Order, at_ns: int) -> PositionChanged:
        """Return the leg of an order as it stands since its basket was opened."""
        intent = order.intent
        key = (intent.strategy_id, intent.leg_id)
        now, before = self.book.position(*key), self._before.get(key, Position())
        leg = self._legs.get(key)
        return PositionChanged(
            strategy_id=intent.strategy_id,
            leg_id=intent.leg_id,
            symbol=intent.symbol,
            side=leg.side if leg else intent.side,
            bought_quantity=now.bought_quantity - before.bought_quantity,
            bought_value_e4=now.bought_value_e4 - before.bought_value_e4,
            sold_quantity=now.sold_quantity - before.sold_quantity,
            sold_value_e4=now.sold_value_e4 - before.sold_value_e4,
            at_ns=at_ns,
        )

    def basket(self, basket_id: str) -> Basket | None:
        """Return a basket that is still being entered."""
        opened = self.baskets.get(basket_id)
        return opened.basket if opened else None


def _reference(quote: Quote) -> int:
    if quote.ltp_e4:
        return quote.ltp_e4
    return (quote.bid_e4 + quote.ask_e4) // 2 if quote.bid_e4 and quote.ask_e4 else 0


def _band(instrument: Instrument, reference_e4: int, day: date) -> tuple[int, int]:
    """Return what the exchange takes; (0, 0) where no table says, for then it alone judges."""
    try:
        allowed = band(instrument, reference_e4, day)
    except RuleUnknown:
        return 0, 0
    return allowed.low_e4, allowed.high_e4
