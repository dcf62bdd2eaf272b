"""A file as a table: DuckDB reads Parquet and CSV (also gzipped) and casts prices to integers.

Prices become `_e4` integers inside SQL, exact to the last digit; what is no number or not above
zero becomes 0, which says that there is no price. A file is staged in memory as the few integer
columns that frames are made of; one that is too large for that is read anew for each day.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from daemon.domain.instants import DAY_NS, day_of, start_of
from daemon.errors import DataError

STAGED_BYTES = 64 * 1024 * 1024
"""Files up to this size are staged; larger ones are views."""
_ROWS_AT_ONCE = 20_000
_IST_NS = 19_800_000_000_000
_SUFFIXES = (".parquet", ".csv", ".csv.gz")
_MOMENTS = ", ".join(
    f"'{day}{clock}'"
    for day, clock in (
        ("%Y%m%d", "_%H%M%S"),
        ("%Y%m%d", " %H:%M:%S"),
        ("%Y%m%d", " %H:%M"),
        ("%d-%b-%Y", " %H:%M:%S"),
        ("%d-%b-%Y", " %H:%M"),
    )
)
_DAYS = "'%d-%b-%Y', '%d%b%Y', '%d-%m-%Y', '%Y%m%d'"
_DATE = r"\s*\d{4}[-/]\d{1,2}[-/]\d{1,2}"
_CLOCK = r"[T\s]\s*\d{1,2}:\d{2}(:\d{2}(\.\d*)?)?"
_PLAIN = rf"{_DATE}({_CLOCK})?\s*"
_OFFSET = rf"{_DATE}{_CLOCK}(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?)\s*"
_TAKEN = (
    "a time is written as 2026-11-18 09:15:00, as 2026-11-18T03:45:00Z or with another offset, "
    "as 20261118 09:15:00 or as 18-Nov-2026 09:15:00, and nothing follows it"
)
_GROUPED = r"\s*[+-]?\d{1,3}(,\d{2,3})*,\d{3}(\.\d*)?\s*"
_MACROS = rf"""
CREATE MACRO above_zero(x) AS coalesce(greatest(x, 0), 0);
CREATE MACRO e4(x) AS above_zero(
  CASE WHEN isfinite(x) THEN TRY_CAST(round(x * 10000) AS BIGINT) END);
CREATE MACRO units(x) AS above_zero(
  CASE WHEN isfinite(x) THEN TRY_CAST(round(x) AS BIGINT) END);
CREATE MACRO wall_ns(t) AS epoch_us(t) * 1000 - {_IST_NS};
CREATE MACRO moment_ns(x) AS CASE
  WHEN regexp_full_match(x, '{_PLAIN}') THEN wall_ns(TRY_CAST(x AS TIMESTAMP))
  WHEN regexp_full_match(x, '{_OFFSET}') THEN epoch_us(TRY_CAST(x AS TIMESTAMPTZ)) * 1000
  WHEN regexp_matches(x, '^\s*\d') THEN wall_ns(try_strptime(x, [{_MOMENTS}])) END;
CREATE MACRO ungrouped(x) AS CASE
  WHEN NOT contains(x, ',') OR regexp_full_match(x, '{_GROUPED}') THEN replace(x, ',', '') END;
