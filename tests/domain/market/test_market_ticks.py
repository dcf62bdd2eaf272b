"""The price steps of shares, whose own hang on a close that is not known."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.market.instruments import contract
from daemon.domain.market.ticks import finest_tick_e4, safe_tick_e4
from daemon.domain.money import e4

NOW, THEN = date(2026, 10, 12), date(2025, 4, 14)
TICKS = ("0.01", "0.05", "0.10", "0.50", "1", "5")
LEAST_CLOSES = (0, 250, 1_000, 5_000, 10_000, 20_000)


@pytest.mark.parametrize(
    ("symbol", "price", "day", "tick"),
    [
        ("SUZLON", "62.40", NOW, "0.05"),
        ("RELIANCE", "1412.30", NOW, "0.10"),
        ("RELIANCE", "1412.30", THEN, "0.05"),
        ("RELIANCE", "0", NOW, "0.05"),
        ("BAJAJ-AUTO", "8437.50", NOW, "1"),
        ("MARUTI", "15212", NOW, "5"),
        ("NIFTY-2026-10-27-FUT", "25000", NOW, "0.10"),
        ("NIFTY-2026-10-27-24500-CE", "25000", NOW, "0.05"),
    ],
)
def test_an_order_in_a_share_keeps_to_a_coarser_step_the_dearer_the_share(symbol, price, day, tick):
    assert safe_tick_e4(contract(symbol, day, strict=False), e4(price), day) == e4(tick)


@given(st.integers(1, e4(150_000)), st.integers(50, 200))
def test_the_step_of_a_share_is_valid_under_each_tick_that_it_can_have(price_e4, percent):
    """Its tick was set by a close of the month before, half its price to twice that."""
    close_e4 = price_e4 * percent // 100
    tick = max(zip(LEAST_CLOSES, TICKS, strict=True), key=lambda e: (close_e4 >= e4(e[0]), e[0]))[1]
    assert safe_tick_e4(contract("RELIANCE", NOW), price_e4, NOW) % e4(tick) == 0


@pytest.mark.parametrize(
    ("symbol", "price", "day", "tick"),
    [
        ("SUZLON", "79.03", NOW, "0.01"),
        ("SUZLON", "499.99", NOW, "0.01"),
        ("SUZLON", "500", NOW, "0.05"),
        ("SUZLON", "79.03", THEN, "0.05"),
        ("SUZLON", "-1", NOW, "0.05"),
        ("MARUTI", "15212", NOW, "0.05"),
        ("NIFTY-2026-10-27-FUT", "100", NOW, "0.10"),
        ("NIFTY-2026-10-27-24500-CE", "100", NOW, "0.05"),
    ],
)
def test_a_limit_in_a_share_is_judged_by_the_finest_step_that_its_price_allows(
    symbol, price, day, tick
):
    """That of half the price: it may have doubled since. Of all else it is the contract's own."""
    assert finest_tick_e4(contract(symbol, day, strict=False), e4(price), day) == e4(tick)


@given(st.integers(1, e4(150_000)), st.integers(50, 200))
def test_no_price_that_a_share_can_have_is_off_the_step_that_its_limit_is_judged_by(
    price_e4, percent
):
    close_e4 = price_e4 * percent // 100
    tick = max(zip(LEAST_CLOSES, TICKS, strict=True), key=lambda e: (close_e4 >= e4(e[0]), e[0]))[1]
    assert e4(tick) % finest_tick_e4(contract("RELIANCE", NOW), price_e4, NOW) == 0
