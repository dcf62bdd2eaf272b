"""Black-76 and the smile: values that are known, and their order."""

from __future__ import annotations

from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from daemon.twin.generator.black76 import otm_value, smile

FORWARD = 25_000.0
DEVIATIONS = st.floats(0.002, 0.05)


def test_an_option_at_the_money_is_worth_what_the_formula_of_the_text_books_says():
    """F (2 N(s / 2) - 1): 0.4 F s for a small deviation s."""
    assert isclose(otm_value(FORWARD, FORWARD, 0.01), 99.7350, abs_tol=0.001)


@given(DEVIATIONS)
def test_at_the_money_a_call_and_a_put_are_worth_the_same(deviation):
    """The sides of the formula meet at the forward."""
    below, above = (
        otm_value(FORWARD, FORWARD - 1e-6, deviation),
        otm_value(FORWARD, FORWARD, deviation),
    )
    assert isclose(below, above, abs_tol=1e-4)


@given(DEVIATIONS, st.integers(1, 20))
def test_the_further_out_of_the_money_the_cheaper(deviation, steps):
    for side in (-50, 50):
        near = otm_value(FORWARD, FORWARD + side * steps, deviation)
        far = otm_value(FORWARD, FORWARD + side * (steps + 1), deviation)
        assert near + 1e-9 > far > -1e-9


def test_the_smile_is_dearer_below_and_ends_at_its_widest():
    assert smile(0.0, 0.06, 0.04) == 1.0
    assert smile(-2.0, 0.06, 0.04) > smile(2.0, 0.06, 0.04) > 1.0
    assert smile(9.0, 0.06, 0.04) == smile(3.5, 0.06, 0.04)
    assert smile(-9.0, 0.06, 0.04) == smile(-3.5, 0.06, 0.04)
