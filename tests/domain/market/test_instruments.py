from __future__ import annotations

import csv
import gzip
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.market.instruments import (
    Exchange,
    Kind,
    Parts,
    contract,
    exchange_of,
    indices,
    is_index,
    notes_for,
    parse_symbol,
    parts_of,
    symbol_of,
)
from daemon.domain.money import e4
from daemon.errors import RuleUnknown
from tests.kit.recordings import data_path

TODAY = date(2026, 11, 20)
SYMBOLS = {
    "NIFTY": Parts("NIFTY", Kind.INDEX),
    "RELIANCE": Parts("RELIANCE", Kind.EQUITY),
    "BAJAJ-AUTO": Parts("BAJAJ-AUTO", Kind.EQUITY),
    "M&M": Parts("M&M", Kind.EQUITY),
    "360ONE": Parts("360ONE", Kind.EQUITY),
    "NIFTY-2026-11-23-FUT": Parts("NIFTY", Kind.FUTURE, date(2026, 11, 23)),
    "NIFTY-2026-11-23-24550-CE": Parts("NIFTY", Kind.CALL, date(2026, 11, 23), e4(24550)),
    "NIFTY-2026-11-23-24550.5-PE": Parts("NIFTY", Kind.PUT, date(2026, 11, 23), e4("24550.5")),
    "BAJAJ-AUTO-2026-11-23-172.25-PE": Parts(
        "BAJAJ-AUTO", Kind.PUT, date(2026, 11, 23), e4("172.25")
    ),
}


@pytest.mark.parametrize(("symbol", "parts"), SYMBOLS.items())
def test_a_symbol_and_its_parts_say_the_same(symbol, parts):
    assert parse_symbol(symbol) == parts_of(symbol) == parts
    assert symbol_of(parts.underlying, parts.expiry, parts.strike_e4, parts.kind) == symbol


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nifty",
        "NIFTY ",
        "NIFTY-",
        "NIFTY-FUT",
        "NIFTY-CE",
        "NIFTY-2026-11-23",
        "NIFTY-2026-11-23-CE",
        "NIFTY-2026-11-23-24550",
        "NIFTY-2026-11-23-24550-XX",
        "NIFTY-2026-11-23-24550.50-CE",
        "NIFTY-2026-11-23-024550-CE",
        "NIFTY-2026-11-23-24550.12345-CE",
        "NIFTY-2026-11-23-0-CE",
        "NIFTY-2026-11-23--5-CE",
        "NIFTY-2026-02-30-FUT",
        "-2026-11-23-FUT",
    ],
)
def test_what_is_not_spelt_as_the_one_symbol_is_refused_with_the_word(text):
    with pytest.raises(ValueError, match=r"no symbol|does not exist"):
        parse_symbol(text)
    assert parts_of(text) is None


@given(
    underlying=st.sampled_from(["NIFTY", "SENSEX", "RELIANCE", "M&M", "BAJAJ-AUTO"]),
    expiry=st.dates(date(2019, 1, 1), date(2035, 12, 31)),
    strike_e4=st.integers(1, 10**10),
    kind=st.sampled_from([Kind.CALL, Kind.PUT, Kind.FUTURE]),
)
def test_parsing_undoes_writing(underlying, expiry, strike_e4, kind):
    strike_e4 = strike_e4 if kind.is_option else 0
    expected = Parts(underlying, kind, expiry, strike_e4)
    assert parse_symbol(symbol_of(underlying, expiry, strike_e4, kind)) == expected


def test_an_index_is_known_by_name_and_any_other_word_is_an_equity():
    assert {name for name, where in indices().items() if where is Exchange.BSE} == {
        "SENSEX",
        "BANKEX",
    }
    assert is_index("NIFTYNXT50")
    assert not is_index("RELIANCE")
    assert exchange_of("SENSEX") is Exchange.BSE
    assert exchange_of("RELIANCE") is Exchange.NSE


