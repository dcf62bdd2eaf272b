"""The combined premium: what it counts from and the loss that it allows."""

import pytest

from daemon.domain.money import E4, e4
from daemon.domain.orders.words import Side
from daemon.domain.risk.pnl import LegPosition, total_e4
from daemon.domain.risk.premium import Base, base_of, loss_limit_e4, percent_limit_e4
from daemon.domain.risk.words import Distance


def entered(side: Side, quantity: int, price: str) -> LegPosition:
    return LegPosition("leg", "CE", side).filled(side, quantity, e4(price))


STRADDLE = [entered(Side.SELL, 75, "118.60"), entered(Side.SELL, 75, "95.30")]
CONDOR = [
    entered(Side.BUY, 75, "20"),
    entered(Side.SELL, 75, "60"),
    entered(Side.BUY, 75, "15"),
    entered(Side.SELL, 75, "50"),
]


@pytest.mark.parametrize(
    ("legs", "complete", "premium", "unit"),
    [
        ([], True, "0", 0),
        ([], False, "0", 0),
        ([LegPosition("ce", "CE", Side.SELL)], True, "0", 0),
        (STRADDLE, True, "16042.50", 75),
        (CONDOR, True, "5625", 75),
        ([entered(Side.BUY, 75, "100"), entered(Side.BUY, 75, "90")], True, "14250", 75),
        ([entered(Side.SELL, 150, "100"), entered(Side.SELL, 75, "90")], True, "21750", 75),
        ([entered(Side.BUY, 150, "20"), entered(Side.SELL, 75, "60")], False, "7500", 150),
    ],
)
def test_the_base_is_what_was_sold_less_what_was_bought(
    legs: list[LegPosition], complete: bool, premium: str, unit: int
) -> None:
    """While the entry is incomplete nothing is set off against anything."""
    assert base_of(legs, complete=complete) == Base(e4(premium), unit)


@pytest.mark.parametrize(
    ("ce", "pe", "fires"),
    [("90.80", "130.00", True), ("98.10", "118.85", False)],
)
def test_three_percent_of_the_real_days_straddle(ce: str, pe: str, fires: bool) -> None:
    """Entered for 213.90: it fires on 220.80 and not on 216.95."""
    limit_e4 = loss_limit_e4(base_of(STRADDLE), Distance(percent_e4=3 * E4))
    pnl_e4 = total_e4(STRADDLE[0], e4(ce)) + total_e4(STRADDLE[1], e4(pe))
    assert (pnl_e4 <= -limit_e4) is fires


def test_a_closed_leg_counts_at_its_exit_price() -> None:
    """One leg bought back at 130.00, the other at 90.80: the loss is that of both at the mark."""
    closed = STRADDLE[1].filled(Side.BUY, 75, e4("130.00"))
    assert base_of([STRADDLE[0], closed]) == base_of(STRADDLE)
    assert total_e4(STRADDLE[0], e4("90.80")) + total_e4(closed, e4("999")) == e4("-517.50")


@pytest.mark.parametrize(
    ("legs", "points", "expected"),
    [
        (STRADDLE, "10", "750"),
        ([entered(Side.SELL, 150, "100"), entered(Side.SELL, 75, "90")], "10", "750"),
        ([], "10", "0"),
    ],
)
def test_points_are_the_rise_of_the_sum_of_prices(
    legs: list[LegPosition], points: str, expected: str
) -> None:
    """Per unit of the smallest leg."""
    assert loss_limit_e4(base_of(legs), Distance(points_e4=e4(points))) == e4(expected)


@pytest.mark.parametrize(
    ("premium_e4", "percent_e4", "expected"),
    [(0, 25 * E4, 0), (1_000, 0, 0), (1_000, 25 * E4, 250), (1, 1, 1)],
)
def test_a_share_of_a_premium_is_never_nothing(
    premium_e4: int, percent_e4: int, expected: int
) -> None:
    """A share of no premium is no rule, rather than one that fires at no loss."""
    assert percent_limit_e4(Base(premium_e4, 75), percent_e4) == expected
