"""Guarding: an option that is held is sold once nothing that may be short needs it any more."""

from __future__ import annotations

from collections.abc import Iterable

from daemon.domain.orders import hedges
from daemon.domain.orders.heard import Order
from daemon.guardian.books import Books, Leg
from daemon.guardian.lag import Lag
from daemon.guardian.withdrawals import Withdrawals
from daemon.guardian.witness import LOOKUP_NS, VERIFY_NS

_PATIENCE = hedges.Patience(gone_ns=VERIFY_NS, doubt_ns=LOOKUP_NS)


class Guarding:
    """Options that wait beside what may be short, or become it.

    Args:
        books: ours.
        lag: what the newest reading does not show yet.
        withdrawals: what is being taken back.
    """

    def __init__(self, books: Books, lag: Lag, withdrawals: Withdrawals) -> None:
        self._books = books
        self._lag = lag
        self._withdrawals = withdrawals
        self._since_ns: dict[Leg, int] = {}

    def waits(self, leg: Leg, orders: Iterable[Order], now_ns: int) -> tuple[bool, list[str]]:
        """Say whether a long is not sold yet, and what a person is to know of that.

        It waits for sales of entries until they are gone or parked, and for what has filled of them
        until the broker shows it, so that it can be bought back. Neither is for ever.

        Args:
            leg: which.
            orders: those that may still fill.
            now_ns: the present instant.
        """
        symbol = self._books.pockets[leg].symbol
        if not hedges.guards(symbol):
            return False, []
        strategy_id, told = leg[0], list[str]()
        since_ns = self._since_ns.setdefault(leg, now_ns)
        waits = self._lag.hides_short(strategy_id, symbol)
        for sale in hedges.opening_sales(
            orders, strategy_id, symbol, lambda leg_id: self._books.net((strategy_id, leg_id))
        ):
            asked_ns = self._withdrawals.asked_ns(sale.intent.intent_id)
            if now_ns < _PATIENCE.until_ns(sale, since_ns, asked_ns):
                waits = True
            else:
                told.append(hedges.sentence(sale))
        return waits, told