@pytest.mark.parametrize(
    ("underlying", "expiry", "day", "lot"),
    [
        ("NIFTY", "2019-05-30", "2019-05-07", 75),
        ("NIFTY", "2021-07-22", "2021-07-20", 75),
        ("NIFTY", "2021-07-29", "2021-07-20", 50),
        ("NIFTY", "2021-08-05", "2021-08-02", 50),
        ("NIFTY", "2024-04-25", "2024-04-25", 50),
        ("NIFTY", "2024-05-02", "2024-04-26", 25),
        ("NIFTY", "2024-12-19", "2024-12-19", 25),
        ("NIFTY", "2025-01-02", "2025-01-02", 75),
        ("NIFTY", "2025-01-30", "2025-01-02", 25),
        ("NIFTY", "2025-02-27", "2025-01-02", 75),
        ("NIFTY", "2025-12-23", "2025-12-23", 75),
        ("NIFTY", "2025-12-30", "2025-12-23", 75),
        ("NIFTY", "2026-01-06", "2025-12-23", 65),
        ("NIFTY", "2026-01-27", "2025-12-23", 65),
        ("NIFTY", "2026-03-30", "2025-12-23", 75),
        ("NIFTY", "2026-03-30", "2025-12-31", 65),
        ("NIFTY", "2026-11-23", "2026-11-20", 65),
        ("BANKNIFTY", "2024-06-26", "2024-06-03", 15),
        ("BANKNIFTY", "2025-06-26", "2025-06-02", 30),
        ("BANKNIFTY", "2025-09-25", "2025-04-24", 30),
        ("BANKNIFTY", "2025-09-30", "2025-08-29", 35),
        ("BANKNIFTY", "2026-11-23", "2026-11-20", 30),
        ("FINNIFTY", "2025-12-30", "2025-12-01", 65),
        ("FINNIFTY", "2026-11-23", "2026-11-20", 60),
        ("MIDCPNIFTY", "2025-12-30", "2025-12-01", 140),
        ("MIDCPNIFTY", "2026-11-23", "2026-11-20", 120),
        ("NIFTYNXT50", "2026-11-23", "2026-11-20", 25),
        ("SENSEX", "2026-11-26", "2026-11-20", 20),
        ("BANKEX", "2026-11-26", "2026-11-20", 30),
    ],
)
def test_a_lot_belongs_to_the_contract(underlying, expiry, day, lot):
    found = contract(f"{underlying}-{expiry}-FUT", date.fromisoformat(day), strict=False)
    assert found.lot == lot


@pytest.mark.parametrize(
    ("symbol", "day", "what"),
    [
        ("BANKNIFTY-2019-05-30-FUT", date(2019, 5, 7), "lot"),
        ("RELIANCE-2026-11-23-FUT", TODAY, "lot"),
        ("NIFTY-2018-11-29-FUT", date(2018, 11, 1), "lot"),
        ("RELIANCE", date(2018, 11, 1), "tick"),
    ],
)
def test_what_the_tables_do_not_know_is_refused_even_in_a_replay(symbol, day, what):
    with pytest.raises(RuleUnknown, match=f"instruments.toml does not know the {what}"):
        contract(symbol, day, strict=False)


@pytest.mark.parametrize(
    ("symbol", "day", "freeze"),
    [
        ("NIFTY-2025-09-02-24550-CE", date(2025, 8, 29), 1800),
        ("BANKNIFTY-2025-09-30-FUT", date(2025, 9, 1), 900),
        ("NIFTY-2025-10-28-FUT", date(2025, 10, 1), 1800),
        ("FINNIFTY-2026-01-27-FUT", date(2026, 1, 2), 1200),
        ("BANKNIFTY-2026-06-30-FUT", date(2026, 6, 30), 900),
        ("BANKNIFTY-2026-11-23-FUT", TODAY, 600),
        ("SENSEX-2026-11-26-FUT", TODAY, 1000),
        ("RELIANCE", TODAY, 100_000),
        ("NIFTY", TODAY, 0),
    ],
)
def test_the_freeze_quantity_is_that_of_the_day(symbol, day, freeze):
    assert contract(symbol, day).freeze_quantity == freeze
    assert notes_for(symbol, day) == ()


