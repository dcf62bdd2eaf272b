from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.bands import Band, averaged_e4, band, reference_e4, taken_e4
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.instruments import Instrument, Kind, contract
from daemon.domain.money import e4
from daemon.errors import RuleUnknown

DAY = date(2026, 11, 20)
CALL = contract("NIFTY-2026-11-23-24550-CE", DAY)
SHARE_FUTURE = Instrument(
    "RELIANCE-2026-11-23-FUT", "RELIANCE", Kind.FUTURE, 500, 1_000, 10_000, date(2026, 11, 23)
)


@pytest.mark.parametrize(
    ("instrument", "reference", "low", "high"),
    [
        (CALL, "100", "60", "140"),
        (CALL, "50.05", "30.05", "70.05"),
        (CALL, "50", "30", "70"),
        (CALL, "49.95", "29.95", "69.95"),
        (CALL, "20", "0.05", "40"),
        (CALL, "0.05", "0.05", "20.05"),
        (CALL, "0.01", "0.05", "20"),
        (contract("SENSEX-2026-11-26-82000-PE", DAY), "100", "60", "140"),
        (contract("NIFTY-2026-11-23-FUT", DAY), "24550", "24059", "25041"),
        (contract("NIFTY-2026-11-23-FUT", DAY), "5000", "4800", "5200"),
        (contract("SENSEX-2026-11-26-FUT", DAY), "80000", "78400", "81600"),
        (SHARE_FUTURE, "1400", "1358", "1442"),
        (SHARE_FUTURE, "40", "38.5", "41.5"),
        (contract("RELIANCE", DAY), "1400", "1260", "1540"),
        (contract("RELIANCE", DAY), "0.01", "0.05", "0.05"),
    ],
)
def test_the_band_lies_on_ticks_within_the_exchanges_width(instrument, reference, low, high):
    assert band(instrument, e4(reference), DAY) == Band(e4(low), e4(high))


def test_a_price_on_the_edge_passes_and_one_tick_beyond_does_not():
    found = band(CALL, e4(100), DAY)
    assert [found.holds(e4(p)) for p in ("59.95", "60", "100", "140", "140.05")] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert [found.nearest(e4(p)) for p in ("1", "100", "200")] == [e4(60), e4(100), e4(140)]


@given(st.integers(1, 10**9))
def test_both_edges_are_prices_around_the_reference(reference_e4):
    found = band(CALL, reference_e4, DAY)
    assert CALL.tick_e4 <= found.low_e4 <= found.high_e4
    assert found.low_e4 % CALL.tick_e4 == found.high_e4 % CALL.tick_e4 == 0
    width_e4 = max(e4(20), reference_e4 * 4 // 10 + 1)
    assert found.high_e4 - reference_e4 <= width_e4
    assert found.low_e4 == CALL.tick_e4 or reference_e4 - found.low_e4 <= width_e4


def test_the_band_of_a_sensex_option_is_known_from_december_2025_on():
    first = date(2025, 12, 1)
    sensex = contract("SENSEX-2025-12-04-82000-PE", first, strict=False)
    assert band(sensex, e4(100), first) == Band(e4(60), e4(140))
    with pytest.raises(RuleUnknown, match="the band of BSE option on 2025-11-28"):
        band(sensex, e4(100), date(2025, 11, 28))


@pytest.mark.parametrize("day", [date(2019, 5, 7), date(2025, 8, 29)])
def test_a_nifty_option_of_older_days_has_the_band_of_today(day):
    assert band(CALL, e4(100), day) == Band(e4(60), e4(140))


@pytest.mark.parametrize(
    ("symbol", "day"), [("NIFTY", DAY), ("NIFTY-2026-11-23-24550-CE", date(2018, 1, 1))]
)
def test_no_band_is_known_for_an_index_or_before_the_table(symbol, day):
    with pytest.raises(RuleUnknown, match=r"bands\.toml does not know the band"):
        band(contract(symbol, DAY), e4(100), day)


@pytest.mark.parametrize("reference_e4", [0, -500])
def test_there_is_no_band_around_what_is_no_price(reference_e4):
    with pytest.raises(ValueError, match="no band around"):
        band(CALL, reference_e4, DAY)


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        (Quote(100, 90, 1, 110, 1), 100),
        (Quote(90, 90, 1, 110, 1), 90),
        (Quote(110, 90, 1, 110, 1), 110),
        (Quote(89, 90, 1, 110, 1), 100),
        (Quote(111, 90, 1, 110, 1), 100),
        (Quote(0, 90, 1, 110, 1), 100),
        (Quote(40, 90, 1), 40),
        (Quote(400, 0, 0, 110, 1), 400),
        (Quote(0, 90, 1), 0),
        (Quote(0, 0, 0, 110), 0),
    ],
)
def test_a_last_price_counts_while_the_touch_has_not_left_it(quote, expected):
    """Outside a touch of two sides it is old, and the mid stands in; half a quote is no price."""
    assert reference_e4(quote) == expected


def test_what_the_exchange_takes_is_not_known_where_no_table_says():
    day = date(1999, 1, 4)
    assert taken_e4(CALL, e4(100), day) == (0, 0)
    assert taken_e4(CALL, e4(100), DAY) == (e4(60), e4(140))


SEEN = [(0, 500), (1, 100), (2, 0), (29, 103), (30, 200)]


@pytest.mark.parametrize(
    ("case", "until_s", "expected"),
    [
        ("the first alone", 0, 500),
        ("two", 1, 300),
        ("what was no price does not count", 2, 300),
        ("rounded down", 29, (500 + 100 + 103) // 3),
        ("half a minute back is out", 30, (100 + 103 + 200) // 3),
        ("later", 58, (103 + 200) // 2),
        ("one is left", 59, 200),
        ("none", 60, 0),
    ],
)
def test_the_mean_is_of_what_was_quoted_in_the_last_half_minute(case, until_s, expected):
    frames = [Frame(at_s * SECOND_NS, {"a": Quote(price), "b": Quote(7)}) for at_s, price in SEEN]
    frames.insert(2, Frame(SECOND_NS, {"b": Quote(7)}))
    assert averaged_e4(frames, "a", until_s * SECOND_NS) == expected


def test_what_was_never_quoted_has_no_mean():
    assert averaged_e4([], "a", SECOND_NS) == 0
    assert averaged_e4([Frame(0, {"b": Quote(7)}), Frame(1, {"a": Quote(0)})], "a", 1) == 0
