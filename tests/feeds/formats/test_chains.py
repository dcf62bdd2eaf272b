from __future__ import annotations

from datetime import date, time

import pytest

from daemon.domain.instants import SECOND_NS, at
from daemon.domain.market.frames import Quote
from daemon.errors import DataError
from daemon.feeds.formats.words import ListedStrikes, ReplayOptions
from daemon.feeds.replay import open_recording
from tests.kit.intakes import next_thursday

DAY = date(2026, 11, 18)
PARTS = ("LTP", "Bid_Price", "Bid_Qty", "Ask_Price", "Ask_Qty", "Volume", "IV")
HEAD = ["snapshot", "Fetch_Time", "index_name", "Expiry_Date", "Strike_Price", "CurrentVal"]
HEADER = ",".join([*HEAD, *(f"{side}_{part}" for side in ("CALLS", "PUTS") for part in PARTS)])
CALL = "NIFTY-2026-11-23-24550-CE"


def row(clock: str, *, strike="24550", spot="24500.05", call="10.05,10,65,10.1,130,1,9", put=""):
    head = f"2026-11-18 {clock},18-Nov-2026 {clock}:05,NIFTY,23-Nov-2026,{strike},{spot}"
    return f"{head},{call},{put or '0,0,0,0,0,0,0'}"


def recorded(tmp_path, *rows: str, header: str = HEADER, options: ReplayOptions | None = None):
    path = tmp_path / "chain.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return open_recording(path, options)


def test_a_snapshot_is_one_frame_with_spot_and_every_contract_that_has_a_price(tmp_path):
    rows = (row("09:15"), row("09:15", strike="24600.5", call="-,0,0,0,0,0,0", put="1,0,0,0,0,0,0"))
    (only,) = recorded(tmp_path, *rows).frames(DAY)
    assert only.frame.at_ns == at(DAY, time(9, 15))
    assert only.frame.exchange_ns == at(DAY, time(9, 15, 5))
    assert only.frame.quotes == {
        "NIFTY": Quote(24_500_0500),
        CALL: Quote(10_0500, 10_0000, 65, 10_1000, 130),
        "NIFTY-2026-11-23-24600.5-PE": Quote(1_0000),
    }


def test_snapshots_come_in_order_of_their_collection(tmp_path):
    frames = recorded(tmp_path, row("09:17"), row("09:15"), row("09:16")).frames(DAY)
    assert [item.frame.at_ns for item in frames] == [
        at(DAY, time(9, minute)) for minute in (15, 16, 17)
    ]


@pytest.mark.parametrize(
    ("second", "same"),
    [
        (row("09:16"), True),
        (row("09:16", call="10.05,10,65,10.1,130,1,8"), True),
        (row("09:16", call="10.05,10,65,10.1,130,2,9"), False),
        (row("09:16", call="10.05,10,65,10.1,65,1,9"), False),
        (row("09:16", spot="24500.1"), False),
        (row("09:16", call="0,0,0,0,0,9,0"), True),
        (row("09:16", call="0,0,0,0,0,9,0", spot="24500.1"), False),
    ],
    ids=[
        "nothing",
        "a volatility",
        "volume",
        "size",
        "spot",
        "all prices gone",
        "all prices gone, spot moved",
    ],
)
def test_content_is_judged_over_the_whole_snapshot_without_its_times(tmp_path, second, same):
    first, later = recorded(tmp_path, row("09:15"), second).frames(DAY)
    assert (first.fingerprint == later.fingerprint) is same


@pytest.mark.parametrize("wanted", [frozenset({CALL}), "NIFTY-2026-11-23-24550"])
def test_only_wanted_symbols_are_quoted_but_the_content_is_the_same(tmp_path, wanted):
    later = (row(clock, strike="24600") for clock in ("09:15", "09:16", "09:17"))
    rows = (row("09:15"), *later)
    recording = recorded(tmp_path, *rows)
    everything, some = list(recording.frames(DAY)), list(recording.frames(DAY, wanted))
    assert [list(item.frame.quotes) for item in some] == [[CALL], [CALL], []]
    assert [item.fingerprint for item in some] == [item.fingerprint for item in everything]


def test_no_wanted_symbol_at_all_still_gives_the_beats(tmp_path):
    (only,) = recorded(tmp_path, row("09:15")).frames(DAY, frozenset({"OTHER"}))
    assert only.frame.quotes == {}


