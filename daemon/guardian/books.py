"""Our own book of one account, with what is owed in it: a fold of the facts that were recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from daemon.domain.orders.book import Book, Position, entered
from daemon.domain.orders.heard import Order
from daemon.domain.orders.late import gives_back
from daemon.domain.orders.outside import Held, held_against, part_of
from daemon.domain.orders.parents import HOLDINGS
from daemon.domain.orders.reconcile import EXTERNAL, MANUAL
from daemon.domain.orders.round_trips import RoundTrips
from daemon.domain.orders.words import IntentRecorded, OrderFact, Pocket, Purpose, Side, State
from daemon.messages import BasketOpened, ExitFinished, ExitOwed, ExitReplaced, PositionChanged

Leg = tuple[str, str]
"""Strategy and leg."""


class Books:
    """What we hold and owe in one account.

    Args:
        mark: of the account.
        facts: all that was recorded of it, oldest first.

    Attributes:
        book: orders and positions.
        pockets: what each leg trades, as the broker keeps it.
        owed: exits that are not finished, by id.
        short_then: units short when the newest exit of a leg began, by leg.
        exits: how many were ever owed.
        replaced: when exits in doubt were no longer counted on, by intent id.
        since_ns: when each leg was entered.
    """

    def __init__(self, mark: str, facts: Iterable[object]) -> None:
        self.book = Book(mark)
        self.pockets: dict[Leg, Pocket] = {}
        self.owed: dict[str, ExitOwed] = {}
        self.short_then: dict[Leg, int] = {}
        self.exits = 0
        self.replaced: dict[str, int] = {}
        self.since_ns: dict[Leg, int] = {}
        self._sides: dict[Leg, Side] = {}
        self._trips = RoundTrips(self.book)
        for fact in facts:
            self.apply(fact)

    def apply(self, fact: object) -> None:
        """Take one fact in; those of others are passed over."""
        match fact:
            case IntentRecorded(intent):
                self._trips.hear(fact)
                self.book.apply(fact)
                leg_of = (intent.strategy_id, intent.leg_id)
                if not gives_back(intent):
                    self.pockets[leg_of] = intent.pocket
                if leg_of not in self._sides and not self.net(leg_of):
                    self.since_ns[leg_of] = fact.at_ns
            case BasketOpened(basket, at_ns=at_ns):
                for leg in basket.legs:
                    key = (basket.strategy_id, leg.leg_id)
                    self._sides[key] = leg.side
                    self._trips.begin(key)
                    self.since_ns[key] = at_ns
            case ExitOwed(exit_id, strategy_id, leg_ids):
                self.owed[exit_id] = fact
                for leg_id in leg_ids:
                    self.short_then[strategy_id, leg_id] = -self.net((strategy_id, leg_id))
                self.exits += 1
            case ExitFinished(exit_id):
                self.owed.pop(exit_id, None)
            case ExitReplaced(intent_id, at_ns):
                self.replaced[intent_id] = at_ns
            case _ if isinstance(fact, OrderFact):
                self._trips.hear(fact)
                self.book.apply(fact)

    def net(self, leg: Leg) -> int:
        """Return the units that a leg holds; below zero short."""
        return self.book.position(*leg).net_quantity

    def shares(self, shown: Mapping[Pocket, int]) -> dict[Leg, int]:
        """Return what of a broker's positions is each leg's; no more than the broker shows.

        Args:
            shown: units, each product of a contract by itself; below zero short.
        """
        found: dict[Leg, int] = {}
        for pocket, net in shown.items():
            left, sign = abs(net), 1 if net > 0 else -1
            for leg in sorted(key for key, traded in self.pockets.items() if traded == pocket):
                units = min(max(self.net(leg) * sign, 0), left)
                if units:
                    found[leg] = sign * units
                    left -= units
        return found

    def held_against(self, pocket: Pocket) -> dict[Side, list[Held]]:
        """Return what a trade in a pocket may close of our legs on each side, the oldest first."""
        return held_against(self.book, self.pockets.items(), self.since_ns, pocket)

    def exits_of(self, leg: Leg) -> tuple[Order, ...]:
        """Return a leg's exits that may still fill, doubtful ones included unless replaced.

        A resident stop is one of them, until an exit leaves beside it.
        """
        return tuple(
            order
            for order in self.book.open_orders()
            if order.intent.purpose is not Purpose.ENTRY
            and (order.intent.strategy_id, order.intent.leg_id) == leg
            and (_surely_rests(order) or order.intent.intent_id not in self.replaced)
        )

    def traded(self, leg: Leg) -> Position:
        """Return what a leg has traded since its basket was opened, or it was flat."""
        return self._trips.traded(leg)

    def position_changed(self, order: Order, at_ns: int) -> PositionChanged:
        """Return the leg of an order as it stands since its basket was opened, or it was flat."""
        intent = order.intent
        leg = (intent.strategy_id, intent.leg_id)
        traded = self.traded(leg)
        side = self._sides.get(leg, intent.side.opposite)
        if intent.strategy_id in (MANUAL, EXTERNAL):
            side = entered(traded.net_quantity, intent)
        return PositionChanged(
            strategy_id=intent.strategy_id,
            leg_id=intent.leg_id,
            symbol=intent.symbol,
            side=side,
            bought_quantity=traded.bought_quantity,
            bought_value_e4=traded.bought_value_e4,
            sold_quantity=traded.sold_quantity,
            sold_value_e4=traded.sold_value_e4,
            at_ns=at_ns,
            intent_id=intent.intent_id,
            settled=intent.parent.startswith(HOLDINGS),
            product=intent.product,
            added_quantity=self._trips.added(leg),
            part_of=part_of(intent),
        )


def _surely_rests(order: Order) -> bool:
    return order.state is State.WORKING and order.intent.purpose is Purpose.EXIT


def remaining(orders: Iterable[Order], side: Side) -> int:
    """Return the units that these orders may still trade on one side."""
    return sum(order.remaining_quantity for order in orders if order.intent.side is side)
