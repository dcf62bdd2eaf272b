"""Option-chain snapshots: each collection of the whole chain is one frame.

The collection time is the replay clock; `Fetch_Time`, where present, the exchange's. Two sets of
column names are known, with an expiry column and (2019) without; in the second every row is read
as the front contract of its day, and a note says so. A snapshot has one row for each expiry and
strike: where two contradict each other, no order of reading is right, and the day is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from msgspec import Struct

from daemon.domain.instants import start_of
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.instruments import Kind, symbol_of
from daemon.domain.market.notes import Note, NoteKind
from daemon.errors import DataError
from daemon.feeds.formats.chain_faults import refuse_cells, refuse_conflicts
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

_EMPTY = Quote(0)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_NO_CONTENT = frozenset(
    {"collection_timestamp", "snapshot", "snap", "fetch_time", "date"}
    | {"calls_iv", "puts_iv", "calliv", "putiv"}
)
"""Clocks, and volatilities: those are worked out by the vendor, also anew from unchanged prices."""
_PARTS = ("ltp", "bid_price", "bid_qty", "ask_price", "ask_qty")
_SIDES = tuple(f"{side}_{part}" for side in ("call", "put") for part in _PARTS)
_PRICES = " + ".join(name for name in _SIDES if not name.endswith("qty"))
_BASIS = (
    "the recording names no expiry: every contract is read as the front contract of its day, "
    "such as {} on the first"
)

Front = Callable[[str, date], date]


class Vocabulary(Struct, frozen=True):
    """One way of naming a chain's columns.

    Attributes:
        times: the collection time, the first that is there.
        strike: the strike.
        expiry: the expiry; empty: these files have none.
        call: what goes before a call's columns.
        put: what goes before a put's columns.
        joiner: what stands between the words of a part, such as bid and price.
    """

    times: tuple[str, ...]
    strike: str
    expiry: str
    call: str
    put: str
    joiner: str

    def parts(self) -> tuple[str, ...]:
        """Return the columns of both sides, in the order of `_SIDES`."""
        sides = ((side, part) for side in (self.call, self.put) for part in _PARTS)
        return tuple(side + part.replace("_", self.joiner) for side, part in sides)


DATED = Vocabulary(
    ("collection_timestamp", "snapshot"), "strike_price", "expiry_date", "calls_", "puts_", "_"
)
UNDATED = Vocabulary(("snap", "snapshot"), "strikeprice", "", "call", "put", "")


def is_chain(table: Table) -> bool:
    """Return whether a file's columns look like a chain, complete or not."""
    return any(
        name in ("strike_price", "strikeprice") or name.startswith(("calls_", "puts_"))
        for name in table.names
    )


