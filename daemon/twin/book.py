"""The exchange's book: orders, trades, and the positions and money that the trades add up to.

Every change of an order and every trade passes through here once and is remembered until it is
saved, so what the file holds and what memory holds cannot part. Money is conserved to the last
1/10,000: realised + unrealised is always sales - purchases + what is open at its price.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from daemon.domain.instants import day_of
from daemon.domain.money import divide_half_even
from daemon.twin.words import OrderReport, Position, Side, Status, Trade

Pocket = tuple[str, str]
"""Symbol and product: what is held apart from what is held otherwise."""


def applied(position: Position, trade: Trade) -> Position:
    """Return a position after one more trade.

    The cost of closed units is their share of the open value, rounded half to even; the rest stays
    with the units that remain, so nothing is lost by rounding.
    """
    net, signed = position.net_quantity, trade.side.sign * trade.quantity
    closing = min(abs(net), trade.quantity) if net * signed < 0 else 0
    released_e4 = divide_half_even(position.open_value_e4 * closing, abs(net)) if closing else 0
    earned_e4 = closing * trade.price_e4 - released_e4
    opened_e4 = (trade.quantity - closing) * trade.price_e4
    value_e4 = trade.quantity * trade.price_e4
    bought, sold = (trade.quantity, 0) if signed > 0 else (0, trade.quantity)
    return Position(
        symbol=position.symbol,
        net_quantity=net + signed,
        buy_quantity=position.buy_quantity + bought,
        buy_value_e4=position.buy_value_e4 + (value_e4 if bought else 0),
        sell_quantity=position.sell_quantity + sold,
        sell_value_e4=position.sell_value_e4 + (value_e4 if sold else 0),
        open_value_e4=position.open_value_e4 - released_e4 + opened_e4,
        realised_e4=position.realised_e4 + (earned_e4 if net > 0 else -earned_e4),
        product=position.product,
    )


def marked(position: Position, last_e4: int) -> Position:
    """Return a position valued at a last price; 0: no price is known."""
    if last_e4 <= 0:
        return position
    net = position.net_quantity
    cost_e4 = position.open_value_e4 if net > 0 else -position.open_value_e4
    return msgspec.structs.replace(position, last_e4=last_e4, unrealised_e4=net * last_e4 - cost_e4)


def after_fill(order: OrderReport, trade: Trade) -> OrderReport:
    """Return an order after one more trade of it."""
    filled_quantity = order.filled_quantity + trade.quantity
    complete = filled_quantity == order.quantity
    return msgspec.structs.replace(
        order,
        filled_quantity=filled_quantity,
        filled_value_e4=order.filled_value_e4 + trade.quantity * trade.price_e4,
        status=Status.FILLED if complete else order.status,
        resting=not complete,
        at_ns=trade.at_ns,
    )


class Book:
    """Orders and trades of the day, positions, and what was realised since the account began.

    Attributes:
        orders: by number, in the order of their arrival.
        trades: of the day.
        positions: by symbol and product; one that is flat goes with its day.
        unsettled: symbols with products that were traded and are not over yet, in the order of
            their first trade; flat ones too, for who sends the orders may be long and short in one.
        realised_e4: over all trades ever.
        changed: orders to save, the newest state of each.
        traded: trades to save.
    """

    def __init__(self) -> None:
        self.orders: dict[str, OrderReport] = {}
        self.trades: list[Trade] = []
        self.positions: dict[Pocket, Position] = {}
        self.unsettled: dict[Pocket, None] = {}
        self.realised_e4 = 0
        self.changed: dict[str, OrderReport] = {}
        self.traded: list[Trade] = []
        self._resting: dict[str, dict[str, None]] = {}

    def restore(self, orders: Iterable[OrderReport], trades: Iterable[Trade]) -> None:
        """Take in what a file holds, oldest first."""
        for order in orders:
            self._place(order)
        today = date.min
        for trade in trades:
            if day_of(trade.at_ns) != today:
                today = day_of(trade.at_ns)
                self._forget_flat()
            self._fold(trade)

    def put(self, order: OrderReport) -> None:
        """Write an order's newest state."""
        self._place(order)
        self.changed[order.order_id] = order

    def add(self, trade: Trade) -> None:
        """Write a trade."""
        self._fold(trade)
        self.traded.append(trade)

    def symbols(self) -> list[str]:
        """Return the symbols that an order rests in, in the order of their first one."""
        return list(self._resting)

    def resting(self, symbol: str) -> Iterator[OrderReport]:
        """Return the orders that can still match in a symbol."""
        return (self.orders[order_id] for order_id in self._resting.get(symbol, ()))

    def forget_before(self, start_ns: int) -> None:
        """Drop what an earlier day ended: orders, trades and flat positions."""
        self.orders = {
            order_id: order
            for order_id, order in self.orders.items()
            if order.resting or order.arrived_ns >= start_ns
        }
        self.trades = [trade for trade in self.trades if trade.at_ns >= start_ns]
        today = {(trade.symbol, trade.product) for trade in self.trades}
        self.positions = {
            pocket: position
            for pocket, position in self.positions.items()
            if position.net_quantity or pocket in today
        }

    def end(self, symbol: str) -> None:
        """A contract is over, and what it was worth is not known: nothing is held of it."""
        for pocket in [each for each in self.unsettled if each[0] == symbol]:
            del self.unsettled[pocket]
            self.positions.pop(pocket, None)

    def _forget_flat(self) -> None:
        """A new day knows no position that an earlier one closed."""
        self.positions = {
            pocket: position for pocket, position in self.positions.items() if position.net_quantity
        }

    def _place(self, order: OrderReport) -> None:
        self.orders[order.order_id] = order
        if order.resting:
            self._resting.setdefault(order.symbol, {})[order.order_id] = None
        elif order.symbol in self._resting:
            self._resting[order.symbol].pop(order.order_id, None)
            if not self._resting[order.symbol]:
                del self._resting[order.symbol]

    def _fold(self, trade: Trade) -> None:
        pocket = (trade.symbol, trade.product)
        before = self.positions.get(pocket) or Position(trade.symbol, product=trade.product)
        after = applied(before, trade)
        self.positions[pocket] = after
        if trade.settlement:
            self.unsettled.pop(pocket, None)
        else:
            self.unsettled[pocket] = None
        self.realised_e4 += after.realised_e4 - before.realised_e4
        self.trades.append(trade)


def opposite(net_quantity: int) -> Side:
    """Return the side that closes a position."""
    return Side.SELL if net_quantity > 0 else Side.BUY
