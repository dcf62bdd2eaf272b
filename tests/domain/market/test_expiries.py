from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.market.closed_days import trades_ordinarily
from daemon.domain.market.expiries import (
    by_rank,
    front,
    is_expiry,
    listed,
    monthly,
    next_monthly,
    next_weekly,
    weekly,
)
from daemon.domain.market.instruments import is_index
from daemon.errors import RuleUnknown
from tests.kit.recordings import data_path


def day_of(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("underlying", "day", "expected"),
    [
        ("NIFTY", "2019-05-07", "2019-05-09"),
        ("NIFTY", "2021-07-20", "2021-07-22"),
        ("NIFTY", "2025-04-07", "2025-04-09"),
        ("NIFTY", "2025-08-28", "2025-08-28"),
        ("NIFTY", "2025-08-29", "2025-09-02"),
        ("NIFTY", "2025-10-15", "2025-10-20"),
        ("NIFTY", "2026-11-20", "2026-11-23"),
        ("NIFTY", "2026-11-24", "2026-12-01"),
        ("SENSEX", "2023-05-16", "2023-05-19"),
        ("SENSEX", "2025-01-01", "2025-01-03"),
        ("SENSEX", "2025-01-06", "2025-01-07"),
        ("SENSEX", "2025-08-27", "2025-09-04"),
        ("SENSEX", "2026-11-20", "2026-11-26"),
        ("BANKNIFTY", "2023-08-28", "2023-08-31"),
        ("BANKNIFTY", "2023-09-04", "2023-09-06"),
        ("BANKNIFTY", "2023-09-25", "2023-09-28"),
        ("BANKNIFTY", "2024-02-26", "2024-02-29"),
        ("BANKNIFTY", "2024-11-11", "2024-11-13"),
    ],
)
def test_the_weekly_expiry_follows_the_weekday_and_the_holidays_of_its_time(
    underlying, day, expected
):
    assert weekly(underlying, day_of(day)) == day_of(expected)


@pytest.mark.parametrize(
    ("underlying", "day", "expected"),
    [
        ("NIFTY", "2019-05-07", "2019-05-30"),
        ("NIFTY", "2025-08-29", "2025-09-30"),
        ("NIFTY", "2026-03-03", "2026-03-30"),
        ("NIFTY", "2026-11-20", "2026-11-23"),
        ("BANKNIFTY", "2024-03-01", "2024-03-27"),
        ("BANKNIFTY", "2025-01-01", "2025-01-29"),
        ("BANKNIFTY", "2025-01-02", "2025-01-30"),
        ("BANKNIFTY", "2026-11-24", "2026-12-29"),
        ("FINNIFTY", "2025-03-03", "2025-03-27"),
        ("BANKEX", "2024-02-01", "2024-02-26"),
        ("BANKEX", "2026-11-20", "2026-11-26"),
        ("RELIANCE", "2025-08-01", "2025-08-28"),
        ("RELIANCE", "2026-11-20", "2026-11-23"),
    ],
)
def test_the_monthly_expiry_is_the_last_of_its_weekday_in_the_month(underlying, day, expected):
    assert monthly(underlying, day_of(day)) == day_of(expected)


def test_the_next_ones_follow_the_nearest():
    day = date(2026, 11, 20)
    assert next_weekly("NIFTY", day) == date(2026, 12, 1)
    assert next_monthly("NIFTY", day) == date(2026, 12, 29)
    assert front("SENSEX", day) == date(2026, 11, 26)
    assert front("BANKNIFTY", day) == date(2026, 11, 23)
    assert by_rank("NIFTY", day, 3) == date(2026, 12, 8)


def test_the_contracts_of_the_day_after_the_change_of_weekday_are_dated_as_they_were_listed():
    expected = (
        "2025-09-02 2025-09-09 2025-09-16 2025-09-23 2025-09-30 2025-10-28 2025-11-25 2025-12-30 "
        "2026-03-31 2026-06-30 2026-12-29 2027-06-29 2027-12-28 2028-06-27 2028-12-26 2029-06-26 "
        "2029-12-24 2030-06-25"
    )
    assert " ".join(map(str, listed("NIFTY", date(2025, 8, 29)))) == expected


def test_weeklies_that_end_leave_fewer_contracts_listed():
    found = listed("BANKNIFTY", date(2024, 11, 12))
    assert found[:3] == (date(2024, 11, 13), date(2024, 11, 27), date(2024, 12, 24))
    assert front("BANKNIFTY", date(2024, 11, 12)) == date(2024, 11, 13)


