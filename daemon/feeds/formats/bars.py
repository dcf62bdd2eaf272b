"""Bars: open, high, low and close of a span; each is one frame, stamped at its close.

A bar is known only when its span is over, so its frame carries the close with the low and high of
the span at the instant that the span ends; whoever acts on it has seen nothing of the future. A
bar is news by its own time, also at an unchanged price: quiet is not stale.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

from daemon.domain.instants import start_of
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.notes import Note, NoteKind
from daemon.errors import DataError
from daemon.feeds.formats.labels import label
from daemon.feeds.formats.table import Table, days_of, on_day, rows_of
from daemon.feeds.formats.words import (
    MEMORY,
    ListedStrikes,
    RecordedFrame,
    ReplayOptions,
    Wanted,
    fold_prints,
    keeps,
)

_PRICES = ("open", "high", "low", "close")
_TIMES = ("time", "timestamp", "datetime", "date")


def is_bars(table: Table) -> bool:
    """Return whether a file's columns look like bars, complete or not."""
    return sum(name in table.names for name in _PRICES) > 1


class BarFile:
    """A file of bars of one or several symbols.

    Raises:
        DataError: a column is missing, or the length of a bar cannot be told.
    """

    stamped_at_close = True
    is_chain = False
    memory = MEMORY

    def __init__(self, table: Table, options: ReplayOptions) -> None:
        self._table = table
        missing = [name for name in _PRICES if name not in table.names]
        if not table.first_of(*_TIMES):
            missing.insert(0, "time")
        if missing:
            raise DataError(f"{table.path} looks like bars but lacks: {', '.join(missing)}")
        named = label(table, options)
        self._symbol = named.sql
        self._time = table.moment_ns(*_time_columns(table))
        self.days = days_of(table, self._time)
        self._span_ns = options.span_ns or self._frequent_span()
        first_ns = start_of(self.days[0])
        self.notes: tuple[Note, ...] = ()
        if named.text:
            self.notes = (Note(first_ns, NoteKind.BASIS, named.text),)

    def frames(self, day: date, wanted: Wanted = None) -> Iterator[RecordedFrame]:
        """Yield a day's bars; a bar that repeats a symbol's time is a frame of its own."""
        at_ns, content, seen = 0, 0, set[str]()
        quotes: dict[str, Quote] = {}
        for open_ns, symbol, low_e4, high_e4, close_e4, printed in self._rows(day):
            if open_ns != at_ns or symbol in seen:
                if at_ns:
                    yield self._frame(at_ns, quotes, content)
                at_ns, content, seen, quotes = open_ns, 0, set(), {}
            seen.add(symbol)
            content += printed
            if keeps(wanted, symbol):
                quotes[symbol] = Quote(close_e4, low_e4=low_e4, high_e4=high_e4)
        if at_ns:
            yield self._frame(at_ns, quotes, content)

    def interval_ns(self, day: date) -> int:  # noqa: ARG002 - the same on every day
        """Return the length of a bar."""
        return self._span_ns

    def listed(self, day: date) -> tuple[ListedStrikes, ...]:  # noqa: ARG002  it holds prices alone
        """Return nothing: what was listed is not told."""
        return ()

    def release(self) -> None:
        """Free what was held of the file."""
        self._table.release()

    def _frame(self, open_ns: int, quotes: dict[str, Quote], content: int) -> RecordedFrame:
        return RecordedFrame(Frame(open_ns + self._span_ns, quotes), fold_prints(content))

    def _stage(self) -> str:
        table = self._table
        volumes = (table.quantity(name) for name in ("volume", "oi"))
        prices = [table.price(name) for name in _PRICES]
        columns = [
            f"{self._time} AS at_ns",
            f"{self._symbol} AS symbol",
            *(f"{sql} AS {name}_e4" for sql, name in zip(prices, _PRICES, strict=True)),
            f"hash(at_ns, symbol, {', '.join(prices)}, {', '.join(volumes)}) AS content",
            "row_number() OVER () AS line",
        ]
        return table.stage(", ".join(columns))

    def _rows(self, day: date) -> Iterator[tuple[Any, ...]]:
        sql = (
            f"SELECT at_ns, symbol, low_e4, high_e4, close_e4, content FROM {self._stage()}"  # noqa: S608
            f" WHERE {on_day(day)} AND close_e4 > 0 ORDER BY at_ns, line"
        )
        return rows_of(self._table.query(sql))

    def _frequent_span(self) -> int:
        instants = [row[0] for row in self._table.distinct(self._time)]
        gaps: list[int] = [later - earlier for earlier, later in pairwise(instants)]
        if not gaps:
            raise DataError(f"{self._table.path} has one bar only: its length must be given")
        return statistics.mode(gaps)


def _time_columns(table: Table) -> tuple[str, ...]:
    """Return the column of the time, or those of the date and the time of day."""
    if "date" in table.names and "time" in table.names:
        return ("date", "time")
    return (table.first_of(*_TIMES),)
