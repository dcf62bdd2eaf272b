import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.merge import merge

PRICES = st.integers(0, 40)
QUOTES = st.builds(Quote, PRICES, PRICES, PRICES, PRICES, PRICES, PRICES, PRICES)
TRADED = st.one_of(
    st.builds(Quote, st.integers(1, 40)),
    st.tuples(*[st.integers(1, 40)] * 3).map(
        lambda p: Quote(sorted(p)[1], low_e4=min(p), high_e4=max(p))
    ),
)
FRAMES = st.builds(
    Frame,
    st.integers(1, 1_000),
    st.dictionaries(st.sampled_from(["NIFTY", "A-CE", "B-PE"]), QUOTES),
    st.integers(0, 1_000),
)


def spanned(*quotes):
    """The lowest and highest price of any trade that these quotes tell of; 0 where none does."""
    trades = [p for q in quotes for p in (q.ltp_e4, q.low_e4, q.high_e4) if p]
    return min(trades, default=0), max(trades, default=0)


@pytest.mark.parametrize(
    ("case", "before", "now", "expected"),
    [
        ("two single trades", Quote(100), Quote(90), (90, 90, 100)),
        ("the last price before was the high", Quote(120), Quote(100), (100, 100, 120)),
        ("the last price before was the low", Quote(80), Quote(100), (100, 80, 100)),
        (
            "a spike before is kept",
            Quote(100, low_e4=70, high_e4=130),
            Quote(101, low_e4=99, high_e4=102),
            (101, 70, 130),
        ),
        (
            "a spike now is kept",
            Quote(101, low_e4=99, high_e4=102),
            Quote(100, low_e4=70, high_e4=130),
            (100, 70, 130),
        ),
        ("not traded before", Quote(0, bid_e4=5), Quote(100), (100, 100, 100)),
        ("not traded now", Quote(100), Quote(0, bid_e4=5), (0, 100, 100)),
        ("never traded", Quote(0), Quote(0), (0, 0, 0)),
    ],
)
def test_the_range_spans_both_frames_and_no_price_is_not_a_low(case, before, now, expected):
    """Both last prices are trades too; a zero is the absence of one."""
    merged = merge(Frame(1, {"A-CE": before}), Frame(2, {"A-CE": now})).quotes["A-CE"]

    assert (merged.ltp_e4, merged.low_e4, merged.high_e4) == expected, case


def test_the_newer_price_touch_and_instants_win():
    """The newer touch replaces the older as a whole, be it emptier, and so do both instants."""
    older = Frame(1, {"A-CE": Quote(100, 99, 65, 101, 130)}, exchange_ns=11)
    newer = Frame(2, {"A-CE": Quote(103, 102, 195, 0, 0)}, exchange_ns=0)

    assert merge(older, newer) == Frame(2, {"A-CE": Quote(103, 102, 195, 0, 0, 100, 103)}, 0)


def test_a_symbol_that_one_frame_lacks_stays_as_the_other_has_it():
    """What is absent is unchanged, so it keeps the quote that it had, and a new one comes whole."""
    old, new = Quote(100, low_e4=90, high_e4=110), Quote(50)

    assert merge(Frame(1, {"A-CE": old}), Frame(2, {"B-PE": new}, 7)) == Frame(
        2, {"A-CE": old, "B-PE": new}, 7
    )


@given(FRAMES, FRAMES)
def test_a_merged_frame_is_the_newer_over_the_older_with_no_extreme_lost(older, newer):
    """Every symbol of either is there; the touch is of the newest frame that has the symbol."""
    merged = merge(older, newer)

    assert (merged.at_ns, merged.exchange_ns) == (newer.at_ns, newer.exchange_ns)
    assert set(merged.quotes) == set(older.quotes) | set(newer.quotes)
    for symbol, quote in merged.quotes.items():
        latest = newer.quotes.get(symbol) or older.quotes[symbol]
        assert quote == replace(latest, low_e4=quote.low_e4, high_e4=quote.high_e4)


@given(FRAMES, FRAMES, FRAMES)
def test_in_whatever_groups_frames_are_merged_the_outcome_is_one(first, second, third):
    """A reader that is late by two frames sees the same, however the two were joined."""
    assert merge(merge(first, second), third) == merge(first, merge(second, third))


@given(st.lists(TRADED, min_size=2, max_size=6))
def test_the_range_of_many_frames_is_that_of_all_their_trades(quotes):
    """Frame upon frame, the low and the high are those of every trade told of."""
    merged = Frame(0, {})
    for at_ns, quote in enumerate(quotes, 1):
        merged = merge(merged, Frame(at_ns, {"A-CE": quote}))
    last = merged.quotes["A-CE"]

    assert (last.low_e4, last.high_e4) == spanned(*quotes)


@given(FRAMES, FRAMES)
def test_merging_leaves_its_inputs_as_they_were(older, newer):
    """A frame that another reader still holds does not change under it."""
    before = copy.deepcopy((older, newer))
    merged = merge(older, newer)
    merged.quotes["other"] = Quote(1)

    assert (older, newer) == before
