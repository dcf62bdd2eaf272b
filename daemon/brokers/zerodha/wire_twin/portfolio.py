"""What is held, by contract and product, from the trades of the exchange alone.

The exchange knows no products; the broker keeps them apart. What a day began with is carried at
what it cost, and what was traded since is the day's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from daemon.brokers.zerodha.wire_twin.contracts import Listing
from daemon.brokers.zerodha.wire_twin.words import Data, average, rupees, wrong
from daemon.domain.money import divide_half_even
from daemon.twin.book import applied, opposite
from daemon.twin.words import Position, Side, Trade


class _Holding(Struct):
    """One contract in one product.

    Attributes:
        listing: of what.
        product: for what.
        total: all trades.
        today: those of the day.
        carried: units that the day began with.
        carried_value_e4: what they cost.
    """

    listing: Listing
    product: str
    total: Position
    today: Position
    carried: int = 0
    carried_value_e4: int = 0


class Portfolio:
    """The positions of the account.

    Args:
        last_e4: the last price of a symbol, 0 where there is none.
    """

    def __init__(self, last_e4: Callable[[str], int]) -> None:
        self._last_e4 = last_e4
        self._held: dict[tuple[str, str], _Holding] = {}

    def begin_day(self) -> None:
        """Carry what is open into a new day, and forget what was closed."""
        self._held = {key: each for key, each in self._held.items() if each.total.net_quantity}
        for each in self._held.values():
            each.carried = each.total.net_quantity
            each.carried_value_e4 = each.total.open_value_e4
            each.today = Position(each.total.symbol)

    def take(self, trade: Trade, listing: Listing, product: str) -> None:
        """Take in a trade."""
        key = (trade.symbol, product)
        if key not in self._held:
            empty = Position(trade.symbol)
            self._held[key] = _Holding(listing, product, empty, empty)
        held = self._held[key]
        held.total, held.today = applied(held.total, trade), applied(held.today, trade)

    def convert(self, key: tuple[str, str], product: str, quantity: int, at_ns: int) -> None:
        """Move units from one product to another, at what they cost.

        Args:
            key: symbol and product of what is held.
            product: for what they are held then.
            quantity: units.
            at_ns: when.

        Raises:
            Denied: so many are not held.
        """
        held = self._held.get(key)
        net = held.total.net_quantity if held else 0
        if held is None or not 0 < quantity <= abs(net) or product == held.product:
            raise wrong("The position cannot be converted: so much of it is not held.")
        price_e4 = divide_half_even(held.total.open_value_e4, abs(net))
        symbol, side = key[0], opposite(net)
        away = Trade("", "", "", symbol, side, quantity, price_e4, at_ns)
        there = Side.SELL if side is Side.BUY else Side.BUY
        here = Trade("", "", "", symbol, there, quantity, price_e4, at_ns)
        self.take(away, held.listing, held.product)
        self.take(here, held.listing, product)

    def settle(self, symbol: str, price_e4: int, at_ns: int) -> None:
        """Close what is held of a contract that expired, in every product."""
        for (held_symbol, product), each in list(self._held.items()):
            net = each.total.net_quantity
            if held_symbol == symbol and net:
                side = opposite(net)
                trade = Trade("", "", "", symbol, side, abs(net), price_e4, at_ns, settlement=True)
                self.take(trade, each.listing, product)

    def positions(self) -> dict[str, list[Data]]:
        """Return what is held, and what of it is the day's."""
        held = self._held.values()
        return {
            "net": [self._net(each) for each in held],
            "day": [self._day(each) for each in held if _traded(each.today)],
        }

    def net(self) -> Iterable[tuple[Listing, str, int]]:
        """Yield contract, product and net units."""
        for each in self._held.values():
            yield each.listing, each.product, each.total.net_quantity

    def _net(self, held: _Holding) -> Data:
        today = held.today
        bought, sold = today.buy_quantity, today.sell_quantity
        bought_e4, sold_e4 = today.buy_value_e4, today.sell_value_e4
        if held.carried > 0:
            bought, bought_e4 = bought + held.carried, bought_e4 + held.carried_value_e4
        else:
            sold, sold_e4 = sold - held.carried, sold_e4 + held.carried_value_e4
        whole = Position(today.symbol, bought - sold, bought, bought_e4, sold, sold_e4)
        return self._row(held, whole, held.carried, held.total.open_value_e4)

    def _day(self, held: _Holding) -> Data:
        return self._row(held, held.today, 0, held.today.open_value_e4)

    def _row(self, held: _Holding, sums: Position, carried: int, open_value_e4: int) -> Data:
        listing, net = held.listing, sums.net_quantity
        last_e4 = self._last_e4(sums.symbol)
        value_e4 = sums.sell_value_e4 - sums.buy_value_e4
        pnl = rupees(value_e4 + net * last_e4)
        today = held.today
        return {
            "tradingsymbol": listing.name,
            "exchange": listing.exchange,
            "instrument_token": listing.token,
            "product": held.product,
            "quantity": net,
            "overnight_quantity": carried,
            "multiplier": 1,
            "average_price": average(open_value_e4, abs(net)),
            "close_price": 0,
            "last_price": rupees(last_e4),
            "value": rupees(value_e4),
            "pnl": pnl,
            "m2m": pnl,
            "unrealised": pnl,
            "realised": 0,
            **_side("buy", sums.buy_quantity, sums.buy_value_e4),
            "buy_m2m": rupees(sums.buy_value_e4),
            **_side("sell", sums.sell_quantity, sums.sell_value_e4),
            "sell_m2m": rupees(sums.sell_value_e4),
            **_side("day_buy", today.buy_quantity, today.buy_value_e4),
            **_side("day_sell", today.sell_quantity, today.sell_value_e4),
        }


def _side(name: str, quantity: int, value_e4: int) -> Data:
    price_e4 = divide_half_even(value_e4, quantity) if quantity else 0
    return {
        f"{name}_quantity": quantity,
        f"{name}_price": rupees(price_e4),
        f"{name}_value": rupees(value_e4),
    }


def _traded(position: Position) -> bool:
    return bool(position.buy_quantity or position.sell_quantity)