def test_every_strike_that_has_a_row_that_day_is_listed_priced_or_not(tmp_path):
    bare, later = "0,0,0,0,0,0,0", row("09:16", strike="24700").replace("23-Nov", "30-Nov")
    rows = (row("09:16", strike="24600", call=bare), row("09:15"), later)
    other = row("09:15", strike="24800").replace("2026-11-18 09", "2026-11-19 09")
    assert recorded(tmp_path, *rows, other).listed(DAY) == (
        ListedStrikes("NIFTY", date(2026, 11, 23), (24_550_0000, 24_600_0000)),
        ListedStrikes("NIFTY", date(2026, 11, 30), (24_700_0000,)),
    )


def test_older_copies_are_remembered_only_where_volume_is_recorded(tmp_path):
    volumes = recorded(tmp_path, row("09:15")).memory
    header, values = HEADER.replace("Volume", "Turnover"), row("09:15")
    assert (volumes, recorded(tmp_path, values, header=header).memory) == (8, 1)


def test_the_interval_is_the_median_distance_of_the_day(tmp_path):
    rows = [row(f"09:{minute}") for minute in (15, 16, 18, 19)]
    recording = recorded(tmp_path, *rows)
    assert recording.interval_ns(DAY) == 60 * SECOND_NS


def test_a_given_symbol_names_the_underlying(tmp_path):
    options = ReplayOptions(symbol="SENSEX")
    (only,) = recorded(tmp_path, row("09:15"), options=options).frames(DAY)
    assert sorted(only.frame.quotes) == ["SENSEX", "SENSEX-2026-11-23-24550-CE"]


UNDATED = ["snap", "StrikePrice", "CurrentVal"]
UNDATED += [
    f"{side}{part}"
    for side in ("Call", "Put")
    for part in ("LTP", "BidPrice", "BidQty", "AskPrice", "AskQty")
]


def test_a_chain_without_expiries_takes_the_front_contract_of_each_day(tmp_path):
    values = ",24550,24500,10,9,65,11,65,0,0,0,0,0"
    recording = recorded(
        tmp_path,
        *(f"{day}{values}" for day in ("2026-11-18 09:15", "2026-11-20 09:15")),
        header=",".join(UNDATED),
        options=ReplayOptions(symbol="NIFTY", front=next_thursday),
    )
    found = [max(item.frame.quotes) for day in recording.days() for item in recording.frames(day)]
    assert found == ["NIFTY-2026-11-19-24550-CE", "NIFTY-2026-11-26-24550-CE"]
    listed = [each.expiry for day in recording.days() for each in recording.listed(day)]
    assert listed == [date(2026, 11, 19), date(2026, 11, 26)]
    assert [note.text.split(":")[0] for note in recording.notes] == [
        "the recording names no expiry"
    ]


def test_a_chain_without_expiries_needs_somebody_who_knows_them(tmp_path):
    with pytest.raises(DataError, match="names no expiry"):
        recorded(tmp_path, "x" + "," * 12, header=",".join(UNDATED))


@pytest.mark.parametrize(
    ("before", "after", "column", "value", "noun"),
    [
        ("23-Nov-2026", "someday", "expiry_date", "someday", "expiry"),
        ("23-Nov-2026", "", "expiry_date", "", "expiry"),
        ("23-Nov-2026", "20000-01-01", "expiry_date", "20000-01-01", "expiry"),
        ("24550", "", "strike_price", "", "strike"),
        ("24550", "-5", "strike_price", "-5", "strike"),
        ("24550", "0", "strike_price", "0", "strike"),
        ("24550", "inf", "strike_price", "inf", "strike"),
        ("10.05", "inf", "calls_ltp", "inf", "price"),
        ("10.05", "nan", "calls_ltp", "nan", "price"),
        ("10.05", "1e30", "calls_ltp", "1e30", "price"),
        ("10.05", "-1", "calls_ltp", "-1", "price"),
        ("24500.05", "-1", "currentval", "-1", "price"),
        ("130", "-130", "calls_ask_qty", "-130", "quantity"),
    ],
)
def test_a_cell_that_is_not_what_its_column_says_is_refused(
    tmp_path, before, after, column, value, noun
):
    recording = recorded(tmp_path, row("09:15"), row("09:16").replace(before, after, 1))
    with pytest.raises(DataError) as refused:
        list(recording.frames(DAY))
    said = f"column {column} holds {value!r}, which is no {noun}"
    assert str(refused.value) == f"{tmp_path / 'chain.csv'}: {said}"


