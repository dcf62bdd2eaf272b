"""What a leg has traded in the round trip that it is in.

That of a basket begins when it is opened, and orders that were sent before are none of it. A leg of
no basket is in one from flat to flat: with the next fill it is entered anew, whatever it traded
before.
"""

from __future__ import annotations

from daemon.domain.orders.book import Book, Position
from daemon.domain.orders.heard import Order
from daemon.domain.orders.late import gives_back
from daemon.domain.orders.reconcile import LOOSE
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderFact,
    OrderUpdated,
    Purpose,
    Side,
)

Leg = tuple[str, str]
"""Strategy and leg."""


class RoundTrips:
    """What was traded before the round trips that legs are in.

    Args:
        book: of the account.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._before: dict[Leg, Position] = {}
        self._sent: dict[Leg, set[str]] = {}

    def begin(self, leg: Leg) -> None:
        """Begin one now."""
        self._before[leg] = self._book.position(*leg)
        if leg[0] not in LOOSE:
            self._sent[leg] = set()

    def hear(self, fact: OrderFact) -> None:
        """Take a fact in, before the book takes it.

        One that fills what is flat and of no basket begins a trip; what gives a late fill back
        counts in none, and neither does that fill, or a better price of what was sent before.
        """
        match fact:
            case IntentRecorded(intent):
                leg = (intent.strategy_id, intent.leg_id)
                if leg in self._sent:
                    self._sent[leg].add(intent.intent_id)
            case OrderUpdated(intent_id) if (order := self._book.order(intent_id)) is not None:
                self._fill(order, fact)

    def is_of(self, intent: Intent) -> bool:
        """Say whether an order was sent since the trip of its leg began."""
        sent = self._sent.get((intent.strategy_id, intent.leg_id))
        return sent is None or intent.intent_id in sent

    def added(self, leg: Leg) -> int:
        """Return the units that the entry of a leg of a basket filled beyond what was sent for.

        Somebody put them on its orders at the broker, so he wants them.
        """
        sent = (self._book.order(intent_id) for intent_id in self._sent.get(leg, ()))
        return sum(
            max(order.filled_quantity - order.intent.quantity, 0)
            for order in sent
            if order is not None and order.intent.purpose is Purpose.ENTRY
        )

    def _fill(self, order: Order, fact: OrderUpdated) -> None:
        leg = (order.intent.strategy_id, order.intent.leg_id)
        more = fact.filled_quantity - order.filled_quantity
        worth_e4 = fact.filled_value_e4 - order.filled_value_e4
        if more > 0 and gives_back(order.intent):
            for side in Side:
                self._pass_over(leg, side, more, worth_e4)
        elif not more and worth_e4 > 0 and not self.is_of(order.intent):
            self._pass_over(leg, order.intent.side, 0, worth_e4)
        if leg[0] in LOOSE and more > 0 and not self._book.position(*leg).net_quantity:
            self.begin(leg)

    def _pass_over(self, leg: Leg, side: Side, quantity: int, value_e4: int) -> None:
        """Count units and money as traded before the trip that a leg is in."""
        before = self._before.get(leg, Position())
        bought, sold = (quantity, value_e4), (0, 0)
        if side is Side.SELL:
            bought, sold = sold, bought
        self._before[leg] = Position(
            before.bought_quantity + bought[0],
            before.bought_value_e4 + bought[1],
            before.sold_quantity + sold[0],
            before.sold_value_e4 + sold[1],
        )

    def traded(self, leg: Leg) -> Position:
        """Return what a leg has bought and sold since its round trip began."""
        now, before = self._book.position(*leg), self._before.get(leg, Position())
        return Position(
            now.bought_quantity - before.bought_quantity,
            now.bought_value_e4 - before.bought_value_e4,
            now.sold_quantity - before.sold_quantity,
            now.sold_value_e4 - before.sold_value_e4,
        )
