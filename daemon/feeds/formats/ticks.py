"""Ticks: one price at a time; all ticks of one instant make one frame.

Several trades of one instant leave the last as the price and the lowest and highest beside it. A
tick is news by its own time, also at an unchanged price: quiet is not stale. One without a price
moves the touch alone, and the last trade's price stands. One without bid and ask is a trade alone,
and the last touch stands; where they are told as 0 the book is empty.

Ticks tell the touch and not how much stands there. As much is taken to be on offer on either side
as was traded last; in a file without sizes, whatever is asked for. A note says which.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from msgspec.structs import replace

from daemon.domain.instants import start_of
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.notes import Note, NoteKind
from daemon.errors import DataError
from daemon.feeds.formats.labels import label
from daemon.feeds.formats.table import Table, days_of, median_gap_ns, on_day, rows_of
from daemon.feeds.formats.words import (
    MEMORY,
    ListedStrikes,
    RecordedFrame,
    ReplayOptions,
    Wanted,
    fold_prints,
    keeps,
)

_TIMES = ("time", "timestamp", "datetime")
_PRICES = ("price", "ltp")
_ANY_QUANTITY = 1_000_000_000
"""More than any order is for."""
_BY_LAST_TRADE = "as much is on offer at bid and ask as was traded last: ticks tell no more"
_BY_NOTHING = "any quantity is on offer at bid and ask: the ticks tell no sizes"


def is_ticks(table: Table) -> bool:
    """Return whether a file's columns look like ticks, complete or not."""
    return bool(table.first_of(*_PRICES))


class TickFile:
    """A file of ticks of one or several symbols.

    Raises:
        DataError: there is no column of times.
    """

    stamped_at_close = False
    is_chain = False
    memory = MEMORY

    def __init__(self, table: Table, options: ReplayOptions) -> None:
        self._table = table
        clock = table.first_of(*_TIMES)
        if not clock:
            raise DataError(f"{table.path} looks like ticks but lacks: time")
        named = label(table, options)
        self._symbol = named.sql
        self._time = table.moment_ns(*(("date", clock) if "date" in table.names else (clock,)))
        self.days = days_of(table, self._time)
        first_ns = start_of(self.days[0])
        self._is_sized = "size" in table.names
        texts = [named.text] if named.text else []
        if table.first_of("bid", "ask"):
            texts.append(_BY_LAST_TRADE if self._is_sized else _BY_NOTHING)
        self.notes = tuple(Note(first_ns, NoteKind.BASIS, text) for text in texts)

    def frames(self, day: date, wanted: Wanted = None) -> Iterator[RecordedFrame]:
        """Yield a day's instants."""
        at_ns, content = 0, 0
        quotes: dict[str, Quote] = {}
        sizes: dict[str, int] = {}
        traded: dict[str, int] = {}
        touched: dict[str, tuple[int, int]] = {}
        for tick_ns, symbol, price_e4, bid_e4, ask_e4, is_touch, size, printed in self._rows(day):
            if tick_ns != at_ns:
                if at_ns:
                    yield RecordedFrame(Frame(at_ns, quotes), fold_prints(content))
                at_ns, content, quotes = tick_ns, 0, {}
            content += printed
            if keeps(wanted, symbol):
                if size:  # a tick without a trade leaves the last one's
                    sizes[symbol] = size
                shown = sizes.get(symbol, 0) if self._is_sized else _ANY_QUANTITY
                if price_e4:
                    traded[symbol] = price_e4
                if is_touch:
                    touched[symbol] = bid_e4, ask_e4
                tick = _quote(traded.get(symbol, 0), touched.get(symbol, (0, 0)), shown)
                quotes[symbol] = _joined(quotes[symbol], tick) if symbol in quotes else tick
        if at_ns:
            yield RecordedFrame(Frame(at_ns, quotes), fold_prints(content))

    def interval_ns(self, day: date) -> int:
        """Return the median distance of that day's instants; 0: fewer than two."""
        return median_gap_ns(self._table, self._stage(), day)

    def listed(self, day: date) -> tuple[ListedStrikes, ...]:  # noqa: ARG002  it holds prices alone
        """Return nothing: what was listed is not told."""
        return ()

    def release(self) -> None:
        """Free what was held of the file."""
        self._table.release()

    def _stage(self) -> str:
        table = self._table
        columns = [
            f"{self._time} AS at_ns",
            f"{self._symbol} AS symbol",
            f"{table.price(table.first_of(*_PRICES))} AS price_e4",
            f"{table.price('bid')} AS bid_e4",
            f"{table.price('ask')} AS ask_e4",
            f"{_tells(table, 'bid')} OR {_tells(table, 'ask')} AS is_touch",
            f"{table.quantity('size')} AS size",
            f"hash(at_ns, symbol, price_e4, bid_e4, ask_e4, {table.quantity('size')}) AS content",
            "row_number() OVER () AS line",
        ]
        return table.stage(", ".join(columns))

    def _rows(self, day: date) -> Iterator[tuple[Any, ...]]:
        sql = (
            "SELECT at_ns, symbol, price_e4, bid_e4, ask_e4, is_touch, size, content"  # noqa: S608
            f" FROM {self._stage()}"
            f" WHERE {on_day(day)} AND (price_e4 > 0 OR is_touch) ORDER BY at_ns, line"
        )
        return rows_of(self._table.query(sql))


def _tells(table: Table, name: str) -> str:
    """Return as SQL whether a row has a number in a column, 0 included."""
    if name not in table.names:
        return "false"
    return f"coalesce(NOT isnan({table.number(name)}), false)"


def _quote(price_e4: int, touch: tuple[int, int], shown: int) -> Quote:
    """Return a tick with so much on offer on each side of its touch that has a price."""
    bid_e4, ask_e4 = touch
    return Quote(price_e4, bid_e4, shown if bid_e4 else 0, ask_e4, shown if ask_e4 else 0)


def _joined(before: Quote, tick: Quote) -> Quote:
    """Return the newer tick with the extremes of both; one that has never traded has none."""
    low_e4 = min(before.low_e4 or before.ltp_e4 or tick.ltp_e4, tick.ltp_e4)
    high_e4 = max(before.high_e4, before.ltp_e4, tick.ltp_e4)
    return replace(tick, low_e4=low_e4, high_e4=high_e4)
