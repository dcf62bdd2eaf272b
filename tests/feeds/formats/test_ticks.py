from __future__ import annotations

from datetime import date, time

import pytest

from daemon.domain.instants import SECOND_NS, at
from daemon.domain.market.frames import Quote
from daemon.domain.market.notes import NoteKind
from daemon.feeds.replay import open_recording

DAY = date(2026, 11, 18)


def recorded(tmp_path, *lines: str, name="NIFTY_2026-11-18.csv"):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return open_recording(path)


@pytest.mark.parametrize(
    "lines",
    [
        ("2026-11-18 09:15:01,24500.05", "2026-11-18 09:15:02,24500.1"),
        ("time,price", "2026-11-18 09:15:01,24500.05", "2026-11-18 09:15:02,24500.1"),
        ("Date,Time,LTP", "20261118,09:15:01,24500.05", "20261118,09:15:02,24500.1"),
    ],
    ids=["without a header", "with a header", "date and time apart"],
)
def test_each_instant_is_a_frame_under_the_name_of_the_file(tmp_path, lines):
    recording = recorded(tmp_path, *lines)
    found = [(item.frame.at_ns, item.frame.quotes) for item in recording.frames(DAY)]
    assert found == [
        (at(DAY, time(9, 15, 1)), {"NIFTY": Quote(24_500_0500)}),
        (at(DAY, time(9, 15, 2)), {"NIFTY": Quote(24_500_1000)}),
    ]
    assert recording.interval_ns(DAY) == SECOND_NS


def test_ticks_of_one_instant_keep_the_last_price_and_both_extremes(tmp_path):
    ticks = ("11,1,10,12", "9,1,8,10", "13,1,12,14", "10,2,9.5,10.5")
    lines = [f"2026-11-18 09:15:01,{tick}" for tick in ticks]
    (only,) = recorded(tmp_path, "time,price,size,bid,ask", *lines).frames(DAY)
    assert only.frame.quotes == {
        "NIFTY": Quote(10_0000, 9_5000, 2, 10_5000, 2, low_e4=9_0000, high_e4=13_0000)
    }


def test_a_file_named_after_a_contract_holds_that_contract(tmp_path):
    name = "NIFTY-2026-11-23-24550-CE_ticks.csv"
    recording = recorded(tmp_path, "2026-11-18 09:15:01,10", name=name)
    (only,) = recording.frames(DAY)
    assert list(only.frame.quotes) == ["NIFTY-2026-11-23-24550-CE"]


def test_ticks_without_a_price_are_left_out_and_unwanted_symbols_not_quoted(tmp_path):
    lines = ("time,price", "2026-11-18 09:15:01,nan", "2026-11-18 09:15:02,5")
    (only,) = recorded(tmp_path, *lines).frames(DAY, "BANKNIFTY")
    assert (only.frame.at_ns, only.frame.quotes) == (at(DAY, time(9, 15, 2)), {})


def test_a_tick_without_a_price_moves_the_touch_and_the_last_trade_stands(tmp_path):
    """Before the first trade there is none; a share that trades no more still has a book."""
    ticks = (",9,11", "10,9,11", ",6,", "0,,8")
    lines = (f"2026-11-18 09:15:0{at},{tick}" for at, tick in enumerate(ticks))
    recording = recorded(tmp_path, "time,price,bid,ask", *lines)
    quotes = [each.frame.quotes["NIFTY"] for each in recording.frames(DAY)]
    assert [(quote.ltp_e4, quote.bid_e4, quote.ask_e4) for quote in quotes] == [
        (0, 9_0000, 11_0000),
        (10_0000, 9_0000, 11_0000),
        (10_0000, 6_0000, 0),
        (10_0000, 0, 8_0000),
    ]