CREATE MACRO day_of(x) AS coalesce(TRY_CAST(x AS DATE), try_strptime(x, [{_DAYS}])::DATE);
"""
_CSV = "delim = ',', all_varchar = true"
_HEADERLESS = ("time", "price", "size", "bid", "ask")


_NO_PRICE = "'', '-', 'na', 'n/a', 'nan', 'none', 'null'"


class Result(Protocol):
    """The rows that a statement found."""

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row."""
        ...

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        """Return the next rows, at most so many."""
        ...

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows that are left."""
        ...


class Store:
    """One in-memory database, for all the files of one recording."""

    def __init__(self) -> None:
        try:
            duckdb: Any = importlib.import_module("duckdb")
        except ImportError as missing:
            raise DataError("recordings need DuckDB: install ordo[history]") from missing
        self._error: type[BaseException] = duckdb.Error
        spill = str(Path(tempfile.gettempdir()) / "ordo-replay")
        self._database: Any = duckdb.connect(
            config={"memory_limit": "512MB", "threads": 2, "temp_directory": spill}
        )
        self._database.execute(_MACROS)
        self._staged = 0

    def next_name(self) -> str:
        """Return a name for a staged table that no other has."""
        self._staged += 1
        return f"staged_{self._staged}"

    def run(self, path: Path, sql: str) -> Result:
        """Run one statement about a file on a cursor of its own.

        Raises:
            DataError: the file cannot be read so.
        """
        if self._database is None:
            raise DataError(f"{path} cannot be read any more: the recording was closed")
        try:
            found: Result = self._database.cursor().execute(sql)
        except self._error as refused:
            first_line = str(refused).splitlines()[0]
            raise DataError(f"{path} cannot be read: {first_line}") from refused
        return found

    def close(self) -> None:
        """Free everything, the connection itself included; twice does no harm."""
        if self._database is not None:
            self._database.close()
            self._database = None


class Table:
    """One file with its columns.

    Attributes:
        path: the file.
        names: its columns, lower-case and without blanks, each with its type in SQL.
        clocks: the texts of its times as SQL, each by the SQL of the instants that they say.
    """

    def __init__(self, store: Store, path: Path) -> None:
        self.path = path
        self._store = store
        self._relation = _relation(store, path)
        described = store.run(path, f"DESCRIBE SELECT * FROM {self._relation}").fetchall()  # noqa: S608
        self._columns = {_plain(row[0]): str(row[0]) for row in described}
        self.names = {_plain(row[0]): str(row[1]) for row in described}
        self._staged = ""
        self._texts: set[str] = set()
        self.clocks: dict[str, str] = {}

    def first_of(self, *names: str) -> str:
        """Return the first of these columns that the file has; empty where it has none."""
        return next((name for name in names if name in self.names), "")

    def column(self, name: str) -> str:
        """Return a column as SQL."""
        return '"' + self._columns[name].replace('"', '""') + '"'

    def number(self, name: str) -> str:
        """Return a column's numbers as SQL; text may group by commas: 24,500.05 or 1,00,000."""
        column = self.column(name)
        if self.names[name] == "VARCHAR":
            self._texts.add(name)
            return f"TRY_CAST(ungrouped({column}) AS DOUBLE)"
        return f"TRY_CAST({column} AS DOUBLE)"

    def price(self, name: str) -> str:
        """Return a column's prices in `_e4` as SQL; a column that is absent has none."""
        return f"e4({self.number(name)})" if name in self.names else "0"

    def quantity(self, name: str) -> str:
        """Return a column's whole units as SQL; a column that is absent has none."""
        return f"units({self.number(name)})" if name in self.names else "0"

    def moment_ns(self, *names: str) -> str:
        """Return an instant as SQL: one column, or a date and a time; Indian unless offset.

        Raises:
            DataError: the column's type holds no time.
        """
        kind = self.names[names[0]]
        if len(names) > 1 or kind == "VARCHAR":
            joined = " || ' ' || ".join(f"CAST({self.column(name)} AS VARCHAR)" for name in names)
            self.clocks[f"moment_ns({joined})"] = joined
            return f"moment_ns({joined})"
        if kind == "TIMESTAMP WITH TIME ZONE":
            return f"epoch_us({self.column(names[0])}) * 1000"
        if kind.startswith(("TIMESTAMP", "DATE")):
            return f"wall_ns(CAST({self.column(names[0])} AS TIMESTAMP))"
        raise DataError(f"{self.path}: column {names[0]} is {kind}, which is no time")

    def distinct(self, expression: str) -> list[tuple[Any, ...]]:
        """Return the distinct values of an expression over the whole file, in order."""
        sql = f"SELECT DISTINCT {expression} AS value FROM {self._relation} ORDER BY value"  # noqa: S608
        return self.query(sql).fetchall()

    def query(self, sql: str) -> Result:
        """Run a statement; see `Store.run`."""
        return self._store.run(self.path, sql)

    def stage(self, selection: str) -> str:
        """Return the name of a staged selection of this file, making it at first need."""
        if not self._staged:
            self._refuse_unreadable()
            self._staged = self._store.next_name()
            kind = "TABLE" if self.path.stat().st_size <= STAGED_BYTES else "VIEW"
            self.query(f"CREATE {kind} {self._staged} AS SELECT {selection} FROM {self._relation}")  # noqa: S608
        return self._staged

    def _refuse_unreadable(self) -> None:
        """Refuse text that stands where a number should and is none of the ways to say none.

        Raises:
            DataError: names the column and the first such text.
        """
        for name in sorted(self._texts):
            column = self.column(name)
            bad = self.query(
                f"SELECT {column} FROM {self._relation} WHERE {self.number(name)} IS NULL"  # noqa: S608
                f" AND lower(trim({column})) NOT IN ({_NO_PRICE}) LIMIT 1"
            ).fetchone()
            if bad is not None:
                raise DataError(f"{self.path}: column {name} holds {bad[0]!r}, which is no number")

    def release(self) -> None:
        """Drop what was staged."""
        if self._staged and self.path.stat().st_size <= STAGED_BYTES:
            self.query(f"DROP TABLE {self._staged}")
            self._staged = ""


