from __future__ import annotations

import sys
from datetime import date, time

import pytest

from daemon.domain.instants import at
from daemon.errors import DataError
from daemon.feeds.formats import table as tables
from daemon.feeds.formats.table import Store, Table
from daemon.feeds.replay import open_recording

DAY = date(2026, 11, 18)


@pytest.mark.parametrize(
    ("text", "price_e4"),
    [
        ("24500.05", 24_500_0500),
        ('"24,500.05"', 24_500_0500),
        ("0.1", 1_000),
        ("0.00005", 1),
        ("99999999.9999", 99_999_999_9999),
        ("nan", 0),
        ("inf", 0),
        ("-5", 0),
        ("", 0),
        ("-", 0),
        ("1e300", 0),
    ],
)
def test_prices_become_exact_integers_and_what_is_no_price_becomes_zero(tmp_path, text, price_e4):
    path = tmp_path / "prices.csv"
    path.write_text(f"price\n{text}\n,\n" if text == "" else f"price\n{text}\n")
    table = Table(Store(), path)
    assert table.distinct(table.price("price"))[0] == (price_e4,)


@pytest.mark.parametrize(
    "kind", ["TIMESTAMP", "TIMESTAMP_NS", "VARCHAR", "TIMESTAMP WITH TIME ZONE"]
)
def test_times_of_any_type_are_indian_unless_they_carry_an_offset(tmp_path, kind):
    clock = "2026-11-18 03:45:00+00" if kind.endswith("ZONE") else "2026-11-18 09:15:00"
    path = tmp_path / "NIFTY.parquet"
    selection = f"SELECT CAST('{clock}' AS {kind}) AS time, 1.5 AS price"
    Store().run(path, f"COPY ({selection}) TO '{path}' (FORMAT parquet)")
    (only,) = open_recording(path).frames(DAY)
    assert (only.frame.at_ns, only.frame.quotes["NIFTY"].ltp_e4) == (at(DAY, time(9, 15)), 1_5000)


def test_a_column_of_integers_is_no_time(tmp_path):
    path = tmp_path / "NIFTY.parquet"
    Store().run(path, f"COPY (SELECT 5 AS time, 1.5 AS price) TO '{path}' (FORMAT parquet)")
    with pytest.raises(DataError, match="column time is INTEGER, which is no time"):
        open_recording(path)


def test_a_file_too_large_to_stage_gives_the_same_frames(tmp_path, monkeypatch):
    path = tmp_path / "it's NIFTY.csv"
    path.write_text("time,price\n2026-11-18 09:15:00,5\n2026-11-19 09:15:00,6\n")
    staged = [list(open_recording(path).frames(day)) for day in (DAY, date(2026, 11, 19))]
    monkeypatch.setattr(tables, "STAGED_BYTES", 0)
    recording = open_recording(path)
    assert [list(recording.frames(day)) for day in recording.days()] == staged


def test_without_duckdb_the_refusal_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(DataError, match=r"install ordo\[history\]"):
        Store()