def test_a_replay_borrows_the_nearest_freeze_quantity_and_says_so():
    symbol, day = "NIFTY-2019-05-09-11000-CE", date(2019, 5, 7)
    with pytest.raises(RuleUnknown, match="the freeze quantity of NIFTY on 2019-05-07"):
        contract(symbol, day)
    assert contract(symbol, day, strict=False).freeze_quantity == 1800
    assert notes_for(parse_symbol(symbol), day) == (
        "freeze quantity of NIFTY on 2019-05-07 is unknown; 1800 of 2025-08-01 stands in",
    )


def test_the_gap_in_the_freeze_table_is_refused_and_bridged_in_a_replay():
    symbol, day = "BANKNIFTY-2025-10-28-FUT", date(2025, 10, 1)
    with pytest.raises(RuleUnknown, match="freeze quantity"):
        contract(symbol, day)
    assert contract(symbol, day, strict=False).freeze_quantity == 900


def test_without_any_row_there_is_neither_a_freeze_quantity_nor_a_note():
    parts = Parts("RELIANCE", Kind.FUTURE, date(2026, 11, 23))
    assert notes_for(parts, TODAY) == ()


@pytest.mark.parametrize(
    ("symbol", "day", "tick"),
    [
        ("NIFTY-2025-01-30-FUT", date(2025, 1, 2), "0.05"),
        ("NIFTY-2026-11-23-FUT", TODAY, "0.10"),
        ("BANKNIFTY-2026-11-23-FUT", TODAY, "0.20"),
        ("NIFTY-2026-11-23-24550-CE", TODAY, "0.05"),
        ("SENSEX-2026-11-26-FUT", TODAY, "0.05"),
        ("RELIANCE", TODAY, "0.05"),
    ],
)
def test_the_tick_is_that_of_the_kind_and_the_day(symbol, day, tick):
    assert contract(symbol, day, strict=False).tick_e4 == e4(tick)


def test_a_contract_carries_what_its_symbol_says():
    found = contract("NIFTY-2026-11-23-24550.5-CE", TODAY)
    assert (found.symbol, found.underlying, found.kind, found.expiry, found.strike_e4) == (
        "NIFTY-2026-11-23-24550.5-CE",
        "NIFTY",
        Kind.CALL,
        date(2026, 11, 23),
        e4("24550.5"),
    )
    assert contract("RELIANCE", TODAY).lot == 1


def test_every_index_row_of_a_recorded_instrument_dump_has_our_lot_and_tick():
    path = data_path("instruments/kite_nfo_bfo_instruments_2026-08-18.csv.gz")
    with gzip.open(path, "rt") as file:
        listed = [row for row in csv.DictReader(file) if is_index(row["name"])]
    assert len(listed) > 8_000
    for row in listed:
        strike = Decimal(row["strike"])
        kind = Kind(row["instrument_type"])
        expiry = date.fromisoformat(row["expiry"])
        found = contract(Parts(row["name"], kind, expiry, e4(strike)), date(2026, 8, 18))
        assert (found.lot, found.tick_e4) == (int(row["lot_size"]), e4(row["tick_size"])), row


def test_every_row_of_the_recorded_bhavcopies_has_our_lot():
    folder = data_path("bhavcopy")
    kinds = {"IDF": Kind.FUTURE, "IDO": Kind.CALL}
    seen: dict[date, set[int]] = {}
    for path in sorted(folder.glob("*.csv.gz")):
        with gzip.open(path, "rt") as file:
            listed = {
                (r["TradDt"], r["TckrSymb"], r["FinInstrmTp"], r["XpryDt"], r["NewBrdLotQty"])
                for r in csv.DictReader(file)
            }
        for on, name, kind, expiry, lot in listed:
            day = date.fromisoformat(on)
            parts = Parts(name, kinds[kind], date.fromisoformat(expiry), e4(1))
            assert contract(parts, day, strict=False).lot == int(lot), (on, name, expiry)
            if name == "NIFTY":
                seen.setdefault(day, set()).add(int(lot))
    assert seen[date(2025, 1, 2)] == {25, 75}
