from __future__ import annotations

from collections import Counter
from datetime import date, time

import pytest

from daemon.domain.instants import SECOND_NS, at, iso
from daemon.domain.market.frames import Quote
from daemon.domain.market.notes import NoteKind
from daemon.domain.market.parity import synthetic_forward
from daemon.errors import DataError
from daemon.feeds.formats.words import ListedStrikes, ReplayOptions
from daemon.feeds.replay import open_recording
from tests.kit.intakes import next_thursday, take_day
from tests.kit.recordings import data_path

OPEN_DAY = date(2025, 8, 29)
OPTIONS = ReplayOptions(front=next_thursday)
BARS = "time,open,high,low,close,volume\n"


def opened(name: str):
    return open_recording(data_path(name), OPTIONS)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("snapshot,Expiry_Date,CALLS_LTP\n", "calls_bid_price"),
        ("snapshot,StrikePrice,CallLTP\n", "callbidprice"),
        ("time,open,high,low\n", "close"),
        ("open,high,low,close\n", "time"),
        ("price,size\n", "time"),
        ("colour,shape\n", "colour, shape"),
    ],
)
def test_a_file_that_lacks_a_column_is_refused_by_its_name(tmp_path, text, missing):
    path = tmp_path / "NIFTY.csv"
    path.write_text(text + ",".join(["x"] * (text.count(",") + 1)) + "\n")
    with pytest.raises(DataError, match=missing):
        open_recording(path)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.csv", "", "is empty"),
        ("header.csv", BARS, "has no rows"),
        ("notes.txt", "hello", "is neither of"),
        ("broken.parquet", "not parquet", "cannot be read"),
        ("ragged.csv", BARS + "2026-11-18 09:15,1\n" * 3, "cannot be read"),
        ("times.csv", BARS + "soon,1,1,1,1,1\n", "row [0-9]+ holds 'soon', which is no time"),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused(tmp_path, name, content, reason):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=reason):
        open_recording(tmp_path / name)


def test_a_text_where_a_price_should_be_is_refused(tmp_path):
    path = tmp_path / "NIFTY.csv"
    path.write_text(f"{BARS}2026-11-18 09:15,1,1,1,-,5\n2026-11-18 09:16,1,1,1,1;5,5\n")
    recording = open_recording(path)
    with pytest.raises(DataError, match="column close holds '1;5'"):
        list(recording.frames(date(2026, 11, 18)))


def test_an_absent_path_and_a_folder_without_recordings_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "absent.csv"):
        with pytest.raises(DataError, match=r"holds no recording|does not exist"):
            open_recording(path)


def test_the_files_of_a_folder_are_read_in_order_of_date(tmp_path):
    (tmp_path / "a.csv").write_text(
        f"{BARS}2026-11-19 09:15,2,2,2,2,1\n2026-11-19 09:16,2,2,2,2,1\n"
    )
    (tmp_path / "b.csv").write_text(
        f"{BARS}2026-11-18 09:15,1,1,1,1,1\n2026-11-18 09:16,1,1,1,1,1\n"
    )
    recording = open_recording(tmp_path)
    days = recording.days()
    prices = [
        quote.ltp_e4
        for day in days
        for recorded in recording.frames(day)
        for quote in recorded.frame.quotes.values()
    ]
    assert (days, prices) == ([date(2026, 11, 18), date(2026, 11, 19)], [1_0000] * 2 + [2_0000] * 2)


