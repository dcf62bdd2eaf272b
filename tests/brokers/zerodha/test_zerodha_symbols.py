"""Names of contracts at Zerodha, of a month and of a week, taken apart and put together."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.brokers.zerodha.symbols import Named, name_of, parse_name, plain
from daemon.domain.market.instruments import Kind

NAMES = [
    ("NIFTY26NOV26000CE", Named("NIFTY", 2026, 11, 0, Kind.CALL, 260_000_000)),
    ("NIFTY2580724400CE", Named("NIFTY", 2025, 8, 7, Kind.CALL, 244_000_000)),
    ("SENSEX26O0176200PE", Named("SENSEX", 2026, 10, 1, Kind.PUT, 762_000_000)),
    ("NIFTY26N0324550PE", Named("NIFTY", 2026, 11, 3, Kind.PUT, 245_500_000)),
    ("NIFTY26D2924550PE", Named("NIFTY", 2026, 12, 29, Kind.PUT, 245_500_000)),
    ("BANKNIFTY26AUGFUT", Named("BANKNIFTY", 2026, 8, 0, Kind.FUTURE)),
    ("NIFTYNXT5026AUG70000CE", Named("NIFTYNXT50", 2026, 8, 0, Kind.CALL, 700_000_000)),
    ("360ONE26SEP1000CE", Named("360ONE", 2026, 9, 0, Kind.CALL, 10_000_000)),
    ("ASHOKLEY26AUG172.5CE", Named("ASHOKLEY", 2026, 8, 0, Kind.CALL, 1_725_000)),
    ("M&M26AUG3000PE", Named("M&M", 2026, 8, 0, Kind.PUT, 30_000_000)),
    ("BAJAJ-AUTO26AUGFUT", Named("BAJAJ-AUTO", 2026, 8, 0, Kind.FUTURE)),
]


@pytest.mark.parametrize(("text", "named"), NAMES)
def test_a_name_says_underlying_month_or_day_strike_and_kind(text, named):
    assert parse_name(text) == named
    assert name_of(named) == text


@pytest.mark.parametrize(
    "text",
    ["", "NIFTY", "RELIANCE", "NIFTY26XYZ24000CE", "NIFTY26AUG24000XE", "NIFTY26A1824000CE",
     "NIFTY2684024000CE", "nifty26aug24000ce", "26AUG24000CE", "NIFTY26AUGCE", "NIFTY 50"],
)  # fmt: skip
def test_what_is_no_name_of_a_contract_is_none(text):
    assert parse_name(text) is None


@given(
    st.builds(
        Named,
        st.sampled_from(["NIFTY", "SENSEX", "NIFTYNXT50", "M&M", "BAJAJ-AUTO", "360ONE"]),
        st.integers(2019, 2035),
        st.integers(1, 12),
        st.just(0),
        st.sampled_from([Kind.CALL, Kind.PUT, Kind.FUTURE]),
        st.integers(1, 10**7).map(lambda n: n * 500),
    )
)
def test_every_name_of_a_month_reads_back(named):
    told = parse_name(name_of(named))

    assert told.kind is named.kind
    assert (told.underlying, told.year, told.month) == (named.underlying, named.year, named.month)
    assert told.strike_e4 == (named.strike_e4 if named.kind.is_option else 0)


@given(st.dates(date(2019, 1, 1), date(2035, 12, 31)), st.integers(1, 10**6), st.data())
def test_every_name_of_a_week_reads_back(expiry, strike, data):
    underlying = data.draw(st.sampled_from(["NIFTY", "BANKNIFTY", "SENSEX"]))
    named = Named(underlying, expiry.year, expiry.month, expiry.day, Kind.PUT, strike * 10_000)

    assert parse_name(name_of(named)) == named


@pytest.mark.parametrize(
    ("amount_e4", "text"),
    [(0, "0"), (1_000_000, "100"), (1_186_000, "118.6"), (1_725_050, "172.505"), (25, "0.0025")],
)
def test_an_amount_is_written_without_idle_zeros(amount_e4, text):
    assert plain(amount_e4) == text