def days_of(table: Table, moment_ns: str) -> tuple[date, ...]:
    """Return the days that a file has rows of.

    Args:
        table: the file.
        moment_ns: its instants as SQL.

    Raises:
        DataError: a time cannot be read, or there is no row.
    """
    found = table.distinct(f"({moment_ns} + {_IST_NS}) // {DAY_NS}")
    if not found:
        raise DataError(f"{table.path} has no rows")
    if any(day is None for (day,) in found):
        raise DataError(f"{table.path}: {_unread(table, moment_ns)}, which is no time: {_TAKEN}")
    return tuple(day_of(day * DAY_NS) for (day,) in found)


def _unread(table: Table, moment_ns: str) -> str:
    """Return the place and the text of the first time that cannot be read; there is one."""
    text = table.clocks.get(moment_ns, "''")
    place = f"{{'row': row_number() OVER (), 'text': coalesce({text}, '')}}"
    ((first,), *_) = table.distinct(f"CASE WHEN {moment_ns} IS NULL THEN {place} END")
    return f"row {first['row']} holds {first['text']!r}"


def rows_of(found: Result) -> Iterator[tuple[Any, ...]]:
    """Yield a result's rows, a bounded number of them in memory."""
    while rows := found.fetchmany(_ROWS_AT_ONCE):
        yield from rows


def on_day(day: date) -> str:
    """Return the condition in SQL that a row is of that day in India."""
    first_ns = start_of(day)
    return f"at_ns >= {first_ns} AND at_ns < {first_ns + DAY_NS}"


def median_gap_ns(table: Table, staged: str, day: date) -> int:
    """Return the median distance in ns between a day's instants; 0: fewer than two."""
    found = table.query(
        "SELECT median(gap) FROM (SELECT at_ns - lag(at_ns) OVER (ORDER BY at_ns) AS gap"  # noqa: S608
        f" FROM (SELECT DISTINCT at_ns FROM {staged} WHERE {on_day(day)}))"
    ).fetchone()
    return int(found[0] or 0) if found else 0


def is_recording(path: Path) -> bool:
    """Return whether a file's name says that it may hold recorded data."""
    return path.name.lower().endswith(_SUFFIXES)


def _relation(store: Store, path: Path) -> str:
    """Return a file as a relation in SQL.

    Raises:
        DataError: neither Parquet nor CSV, or it cannot be opened.
    """
    if not is_recording(path):
        raise DataError(f"{path} is neither of {', '.join(_SUFFIXES)}")
    quoted = str(path).replace("'", "''")
    if path.name.lower().endswith(".parquet"):
        return f"read_parquet('{quoted}')"
    first = store.run(
        path,
        f"SELECT * FROM read_csv('{quoted}', header = false, {_CSV}) LIMIT 1",  # noqa: S608
    ).fetchone()
    if first is None:
        raise DataError(f"{path} is empty")
    if any(_is_number(cell) for cell in first):
        names = ", ".join(f"'{name}'" for name in _HEADERLESS[: len(first)])
        return f"read_csv('{quoted}', header = false, {_CSV}, names = [{names}])"
    return f"read_csv('{quoted}', header = true, {_CSV})"


def _is_number(cell: str | None) -> bool:
    return bool(cell) and str(cell).replace(".", "", 1).isdigit()


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_")