def test_a_trade_alone_leaves_the_touch_and_an_empty_book_wipes_it(tmp_path):
    """Trades and quotes in rows of their own; what is told as 0 is told, and a gap is not."""
    ticks = ("NIFTY,10,,", "NIFTY,,9,11", "NIFTY,11,,", "BANK,5,nan,", "NIFTY,,0,0", "NIFTY,12,,")
    lines = (f"2026-11-18 09:15:0{at},{tick}" for at, tick in enumerate(ticks))
    recording = recorded(tmp_path, "time,symbol,price,bid,ask", *lines, name="taq.csv")
    quotes = [each.frame.quotes for each in recording.frames(DAY)]
    assert quotes[3]["BANK"] == Quote(5_0000)
    assert [
        (told["NIFTY"].ltp_e4, told["NIFTY"].bid_e4, told["NIFTY"].ask_e4)
        for told in quotes
        if "NIFTY" in told
    ] == [
        (10_0000, 0, 0),
        (10_0000, 9_0000, 11_0000),
        (11_0000, 9_0000, 11_0000),
        (11_0000, 0, 0),
        (12_0000, 0, 0),
    ]


def test_a_trade_alone_in_the_instant_of_a_quote_leaves_its_touch(tmp_path):
    ticks = (",,9,11", "10,75,,", "10,25,,")
    lines = [f"2026-11-18 09:15:01,{tick}" for tick in ticks]
    (only,) = recorded(tmp_path, "time,price,size,bid,ask", *lines).frames(DAY)
    assert only.frame.quotes["NIFTY"] == Quote(
        10_0000, 9_0000, 25, 11_0000, 25, low_e4=10_0000, high_e4=10_0000
    )


@pytest.mark.parametrize(
    ("ticks", "low_e4", "high_e4"),
    [((",9,11", "10,9,11"), 10_0000, 10_0000), ((",9,11", ",9,12"), 0, 0)],
)
def test_of_one_instant_what_did_not_trade_is_no_extreme(tmp_path, ticks, low_e4, high_e4):
    lines = (f"2026-11-18 09:15:01,{tick}" for tick in ticks)
    (only,) = recorded(tmp_path, "time,price,bid,ask", *lines).frames(DAY)
    quote = only.frame.quotes["NIFTY"]
    assert (quote.low_e4, quote.high_e4) == (low_e4, high_e4)


@pytest.mark.parametrize(
    ("columns", "ticks", "shown", "told"),
    [
        ("size,bid,ask", ("75,9,11", "0,9,11", "150,0,11"), [(75, 75), (75, 75), (0, 150)], "last"),
        ("size,bid,ask", (",9,11",), [(0, 0)], "last"),
        ("bid,ask", ("9,11", "9,0"), [(1_000_000_000,) * 2, (1_000_000_000, 0)], "any quantity"),
        ("size", ("75",), [(0, 0)], ""),
    ],
    ids=["the last trade", "no trade yet", "no sizes", "no touch"],
)
def test_as_much_is_on_offer_as_was_traded_last(tmp_path, columns, ticks, shown, told):
    """Ticks tell no size of the touch; what stands in for it is told once."""
    lines = (f"2026-11-18 09:15:0{at},10,{tick}" for at, tick in enumerate(ticks))
    recording = recorded(tmp_path, f"time,price,{columns}", *lines)
    quotes = [each.frame.quotes["NIFTY"] for each in recording.frames(DAY)]
    assert [(quote.bid_quantity, quote.ask_quantity) for quote in quotes] == shown
    texts = [note.text for note in recording.notes if note.kind is NoteKind.BASIS]
    assert len(texts) == bool(told)
    assert all(told in text for text in texts)


def test_labels_that_are_no_symbols_are_named_once(tmp_path):
    """Nothing trades by them, and whoever took them for his index is told why."""
    labels = ("nifty", "nifty-50", "nifty-50", "", "b 2")
    rows = (f"2026-11-18 09:15:01,{name},5" for name in labels)
    recording = recorded(tmp_path, "time,symbol,price", *rows, name="day.csv")
    (note,) = recording.notes
    assert (note.at_ns, note.kind) == (at(DAY, time(0)), NoteKind.BASIS)
    assert note.text.startswith("day.csv: nothing goes by rows labelled '', 'B 2', 'NIFTY-50': ")


def test_a_day_with_one_instant_has_no_interval(tmp_path):
    assert recorded(tmp_path, "2026-11-18 09:15:01,10").interval_ns(DAY) == 0
