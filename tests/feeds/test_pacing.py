"""Beside a chain only its snapshots are frames, and what else was recorded is told with them."""

from __future__ import annotations

from datetime import date, time

import pytest

from daemon.domain.instants import SECOND_NS, at
from daemon.domain.market.frames import Frame, Quote
from daemon.feeds.formats.words import RecordedFrame
from daemon.feeds.pacing import paced
from daemon.feeds.replay import open_recording
from tests.feeds.test_replay import BARS

DAY = date(2026, 11, 18)
OPEN_NS = at(DAY, time(9, 15))
CHAIN = (
    "collection_timestamp,Expiry_Date,Strike_Price,CALLS_LTP,CALLS_Bid_Price,CALLS_Bid_Qty,"
    "CALLS_Ask_Price,CALLS_Ask_Qty,PUTS_LTP,PUTS_Bid_Price,PUTS_Bid_Qty,PUTS_Ask_Price,PUTS_Ask_Qty,"
    "CurrentVal\n"
)


def recorded(second: int, fingerprint: int = 1, **quotes: Quote) -> RecordedFrame:
    return RecordedFrame(Frame(OPEN_NS + second * SECOND_NS, quotes, second), fingerprint)


def told(snapshots, others, memory=1):
    """Second, quotes and fingerprint of each frame."""
    found = paced(iter(snapshots), iter(others), memory)
    return [
        ((each.frame.at_ns - OPEN_NS) // SECOND_NS, each.frame.quotes, each.fingerprint)
        for each in found
    ]


def test_a_snapshot_is_told_with_what_others_traded_since_the_one_before():
    ticks = [recorded(n, i=Quote(100 + n, bid_e4=99)) for n in (1, 3, 2, 4, 9)]
    ticks.sort(key=lambda each: each.frame.at_ns)
    call = recorded(0, 7, c=Quote(5)), recorded(4, 8, c=Quote(6)), recorded(8, 9, c=Quote(6))
    assert told(call, ticks) == [
        (0, {"c": Quote(5)}, 7),
        (4, {"i": Quote(104, 99, low_e4=101, high_e4=104), "c": Quote(6)}, 8),
        (8, {"c": Quote(6)}, 9),
    ]


def test_a_file_that_has_ended_is_not_told_anew_with_every_snapshot():
    """Its last price of hours ago was taken for that of the close."""
    ticks = [recorded(n, i=Quote(100 + n)) for n in (0, 1)]
    snapshots = [recorded(n, n + 1, c=Quote(5)) for n in range(4)]
    assert [sorted(quotes) for _, quotes, _ in told(snapshots, ticks)] == [
        ["c", "i"], ["c", "i"], ["c"], ["c"],
    ]  # fmt: skip


@pytest.mark.parametrize(("memory", "known"), [(1, [1, 1, 1]), (2, [1, 2, 1])])
def test_what_traded_beside_a_copy_is_told_with_the_next_snapshot_that_is_none(memory, known):
    """A copy is dropped by the feed, and what was told with it alone is heard of by nobody."""
    ticks = [recorded(2, i=Quote(100)), recorded(3, i=Quote(90)), recorded(4, i=Quote(95))]
    snapshots = [recorded(n, each, c=Quote(5)) for n, each in enumerate([*known, 9, 8])]
    found = told(snapshots, ticks, memory)
    assert found[2][1:] == ({"i": Quote(100), "c": Quote(5)}, 1)
    assert found[3][1]["i"] == Quote(90, low_e4=90, high_e4=100)
    assert found[4][1]["i"] == Quote(95)


def test_what_traded_beside_content_that_may_recur_is_told_once():
    ticks = [recorded(2, i=Quote(100))]
    snapshots = [recorded(n, each, c=Quote(5)) for n, each in enumerate((1, 2, 1, 3))]
    assert ["i" in quotes for _, quotes, _ in told(snapshots, ticks)] == [0, 0, 1, 0]


def test_the_range_is_of_what_was_traded_and_of_ranges_that_were_told():
    ticks = [
        recorded(1, i=Quote(100, low_e4=90, high_e4=101)),
        recorded(2, i=Quote(0, bid_e4=95)),
        recorded(3, i=Quote(103)),
    ]
    (only,) = told([recorded(4, c=Quote(5))], ticks)
    assert only[1]["i"] == Quote(103, low_e4=90, high_e4=103)


def test_one_tick_between_two_snapshots_is_told_as_it_is():
    tick = Quote(100, low_e4=90, high_e4=101)
    assert told([recorded(1, c=Quote(5))], [recorded(1, i=tick)])[0][1]["i"] == tick


def test_what_both_quote_is_as_the_snapshot_says():
    assert told([recorded(1, i=Quote(7))], [recorded(1, i=Quote(8))])[0][1] == {"i": Quote(7)}


def test_a_chain_that_is_silent_stays_silent_beside_ticks_that_go_on():
    """They kept it alive, and its quotes were traded at however old they were."""
    ticks = [recorded(n, i=Quote(100)) for n in range(600)]
    assert [second for second, *_ in told([recorded(0, c=Quote(5))], ticks)] == [0]


@pytest.mark.parametrize(("chain", "bars"), [("NIFTY_chain", "NIFTY"), ("NIFTY", "NIFTY_minute")])
def test_a_chain_that_tells_its_index_and_bars_of_it_are_one_day_whatever_their_names(
    tmp_path, chain, bars
):
    """By their names either the index or the whole chain was dropped as a copy."""
    both = "10,9,75,11,75,20,19,75,21,75"
    rows = (f"2026-11-18 09:{16 + n}:00,2026-11-24,24500,{both},{24500 + n}\n" for n in range(3))
    (tmp_path / f"{chain}.csv").write_text(CHAIN + "".join(rows))
    bar = (f"2026-11-18 09:{15 + n},1,1,1,1,1\n" for n in range(4))
    (tmp_path / f"{bars}.csv").write_text(BARS + "".join(bar))
    recording = open_recording(tmp_path)
    frames = [each.frame.quotes for each in recording.frames(DAY)]
    assert [quotes["NIFTY"] for quotes in frames] == [Quote((24500 + n) * 10_000) for n in range(3)]
    assert {len(quotes) for quotes in frames} == {3}
    assert recording.interval_ns(DAY) == 60 * SECOND_NS
