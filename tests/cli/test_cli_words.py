from __future__ import annotations

import pytest

from daemon.cli.words import count, money, rupees


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (None, "unknown"),
        (0, "0.00"),
        (1785, "1,785.00"),
        (-536.25, "-536.25"),
        (1e6, "1,000,000.00"),
    ],
)
def test_money_of_a_report_is_shown_on_two_decimals_or_as_unknown(amount, shown):
    assert money(amount) == shown


@pytest.mark.parametrize(
    ("amount_e4", "shown"),
    [
        (1_961_050, "196.10"),
        (1_961_150, "196.12"),
        (1_961_051, "196.11"),
        (-5_362_500, "-536.25"),
        (0, "0.00"),
        (500, "0.05"),
    ],
)
def test_an_exact_amount_is_shown_half_to_even_on_two_decimals(amount_e4, shown):
    assert rupees(amount_e4) == shown


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0 days"), (1, "1 day"), (2, "2 days"), (1_234, "1,234 days")]
)
def test_a_count_has_its_noun(number, shown):
    assert count(number, "day") == shown
