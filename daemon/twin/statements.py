"""What the exchange tells who asks: orders, trades, positions, funds, from its own book."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from daemon.domain.instants import day_of
from daemon.domain.market.instruments import Instrument
from daemon.errors import BrokerMisused, StoreError
from daemon.twin.book import Book, Pocket, marked
from daemon.twin.margin import Exposure, after, required
from daemon.twin.matching import LastPrices, Quotes
from daemon.twin.rules import MarketRules, known, tradable
from daemon.twin.words import INTRADAY, Funds, OrderReport, Position, Side, Trade, Wanted


class Statements:
    """The reading half of the exchange, as of the last call that carried an instant.

    Args:
        rules: the dated rules.
        cash_e4: what the account began with.
    """

    def __init__(self, rules: MarketRules, cash_e4: int) -> None:
        self._rules = rules
        self._cash_e4 = cash_e4
        self._clock_ns = 0
        self._book = Book()
        self._quotes = Quotes()
        self._contracts: dict[str, Instrument] = {}

    def orders(self) -> list[OrderReport]:
        """Return the day's orders, in the order of their arrival."""
        return list(self._book.orders.values())

    def orders_by_client_id(self, client_id: str) -> list[OrderReport]:
        """Return every order that was sent under a client id: more than one if sent twice."""
        return [order for order in self._book.orders.values() if order.client_id == client_id]

    def trades(self) -> list[Trade]:
        """Return the day's trades, settlements among them, oldest first."""
        return list(self._book.trades)

    def positions(self) -> list[Position]:
        """Return what is held, and what was held and closed today, at the last prices."""
        self._quotes.merge()
        held = self._book.positions.values()
        return [marked(position, self._last(position.symbol)) for position in held]

    def expiring(self, day: date) -> list[Instrument]:
        """Return the contracts of an expiry that were traded, or have an order resting in them."""
        traded = (symbol for symbol, _ in self._book.unsettled)
        symbols = dict.fromkeys([*traded, *self._book.symbols()])
        return [found for found in map(self._contract, symbols) if found.expiry == day]

    def reached_ns(self) -> int:
        """Return the instant of the exchange's own clock; 0: nothing has happened yet."""
        return self._clock_ns

    def quoted_ns(self) -> int:
        """Return the instant of the newest frame; 0: there was none."""
        self._quotes.merge()
        return self._quotes.at_ns

    def quotes(self, day: date) -> LastPrices:
        """Return the newest quotes of a day, by symbol; none once another day has begun."""
        self._quotes.merge()
        return self._quotes.known() if day_of(self._quotes.at_ns) == day else LastPrices()

    def funds(self) -> Funds:
        """Return the account in money; what is used includes the working orders."""
        realised_e4 = self._book.realised_e4
        used_e4 = self._used()
        available_e4 = self._cash_e4 + realised_e4 - used_e4
        return Funds(self._cash_e4, realised_e4, used_e4, available_e4)

    def needed_for(self, legs: Iterable[Wanted]) -> int:
        """Return by how much legs raise the margin once they are filled; below 0: they free some.

        Raises:
            BrokerMisused: one of them is not traded.
        """
        day, exposures = day_of(self._clock_ns), self._exposures(self._resting())
        before_e4 = required(exposures.values(), day)
        for leg in legs:
            contract = tradable(self._rules, leg.symbol, day)
            if contract is None:
                raise BrokerMisused(f"{leg.symbol} is not traded on {day}; name a contract that is")
            units = leg.quantity if leg.side == Side.BUY else -leg.quantity
            pocket = (leg.symbol, leg.product)
            known = exposures.get(pocket) or Exposure(contract, carried=_is_carried(pocket))
            exposures[pocket] = after(known, units, leg.price_e4)
        return required(exposures.values(), day) - before_e4

    def _last(self, symbol: str) -> int:
        quote = self._quotes.get(symbol)
        return quote.ltp_e4 if quote is not None else 0

    def _used(self, without: str = "", extra: OrderReport | None = None) -> int:
        """Return the margin needed, leaving one order out and counting another in."""
        orders = [order for order in self._resting() if order.order_id != without]
        if extra is not None:
            orders.append(extra)
        return required(self._exposures(orders).values(), day_of(self._clock_ns))

    def _exposures(self, orders: Iterable[OrderReport]) -> dict[Pocket, Exposure]:
        """Return what is held and what these orders may add, by symbol and product."""
        exposures = {
            pocket: Exposure(
                *(self._contract(each.symbol), each.net_quantity, each.open_value_e4),
                carried=_is_carried(pocket),
            )
            for pocket, each in self._book.positions.items()
            if each.net_quantity
        }
        for order in orders:
            pocket = (order.symbol, order.product)
            known = exposures.get(pocket) or Exposure(
                self._contract(order.symbol), carried=_is_carried(pocket)
            )
            exposures[pocket] = _with(known, order)
        return exposures

    def _resting(self) -> Iterator[OrderReport]:
        for symbol in self._book.symbols():
            yield from self._book.resting(symbol)

    def _contract(self, symbol: str) -> Instrument:
        """Return the contract of a symbol that stands in the book."""
        known = self._contracts.get(symbol)
        return known if known is not None else self._learn(symbol, day_of(self._clock_ns))

    def _learn(self, symbol: str, day: date) -> Instrument:
        found = known(self._rules, symbol, day)
        if found is None:
            text = f"{symbol} stands in the exchange's book, but no rule knows it"
            raise StoreError(text, "exchange_unusable")
        self._contracts[symbol] = found
        return found


def _is_carried(pocket: Pocket) -> bool:
    _, product = pocket
    return product != INTRADAY


def _with(exposure: Exposure, order: OrderReport) -> Exposure:
    value_e4 = order.open_quantity * order.price_e4
    if order.side == Side.BUY:
        return msgspec.structs.replace(
            exposure,
            buying_quantity=exposure.buying_quantity + order.open_quantity,
            buying_value_e4=exposure.buying_value_e4 + value_e4,
        )
    return msgspec.structs.replace(
        exposure,
        selling_quantity=exposure.selling_quantity + order.open_quantity,
        selling_value_e4=exposure.selling_value_e4 + value_e4,
    )
