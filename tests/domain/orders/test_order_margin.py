"""Margin of an entry: the dearer of two witnesses, held against what is free."""

from datetime import date

import pytest

from daemon.domain.market.instruments import contract
from daemon.domain.market.margin import Holding
from daemon.domain.money import e4
from daemon.domain.orders.margin import MarginLeg, objection, own_margin_e4
from daemon.domain.orders.words import Side
from daemon.errors import RuleUnknown

DAY = date(2025, 9, 1)
CE, WING = "NIFTY-2025-09-02-24550-CE", "NIFTY-2025-09-02-24750-CE"
NAKED_E4 = 75 * e4(24_550) * 12 // 100
SHORT = MarginLeg(CE, Side.SELL, 75, e4(100))
HEDGE = MarginLeg(WING, Side.BUY, 75, e4(20))
SHARE_E4 = e4(95)


def held(ce=0, wing=0):
    """What the account holds of the two contracts."""
    pairs = ((CE, ce, 100), (WING, wing, 20))
    return [Holding(contract(symbol, DAY), net, e4(price)) for symbol, net, price in pairs]


@pytest.mark.parametrize(
    ("legs", "before", "margin_e4"),
    [
        ((SHORT,), held(), NAKED_E4),
        ((SHORT, HEDGE), held(), 75 * e4(200 + 20)),
        ((HEDGE,), held(ce=-75), 75 * e4(200 + 20) - NAKED_E4),
        ((MarginLeg(CE, Side.BUY, 75, e4(100)),), held(ce=-75), -NAKED_E4),
    ],
)
def test_our_own_model_counts_an_entry_beside_what_is_held(legs, before, margin_e4):
    """A hedge, and what buys a short back, free margin."""
    assert own_margin_e4(before, legs, DAY) == margin_e4


def test_a_day_before_the_model_has_no_margin():
    """It is not guessed."""
    with pytest.raises(RuleUnknown):
        own_margin_e4(held(), (SHORT,), date(2018, 12, 31))


# needed and free in rupees, whether the entry may leave at 95 %
BOUNDS = [
    (950, 1000, True),
    ("950.0001", 1000, False),
    (0, 0, True),
    (1, 0, False),
    (-1, -500, True),
    (0, -500, True),
    (1, -500, False),
]


@pytest.mark.parametrize(("required", "available", "borne"), BOUNDS)
def test_an_entry_takes_at_most_its_share_of_what_is_free(required, available, borne):
    """What needs nothing passes, also where nothing is free."""
    assert (objection(e4(required), e4(available), SHARE_E4) == "") is borne


def test_a_shortfall_is_told_with_both_figures():
    """So that a person sees how much is missing."""
    assert objection(e4(960), e4(1000), SHARE_E4) == (
        "it needs 960.00 rupees of margin; 1000.00 are free, of which it may take 950.00"
    )
