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
        ('"1,00,000"', 100_000_0000),
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


@pytest.mark.parametrize("text", ["24.500,05", "24500,05", "24,50", ",500"])
def test_a_comma_that_groups_no_thousands_is_refused(tmp_path, text):
    """Elsewhere it divides the whole from its parts, and what is meant nobody can tell."""
    path = tmp_path / "NIFTY.csv"
    path.write_text(f'time,price\n2026-11-18 09:15:00,"{text}"\n')
    with pytest.raises(DataError, match=f"column price holds '{text}', which is no number"):
        list(open_recording(path).frames(DAY))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-18 09:15",
        "2026-11-18T09:15:00",
        " 2026-11-18 9:15:00.000 ",
        "2026/11/18 09:15:00",
        "2026-11-18T03:45:00Z",
        "2026-11-18 03:45:00.0+00",
        "2026-11-18 09:15+05:30",
        "2026-11-17 22:45:00-0500",
        "20261118_091500",
        "20261118 09:15:00",
        "18-Nov-2026 09:15",
    ],
)
def test_a_time_is_read_in_every_form_that_is_taken(tmp_path, text):
    path = tmp_path / "NIFTY.csv"
    path.write_text(f"time,price\n{text},5\n")
    (only,) = open_recording(path).frames(DAY)
    assert only.frame.at_ns == at(DAY, time(9, 15))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-18 03:45:00 UTC",
        "2026-11-18 03:45:00 GMT",
        "2026-11-18 02:15:00 PM",
        "2026-11-18 09:15:00 Asia/Kolkata",
        "2026-11-18 09:15:00+05:30:00",
        "2026-11-18 09:15:00+99:00",
        "18-Nov-2026 02:15 PM",
        "2026-11-18 25:00:00",
        "epoch",
        "",
    ],
)
def test_a_time_of_which_not_every_word_is_understood_is_refused_by_its_place(tmp_path, text):
    """A word that were passed over would move a whole day."""
    path = tmp_path / "NIFTY.csv"
    path.write_text(f"time,price\n2026-11-18 09:14:00,5\n{text},5\n")
    with pytest.raises(DataError) as refused:
        open_recording(path)
    assert f"row 2 holds {text!r}, which is no time: a time" in str(refused.value)
    assert "2026-11-18T03:45:00Z" in str(refused.value)


def test_a_time_that_is_absent_is_refused_by_its_place(tmp_path):
    path = tmp_path / "NIFTY.parquet"
    times = "(VALUES (TIMESTAMP '2026-11-18 09:15:00', 5), (NULL, 6)) AS ticks(time, price)"
    Store().run(path, f"COPY (SELECT * FROM {times}) TO '{path}' (FORMAT parquet)")
    with pytest.raises(DataError, match="row 2 holds '', which is no time"):
        open_recording(path)


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