class ChainFile:
    """A file of chain snapshots.

    Raises:
        DataError: a column is missing, or its expiries are and nobody can tell them.
    """

    stamped_at_close = False
    is_chain = True

    def __init__(self, table: Table, options: ReplayOptions) -> None:
        self._table = table
        self._words = UNDATED if "strikeprice" in table.names else DATED
        self._front = options.front
        self._is_checked = False
        self._refuse_missing()
        named = label(table, options)
        self._underlying = named.sql
        self._time = table.moment_ns(table.first_of(*self._words.times))
        self.days = days_of(table, self._time)
        # Traded volume only grows, so no content comes back rightly; prices alone may.
        self.memory = MEMORY if any("volume" in name for name in table.names) else 1
        self.notes = self._notes(named.text)

    def frames(self, day: date, wanted: Wanted = None) -> Iterator[RecordedFrame]:
        """Yield a day's snapshots; quotes hold every contract that has a price, or had one before.

        A snapshot is whole: what it shows no price of any more, a contract or the spot, is quoted
        as empty, once. One without a single price says nothing of its contracts, and without a
        spot nothing of that.

        Raises:
            DataError: a cell is not what its column says, or rows contradict each other.
        """
        refuse_conflicts(self._table, self._stage(), day, _SIDES)
        rows = self._rows(day, wanted)
        row = next(rows, None)
        symbols = _Symbols(day, self._front, wanted)
        spots = self._spots(day)
        known: tuple[int, dict[str, int]] = (0, {})
        shown: dict[str, Quote] = {}
        for at_ns, exchange_ns, content, priced in self._snapshots(day):
            told = spots.get(at_ns, {})
            levels = dict.fromkeys(known[1], 0) | told if priced else told
            index = {name: Quote(ltp) for name, ltp in levels.items() if keeps(wanted, name)}
            quotes = dict[str, Quote]()
            while row is not None and row[0] == at_ns:
                _quote_into(quotes, symbols[row[1:4]], row)
                row = next(rows, None)
            gone = {symbol: _EMPTY for symbol in shown if symbol not in quotes} if priced else {}
            shown = quotes if priced else shown
            # A chain without a single price says nothing; only its spot may have moved.
            spot = told if priced else known[1] | told
            repeats = not priced and known[0] and spot == known[1]
            known = (known[0] if repeats else fold_prints(content), spot)
            yield RecordedFrame(Frame(at_ns, index | gone | quotes, exchange_ns), known[0])

    def interval_ns(self, day: date) -> int:
        """Return the median distance of that day's snapshots; 0: fewer than two."""
        return median_gap_ns(self._table, self._stage(), day)

    def listed(self, day: date) -> tuple[ListedStrikes, ...]:
        """Return every strike that has a row that day, priced or not, by expiry."""
        rows = self._table.query(
            f"SELECT underlying, expiry, list(DISTINCT strike) FROM {self._stage()}"  # noqa: S608
            f" WHERE {on_day(day)} GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        return tuple(
            ListedStrikes(name, _expiry(name, days, day, self._front), tuple(sorted(strikes)))
            for name, days, strikes in rows
        )

    def release(self) -> None:
        """Free what was held of the file."""
        self._table.release()

    def _refuse_missing(self) -> None:
        words, table = self._words, self._table
        missing = [name for name in (*words.parts(), words.strike) if name not in table.names]
        if words.expiry and words.expiry not in table.names:
            missing.append(words.expiry)
        if not table.first_of(*words.times):
            missing.append(" or ".join(words.times))
        if missing:
            raise DataError(f"{table.path} looks like a chain but lacks: {', '.join(missing)}")
        if not words.expiry and self._front is None:
            raise DataError(f"{table.path} names no expiry, and no expiry calendar was given")

    def _notes(self, mislabelled: str) -> tuple[Note, ...]:
        texts = [mislabelled] if mislabelled else []
        if self._front is not None and not self._words.expiry:
            underlying = self._table.distinct(self._underlying)[0][0]
            texts.append(_BASIS.format(self._front(underlying, self.days[0])))
        first_ns = start_of(self.days[0])
        return tuple(Note(first_ns, NoteKind.BASIS, text) for text in texts)

    def _stage(self) -> str:
        table, words = self._table, self._words
        self._refuse_cells()
        content = ", ".join(table.column(name) for name in table.names if name not in _NO_CONTENT)
        expiry = f"day_of({table.column(words.expiry)}) - DATE '1970-01-01'" if words.expiry else 0
        exchange = table.moment_ns("fetch_time") if "fetch_time" in table.names else "0"
        columns = [
            f"{self._time} AS at_ns",
            f"{exchange} AS exchange_ns",
            f"{self._underlying} AS underlying",
            f"{expiry} AS expiry",
            f"{table.price(words.strike)} AS strike",
            f"{table.price('currentval')} AS spot",
            f"hash({content}) AS content",
        ]
        for name, column in zip(_SIDES, words.parts(), strict=True):
            cast = table.quantity if name.endswith("qty") else table.price
            columns.append(f"{cast(column)} AS {name}")
        return table.stage(", ".join(columns))

    def _refuse_cells(self) -> None:
        """Look at every cell once, before anything is made of them."""
        if not self._is_checked:
            spot = ("currentval",) if "currentval" in self._table.names else ()
            numbers = (*self._words.parts(), *spot)
            refuse_cells(self._table, self._words.expiry, self._words.strike, numbers)
            self._is_checked = True

    def _snapshots(self, day: date) -> list[tuple[Any, ...]]:
        sql = (
            "SELECT at_ns, coalesce(max(exchange_ns), 0), sum(content) + count(*),"  # noqa: S608
            f" count_if({_PRICES} > 0)"
            f" FROM {self._stage()} WHERE {on_day(day)} GROUP BY at_ns ORDER BY at_ns"
        )
        return self._table.query(sql).fetchall()

    def _spots(self, day: date) -> dict[int, dict[str, int]]:
        sql = (
            f"SELECT at_ns, underlying, max(spot) FROM {self._stage()}"  # noqa: S608
            f" WHERE spot > 0 AND {on_day(day)} GROUP BY ALL ORDER BY ALL"
        )
        spots: dict[int, dict[str, int]] = {}
        for at_ns, underlying, spot_e4 in self._table.query(sql).fetchall():
            spots.setdefault(at_ns, {})[underlying] = spot_e4
        return spots

    def _rows(self, day: date, wanted: Wanted) -> Iterator[tuple[Any, ...]]:
        sql = (
            f"SELECT at_ns, underlying, expiry, strike, {', '.join(_SIDES)} FROM {self._stage()}"  # noqa: S608
            f" WHERE {on_day(day)} AND {_PRICES} > 0{self._narrowed(day, wanted)}"
            f" ORDER BY at_ns, underlying, expiry, strike, {', '.join(_SIDES)}"
        )
        return rows_of(self._table.query(sql))

    def _narrowed(self, day: date, wanted: Wanted) -> str:
        """Return a condition that keeps the strikes of wanted symbols, and few others."""
        if wanted is None:
            return ""
        symbols = _Symbols(day, self._front, wanted)
        contracts = self._table.query(
            f"SELECT DISTINCT underlying, expiry, strike FROM {self._stage()} WHERE {on_day(day)}"  # noqa: S608
        ).fetchall()
        strikes = sorted({strike for *key, strike in contracts if any(symbols[*key, strike])})
        return f" AND strike IN ({', '.join(map(str, strikes)) or 'NULL'})"


