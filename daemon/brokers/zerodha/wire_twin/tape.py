"""The day's prices of each contract, as far as frames tell them.

A frame tells the touch and the last price. Each quote counts as one trade of one lot, so that a
volume goes up as it does at an exchange; of the depth there is the first level alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from daemon.brokers.zerodha.packets import Depth, Figures, Level
from daemon.brokers.zerodha.wire_twin.contracts import Contracts, Listing
from daemon.brokers.zerodha.wire_twin.words import Data, rupees, stamp
from daemon.domain.instants import SECOND_NS, day_of
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import divide_half_even

_NOBODY = Level(0, 0, 0)
_LEVELS = 5
_MINUTE_NS = 60 * SECOND_NS


class Price(Struct):
    """What is known of one contract today.

    Attributes:
        quote: the newest.
        at_ns: when it came.
        open_e4: the first price of the day.
        high_e4: the highest.
        low_e4: the lowest.
        close_e4: the last price of the day before; of a first day, the first price.
        trades: how often it was quoted.
        value_e4: the sum of those prices.
        candles: minute -> open, high, low, close in `_e4` and quotes.
    """

    quote: Quote
    at_ns: int
    open_e4: int
    high_e4: int
    low_e4: int
    close_e4: int
    trades: int = 0
    value_e4: int = 0
    candles: dict[int, list[int]] = {}


class Tape:
    """The prices of the day, by symbol."""

    def __init__(self) -> None:
        self.prices: dict[str, Price] = {}
        self._day = date.min
        self._closes_e4: dict[str, int] = {}

    def take(self, frame: Frame) -> None:
        """Take in a frame."""
        day = day_of(frame.at_ns)
        if day != self._day:
            self._closes_e4.update({name: each.quote.ltp_e4 for name, each in self.prices.items()})
            self.prices, self._day = {}, day
        for symbol, quote in frame.quotes.items():
            if quote.ltp_e4:
                self._add(symbol, quote, frame.at_ns)

    def quote_of(self, symbol: str) -> Quote | None:
        """Return the newest quote of today."""
        price = self.prices.get(symbol)
        return price.quote if price else None

    def last_e4(self, symbol: str) -> int:
        """Return the last price of a symbol today, or yesterday; 0 where there is none."""
        price = self.prices.get(symbol)
        return price.quote.ltp_e4 if price else self._closes_e4.get(symbol, 0)

    def _add(self, symbol: str, quote: Quote, at_ns: int) -> None:
        last_e4 = quote.ltp_e4
        high_e4, low_e4 = max(last_e4, quote.high_e4), min(last_e4, quote.low_e4 or last_e4)
        price = self.prices.get(symbol)
        if price is None:
            close_e4 = self._closes_e4.get(symbol, last_e4)
            price = Price(quote, at_ns, last_e4, high_e4, low_e4, close_e4)
            self.prices[symbol] = price
        price.quote, price.at_ns = quote, at_ns
        price.high_e4, price.low_e4 = max(price.high_e4, high_e4), min(price.low_e4, low_e4)
        price.trades += 1
        price.value_e4 += last_e4
        candle = price.candles.setdefault(
            at_ns - at_ns % _MINUTE_NS, [last_e4, high_e4, low_e4, last_e4, 0]
        )
        candle[1:] = [max(candle[1], high_e4), min(candle[2], low_e4), last_e4, candle[4] + 1]


def figures_of(price: Price, listing: Listing) -> Figures:
    """Return the day so far."""
    lot = listing.contract.lot
    return Figures(
        open_e4=price.open_e4,
        high_e4=price.high_e4,
        low_e4=price.low_e4,
        close_e4=price.close_e4,
        last_quantity=lot,
        average_e4=divide_half_even(price.value_e4, price.trades),
        volume=price.trades * lot,
        buy_quantity=price.quote.bid_quantity,
        sell_quantity=price.quote.ask_quantity,
        traded_ns=price.at_ns,
    )


def depth_of(quote: Quote) -> Depth:
    """Return the depth: the touch, and nothing behind it."""
    nobody = (_NOBODY,) * (_LEVELS - 1)
    bid = Level(quote.bid_e4, quote.bid_quantity, 1) if quote.bid_quantity else _NOBODY
    ask = Level(quote.ask_e4, quote.ask_quantity, 1) if quote.ask_quantity else _NOBODY
    return Depth((bid, *nobody), (ask, *nobody))


def last_of(price: Price, listing: Listing) -> Data:
    """Return what `/quote/ltp` tells."""
    return {"instrument_token": listing.token, "last_price": rupees(price.quote.ltp_e4)}


def ohlc_of(price: Price, listing: Listing) -> Data:
    """Return what `/quote/ohlc` tells."""
    day = {name: rupees(getattr(price, f"{name}_e4")) for name in ("open", "high", "low", "close")}
    return last_of(price, listing) | {"ohlc": day}


def quote_of(price: Price, listing: Listing, band: tuple[int, int] | None) -> Data:
    """Return what `/quote` tells; an index has no book.

    Args:
        price: of the day.
        listing: of what.
        band: lowest and highest price allowed; None: it has none.
    """
    told = ohlc_of(price, listing) | {
        "timestamp": stamp(price.at_ns),
        "net_change": rupees(price.quote.ltp_e4 - price.close_e4),
    }
    if listing.is_index:
        return told
    figures, depth = figures_of(price, listing), depth_of(price.quote)
    low_e4, high_e4 = band or (0, 0)
    return told | {
        "last_trade_time": stamp(price.at_ns),
        "last_quantity": figures.last_quantity,
        "buy_quantity": figures.buy_quantity,
        "sell_quantity": figures.sell_quantity,
        "volume": figures.volume,
        "average_price": rupees(figures.average_e4),
        "oi": 0,
        "oi_day_high": 0,
        "oi_day_low": 0,
        "lower_circuit_limit": rupees(low_e4),
        "upper_circuit_limit": rupees(high_e4),
        "depth": {"buy": _levels(depth.bids), "sell": _levels(depth.asks)},
    }


def _levels(levels: tuple[Level, ...]) -> list[Data]:
    return [
        {"price": rupees(each.price_e4), "quantity": each.quantity, "orders": each.orders}
        for each in levels
    ]


def listed_prices(
    tape: Tape, contracts: Contracts, keys: Sequence[str]
) -> list[tuple[str, Price, Listing]]:
    """Return what is known of instruments by exchange and name, or token; others are left out."""
    found = []
    for key in keys:
        listing = contracts.of_key.get(key)
        if listing is None and key.isdecimal():
            listing = contracts.of_token.get(int(key))
        price = tape.prices.get(listing.contract.symbol) if listing else None
        if listing is not None and price is not None:
            found.append((key, price, listing))
    return found
