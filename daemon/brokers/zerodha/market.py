"""Zerodha's quotes and candles, asked for in as many pieces as the broker allows in one.

A batch holds at most 500 names, and a stretch of candles is as long as its interval permits. What
the broker has no quote of is absent from its answer, and so it is from ours; so is a quote that
cannot be read, beside others that can.

Source: Kite Connect 3, market quotes and historical data; answers of its staff on the stretches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from msgspec import Raw, Struct

from daemon.brokers.zerodha.questions import Kind, Question, asked
from daemon.brokers.zerodha.wire import Reply, amount_e4, data, parsed, whole
from daemon.domain.instants import IST, instant, moment_of
from daemon.domain.market.frames import Quote
from daemon.errors import BrokerMisused, WireGarbled

MOST_QUOTES = 500
SPANS: Mapping[str, int] = MappingProxyType(
    {
        "minute": 60,
        **dict.fromkeys(("3minute", "5minute", "10minute"), 100),
        **dict.fromkeys(("15minute", "30minute"), 200),
        "60minute": 400,
        "day": 2_000,
    }
)
"""Interval -> how many days one answer may span."""


class Quoted(Struct, frozen=True):
    """What one instrument costs, and between which prices it may trade.

    Attributes:
        token: the broker's number of it.
        quote: last price and touch.
        at_ns: when the exchange says that was so; 0: it does not say.
        low_e4: below this no order is taken; 0: there is no bound.
        high_e4: above this no order is taken; 0: there is no bound.
        traded_ns: when the last trade was; 0: it does not say.
    """

    token: int
    quote: Quote
    at_ns: int
    low_e4: int
    high_e4: int
    traded_ns: int = 0


class Bar(Struct, frozen=True):
    """One candle; prices in `_e4`, of derivatives with the open interest at its end."""

    open_ns: int
    open_e4: int
    high_e4: int
    low_e4: int
    close_e4: int
    volume: int
    open_interest: int = 0


class _Level(Struct, frozen=True):
    price: Decimal = Decimal(0)
    quantity: Decimal = Decimal(0)


class _Depth(Struct, frozen=True):
    buy: tuple[_Level, ...] = ()
    sell: tuple[_Level, ...] = ()


class _Quote(Struct, frozen=True):
    instrument_token: int
    last_price: Decimal
    timestamp: str | None = None
    last_trade_time: str | None = None
    lower_circuit_limit: Decimal | None = None
    upper_circuit_limit: Decimal | None = None
    depth: _Depth = _Depth()


class _Row(Struct, frozen=True, array_like=True):
    opened: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    open_interest: Decimal = Decimal(0)


class _Candles(Struct, frozen=True):
    candles: tuple[_Row, ...]


def quotes(names: Sequence[str]) -> Iterator[Question[dict[str, Quoted]]]:
    """Yield the questions for some quotes, in batches.

    Args:
        names: exchange and name of each, `NFO:NIFTY26AUG24350CE`.
    """
    for first in range(0, len(names), MOST_QUOTES):
        batch = names[first : first + MOST_QUOTES]
        yield Question(
            what="the quotes",
            sent=asked("/quote", [("i", name) for name in batch]),
            read=_quoted,
            kind=Kind.QUOTE,
        )


def candles(
    token: int, interval: str, begins_ns: int, ends_ns: int
) -> Iterator[Question[tuple[Bar, ...]]]:
    """Yield the questions for the candles of a stretch, oldest first, none of them twice.

    Args:
        token: the broker's number of the instrument.
        interval: one of `SPANS`.
        begins_ns: the first instant of the stretch; seconds count.
        ends_ns: the last.

    Raises:
        BrokerMisused: there is no such interval.
    """
    if interval not in SPANS:
        raise BrokerMisused(f"there are no candles of a {interval!r} at Zerodha")
    first, last = moment_of(begins_ns), moment_of(ends_ns)
    while first <= last:
        until = min(first + timedelta(days=SPANS[interval]) - timedelta(seconds=1), last)
        yield Question(
            what="the candles",
            sent=asked(
                f"/instruments/historical/{token}/{interval}",
                [("from", _wall(first)), ("to", _wall(until)), ("continuous", 0), ("oi", 1)],
            ),
            read=_bars,
            kind=Kind.HISTORY,
        )
        first = until + timedelta(seconds=1)


def _wall(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _quoted(reply: Reply) -> dict[str, Quoted]:
    try:
        told = data(reply, dict[str, _Quote])
        return {name: _one(quote) for name, quote in told.items()}
    except WireGarbled:
        found = dict(_readable(data(reply, dict[str, Raw])))
        if not found:  # nothing of it is what we know: that is told
            raise
        return found


def _readable(quotes: Mapping[str, Raw]) -> Iterator[tuple[str, Quoted]]:
    for name, quote in quotes.items():
        with suppress(WireGarbled):
            yield name, _one(parsed(quote, _Quote))


def _one(told: _Quote) -> Quoted:
    bid, ask = (side[0] if side else _Level() for side in (told.depth.buy, told.depth.sell))
    quote = Quote(
        amount_e4(told.last_price),
        amount_e4(bid.price),
        whole(bid.quantity),
        amount_e4(ask.price),
        whole(ask.quantity),
    )
    low_e4, high_e4 = amount_e4(told.lower_circuit_limit), amount_e4(told.upper_circuit_limit)
    at_ns = _instant(told.timestamp) if told.timestamp else 0
    traded_ns = _instant(told.last_trade_time) if told.last_trade_time else 0
    return Quoted(told.instrument_token, quote, at_ns, low_e4, high_e4, traded_ns)


def _bars(reply: Reply) -> tuple[Bar, ...]:
    return tuple(map(_bar, data(reply, _Candles).candles))


def _bar(row: _Row) -> Bar:
    return Bar(
        open_ns=_instant(row.opened),
        open_e4=amount_e4(row.open),
        high_e4=amount_e4(row.high),
        low_e4=amount_e4(row.low),
        close_e4=amount_e4(row.close),
        volume=whole(row.volume),
        open_interest=whole(row.open_interest),
    )


def _instant(text: str) -> int:
    """Return the instant of a time on an Indian wall, or of one that names its offset."""
    try:
        moment = datetime.fromisoformat(text)
        return instant(moment if moment.tzinfo else moment.replace(tzinfo=IST))
    except (ValueError, OverflowError) as error:
        raise WireGarbled(f"an answer of Zerodha's holds the time {text[:50]!r}") from error