@pytest.mark.parametrize(
    ("ask", "underlying", "day", "sentence"),
    [
        (weekly, "BANKNIFTY", "2024-11-14", "ask for a monthly expiry"),
        (next_weekly, "BANKNIFTY", "2024-11-12", "ask for a monthly expiry"),
        (weekly, "FINNIFTY", "2025-03-03", "ask for a monthly expiry"),
        (weekly, "RELIANCE", "2025-03-03", "ask for a monthly expiry"),
        (weekly, "NIFTY", "2019-01-10", "ask for a monthly expiry"),
        (weekly, "SENSEX", "2022-03-03", "expiries.toml does not know the weekly expiry of SENSEX"),
        (monthly, "FINNIFTY", "2024-03-04", "the monthly expiry of FINNIFTY"),
        (front, "FINNIFTY", "2024-03-04", "the contracts of FINNIFTY"),
        (monthly, "NIFTY", "2026-12-30", "ends on 2026-12-31"),
        (weekly, "NIFTY", "2026-12-30", "ends on 2026-12-31"),
        (monthly, "NIFTY", "2027-01-04", "reaches from 2019-01-01"),
        (is_expiry, "NIFTY", "2027-01-05", "reaches from 2019-01-01"),
    ],
)
def test_what_the_tables_do_not_reach_is_refused_with_a_sentence(ask, underlying, day, sentence):
    with pytest.raises(RuleUnknown, match=sentence):
        ask(underlying, day_of(day))


@pytest.mark.parametrize(
    ("underlying", "day", "rank", "sentence"),
    [
        ("NIFTY", "2026-01-02", 0, "ask for 1 to 18"),
        ("NIFTY", "2026-01-02", 19, "ask for 1 to 18"),
        ("NIFTY", "2019-05-07", 5, "ask for 1 to 4"),
        ("NIFTY", "2026-11-20", 18, "ends on 2026-12-31"),
    ],
)
def test_a_rank_that_is_not_sure_is_refused(underlying, day, rank, sentence):
    with pytest.raises(RuleUnknown, match=sentence):
        by_rank(underlying, day_of(day), rank)


@pytest.mark.parametrize(
    ("underlying", "day", "expected"),
    [
        ("NIFTY", "2026-11-23", True),
        ("NIFTY", "2026-11-24", False),
        ("NIFTY", "2026-12-08", True),
        ("NIFTY", "2025-08-28", True),
        ("NIFTY", "2025-09-04", False),
        ("BANKNIFTY", "2026-12-08", False),
        ("BANKNIFTY", "2026-12-29", True),
        ("SENSEX", "2026-01-14", True),
        ("SENSEX", "2026-01-15", False),
    ],
)
def test_a_day_is_an_expiry_when_a_contract_ends_on_it(underlying, day, expected):
    assert is_expiry(underlying, day_of(day)) is expected


@given(
    underlying=st.sampled_from(["NIFTY", "BANKNIFTY", "SENSEX", "BANKEX"]),
    day=st.dates(date(2025, 1, 1), date(2026, 9, 30)),
)
def test_listed_contracts_rise_and_hold_the_nearest_of_each_cycle(underlying, day):
    found = listed(underlying, day)
    assert list(found) == sorted(set(found))
    assert found[0] >= day
    assert front(underlying, day) == found[0]
    assert monthly(underlying, day) in found
    assert trades_ordinarily(monthly(underlying, day), day)
    if underlying in {"NIFTY", "SENSEX"}:
        assert weekly(underlying, day) == found[0]
        assert next_weekly(underlying, day) == found[1]
        assert weekly(underlying, day) - day < timedelta(days=14)


def recorded_bhavcopies() -> dict[tuple[str, date], set[date]]:
    found: dict[tuple[str, date], set[date]] = defaultdict(set)
    for path in data_path("bhavcopy").glob("*.csv.gz"):
        with gzip.open(path, "rt") as file:
            for row in csv.DictReader(file):
                found[row["TckrSymb"], day_of(row["TradDt"])].add(day_of(row["XpryDt"]))
    return found


def test_every_expiry_of_the_recorded_bhavcopies_is_ours():
    # On the eve of its change of weekday a contract stood on a day already known to be closed.
    stood_still = {("BANKNIFTY", date(2025, 1, 1)): {date(2025, 2, 25): date(2025, 2, 26)}}
    found = recorded_bhavcopies()
    assert len(found) == 56
    for (underlying, day), theirs in found.items():
        moved = stood_still.get((underlying, day), {})
        assert {moved.get(end, end) for end in listed(underlying, day)} == theirs, (underlying, day)


def test_every_index_expiry_of_the_recorded_instrument_dump_is_ours():
    path = data_path("instruments/kite_nfo_bfo_instruments_2026-08-18.csv.gz")
    theirs: dict[str, set[date]] = defaultdict(set)
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            if is_index(row["name"]) or row["name"] == "RELIANCE":
                theirs[row["name"]].add(day_of(row["expiry"]))
    assert len(theirs) == 8
    for underlying, ends in theirs.items():
        assert set(listed(underlying, date(2026, 8, 18))) == ends, underlying


@pytest.mark.parametrize("day", [date(2025, 8, 27), date(2025, 8, 29)])
def test_every_expiry_of_the_recorded_chains_is_ours(day):
    duckdb = pytest.importorskip("duckdb")
    path = data_path(f"chain_snapshots/nse_chain_NIFTY_{day:%Y%m%d}.parquet")
    query = "select distinct Expiry_Date from read_parquet(?)"
    found = duckdb.connect().execute(query, [str(path)]).fetchall()
    theirs = {datetime.strptime(text, "%d-%b-%Y").date() for (text,) in found}  # noqa: DTZ007
    assert set(listed("NIFTY", day)) == theirs
