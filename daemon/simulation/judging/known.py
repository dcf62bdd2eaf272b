"""What the facts of one account say, folded for whoever judges them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator
from datetime import date

from daemon.actors.risk_watchdog.watch import position_of
from daemon.domain.instants import day_of
from daemon.domain.orders.basket import Basket, OnFail
from daemon.domain.orders.book import Book
from daemon.domain.orders.late import gives_back
from daemon.domain.orders.reconcile import LOOSE, is_strangers
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderFact,
    OrderParked,
    OrderUpdated,
    Pocket,
    Purpose,
    State,
)
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.messages import (
    BasketEnded,
    BasketOpened,
    BooksAgree,
    BooksDiffer,
    CancelAsked,
    DayOpened,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    ExitReplaced,
    KillStaged,
    Latched,
    LegExpired,
    Noted,
    PositionChanged,
    Scope,
)
from daemon.simulation.judging.outside import Outside


class Known:
    """A fold of facts.

    Attributes:
        book: of orders.
        replaced: when exits in doubt were replaced by another, by intent id.
        short_then: how many units of a leg were short when an exit began, by exit and leg.
        owed: exits that are not finished, by id.
        levels: where the stop of each leg stands, by strategy and leg.
        floors: where the floor of each entry stands, by strategy and basket.
        unarmed: legs whose average fills have moved, and how many armings by them are to come.
        stages: how far each kill came, by latch.
        latches: what was pulled, by id.
        overdue: exits of which a person was told.
        notes: what else was told.
        parked: orders that were parked.
        differing: where the books differ.
        pockets: what each leg trades, by strategy and leg.
        outside: what strangers have closed.
        entering: entries that are under way, by basket.
        unwanted: legs of entries that were given up, unless what filled of them is kept.
        asked_ns: when the cancellation of an order was asked first, by intent id.
        day: the newest that has opened; None: none has.
        bygone_e4: what a leg without an entry has made of what was over before that day, by owner
            and leg.
        expired: legs that were held as their contract expired, at a price that nobody tells.
    """

    def __init__(self) -> None:
        self.book = Book()
        self.replaced: dict[str, int] = {}
        self.short_then: dict[tuple[str, str], int] = {}
        self.owed: dict[str, ExitOwed] = {}
        self.levels: dict[tuple[str, str], int] = {}
        self.floors: dict[tuple[str, str], int] = {}
        self.unarmed: Counter[tuple[str, str]] = Counter()
        self._entries_e4: dict[tuple[str, str], int] = {}
        self.stages: dict[str, KillStaged] = {}
        self.latches: dict[str, Latched] = {}
        self.overdue: set[str] = set()
        self.notes: list[str] = []
        self.parked: set[str] = set()
        self.differing: set[Pocket] = set()
        self.pockets: dict[tuple[str, str], Pocket] = {}
        self.outside = Outside()
        self.entering: dict[str, Basket] = {}
        self.unwanted: set[tuple[str, str]] = set()
        self.asked_ns: dict[str, int] = {}
        self.day: date | None = None
        self.bygone_e4: dict[tuple[str, str], int] = {}
        self.expired: set[tuple[str, str]] = set()
        self._over_e4: dict[tuple[str, str], int] = {}

    def apply(self, fact: object) -> None:
        """Take one fact in; those that nobody judges are passed over."""
        if isinstance(fact, OrderFact):
            self.book.apply(fact)
        self.outside.apply(fact)
        self._hear_of_orders(fact)
        self._hear_of_exits(fact)
        self._hear_of_entries(fact)
        self._hear_of_days(fact)
        match fact:
            case PositionChanged() | LevelMoved():
                self._hear_of_levels(fact)
            case BasketOpened(basket):
                for leg in basket.legs:
                    self.pockets[basket.strategy_id, leg.leg_id] = leg.pocket
                for of_leg in (self.levels, self._entries_e4, self.unarmed):
                    for key in [key for key in of_leg if key[0] == basket.strategy_id]:
                        del of_leg[key]
            case Noted():
                self.notes.append(fact.text)

    def stood(self, moved: LevelMoved) -> int | None:
        """Return where a level stood that has moved; None: nowhere yet."""
        if moved.leg_id:
            return self.levels.get((moved.strategy_id, moved.leg_id))
        return self.floors.get((moved.strategy_id, moved.basket_id))

    def _hear_of_levels(self, fact: PositionChanged | LevelMoved) -> None:
        """Another average arms a stop anew, and looser perhaps: each by a record of its own."""
        key = (fact.strategy_id, fact.leg_id)
        match fact:
            case PositionChanged():
                entry_e4 = position_of(fact).entry_e4
                self.unarmed[key] += entry_e4 not in (0, self._entries_e4.get(key))
                self._entries_e4[key] = entry_e4
            case LevelMoved(leg_id=""):
                self.floors[fact.strategy_id, fact.basket_id] = fact.to_e4
            case LevelMoved():
                self.levels[key] = fact.to_e4
                if fact.move is Move.ARMED and self.unarmed[key]:
                    self.unarmed[key] -= 1

    def _hear_of_orders(self, fact: object) -> None:
        match fact:
            case IntentRecorded(intent) if not gives_back(intent):
                self.pockets[intent.strategy_id, intent.leg_id] = intent.pocket
            case OrderParked(intent_id):
                self.parked.add(intent_id)
            case BooksDiffer():
                self.differing.add(fact.pocket)
            case BooksAgree():
                self.differing.discard(fact.pocket)

    def _hear_of_entries(self, fact: object) -> None:
        match fact:
            case BasketOpened(basket):
                self.entering[basket.basket_id] = basket
                self.unwanted.difference_update(_legs(basket))
            case BasketEnded(basket_id, complete=complete):
                over = self.entering.pop(basket_id, None)
                if over is not None and not complete and over.on_fail is OnFail.UNWIND:
                    self.unwanted.update(_legs(over))
            case CancelAsked(intent_id, at_ns):
                self.asked_ns.setdefault(intent_id, at_ns)

    def _hear_of_days(self, fact: object) -> None:
        """What was opened and closed without an entry is of the day on which it was closed."""
        match fact:
            case OrderUpdated(intent_id) if order := self.book.order(intent_id):
                key = (order.intent.strategy_id, order.intent.leg_id)
                position = self.book.position(*key)
                if key[0] in LOOSE and not position.net_quantity:
                    self._over_e4[key] = position.sold_value_e4 - position.bought_value_e4
            case LegExpired(strategy_id, leg_id):
                self.expired.add((strategy_id, leg_id))
            case DayOpened(day) if day != self.day:
                self.day, self.bygone_e4 = day, dict(self._over_e4)

    def _hear_of_exits(self, fact: object) -> None:
        match fact:
            case ExitReplaced(intent_id, at_ns):
                self.replaced[intent_id] = at_ns
            case ExitOwed(exit_id, strategy_id, leg_ids):
                self.owed[exit_id] = fact
                for leg_id in leg_ids:
                    net = self.book.position(strategy_id, leg_id).net_quantity
                    self.short_then[exit_id, leg_id] = -net
            case ExitFinished(exit_id):
                self.owed.pop(exit_id, None)
            case ExitOverdue(exit_id):
                self.overdue.add(exit_id)
            case Latched(latch_id):
                self.latches[latch_id] = fact
            case KillStaged(latch_id):
                self.stages[latch_id] = fact

    @property
    def rested(self) -> int:
        """How many stops that rested at the broker have filled there."""
        stops = (o for o in self.book if o.intent.purpose is Purpose.RESIDENT_STOP)
        return sum(bool(order.filled_quantity) for order in stops)

    def closes_all(self, latch_id: str) -> bool:
        """Say whether a kill is one of everything."""
        return latch_id in self.latches and self.latches[latch_id].scope is Scope.ALL

    def paged_pockets(self) -> frozenset[Pocket]:
        """Return what the legs trade for whose exits, late as they are, a person was paged."""
        return frozenset(
            self.pockets[owed.strategy_id, leg_id]
            for exit_id, owed in self.owed.items()
            if exit_id in self.overdue
            for leg_id in owed.leg_ids
            if (owed.strategy_id, leg_id) in self.pockets
        )

    def strangers_like(self, intent: Intent) -> int:
        """Return the units that orders which are not ours may still trade as this one does."""
        return sum(
            order.remaining_quantity
            for order in self.book.open_orders()
            if is_strangers(order.intent)
            and (order.intent.pocket, order.intent.side) == (intent.pocket, intent.side)
        )

    def on_their_way(self, intent: Intent, live: Container[str]) -> int:
        """Return the units that earlier orders like this one may still trade.

        An order may still trade where our book says so, or where it is on its way to the exchange
        or works there, whatever our book says. An exit that was replaced counts no more, nor does
        what our book has of an earlier day: no order outlives its day. A stop that rests counts as
        an exit, unless it was not known in time to be gone.

        Args:
            intent: this one.
            live: what will arrive at the exchange, or works there.
        """
        possible = 0
        for order in self.book:
            other = order.intent
            if _way(other) != _way(intent):
                continue
            stays = order.state is State.WORKING and other.purpose is not Purpose.RESIDENT_STOP
            if other.intent_id in self.replaced and not stays:
                continue
            if other.intent_id in live:
                possible += other.quantity - order.filled_quantity
            elif day_of(other.decided_ns) == day_of(intent.decided_ns):
                possible += order.remaining_quantity
        return possible

    def owed_legs(self, strategy_id: str) -> Iterator[tuple[str, Pocket]]:
        """Yield the legs of a strategy that are being left, each with what it holds."""
        for owed in self.owed.values():
            for leg_id in owed.leg_ids if owed.strategy_id == strategy_id else ():
                yield leg_id, self.pockets.get((strategy_id, leg_id), Pocket(leg_id))

    def unwanted_legs(self, strategy_id: str) -> Iterator[tuple[str, Pocket]]:
        """Yield the legs of a strategy whose entry was given up, each with what it holds."""
        for owner, leg_id in sorted(self.unwanted):
            if owner == strategy_id:
                yield leg_id, self.pockets[owner, leg_id]


def _legs(basket: Basket) -> set[tuple[str, str]]:
    return {(basket.strategy_id, leg.leg_id) for leg in basket.legs}


def _way(intent: Intent) -> tuple[object, ...]:
    return intent.strategy_id, intent.leg_id, intent.side, intent.purpose is Purpose.ENTRY
