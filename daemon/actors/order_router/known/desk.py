"""The desk: all that a router knows of its account, as a fold of the facts it recorded.

The same `apply` serves the live path and a restart, so what a restart finds is what stood before.
Prices are not facts of the account; they come with frames and start empty. What was asked of the
broker and not yet answered is not known after a restart: it is asked again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from daemon.actors.order_router.known.alarms import Wakes
from daemon.actors.order_router.known.calls import Calls
from daemon.actors.order_router.known.conduct import Conduct
from daemon.actors.order_router.known.halts import Halts
from daemon.actors.order_router.known.loose import Requests, is_loose
from daemon.actors.order_router.known.owed import LATE, Closing
from daemon.actors.order_router.known.prices import Prices
from daemon.actors.order_router.known.purse import Purse
from daemon.actors.order_router.known.readings import Readings
from daemon.actors.order_router.known.recent import RecentIntents
from daemon.actors.order_router.known.terms import Terms
from daemon.domain.market.frames import Frame
from daemon.domain.market.freshness import Link, lives_ns
from daemon.domain.market.instruments import Instrument, contract
from daemon.domain.orders.basket import Basket, BasketLeg, OnFail
from daemon.domain.orders.book import Book, Position, entered
from daemon.domain.orders.doubt import Counted
from daemon.domain.orders.flatten import Flatten
from daemon.domain.orders.heard import Order
from daemon.domain.orders.ids import IntentIds
from daemon.domain.orders.ladder import Prospect, prospect_of
from daemon.domain.orders.late import is_handed_on
from daemon.domain.orders.outside import part_of
from daemon.domain.orders.parents import HOLDINGS, SETTLEMENT
from daemon.domain.orders.reconcile import is_strangers
from daemon.domain.orders.round_trips import RoundTrips
from daemon.domain.orders.words import (
    IntentRecorded,
    OrderFact,
    Pocket,
    Side,
)
from daemon.errors import RuleUnknown
from daemon.messages import (
    LEDGER_FAILED,
    BasketEnded,
    BasketOpened,
    CancelAsked,
    DayEnded,
    DayOpened,
    EntriesPaused,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    ExitReplaced,
    FramePolled,
    LegExpired,
    LinkDied,
    LinkRevived,
    OrderAsked,
    PaceLearnt,
    PositionChanged,
    StrategyStarted,
)
from daemon.ports.market import BygonePrices
from daemon.runtime.budget import Budget

HEARS = (
    *(Frame, FramePolled, BygonePrices, DayOpened, DayEnded, LinkDied, LinkRevived, PaceLearnt),
    StrategyStarted,
)
"""What is published to a router."""


class Desk:
    """The state of one account's router.

    Attributes:
        entered: legs, each with its strategy, that were entered and not yet left, filled or not.
    """

    def __init__(self, terms: Terms, ids: IntentIds, budget: Budget) -> None:
        self.terms = terms
        self.ids = ids
        self.budget = budget
        self.book = Book(terms.mark)
        self.baskets: dict[str, BasketOpened] = {}
        self.known_baskets: set[str] = set()
        self.closings: dict[str, Closing] = {}
        self.parts: set[str] = set()
        self.exits_owed = 0
        self.paused = ""
        self.day: date | None = None
        self.sessions: tuple[tuple[int, int], ...] = ()
        self.link_alive = True
        self.link_died_ns = 0
        self.prices = Prices(terms.limits.collar_ticks)
        self.wakes = Wakes()
        self.recent_intents = RecentIntents()
        self.cancelling: dict[str, int] = {}
        self.taken_back: dict[str, int] = {}
        self.todays: set[str] = set()
        self.asked: set[str] = set()
        self.told: set[str] = set()
        self.reads = Readings(terms.account)
        self.halts = Halts(terms.account)
        self.requests = Requests()
        self.purse = Purse()
        self.conduct = Conduct(terms.repeats, terms.refusals)
        self.calls = Calls(terms.account, terms.breaker)
        self.replaced: dict[str, int] = {}
        self.counted = Counted()
        self.resident: dict[tuple[str, str], BasketOpened] = {}
        self.since_ns: dict[tuple[str, str], int] = {}
        self.unrested: dict[tuple[str, str], int] = {}
        self._legs: dict[tuple[str, str], BasketLeg] = {}
        self.trips = RoundTrips(self.book)
        self.entered: set[tuple[str, str]] = set()

    def apply(self, fact: object) -> None:
        """Take one recorded fact in; those of others are passed over."""
        self.conduct.apply(fact)
        self.recent_intents.apply(fact)
        match fact:
            case IntentRecorded(intent):
                self.todays.add(intent.intent_id)
                self.trips.hear(fact)
                self.book.apply(fact)
                if is_loose(intent.strategy_id):
                    self._take_leg(fact)
            case _ if isinstance(fact, OrderFact):
                self.trips.hear(fact)
                self.book.apply(fact)
            case BasketOpened():
                self._open(fact)
            case BasketEnded(basket_id, complete=complete, waits=waits):
                opened = self.baskets.pop(basket_id, None)
                keeps = opened is not None and opened.basket.on_fail is OnFail.KEEP
                if opened and not complete and (waits or not keeps):
                    self.entered.difference_update(_keys(opened.basket))
            case ExitOwed(exit_id):
                self.exits_owed += 1
                self.closings[exit_id] = Closing(
                    fact, Flatten(self.terms.ladder), self._short(fact)
                )
                if fact.keep:
                    self.parts.add(exit_id)  # an order of it may fill once it is finished
            case ExitFinished(exit_id, strategy_id, leg_ids):
                closing = self.closings.pop(exit_id, None)
                if closing is None or not closing.owed.keep:
                    self._leave(strategy_id, leg_ids)
            case LegExpired(strategy_id, leg_id):
                self.entered.discard((strategy_id, leg_id))
            case ExitOverdue(exit_id, at_ns=at_ns):
                closing = self.closings.get(exit_id)
                if closing and at_ns - closing.owed.at_ns >= self.terms.exit_limit_ns:
                    closing.told.add(LATE)
            case _:
                self._take_notice(fact)

    def restore(self, facts: Iterable[object]) -> None:
        """Take all recorded facts in, oldest first, and count again what the broker was asked.

        A budget that a fallen router left behind knows that already. Of a record that tells of no
        reading, the last was made no longer before the newest news of an order than it ever takes.
        """
        left: list[int] = []
        heard_ns = 0
        for fact in facts:
            self.apply(fact)
            if isinstance(fact, OrderFact):
                heard_ns = max(heard_ns, fact.at_ns)
            match fact:
                case IntentRecorded(intent) if is_strangers(intent) or is_handed_on(intent):
                    pass  # no request left
                case IntentRecorded(_, at_ns):
                    left.append(at_ns)
                case CancelAsked(_, at_ns):
                    left.append(at_ns)
        self.reads.before_ns = max(heard_ns - self.terms.seldom_ns, 0)
        if not self.budget.snapshot():
            self.budget.restore(left)

    def _take_notice(self, fact: object) -> None:
        """Take in what stands around the account."""
        match fact:
            case DayOpened(day, sessions, interval_ns=interval_ns):
                if day != self.day:
                    self.paused = ""
                    self.todays.clear()
                    self.taken_back.clear()
                    self.conduct.delayed.clear()
                    self.book.put_away()
                    self.told.clear()
                    self.unrested.clear()
                    for closing in self.closings.values():
                        closing.told.clear()
                        closing.held_ns.clear()
                        closing.withdrawn_ns.clear()
                self.day, self.sessions = day, sessions
                for key, _ in self.holders():
                    leg = self._legs[key]
                    self._legs[key] = leg.under(self.contract(leg.symbol))
                self.prices.lives_ns = lives_ns(Link(interval_ns))
                self.prices.begin_day(day)
            case DayEnded():
                self.sessions = ()
            case LinkDied(at_ns):
                self.link_alive, self.link_died_ns = False, at_ns
                self.prices.lose()
            case LinkRevived():
                self.link_alive = True
            case FramePolled() | BygonePrices():
                self.prices.hear(fact)
            case PaceLearnt():
                self.prices.lives_ns = fact.lives_ns
            case EntriesPaused(because) if not because.startswith(LEDGER_FAILED):
                self.paused = because
            case OrderAsked(request_id, account) if account == self.terms.account:
                self.requests.asked[request_id] = fact
            case ExitReplaced(intent_id, at_ns):
                self.replaced[intent_id] = at_ns
            case CancelAsked(intent_id, at_ns):
                self.taken_back.setdefault(intent_id, at_ns)
            case _:
                self.reads.apply(fact)
                self.halts.apply(fact)
                self.calls.apply(fact)

    def _open(self, opened: BasketOpened) -> None:
        basket = opened.basket
        self.baskets[basket.basket_id] = opened
        self.known_baskets.add(basket.basket_id)
        for key, leg in zip(_keys(basket), basket.legs, strict=True):
            self._legs[key] = leg
            self.trips.begin(key)
            self.entered.add(key)
            self.since_ns[key] = opened.at_ns
            self.resident.pop(key, None)  # of an entry before, which may have been held to another
            if leg.side is Side.SELL and basket.resident_percent_e4:
                self.resident[key] = opened

    def _leave(self, strategy_id: str, leg_ids: tuple[str, ...]) -> None:
        """Take legs as left; once nothing is held, what did not fill is wanted no more."""
        self.entered.difference_update((strategy_id, leg_id) for leg_id in leg_ids)
        entering = any(o.basket.strategy_id == strategy_id for o in self.baskets.values())
        if not entering and not any(owner == strategy_id for (owner, _), _ in self.holders()):
            self.entered = {key for key in self.entered if key[0] != strategy_id}

    def _take_leg(self, recorded: IntentRecorded) -> None:
        """Know a leg that no basket entered by the first order of it."""
        intent = recorded.intent
        key = (intent.strategy_id, intent.leg_id)
        if not self.book.position(*key).net_quantity:
            self.since_ns[key] = recorded.at_ns
        if key in self._legs:
            return
        leg = BasketLeg(
            *(intent.leg_id, intent.symbol, intent.side, 0),
            *(1, max(intent.quantity, 1), 1, intent.product),
        )
        self._legs[key] = leg.under(self.contract(leg.symbol))

    def _short(self, owed: ExitOwed) -> dict[str, int]:
        """Return what an exit has to buy back, by leg; below zero where it sells."""
        nets = {e: self.book.position(owed.strategy_id, e).net_quantity for e in owed.leg_ids}
        return {leg_id: -net - owed.keep for leg_id, net in nets.items()}

    def leg(self, strategy_id: str, leg_id: str) -> BasketLeg | None:
        """Return what a leg was entered with, by the rules of its contract on that day or later."""
        return self._legs.get((strategy_id, leg_id))

    def holders(self) -> tuple[tuple[tuple[str, str], Pocket], ...]:
        """Return (strategy, leg) of every leg that holds something, each with what it holds."""
        return tuple(
            (key, leg.pocket)
            for key, leg in self._legs.items()
            if self.book.position(*key).net_quantity
        )

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

    def prospect(self, instrument: Instrument, side: Side) -> Prospect:
        """Return what an order in this contract is priced from."""
        assert self.day is not None, "a contract is one of a day"
        quote, mean_e4 = self.prices.last(instrument.symbol), self.prices.mean_e4(instrument.symbol)
        return prospect_of(instrument, side, quote, self.day, mean_e4)

    def position_changed(self, order: Order, at_ns: int) -> PositionChanged:
        """Return the leg of an order as it stands since its basket was opened, or it was flat."""
        intent = order.intent
        key = (intent.strategy_id, intent.leg_id)
        leg = None if is_loose(intent.strategy_id) else self._legs.get(key)
        traded = self.traded(*key)
        return PositionChanged(
            strategy_id=intent.strategy_id,
            leg_id=intent.leg_id,
            symbol=intent.symbol,
            side=leg.side if leg else entered(traded.net_quantity, intent),
            bought_quantity=traded.bought_quantity,
            bought_value_e4=traded.bought_value_e4,
            sold_quantity=traded.sold_quantity,
            sold_value_e4=traded.sold_value_e4,
            at_ns=at_ns,
            intent_id=intent.intent_id,
            settled=intent.parent.startswith((SETTLEMENT, HOLDINGS)),
            product=intent.product,
            added_quantity=self.trips.added(key),
            part_of=part_of(intent),
        )

    def traded(self, strategy_id: str, leg_id: str) -> Position:
        """Return what a leg has bought and sold since its basket was opened, or it was flat."""
        return self.trips.traded((strategy_id, leg_id))


def basket_of(desk: Desk, basket_id: str) -> Basket | None:
    """Return a basket that is still being entered."""
    opened = desk.baskets.get(basket_id)
    return opened.basket if opened else None


def legs_entered(desk: Desk, strategy_id: str) -> list[str]:
    """Return the legs of a strategy that were entered and not yet left, filled or not."""
    return sorted(leg_id for owner, leg_id in desk.entered if owner == strategy_id)


def _keys(basket: Basket) -> tuple[tuple[str, str], ...]:
    return tuple((basket.strategy_id, leg.leg_id) for leg in basket.legs)
