import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.orders.slices import slices


@pytest.mark.parametrize(
    ("quantity", "freeze_quantity", "lot", "expected"),
    [
        (0, 1800, 65, ()),
        (65, 1800, 65, (65,)),
        (1755, 1800, 65, (1755,)),
        (1820, 1800, 65, (1755, 65)),
        (3250, 1800, 65, (1755, 1495)),
        (1500, 600, 30, (600, 600, 300)),
        (1000, 1000, 20, (1000,)),
        (100, 1800, 65, (65, 35)),
        (25, 1800, 65, (25,)),
        (1790, 1800, 65, (1755, 35)),
        (130, 50, 65, (65, 65)),
    ],
)
def test_a_quantity_is_cut_as_few_times_as_may_be(quantity, freeze_quantity, lot, expected):
    """Indices of 2026, odd remainders, and a freeze quantity below one lot."""
    assert slices(quantity, freeze_quantity, lot) == expected


@given(st.integers(0, 20_000), st.integers(1, 3_000), st.integers(1, 120))
def test_slices_are_exact_whole_lots_and_as_few_as_may_be(quantity, freeze_quantity, lot):
    """Only a remainder below one lot is not a multiple of it, and it comes last."""
    cut = slices(quantity, freeze_quantity, lot)
    largest = max(freeze_quantity // lot, 1) * lot
    whole = cut[:-1] if quantity % lot else cut
    assert sum(cut) == quantity
    assert [part for part in cut if not 0 < part <= largest] == []
    assert [part for part in whole if part % lot] == []
    assert len(whole) == -(-(quantity - quantity % lot) // largest)


@pytest.mark.parametrize(("quantity", "lot"), [(-1, 65), (65, 0)])
def test_nonsense_is_a_defect(quantity, lot):
    """A negative quantity or no lot never reaches the exchange."""
    with pytest.raises(AssertionError):
        slices(quantity, 1800, lot)