class _Symbols(dict[tuple[str, int, int], tuple[str, str]]):
    """The call's and the put's symbol of one (underlying, expiry, strike); empty: not wanted."""

    def __init__(self, day: date, front: Front | None, wanted: Wanted) -> None:
        super().__init__()
        self._day = day
        self._front = front
        self._wanted = wanted

    def __missing__(self, key: tuple[str, int, int]) -> tuple[str, str]:
        underlying, expiry_days, strike_e4 = key
        expiry = _expiry(underlying, expiry_days, self._day, self._front)
        both = (symbol_of(underlying, expiry, strike_e4, kind) for kind in (Kind.CALL, Kind.PUT))
        call, put = (symbol if keeps(self._wanted, symbol) else "" for symbol in both)
        self[key] = (call, put)
        return call, put


def _expiry(underlying: str, expiry_days: int, day: date, front: Front | None) -> date:
    """Return the day of an expiry; where the file names none, the front one."""
    if not expiry_days and front is not None:
        return front(underlying, day)
    return date.fromordinal(_EPOCH_ORDINAL + expiry_days)


def _quote_into(quotes: dict[str, Quote], symbols: tuple[str, str], row: tuple[Any, ...]) -> None:
    """Add the quotes of one row's call and put where they are wanted and have a price."""
    call, put = symbols
    if call and (row[4] or row[5] or row[7]):
        quotes[call] = Quote(row[4], row[5], row[6], row[7], row[8])
    if put and (row[9] or row[10] or row[12]):
        quotes[put] = Quote(row[9], row[10], row[11], row[12], row[13])
