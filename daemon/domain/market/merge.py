"""Joining frames that were not read in time: the newest prices, and no extreme lost."""

from __future__ import annotations

from daemon.domain.market.frames import Frame, Quote


def merge(older: Frame, newer: Frame) -> Frame:
    """Return one frame for two: the newer prices, with the range of the trades of both."""
    quotes = dict(older.quotes)
    for symbol, quote in newer.quotes.items():
        before = quotes.get(symbol)
        quotes[symbol] = _ranged(before, quote) if before is not None else quote
    return Frame(newer.at_ns, quotes, newer.exchange_ns)


def _ranged(before: Quote, now: Quote) -> Quote:
    lows = [price for price in (before.low_e4, before.ltp_e4, now.low_e4, now.ltp_e4) if price]
    highs = (before.high_e4, before.ltp_e4, now.high_e4, now.ltp_e4)
    return Quote(
        ltp_e4=now.ltp_e4,
        bid_e4=now.bid_e4,
        bid_quantity=now.bid_quantity,
        ask_e4=now.ask_e4,
        ask_quantity=now.ask_quantity,
        low_e4=min(lows, default=0),
        high_e4=max(highs),
    )
