"""What a leg has traded in the round trip that it is in.

That of a basket begins when it is opened. A leg of no basket is in one from flat to flat: with the
next fill it is entered anew, whatever it traded before.
"""

from __future__ import annotations

from daemon.domain.orders.book import Book, Position
from daemon.domain.orders.reconcile import EXTERNAL, MANUAL
from daemon.domain.orders.words import OrderFact, OrderUpdated

Leg = tuple[str, str]
"""Strategy and leg."""
_LOOSE = (MANUAL, EXTERNAL)


class RoundTrips:
    """What was traded before the round trips that legs are in.

    Args:
        book: of the account.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._before: dict[Leg, Position] = {}

    def begin(self, leg: Leg) -> None:
        """Begin one now."""
        self._before[leg] = self._book.position(*leg)

    def hear(self, fact: OrderFact) -> None:
        """Begin one where a fact fills what is flat and of no basket; before the book takes it."""
        if not isinstance(fact, OrderUpdated):
            return
        order = self._book.order(fact.intent_id)
        if order is None or order.intent.strategy_id not in _LOOSE:
            return
        leg = (order.intent.strategy_id, order.intent.leg_id)
        fills = fact.filled_quantity > order.filled_quantity
        if fills and not self._book.position(*leg).net_quantity:
            self.begin(leg)

    def traded(self, leg: Leg) -> Position:
        """Return what a leg has bought and sold since its round trip began."""
        now, before = self._book.position(*leg), self._before.get(leg, Position())
        return Position(
            now.bought_quantity - before.bought_quantity,
            now.bought_value_e4 - before.bought_value_e4,
            now.sold_quantity - before.sold_quantity,
            now.sold_value_e4 - before.sold_value_e4,
        )
