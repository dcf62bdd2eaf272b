from __future__ import annotations

from datetime import date, time

import pytest

from daemon.domain.instants import SECOND_NS, at
from daemon.domain.market.frames import Quote
from daemon.errors import DataError
from daemon.feeds.formats.words import ReplayOptions
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
    rows = (row("09:15"), row("09:15", strike="24600"), row("09:16", strike="24600"))
    recording = recorded(tmp_path, *rows)
    everything, some = list(recording.frames(DAY)), list(recording.frames(DAY, wanted))
    assert [list(item.frame.quotes) for item in some] == [[CALL], []]
    assert [item.fingerprint for item in some] == [item.fingerprint for item in everything]


def test_no_wanted_symbol_at_all_still_gives_the_beats(tmp_path):
    (only,) = recorded(tmp_path, row("09:15")).frames(DAY, frozenset({"OTHER"}))
    assert only.frame.quotes == {}


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
    assert [note.text.split(":")[0] for note in recording.notes] == [
        "the recording names no expiry"
    ]


def test_a_chain_without_expiries_needs_somebody_who_knows_them(tmp_path):
    with pytest.raises(DataError, match="names no expiry"):
        recorded(tmp_path, "x" + "," * 12, header=",".join(UNDATED))
