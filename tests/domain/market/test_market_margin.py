from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.market.instruments import contract
from daemon.domain.market.margin import Holding, margin_e4
from daemon.domain.money import e4
from daemon.errors import RuleUnknown

DAY = date(2026, 11, 20)
EXPIRY = date(2026, 11, 23)


def held(name: str, quantity: int, price: str | int) -> Holding:
    return Holding(contract(name, DAY), quantity, e4(price))


def option(strike: int, kind: str, quantity: int, price: int = 100) -> Holding:
    return held(f"NIFTY-{EXPIRY}-{strike}-{kind}", quantity, price)


@pytest.mark.parametrize(
    ("holdings", "day", "rupees"),
    [
        ([], DAY, 0),
        ([option(25000, "CE", 65)], DAY, 6500),
        ([option(25000, "CE", -65)], DAY, 195_000),
        ([option(25000, "CE", -65)], EXPIRY, 227_500),
        ([option(25000, "CE", -65), option(25000, "PE", -65)], DAY, 390_000),
        # a credit spread risks its width, and its hedge costs its premium
        ([option(25000, "CE", -65), option(25200, "CE", 65, 40)], DAY, 13_000 + 2_600),
        ([option(25000, "PE", -65), option(24800, "PE", 65, 40)], DAY, 13_000 + 2_600),
        # a hedge nearer the money than the short leaves nothing to lose
        ([option(25000, "CE", -65), option(24800, "CE", 65, 40)], DAY, 2_600),
        # a hedge too far away is no cap
        ([option(25000, "CE", -65), option(29000, "CE", 65, 1)], DAY, 195_000 + 65),
        # half of it is hedged
        ([option(25000, "CE", -130), option(25200, "CE", 65, 40)], DAY, 195_000 + 15_600),
        # the other kind hedges nothing
        ([option(25000, "CE", -65), option(25200, "PE", 65, 40)], DAY, 195_000 + 2_600),
        ([held(f"NIFTY-{EXPIRY}-FUT", -65, 25_000)], DAY, 195_000),
        ([held("RELIANCE", 100, 1_400)], DAY, 28_000),
    ],
)
def test_the_stated_model(holdings, day, rupees):
    assert margin_e4(holdings, day) == e4(rupees)


def test_a_hedge_of_another_expiry_caps_nothing():
    far = held("NIFTY-2026-12-01-25200-CE", 65, 40)
    assert margin_e4([option(25000, "CE", -65), far], DAY) == e4(195_000 + 2_600)


LEGS = st.dictionaries(
    st.tuples(st.sampled_from(range(24_000, 26_050, 50)), st.sampled_from(["CE", "PE"])),
    st.integers(-4, 4).filter(bool),
    max_size=6,
)


@given(LEGS)
def test_hedges_only_ever_lower_what_the_legs_cost_alone(legs):
    holdings = [option(strike, kind, lots * 65) for (strike, kind), lots in legs.items()]
    alone_e4 = sum(margin_e4([holding], DAY) for holding in holdings)
    premiums_e4 = sum(h.net_quantity * h.price_e4 for h in holdings if h.net_quantity > 0)
    assert premiums_e4 <= margin_e4(holdings, DAY) <= alone_e4
    assert margin_e4(holdings[::-1], DAY) == margin_e4(holdings, DAY)


def test_an_index_is_never_held_and_older_days_have_no_model():
    with pytest.raises(ValueError, match="never held"):
        margin_e4([Holding(contract("NIFTY", DAY), 1, e4(1))], DAY)
    with pytest.raises(RuleUnknown, match=r"margin\.toml does not know the margin model"):
        margin_e4([], date(2018, 12, 31))
