"""The broker's books: the orders and trades of the day, and what is held.

They are written from what the exchange tells, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daemon.brokers.zerodha.wire_twin import records
from daemon.brokers.zerodha.wire_twin.portfolio import Portfolio
from daemon.brokers.zerodha.wire_twin.records import Kept
from daemon.brokers.zerodha.wire_twin.words import Data, not_found
from daemon.twin.words import Event, FinalPrice, OrderReport, Status, Trade

_NOWHERE = "991"
"""Begins a number that the exchange never heard of."""


class Books:
    """The books of one account.

    Attributes:
        portfolio: what is held.
        journal: every record of an order and every trade that there ever was, in order.
        writes: every write of the day that came, refused ones included, in order.
        push: is told of an order as the socket tells it.

    Args:
        last_e4: the last price of a symbol, 0 where there is none.
    """

    def __init__(self, last_e4: Callable[[str], int]) -> None:
        self.portfolio = Portfolio(last_e4)
        self.journal: list[Data] = []
        self.writes: list[Data] = []
        self.push: Callable[[Data], object] = str
        self._orders: dict[str, Kept] = {}
        self._at_exchange: dict[str, Kept] = {}  # by its number there
        self._trades: list[tuple[str, Data]] = []
        self._numbered = 0

    def begin_day(self) -> None:
        """Forget the orders and trades of the day before; carry what is open or not sent yet."""
        self.portfolio.begin_day()
        self._orders = {number: kept for number, kept in self._orders.items() if kept.is_unsent}
        self._at_exchange.clear()
        self._trades.clear()
        self.writes.clear()

    def add(self, kept: Kept) -> None:
        """Take in a new order, or one that has reached the exchange by now."""
        self._orders[kept.order_id] = kept
        self._at_exchange[kept.report.order_id] = kept

    def number(self) -> str:
        """Return a number for what never reaches the exchange."""
        self._numbered += 1
        return f"{_NOWHERE}{self._numbered:016}"

    def find(self, order_id: str) -> Kept | None:
        """Return an order of the day, if there is such a one."""
        return self._orders.get(order_id)

    def order(self, order_id: str, variety: str = "") -> Kept:
        """Return an order of the day.

        Raises:
            Denied: there is none, or it is of another variety.
        """
        kept = self.find(order_id)
        if kept is None or variety not in ("", kept.asked.variety):
            raise not_found("order_id")
        return kept

    def orders(self) -> list[Kept]:
        """Return the orders of the day."""
        return list(self._orders.values())

    def trades(self, order_id: str = "") -> list[Data]:
        """Return the trades of the day; of one order, or all."""
        return [record for number, record in self._trades if order_id in ("", number)]

    def take(self, events: Sequence[Event], changed: str = "") -> Sequence[Event]:
        """Write down what the exchange tells; of an order that was just changed, that too."""
        for event in events:
            match event:
                case OrderReport():
                    kept = self._at_exchange.get(event.order_id)
                    if kept is not None:
                        self.tell(kept, event, changed=kept.order_id == changed)
                        changed = ""
                case Trade(settlement=True) | FinalPrice():
                    self.portfolio.settle(event.symbol, event.price_e4, event.at_ns)
                case Trade():
                    self._traded(event)
        return ()

    def tell(self, kept: Kept, report: OrderReport, *, changed: bool = False) -> None:
        """Write down where an order stands, and push what clients are told unasked."""
        before = kept.report.filled_quantity
        records.told(kept, report)
        self.journal.append(kept.newest)
        over = report.status is not Status.WORKING
        if over or changed or report.filled_quantity > before:
            status = kept.newest["status"] if over else "UPDATE"
            self.push(records.pushed(kept.newest, status))

    def _traded(self, trade: Trade) -> None:
        kept = self._at_exchange[trade.order_id]
        record = records.trade_record(trade, kept)
        self._trades.append((kept.order_id, record))
        self.journal.append(record)
        self.portfolio.take(trade, kept.asked.listing, kept.asked.product)