def test_a_row_that_was_written_twice_is_one_row(tmp_path):
    once = recorded(tmp_path, row("09:15"))
    (alone,) = once.frames(DAY)
    (twice,) = recorded(tmp_path, row("09:15"), row("09:15")).frames(DAY)
    assert alone.frame == twice.frame


@pytest.mark.parametrize("wanted", [None, frozenset({"OTHER"})])
def test_rows_of_one_instant_and_contract_that_differ_are_refused(tmp_path, wanted):
    other = row("09:15", call="30,29,65,31,65,1,9")
    recording = recorded(tmp_path, row("09:15"), row("09:15", strike="24600"), other)
    with pytest.raises(DataError) as refused:
        list(recording.frames(DAY, wanted))
    assert str(refused.value) == (
        f"{tmp_path / 'chain.csv'}: two rows of NIFTY 24550.00 of 2026-11-23 at "
        "2026-11-18T09:15:00+05:30 say different things"
    )


def test_rows_without_an_expiry_that_differ_are_refused(tmp_path):
    rows = [f"2026-11-18 09:15,24550,24500,{ltp},9,65,11,65,0,0,0,0,0" for ltp in (10, 11)]
    options = ReplayOptions(symbol="NIFTY", front=next_thursday)
    recording = recorded(tmp_path, *rows, header=",".join(UNDATED), options=options)
    with pytest.raises(DataError, match="two rows of NIFTY 24550"):
        list(recording.frames(DAY))


def test_a_contract_that_is_shown_without_a_price_any_more_is_quoted_as_empty_once(tmp_path):
    """Its last touch stood for hours, and an exit was filled at it."""
    none = "0,0,0,0,0,0,0"
    rows = (
        row("09:15"),
        row("09:16", call=none, put="1,0,0,0,0,0,0"),
        row("09:17", call=none, put="1,0,0,0,0,0,0"),
        row("09:18"),
    )
    told = [each.frame.quotes.get(CALL) for each in recorded(tmp_path, *rows).frames(DAY)]
    touch = Quote(10_0500, 10_0000, 65, 10_1000, 130)
    assert told == [touch, Quote(0), None, touch]


@pytest.mark.parametrize("missing", ["24600", ""])
def test_a_contract_whose_row_is_missing_is_empty_and_a_chain_of_no_prices_says_nothing(
    tmp_path, missing
):
    none = "0,0,0,0,0,0,0"
    second = row("09:16", strike=missing) if missing else row("09:16", call=none)
    told = [each.frame.quotes for each in recorded(tmp_path, row("09:15"), second).frames(DAY)]
    assert told[1].get(CALL) == (Quote(0) if missing else None)
    assert told[1]["NIFTY"] == Quote(24_500_0500), "an index has no row of its own"


NO_PRICES = "0,0,0,0,0,0,0"


def test_a_spot_that_a_snapshot_shows_no_more_is_quoted_as_empty_once(tmp_path):
    """The old one stood for ever, and strikes were chosen by it."""
    spots = ("24500.05", "", "", "24600")
    rows = [row(f"09:{15 + at}", spot=spot) for at, spot in enumerate(spots)]
    told = [each.frame.quotes.get("NIFTY") for each in recorded(tmp_path, *rows).frames(DAY)]
    assert told == [Quote(24_500_0500), Quote(0), None, Quote(24_600_0000)]


def test_a_spot_that_some_rows_of_a_snapshot_lack_is_that_of_the_others(tmp_path):
    rows = (row("09:15"), row("09:16", spot=""), row("09:16", strike="24600"))
    *_, last = recorded(tmp_path, *rows).frames(DAY)
    assert last.frame.quotes["NIFTY"] == Quote(24_500_0500)


def test_a_spot_that_went_blank_is_no_quote_where_it_is_not_wanted(tmp_path):
    rows = (row("09:15"), row("09:16", spot=""))
    *_, last = recorded(tmp_path, *rows).frames(DAY, frozenset({CALL}))
    assert list(last.frame.quotes) == [CALL]


def test_a_snapshot_without_prices_and_spot_says_nothing_at_all(tmp_path):
    """It is no news, and what was quoted before still stands."""
    rows = (row("09:15"), row("09:16", call=NO_PRICES, spot=""), row("09:17", spot=""))
    first, silent, blank = recorded(tmp_path, *rows).frames(DAY)
    assert (silent.frame.quotes, silent.fingerprint) == ({}, first.fingerprint)
    assert blank.frame.quotes["NIFTY"] == Quote(0)
