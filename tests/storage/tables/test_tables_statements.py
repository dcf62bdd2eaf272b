"""How tables are made in each dialect."""

from __future__ import annotations

from datetime import date

import pytest

from daemon.domain.instants import DAY_NS
from daemon.storage.migrating import POSTGRES, SQLITE
from daemon.storage.tables.statements import made, of_day, unmade, written
from daemon.storage.tables.words import Kind, Table

TABLE = Table(
    "prices",
    {"symbol": Kind.TEXT, "at_ns": Kind.WHOLE, "price_e4": Kind.WHOLE, "late": Kind.FLAG},
    ("symbol", "at_ns"),
    (("at_ns",),),
    by_day="at_ns",
)


def test_a_table_has_its_owner_in_front_of_key_and_indexes():
    table, index, view = made(TABLE, SQLITE)

    assert table == (
        "CREATE TABLE IF NOT EXISTS prices (owner_id TEXT NOT NULL, symbol TEXT NOT NULL,"
        " at_ns INTEGER NOT NULL, price_e4 INTEGER, late INTEGER,"
        " PRIMARY KEY (owner_id, symbol, at_ns)) STRICT, WITHOUT ROWID"
    )
    assert index == "CREATE INDEX IF NOT EXISTS prices_by_at_ns ON prices (owner_id, at_ns)"
    assert view.startswith("CREATE VIEW IF NOT EXISTS prices_dated AS SELECT owner_id, symbol, str")


def test_without_the_extension_postgres_keeps_days_apart_in_parts():
    table, *_ = made(TABLE, POSTGRES)

    assert table.endswith("PRIMARY KEY (owner_id, symbol, at_ns)) PARTITION BY RANGE (at_ns)")
    part = of_day(TABLE, date(2026, 3, 9))
    assert part == (
        "CREATE TABLE IF NOT EXISTS prices_20260309 PARTITION OF prices"
        " FOR VALUES FROM (1772994600000000000) TO (1773081000000000000)"
    )


def test_with_it_the_table_is_a_hypertable_of_days():
    """What the extension does then it does by itself; it needs the instant in each unique key."""
    table, hypertable, *_ = made(TABLE, POSTGRES, timescale=True)

    assert "PARTITION" not in table
    assert hypertable == (
        "SELECT create_hypertable('prices', 'at_ns',"
        f" chunk_time_interval => {DAY_NS}::bigint, create_default_indexes => false,"
        " if_not_exists => true)"
    )
    assert TABLE.by_day in TABLE.key


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRES])
def test_a_table_of_no_days_is_one_piece(dialect):
    whole = Table("one", {"id": Kind.TEXT}, ("id",))

    assert not any("PARTITION" in each or "hyper" in each for each in made(whole, dialect))
    assert written(whole, ["id"]).endswith("ON CONFLICT (owner_id, id) DO NOTHING")


def test_a_row_takes_the_columns_that_it_is_given():
    assert written(TABLE, ["at_ns", "price_e4", "symbol"]) == (
        "INSERT INTO prices (owner_id, at_ns, price_e4, symbol) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (owner_id, symbol, at_ns) DO UPDATE SET price_e4 = excluded.price_e4"
    )


def test_what_hangs_on_a_table_goes_with_it():
    assert list(unmade(["prices"], POSTGRES)) == [
        "DROP VIEW IF EXISTS prices_dated CASCADE",
        "DROP TABLE IF EXISTS prices CASCADE",
    ]
    assert list(unmade(["prices"], SQLITE))[1] == "DROP TABLE IF EXISTS prices"
