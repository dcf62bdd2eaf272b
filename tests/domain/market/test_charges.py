from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.market.charges import (
    ChargedFill,
    Charges,
    Unknown,
    charges,
    depository_e4,
    exercise_tax_e4,
)
from daemon.domain.market.instruments import contract
from daemon.domain.money import e4, units

DAY = date(2026, 11, 20)
CALL = contract("NIFTY-2026-11-23-24550-CE", DAY)
FUTURE = contract("NIFTY-2026-11-23-FUT", DAY)
SENSEX = contract("SENSEX-2026-11-26-82000-PE", DAY)
SHARE = contract("RELIANCE", DAY)


def of(instrument, side, quantity, price, day=DAY, **more) -> Charges:
    found = charges(ChargedFill(instrument, side, quantity, e4(price), **more), day)
    assert isinstance(found, Charges)
    return found


def paise(amount_e4: int) -> Decimal:
    return units(amount_e4).quantize(Decimal("0.01"))


@pytest.mark.parametrize(
    ("side", "price", "total"), [("sell", "100", "36.08"), ("buy", "60", "25.36")]
)
def test_the_worked_example_of_a_straddle_leg(side, price, total):
    assert paise(of(CALL, side, 65, price).total_e4) == Decimal(total)


def test_every_component_of_a_sold_premium():
    assert of(CALL, "sell", 65, 100) == Charges(
        brokerage_e4=e4(20),
        stt_e4=e4("9.75"),
        exchange_e4=23_094,
        sebi_e4=65,
        stamp_e4=0,
        gst_e4=40_169,
        total_e4=360_828,
    )


@pytest.mark.parametrize(
    ("instrument", "day", "stt", "exchange"),
    [
        (CALL, date(2024, 9, 30), 6250, 5000),
        (CALL, date(2024, 10, 1), 10_000, 3553),
        (CALL, date(2026, 2, 28), 10_000, 3553),
        (CALL, date(2026, 3, 31), 10_000, 3553),
        (CALL, date(2026, 4, 1), 15_000, 3553),
        (FUTURE, date(2024, 10, 1), 2000, 183),
        (FUTURE, date(2026, 3, 31), 2000, 183),
        (FUTURE, DAY, 5000, 183),
        (SENSEX, DAY, 15_000, 3250),
        (SHARE, DAY, 2500, 307),
    ],
)
def test_the_rates_of_a_sale_are_those_of_the_day_in_rupees_per_crore(
    instrument, day, stt, exchange
):
    found = of(instrument, "sell", 100_000, 100, day)
    assert (found.stt_e4, found.exchange_e4) == (e4(stt), e4(exchange))


@pytest.mark.parametrize(
    ("instrument", "more", "brokerage", "stt", "stamp"),
    [
        (CALL, {}, 20, 0, 300),
        (FUTURE, {}, 20, 0, 200),
        (SHARE, {}, 20, 0, 300),
        (SHARE, {"delivery": True}, 0, 10_000, 1500),
    ],
)
def test_a_purchase_of_a_crore(instrument, more, brokerage, stt, stamp):
    found = of(instrument, "buy", 100_000, 100, **more)
    expected = (e4(brokerage), e4(stt), e4(stamp))
    assert (found.brokerage_e4, found.stt_e4, found.stamp_e4) == expected


@pytest.mark.parametrize(
    ("instrument", "quantity", "price", "day", "tax"),
    [
        (CALL, 65, "100", DAY, "9.75"),
        (CALL, 65, "100", date(2026, 4, 1), "9.75"),
        (CALL, 65, "100", date(2026, 3, 31), "8.125"),
        (CALL, -65, "100", DAY, "0"),
        (CALL, 65, "0", DAY, "0"),
        (FUTURE, 65, "24500", DAY, "0"),
    ],
    ids=["long", "first day", "before", "short", "worthless", "future"],
)
def test_the_buyer_of_an_option_pays_tax_on_what_it_is_worth_at_the_end(
    instrument, quantity, price, day, tax
):
    assert exercise_tax_e4(instrument, quantity, e4(price), day) == e4(tax)


def test_an_exercise_that_no_table_covers_is_not_guessed():
    assert exercise_tax_e4(CALL, 65, e4(100), date(2019, 1, 1)) is None


@pytest.mark.parametrize("day", [date(2024, 10, 1), DAY])
def test_a_share_that_leaves_the_holdings_costs_its_fee_and_the_tax_on_it(day):
    assert depository_e4(day) == e4("15.34")


@pytest.mark.parametrize("day", [date(2024, 9, 30), date(2019, 1, 1)])
def test_a_share_that_leaves_the_holdings_before_the_table_is_not_guessed(day):
    assert depository_e4(day) is None


@pytest.mark.parametrize(
    ("instrument", "price", "orders", "brokerage"),
    [
        (CALL, "100", 0, "0"),
        (CALL, "100", 1, "20"),
        (CALL, "100", 3, "60"),
        (SHARE, "100", 1, "3"),
        (SHARE, "1000", 1, "20"),
        (SHARE, "1000", 2, "30"),
        (SHARE, "1000", 0, "0"),
    ],
)
def test_brokerage_is_due_per_order_and_not_per_trade(instrument, price, orders, brokerage):
    assert of(instrument, "buy", 100, price, orders=orders).brokerage_e4 == e4(brokerage)


def test_a_recorded_charge_of_2023_comes_out_by_the_old_rates():
    found = of(CALL, "sell", 75, "35.65", date(2023, 9, 1))
    turnover = Decimal("2673.75")
    assert units(found.stt_e4) == (turnover * Decimal("0.000625")).quantize(Decimal("0.0001"))
    assert units(found.exchange_e4) == (turnover * Decimal("0.0005")).quantize(Decimal("0.0001"))


@pytest.mark.parametrize(
    ("instrument", "day"),
    [(CALL, date(2023, 3, 31)), (FUTURE, date(2024, 9, 30)), (SENSEX, date(2024, 9, 30))],
)
def test_before_the_table_charges_are_unknown_and_never_guessed(instrument, day):
    found = charges(ChargedFill(instrument, "sell", 65, e4(100)), day)
    assert isinstance(found, Unknown)
    assert found.because.endswith(f"on {day}: charges are unknown")


@given(
    instrument=st.sampled_from([CALL, FUTURE, SENSEX, SHARE]),
    side=st.sampled_from(["buy", "sell"]),
    quantity=st.integers(1, 10_000),
    price_e4=st.integers(1, 10**9),
)
def test_the_total_is_the_sum_and_no_component_is_negative(instrument, side, quantity, price_e4):
    found = charges(ChargedFill(instrument, side, quantity, price_e4), DAY)
    assert isinstance(found, Charges)
    parts = (
        found.brokerage_e4,
        found.stt_e4,
        found.exchange_e4,
        found.sebi_e4,
        found.stamp_e4,
        found.gst_e4,
    )
    assert min(parts) >= 0
    assert found.total_e4 == sum(parts)


def test_an_index_and_a_word_that_is_no_side_are_refused():
    with pytest.raises(ValueError, match="never filled"):
        charges(ChargedFill(contract("NIFTY", DAY), "buy", 1, e4(1)), DAY)
    with pytest.raises(ValueError, match="neither buy nor sell"):
        charges(ChargedFill(CALL, "BUY", 1, e4(1)), DAY)