def test_one_instant_of_several_files_is_one_frame_unless_they_quote_one_symbol(tmp_path):
    bars = f"{BARS}2026-11-18 09:15,1,1,1,1,1\n2026-11-18 09:16,2,2,2,2,1\n"
    for name in ("NIFTY.csv", "RELIANCE.csv", "NIFTY copy.csv"):
        (tmp_path / name).write_text(bars)
    recording = open_recording(tmp_path)
    frames = [recorded.frame for recorded in recording.frames(date(2026, 11, 18))]
    first_ns = at(date(2026, 11, 18), time(9, 16))
    found = [((frame.at_ns - first_ns) // SECOND_NS, sorted(frame.quotes)) for frame in frames]
    assert found == [
        (0, ["NIFTY"]),
        (0, ["NIFTY", "RELIANCE"]),
        (60, ["NIFTY"]),
        (60, ["NIFTY", "RELIANCE"]),
    ]


def test_what_several_files_list_of_one_expiry_is_taken_together(tmp_path):
    """Bars and ticks hold prices alone."""
    header = "snapshot,Expiry_Date,Strike_Price," + ",".join(
        f"{side}_{part}"
        for side in ("CALLS", "PUTS")
        for part in ("LTP", "Bid_Price", "Bid_Qty", "Ask_Price", "Ask_Qty")
    )
    for name, clock, strikes in (("a", "09:15", (24600, 24550)), ("b", "09:16", (24550, 24500))):
        rows = [f"2026-11-18 {clock},23-Nov-2026,{strike}" + ",0" * 10 for strike in strikes]
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n")
    (tmp_path / "bars.csv").write_text(BARS + "2026-11-18 09:15,1,1,1,1,1\n")
    (tmp_path / "ticks.csv").write_text("time,price\n2026-11-18 09:15:00,1\n")
    recording = open_recording(tmp_path, ReplayOptions(symbol="NIFTY", span_ns=60 * SECOND_NS))
    strikes = (24_500_0000, 24_550_0000, 24_600_0000)
    expected = (ListedStrikes("NIFTY", date(2026, 11, 23), strikes),)
    assert recording.listed(date(2026, 11, 18)) == expected
    assert recording.listed(date(2026, 11, 19)) == ()


def test_a_day_that_was_not_recorded_has_no_frames(tmp_path):
    (tmp_path / "NIFTY.csv").write_text(f"{BARS}2026-11-18 09:15,1,1,1,1,1\n")
    recording = open_recording(tmp_path, ReplayOptions(span_ns=60 * SECOND_NS))
    day = date(2026, 11, 19)
    assert (list(recording.frames(day)), recording.interval_ns(day)) == ([], 0)


def test_a_closed_recording_gives_nothing_back(tmp_path):
    (tmp_path / "NIFTY.csv").write_text(f"{BARS}2026-11-18 09:15,1,1,1,1,1\n")
    recording = open_recording(tmp_path, ReplayOptions(span_ns=60 * SECOND_NS))
    recording.close()
    with pytest.raises(DataError):
        list(recording.frames(date(2026, 11, 18)))


@pytest.mark.untraced
def test_the_open_day_goes_stale_once_and_has_three_gaps():
    recording = opened("chain_snapshots/nse_chain_NIFTY_20250829.parquet")
    _, drops, notes = take_day(recording, OPEN_DAY)
    told = Counter(note.kind for note in notes)
    stale = next(note for note in notes if note.kind is NoteKind.STALE)
    gaps = [note.text for note in notes if note.kind is NoteKind.GAP]
    assert recording.interval_ns(OPEN_DAY) == 65 * SECOND_NS
    assert (told[NoteKind.STALE], stale.text) == (
        1,
        "nothing new since 10:16:18: prices are stale",
    )
    assert iso(stale.at_ns) == "2025-08-29T10:19:40.500000+05:30"
    assert gaps == [
        "no frame for 2 min 24 s until 10:01:26",
        "no frame for 3 min 1 s until 10:11:05",
        "no frame for 3 min 5 s until 10:41:02",
    ]
    assert (len(drops), drops.count(None)) == (306, 306 - 9)


@pytest.mark.untraced
def test_a_whole_chain_has_one_forward_near_the_market():
    recording = opened("chain_snapshots/nse_chain_NIFTY_20250829.parquet")
    quotes = next(iter(recording.frames(OPEN_DAY))).frame.quotes
    front = "NIFTY-2025-09-02-"
    strikes = [
        name.split("-")[4] for name in quotes if name.startswith(front) and name.endswith("CE")
    ]
    rows = [
        (int(strike) * 10_000, quotes[f"{front}{strike}-CE"], quotes[f"{front}{strike}-PE"])
        for strike in strikes
        if f"{front}{strike}-PE" in quotes
    ]
    forward_e4 = synthetic_forward(rows)
    assert forward_e4 is not None
    assert abs(forward_e4 - 24_540_0000) < 50_0000


def test_on_a_holiday_frozen_data_is_told_as_a_closed_day():
    recording = opened("chain_snapshots/nse_chain_NIFTY_20250827.parquet")
    _, drops, notes = take_day(recording, date(2025, 8, 27), sessions=())
    assert set(drops) == {NoteKind.CLOSED_DAY}
    assert [note.kind for note in notes] == [NoteKind.CLOSED_DAY] * 2


def test_on_a_stuck_day_nothing_is_taken_and_the_day_is_stale():
    recording = opened("chain_snapshots/nse_chain_NIFTY_2019-05_07_15min.parquet")
    _, drops, notes = take_day(recording, date(2019, 7, 9))
    assert None not in drops
    assert [note.kind for note in notes if note.kind is NoteKind.STALE] == [NoteKind.STALE]


def test_a_stuck_copy_between_fresh_snapshots_is_never_taken():
    recording = opened("chain_snapshots/nse_chain_NIFTY_2019-05_07_15min.parquet")
    frames, drops, _ = take_day(recording, date(2019, 7, 18))
    spots = {
        recorded.frame.quotes["NIFTY"].ltp_e4
        for recorded, dropped in zip(frames, drops, strict=True)
        if dropped is None
    }
    assert min(spots) > 11_600_0000


def test_a_chain_without_expiries_is_read_as_the_front_contract_and_says_so_once():
    recording = opened("chain_snapshots/nse_chain_NIFTY_2019-05_07_15min.parquet")
    quotes = list(recording.frames(date(2019, 5, 6)))[4].frame.quotes
    assert [note.kind for note in recording.notes] == [NoteKind.BASIS]
    assert len(recording.days()) == 62
    assert quotes["NIFTY"] == Quote(11_627_9000)
    assert {name.rsplit("-", 2)[0] for name in quotes if name != "NIFTY"} == {"NIFTY-2019-05-09"}


@pytest.mark.untraced
def test_a_file_named_for_another_index_than_its_rows_is_read_as_named():
    recording = opened("spot_1min/BNF_2024.csv.gz")
    first = next(iter(recording.frames(date(2024, 1, 1)))).frame
    assert [note.kind for note in recording.notes] == [NoteKind.BASIS]
    assert first.quotes == {
        "BANKNIFTY": Quote(48_160_6500, low_e4=48_152_3000, high_e4=48_282_3500)
    }


@pytest.mark.untraced
def test_junk_after_the_close_of_a_special_saturday_is_outside_the_session():
    recording = opened("spot_1min/NIFTY_2024.csv.gz")
    day = date(2024, 1, 20)
    _, drops, _ = take_day(recording, day, ((at(day, time(9, 15)), at(day, time(15, 30))),))
    assert drops == [None] * 375 + [NoteKind.OUTSIDE_SESSION] * 167


@pytest.mark.untraced
def test_prices_before_the_open_are_outside_the_session():
    recording = opened("ticks_1s/NIFTY_2022-08-25.csv.gz")
    frames, drops, notes = take_day(recording, date(2022, 8, 25))
    taken = [r.frame.at_ns for r, dropped in zip(frames, drops, strict=True) if dropped is None]
    assert min(taken) >= at(date(2022, 8, 25), time(9, 15))
    assert NoteKind.STALE not in {note.kind for note in notes}
