"""What is taken back before an exit leaves: the exit waits for that, and no longer than a daemon's.

A resident stop counts as an exit on its way, and an own order across would trade with the exit. But
what is not known to be gone in time is no reason to leave a short open.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from daemon.domain.orders.heard import Order
from daemon.domain.orders.reconcile import EXTERNAL
from daemon.domain.orders.words import Intent, Purpose, State


class Withdrawals:
    """Orders that are to be gone, and since when.

    Args:
        patience_ns: how long an exit waits for one of them.
    """

    def __init__(self, patience_ns: int) -> None:
        self._patience_ns = patience_ns
        self._since_ns: dict[str, int] = {}

    def begin(self, intent_id: str, now_ns: int) -> None:
        """Take in that an order was asked to go; that it was asked before stands."""
        self._since_ns.setdefault(intent_id, now_ns)

    def asked_ns(self, intent_id: str) -> int | None:
        """Return since when an order is to be gone; None: nobody asked for that."""
        return self._since_ns.get(intent_id)

    def overdue_stops(
        self, exits: Iterable[Order], unsure: Container[str], now_ns: int
    ) -> tuple[Order, ...]:
        """Return the stops that an exit waits for no longer: it buys as they do, so both may fill.

        Args:
            exits: orders that close a leg and may still fill.
            unsure: of these nobody can say now whether the broker's book shows them.
            now_ns: the present instant.
        """
        stops = [
            order
            for order in exits
            if order.intent.purpose is Purpose.RESIDENT_STOP
            and order.intent.intent_id not in unsure
        ]
        for order in stops:
            if order.state is not State.WORKING:  # nobody knows it there, so it cannot be asked
                self.begin(order.intent.intent_id, now_ns)
        return tuple(order for order in stops if self._is_overdue(order, now_ns))

    def in_the_way(self, orders: Iterable[Order], now_ns: int) -> tuple[Intent, ...]:
        """Return the own orders at rest that an exit must not trade with.

        Beside one that is overdue the exchange keeps an owner from trading with himself.
        """
        return tuple(
            order.as_it_rests
            for order in orders
            if order.state is State.WORKING
            and order.intent.strategy_id != EXTERNAL
            and not self._is_overdue(order, now_ns)
        )

    def _is_overdue(self, order: Order, now_ns: int) -> bool:
        since_ns = self.asked_ns(order.intent.intent_id)
        return since_ns is not None and now_ns - since_ns >= self._patience_ns
