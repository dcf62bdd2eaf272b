from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.market.frames import Quote
from daemon.domain.market.parity import synthetic_forward

STRIKE_E4 = 24_500_0000


def quoted(bid: int, ask: int, ltp: int = 0) -> Quote:
    return Quote(ltp * 10_000, bid * 10_000, 65, ask * 10_000, 65)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], None),
        ([(STRIKE_E4, quoted(100, 102), quoted(90, 92))], STRIKE_E4 + 10_0000),
        ([(STRIKE_E4, quoted(100, 102), quoted(0, 92))], None),
        ([(STRIKE_E4, quoted(100, 102, 99), quoted(0, 92, 90))], STRIKE_E4 + 9_0000),
        ([(STRIKE_E4, quoted(100, 102, 99), quoted(70, 92, 90))], STRIKE_E4 + 9_0000),
        ([(STRIKE_E4, quoted(102, 100, 99), quoted(90, 92, 90))], STRIKE_E4 + 9_0000),
        ([(STRIKE_E4, quoted(0, 0, 99), quoted(0, 0))], None),
        ([(STRIKE_E4, quoted(100, 101), quoted(90, 92))], STRIKE_E4 + 9_5000),
    ],
    ids=[
        "no strike",
        "both quoted",
        "one side has no bid and nothing traded",
        "last trades where a bid is missing",
        "last trades where a spread is too wide",
        "last trades where a book is crossed",
        "one side never traded",
        "half a rupee of mid price",
    ],
)
def test_the_forward_comes_from_mids_then_from_trades_then_not_at_all(rows, expected):
    assert synthetic_forward(rows) == expected


def test_a_strike_with_sane_quotes_goes_before_a_nearer_one_with_trades_only():
    near = (STRIKE_E4, quoted(0, 0, 100), quoted(0, 0, 100))
    far = (STRIKE_E4 + 50_0000, quoted(70, 72), quoted(110, 112))
    assert synthetic_forward([near, far]) == STRIKE_E4 + 10_0000


def test_a_tie_goes_to_the_lower_strike():
    high = (STRIKE_E4 + 50_0000, quoted(80, 82), quoted(90, 92))
    low = (STRIKE_E4, quoted(90, 92), quoted(80, 82))
    assert synthetic_forward([high, low]) == STRIKE_E4 + 10_0000


@given(st.integers(24_000_0000, 25_000_0000), st.integers(100_0000, 200_0000))
def test_prices_made_from_a_forward_give_it_back(forward_e4, time_value_e4):
    rows = []
    for strike_e4 in range(23_500_0000, 25_500_0001, 50_0000):
        call_e4 = max(forward_e4 - strike_e4, 0) + time_value_e4
        put_e4 = max(strike_e4 - forward_e4, 0) + time_value_e4
        rows.append(
            (
                strike_e4,
                Quote(0, call_e4 - 500, 65, call_e4 + 500, 65),
                Quote(0, put_e4 - 500, 65, put_e4 + 500, 65),
            )
        )
    assert synthetic_forward(rows) == forward_e4
