from __future__ import annotations

from datetime import date, time

import pytest

from daemon.domain.instants import SECOND_NS, at
from daemon.domain.market.frames import Quote
from daemon.errors import DataError
from daemon.feeds.formats.words import ReplayOptions
from daemon.feeds.replay import open_recording

DAY = date(2026, 11, 18)
SPAN = ReplayOptions(span_ns=60 * SECOND_NS)


def recorded(tmp_path, *lines: str, name="RELIANCE_2026.csv", options: ReplayOptions | None = None):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return open_recording(path, options)


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("time,open,high,low,close,volume", "2026-11-18 09:15:00,10,12,9,11.05,5"),
        ("Time,Open,High,Low,Close,Volume,OI", "2026-11-18T09:15:00+05:30,10,12,9,11.05,5,6"),
        ("timestamp,open,high,low,close,volume", "2026-11-18T03:45:00Z,10,12,9,11.05,5"),
        ("Date,Time,Open,High,Low,Close", "20261118,09:15,10,12,9,11.05"),
        ("date,open,high,low,close", '18-Nov-2026 09:15:00,"10",12,9,"11.05"'),
    ],
)
def test_a_bar_is_stamped_at_its_close_with_the_extremes_of_its_span(tmp_path, header, line):
    (only,) = recorded(tmp_path, header, line, options=SPAN).frames(DAY)
    assert only.frame.at_ns == at(DAY, time(9, 16))
    assert only.frame.quotes == {"RELIANCE": Quote(11_0500, low_e4=9_0000, high_e4=12_0000)}


HEADER = "instrument,time,open,high,low,close"


def test_the_length_of_a_bar_is_the_most_frequent_distance(tmp_path):
    minutes = ("09:15", "09:20", "09:25", "09:45")
    recording = recorded(tmp_path, HEADER, *(f"A,2026-11-18 {at},1,1,1,1" for at in minutes))
    assert recording.interval_ns(DAY) == 300 * SECOND_NS
    assert recording.stamped_at_close


def test_one_bar_alone_has_no_length(tmp_path):
    with pytest.raises(DataError, match="one bar only"):
        recorded(tmp_path, HEADER, "A,2026-11-18 09:15,1,1,1,1")


def test_bars_of_several_symbols_make_one_frame_and_a_repeated_bar_its_own(tmp_path):
    lines = [f"{name},2026-11-18 09:15,1,1,1,1" for name in ("A", "B", "A")]
    frames = list(recorded(tmp_path, HEADER, *lines, options=SPAN).frames(DAY))
    assert [sorted(item.frame.quotes) for item in frames] == [["A", "B"], ["A"]]


def test_several_symbols_cannot_bear_one_name(tmp_path):
    lines = [f"{name},2026-11-18 09:15,1,1,1,1" for name in ("A", "B")]
    with pytest.raises(DataError, match="several symbols"):
        recorded(tmp_path, HEADER, *lines, options=ReplayOptions(symbol="C"))


def test_an_unchanged_bar_at_a_later_time_is_news_and_a_repeated_one_is_not(tmp_path):
    lines = [f"A,2026-11-18 09:{minute},1,1,1,1" for minute in (15, 16, 16)]
    first, second, again = recorded(tmp_path, HEADER, *lines).frames(DAY)
    assert (first.fingerprint != second.fingerprint, second.fingerprint == again.fingerprint) == (
        True,
        True,
    )


def test_bars_without_a_close_and_unwanted_symbols_are_left_out(tmp_path):
    lines = ["A,2026-11-18 09:15,1,1,1,", "A,2026-11-18 09:16,1,1,1,1"]
    frames = list(recorded(tmp_path, HEADER, *lines).frames(DAY, frozenset({"B"})))
    assert [(item.frame.at_ns, item.frame.quotes) for item in frames] == [
        (at(DAY, time(9, 17)), {})
    ]


def test_numbers_are_no_times(tmp_path):
    with pytest.raises(DataError, match="holds '1794973500', which is no time"):
        recorded(tmp_path, HEADER, "A,1794973500,1,1,1,1", options=SPAN)
