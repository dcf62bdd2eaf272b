"""The broker's numbers, and the intents that they were given to."""

from __future__ import annotations

from daemon.domain.orders.heard import Order


class Numbers:
    """Which intents the broker ever gave a number.

    More than one may have borne it: numbers are of their day, and a word may name another's.
    """

    def __init__(self) -> None:
        self._given: dict[str, tuple[str, ...]] = {}

    def note(self, order: Order) -> None:
        """Take in by which numbers an order is known."""
        intent_id = order.intent.intent_id
        for number in order.broker_order_ids:
            known = self._given.get(number, ())
            if intent_id not in known:
                self._given[number] = tuple(sorted((*known, intent_id)))

    def of(self, broker_order_id: str) -> tuple[str, ...]:
        """Return the ids of the intents that a number was given to, in their order."""
        return self._given.get(broker_order_id, ())
