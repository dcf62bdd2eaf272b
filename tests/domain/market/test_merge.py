import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.merge import merge

NIFTY = "NIFTY"


@pytest.mark.parametrize(
    ("case", "older", "newer", "expected"),
    [
        ("a fall and back", Quote(100), Quote(120), Quote(120, low_e4=100, high_e4=120)),
        ("a rise and back", Quote(120), Quote(100), Quote(100, low_e4=100, high_e4=120)),
        (
            "a spike seen before",
            Quote(100, low_e4=40, high_e4=250),
            Quote(120),
            Quote(120, low_e4=40, high_e4=250),
        ),
        (
            "a spike since",
            Quote(100),
            Quote(120, low_e4=40, high_e4=250),
            Quote(120, low_e4=40, high_e4=250),
        ),
        ("no trade before", Quote(0, bid_e4=5), Quote(120), Quote(120, low_e4=120, high_e4=120)),
        ("no trade since", Quote(120), Quote(0), Quote(0, low_e4=120, high_e4=120)),
        ("no trade at all", Quote(0), Quote(0, ask_e4=7), Quote(0, ask_e4=7)),
        ("the newer touch", Quote(9, 1, 2, 3, 4), Quote(9, 5, 6, 7, 8), Quote(9, 5, 6, 7, 8, 9, 9)),
    ],
)
def test_a_quote_takes_the_newer_prices_and_the_range_of_both(case, older, newer, expected):
    """No extreme is lost, and no price that does not exist becomes one."""
    merged = merge(Frame(1, {NIFTY: older}), Frame(2, {NIFTY: newer}))
    assert merged.quotes[NIFTY] == expected


def test_a_frame_takes_what_either_quotes():
    """What is absent from the newer is unchanged; what only one has stays as it is."""
    older = Frame(1, {"A": Quote(10), "B": Quote(20)}, exchange_ns=1)
    newer = Frame(5, {"B": Quote(21), "C": Quote(30)}, exchange_ns=4)
    assert merge(older, newer) == Frame(
        5, {"A": Quote(10), "B": Quote(21, low_e4=20, high_e4=21), "C": Quote(30)}, exchange_ns=4
    )


def test_the_frames_that_were_joined_are_unchanged():
    """Others may still hold them."""
    older, newer = Frame(1, {"A": Quote(10)}), Frame(2, {"A": Quote(11)})
    merge(older, newer)
    assert (older, newer) == (Frame(1, {"A": Quote(10)}), Frame(2, {"A": Quote(11)}))


prices = st.one_of(st.just(0), st.integers(1, 50))
quotes = st.builds(Quote, prices, prices, prices, prices, prices, prices, prices)
frames = st.lists(st.dictionaries(st.sampled_from("ABC"), quotes), min_size=3, max_size=3).map(
    lambda each: [Frame(at_ns, held) for at_ns, held in enumerate(each, 1)]
)


@given(frames)
def test_it_does_not_matter_which_are_joined_first(three):
    """A reader that lags by two sees the same, however they were put together."""
    one, two, last = three
    assert merge(merge(one, two), last) == merge(one, merge(two, last))


@given(frames)
def test_every_price_lies_within_the_range(three):
    """The low is the least of all trades told, the high the most; the last is the newest."""
    one, two, last = three
    merged = merge(merge(one, two), last)
    for symbol, quote in merged.quotes.items():
        told = [frame.quotes[symbol] for frame in three if symbol in frame.quotes]
        if len(told) > 1:
            trades = [price for q in told for price in (q.low_e4, q.ltp_e4, q.high_e4)]
            lows = [price for q in told for price in (q.low_e4, q.ltp_e4) if price]
            highs = [price for q in told for price in (q.high_e4, q.ltp_e4)]
            assert (quote.low_e4, quote.high_e4) == (min(lows, default=0), max(highs))
            assert quote.low_e4 == 0 or quote.low_e4 in trades
        assert quote.ltp_e4 == told[-1].ltp_e4
