"""The broker's own terminal: somebody trades in the account past the daemon, and nobody tells it.

He closes what is held there, wholly, in part or more than it, or opens something; at the market, or
by an order that rests. Or he moves an order of the daemon's. Once nothing goes wrong any more he
takes back what rests, and closes what is his own by his trades and is shown to him as that, unless
a kill does.
"""

from __future__ import annotations

from daemon.domain.instants import day_of
from daemon.domain.market.frames import Frame
from daemon.domain.market.instruments import Instrument, contract
from daemon.domain.orders.reconcile import EXTERNAL, external_id
from daemon.domain.orders.slices import slices
from daemon.domain.orders.words import Pocket, Product
from daemon.domain.orders.words import Side as Direction
from daemon.simulation.dice import Dice
from daemon.simulation.judging.known import Known
from daemon.simulation.judging.persons import MARK, is_persons, traded_outside
from daemon.simulation.market import UNDERLYING
from daemon.twin.exchange import Exchange
from daemon.twin.words import Change, OrderReport, OrderType, Side, Status, TwinOrder

_OPENS = 8
"""One deed in so many opens something, and does not close."""
_MOVES = 2
"""One deed in so many moves what the daemon has resting there, if anything does."""
_RESTS = 4
"""One order in so many rests away from the market."""
_AWAY = 20
"""That far away, in ticks."""


class Terminal:
    """One account at the broker's terminal.

    Args:
        exchange: where it is.
        dice: the chance of the run.
    """

    def __init__(self, exchange: Exchange, dice: Dice) -> None:
        self._exchange = exchange
        self._dice = dice
        self._deeds = self._orders = 0

    def trade(self, frame: Frame, now_ns: int) -> None:
        """Do something by the prices of a frame."""
        self._deeds += 1
        if self._below(_MOVES, "moves") == 0 and self._move(now_ns):
            return
        held = sorted(
            (each.symbol, each.product, each.net_quantity)
            for each in self._exchange.positions()
            if each.net_quantity
        )
        if not held or self._below(_OPENS, "opens") == 0:
            symbols = sorted(frame.quotes.keys() - {UNDERLYING})
            symbol = symbols[self._below(len(symbols), "of")]
            pocket = Pocket(symbol, tuple(Product)[self._below(len(Product), "product")])
            side = (Side.BUY, Side.SELL)[self._below(2, "side")]
            units = self._contract(symbol, now_ns).lot
        else:
            symbol, product, net = held[self._below(len(held), "closes")]
            pocket, side = Pocket(symbol, Product(product)), Side.SELL if net > 0 else Side.BUY
            lot = self._contract(symbol, now_ns).lot
            lots = abs(net) // lot
            part = 1 + self._below(max(lots, 1), "part")
            units = lot * (lots, part, lots + 1)[self._below(3, "how much")]
        rests = self._below(_RESTS, "rests") == 0
        price_e4 = 0
        if rests:
            away_e4 = _AWAY * self._contract(symbol, now_ns).tick_e4
            price_e4 = frame.quotes[symbol].ltp_e4 - side.sign * away_e4
        self._place(pocket, side, units, price_e4, now_ns)

    def calm(self, known: Known, *, closes: bool, now_ns: int) -> bool:
        """Take back what rests, and close what is not of the daemon's making.

        Args:
            known: what the daemon has recorded.
            closes: whether he closes anything; a kill that closes all leaves him nothing to do.
            now_ns: the present instant.

        Returns:
            Whether he did anything.
        """
        mine = [each for each in self._exchange.orders() if each.client_id.startswith(MARK)]
        resting = [order for order in mine if order.status is Status.WORKING]
        for order in resting:
            self._exchange.cancel(order.order_id, now_ns)
        if resting or not closes or not all(self._is_heard(known, each, now_ns) for each in mine):
            return bool(resting)
        found, outside = False, traded_outside(known, self._exchange)
        for (strategy_id, leg_id), pocket in sorted(known.pockets.items()):
            net = known.book.position(strategy_id, leg_id).net_quantity
            is_left = any(leg == leg_id for leg, _ in known.owed_legs(EXTERNAL))
            side = Side.SELL if net > 0 else Side.BUY
            his = min(outside.own(pocket, Direction(side.value)), abs(net))
            if strategy_id == EXTERNAL and his and not is_left:
                found = True
                self._place(pocket, side, his, 0, now_ns)
        return found

    def _move(self, now_ns: int) -> bool:
        """Give an order of the daemon's other prices, nearer or further; say whether one rests."""
        resting = [
            each
            for each in self._exchange.orders()
            if each.status is Status.WORKING and not is_persons(each.client_id)
        ]
        if not resting:
            return False
        order = resting[self._below(len(resting), "moves which")]
        ticks = 1 + self._below(_AWAY, "moves so far")
        by_e4 = self._contract(order.symbol, now_ns).tick_e4 * ticks
        by_e4 = (by_e4, -by_e4)[self._below(2, "moves where")]
        trigger_e4 = order.trigger_e4 and order.trigger_e4 + by_e4
        change = Change(now_ns, price_e4=order.price_e4 + by_e4, trigger_e4=trigger_e4)
        self._exchange.modify(order.order_id, change, now_ns)
        return True

    def _place(self, pocket: Pocket, side: Side, units: int, price_e4: int, now_ns: int) -> None:
        of = self._contract(pocket.symbol, now_ns)
        for quantity in slices(units, of.freeze_quantity, of.lot):
            self._orders += 1
            self._exchange.place(
                TwinOrder(
                    client_id=f"{MARK}{self._orders}",
                    symbol=pocket.symbol,
                    side=side,
                    quantity=quantity,
                    order_type=OrderType.LIMIT if price_e4 else OrderType.MARKET,
                    price_e4=price_e4,
                    decided_ns=now_ns,
                    product=pocket.product.value,
                ),
                now_ns,
            )

    def _is_heard(self, known: Known, order: OrderReport, now_ns: int) -> bool:
        ours = known.book.order(external_id(known.book, order.order_id, now_ns))
        heard = ours.filled_quantity if ours else 0
        return heard == order.filled_quantity

    def _contract(self, symbol: str, now_ns: int) -> Instrument:
        return contract(symbol, day_of(now_ns), strict=False)

    def _below(self, limit: int, label: str) -> int:
        return self._dice.below(limit, f"terminal {label}", self._deeds)
