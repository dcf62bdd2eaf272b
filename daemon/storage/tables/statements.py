"""The statements by which tables are made and written to, in each dialect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from daemon.domain.instants import DAY_NS, start_of
from daemon.storage.migrating import POSTGRES, SQLITE
from daemon.storage.tables.words import Kind, Table

PARTS = """
    SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = to_regclass(?::text)
"""
"""The query for the parts of a table."""
_OWNER = "owner_id"
_TYPES = {
    SQLITE: {Kind.TEXT: "TEXT", Kind.WHOLE: "INTEGER", Kind.FLAG: "INTEGER"},
    POSTGRES: {Kind.TEXT: "TEXT", Kind.WHOLE: "BIGINT", Kind.FLAG: "BOOLEAN"},
}
_DATED = {
    SQLITE: "strftime('%Y-%m-%d %H:%M:%f', {0} / 1000000 / 1000.0, 'unixepoch', '+330 minutes')",
    POSTGRES: "timestamptz 'epoch' + {0} / 1000 * interval '1 microsecond'",
}
"""An instant as people read it: in India's time, or with its zone."""


def made(table: Table, dialect: str, *, timescale: bool = False) -> Iterator[str]:
    """Yield what makes a table, its indexes, and the view of it in which instants are dated.

    Args:
        table: which.
        dialect: whose.
        timescale: the extension is there, and keeps the days of a table apart by itself.
    """
    types = _TYPES[dialect]
    columns = [f"{_OWNER} TEXT NOT NULL"]
    columns += [
        f"{name} {types[kind]}{' NOT NULL' * (name in table.key)}"
        for name, kind in table.columns.items()
    ]
    columns.append(f"PRIMARY KEY ({_listed(table.key)})")
    cut = table.by_day and dialect == POSTGRES
    kept = " STRICT, WITHOUT ROWID" if dialect == SQLITE else ""
    if cut and not timescale:
        kept = f" PARTITION BY RANGE ({table.by_day})"
    yield f"CREATE TABLE IF NOT EXISTS {table.name} ({', '.join(columns)}){kept}"
    if cut and timescale:
        yield (
            f"SELECT create_hypertable('{table.name}', '{table.by_day}',"
            f" chunk_time_interval => {DAY_NS}::bigint, create_default_indexes => false,"
            " if_not_exists => true)"
        )
    for index in table.indexes:
        name = f"{table.name}_by_{'_'.join(index)}"
        yield f"CREATE INDEX IF NOT EXISTS {name} ON {table.name} ({_listed(index)})"
    told = ", ".join([_OWNER, *(_dated(name, dialect) for name in table.columns)])
    view = "CREATE OR REPLACE VIEW" if dialect == POSTGRES else "CREATE VIEW IF NOT EXISTS"
    yield f"{view} {table.name}_dated AS SELECT {told} FROM {table.name}"  # noqa: S608  our own


def unmade(names: Sequence[str], dialect: str) -> Iterator[str]:
    """Yield what takes tables away, with what hangs on them."""
    rest = " CASCADE" * (dialect == POSTGRES)
    for name in names:
        yield f"DROP VIEW IF EXISTS {name}_dated{rest}"
        yield f"DROP TABLE IF EXISTS {name}{rest}"


def written(table: Table, columns: Sequence[str]) -> str:
    """Return what puts some columns of a row in their place, whether the row is there or not."""
    names = (_OWNER, *columns)
    sets = ", ".join(f"{each} = excluded.{each}" for each in columns if each not in table.key)
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
        f" ON CONFLICT ({_listed(table.key)}) DO {f'UPDATE SET {sets}' if sets else 'NOTHING'}"
    )


def without_days(table: Table) -> str:
    """Return what takes away the rows of days before an instant."""
    return f"DELETE FROM {table.name} WHERE {_OWNER} = ? AND {table.by_day} < ?"  # noqa: S608


def of_day(table: Table, day: date) -> str:
    """Return what makes the part of a table that holds a day, where PostgreSQL keeps it apart."""
    first, last = start_of(day), start_of(day + timedelta(days=1))
    return (
        f"CREATE TABLE IF NOT EXISTS {part_of(table, day)} PARTITION OF {table.name}"
        f" FOR VALUES FROM ({first}) TO ({last})"
    )


def part_of(table: Table, day: date) -> str:
    """Return the name of the part of a table that holds a day."""
    return f"{table.name}_{day:%Y%m%d}"


def _listed(columns: Sequence[str]) -> str:
    return ", ".join((_OWNER, *columns))


def _dated(name: str, dialect: str) -> str:
    if not name.endswith("_ns"):
        return name
    return f"{_DATED[dialect].format(name)} AS {name.removesuffix('_ns')}"
