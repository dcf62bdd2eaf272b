from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.market.instruments import contract
from daemon.domain.orders.basket import (
    Basket,
    BasketLeg,
    OnFail,
    PlaceEntry,
    Progress,
    is_complete,
    missing,
)
from daemon.domain.orders.words import Product, Side

SHORT = BasketLeg("short", "NIFTY-CE", Side.SELL, 130, 65, 1800, 500)
HEDGE = BasketLeg("hedge", "NIFTY-FAR-CE", Side.BUY, 130, 65, 1800, 500)
LARGE = replace(SHORT, quantity=3250)
CONDOR = Basket("b1", "condor", (SHORT, HEDGE), 5, 60, OnFail.UNWIND, 0, 10)
STRADDLE = replace(CONDOR, legs=(SHORT, replace(SHORT, leg_id="put")))


def of(**progress: tuple[int, int]) -> dict[str, Progress]:
    return {leg_id: Progress(*come) for leg_id, come in progress.items()}


@pytest.mark.parametrize(
    ("case", "basket", "progress", "expected"),
    [
        ("hedges first", CONDOR, of(), [("hedge", 130)]),
        ("a hedge on its way", CONDOR, of(hedge=(0, 130)), []),
        ("a hedge half filled", CONDOR, of(hedge=(65, 65)), []),
        ("a hedge half taken back", CONDOR, of(hedge=(65, 0)), [("hedge", 65)]),
        ("the hedge filled", CONDOR, of(hedge=(130, 0)), [("short", 130)]),
        ("a short on its way", CONDOR, of(hedge=(130, 0), short=(0, 130)), []),
        ("half of a short", CONDOR, of(hedge=(130, 0), short=(65, 0)), [("short", 65)]),
        ("all filled", CONDOR, of(hedge=(130, 0), short=(130, 0)), []),
        ("filled beyond", CONDOR, of(hedge=(195, 0), short=(195, 0)), []),
        ("no hedges", STRADDLE, of(), [("short", 130), ("put", 130)]),
        (
            "slices",
            replace(STRADDLE, legs=(LARGE,)),
            of(short=(65, 65)),
            [("short", 1755), ("short", 1365)],
        ),
    ],
)
def test_what_is_sent_is_what_is_wanted_and_neither_filled_nor_on_its_way(
    case, basket, progress, expected
):
    """Shorts only once every hedge is filled."""
    assert [(e.leg.leg_id, e.quantity) for e in missing(basket, progress)] == expected


def test_a_leg_keeps_all_but_the_rules_of_its_contract_which_are_those_of_today():
    """Where the contract of today is not known the rules that were stay."""
    leg = BasketLeg("ce", "NIFTY-CE", Side.SELL, 130, 65, 1800, 500, Product.CARRY)
    today = replace(
        contract("NIFTY-2026-03-10-22900-CE", date(2026, 3, 9)),
        lot=75,
        freeze_quantity=900,
        tick_e4=1000,
    )
    anew = replace(leg, lot=75, freeze_quantity=900, tick_e4=1000)
    assert (leg.under(today), leg.under(None)) == (anew, leg)


def test_an_entry_carries_its_leg():
    """With the symbol, the side and the price step that its order needs."""
    assert missing(CONDOR, of()) == (PlaceEntry(HEDGE, 130),)


@pytest.mark.parametrize(
    ("progress", "complete"),
    [
        (of(), False),
        (of(hedge=(130, 0)), False),
        (of(hedge=(130, 0), short=(65, 65)), False),
        (of(hedge=(130, 0), short=(130, 0)), True),
        (of(hedge=(195, 0), short=(130, 0)), True),
        (of(other=(0, 65), hedge=(130, 0), short=(130, 0)), True),
    ],
)
def test_a_basket_is_complete_when_each_of_its_own_legs_is_filled(progress, complete):
    """What is on its way is not there yet."""
    assert is_complete(CONDOR, progress) == complete


lots = st.integers(1, 60)
legs = st.lists(
    st.builds(
        lambda side, lots, freeze: replace(
            SHORT, side=side, quantity=65 * lots, freeze_quantity=freeze
        ),
        st.sampled_from(Side),
        lots,
        st.integers(1, 2_000),
    ),
    min_size=1,
    max_size=5,
).map(lambda drawn: tuple(replace(leg, leg_id=str(n)) for n, leg in enumerate(drawn)))


@given(legs, st.data())
def test_orders_sum_to_what_is_missing_exactly(drawn, data):
    """Per leg, in whole lots, each within the freeze quantity or one lot; hedges before shorts."""
    basket = replace(CONDOR, legs=drawn)
    progress = {}
    for leg in drawn:
        filled = data.draw(st.integers(0, leg.quantity // 65)) * 65
        pending = data.draw(st.integers(0, (leg.quantity - filled) // 65)) * 65
        progress[leg.leg_id] = Progress(filled, pending)
    wanted = missing(basket, progress)
    hedged = all(
        progress[leg.leg_id].filled_quantity == leg.quantity
        for leg in drawn
        if leg.side is Side.BUY
    )
    for leg in drawn:
        sent = [entry.quantity for entry in wanted if entry.leg == leg]
        come = progress[leg.leg_id]
        due = leg.side is Side.BUY or hedged
        rest = leg.quantity - come.filled_quantity - come.pending_quantity
        assert sum(sent) == (rest if due else 0)
        assert [q for q in sent if q % 65 or q > max(leg.freeze_quantity, 65)] == []


@given(legs, st.data())
def test_a_basket_that_is_filled_bit_by_bit_is_entered_exactly_once(drawn, data):
    """Asked after every answer, until nothing is missing: never a unit too many, shorts last."""
    basket = replace(CONDOR, legs=drawn)
    filled = {leg.leg_id: 0 for leg in drawn}
    for _ in range(1_000):
        progress = {leg_id: Progress(quantity) for leg_id, quantity in filled.items()}
        wanted = missing(basket, progress)
        if not wanted:
            break
        entry = data.draw(st.sampled_from(wanted[:3]))
        if entry.leg.side is Side.SELL:
            hedges = [leg for leg in drawn if leg.side is Side.BUY]
            assert [leg for leg in hedges if filled[leg.leg_id] < leg.quantity] == []
        filled[entry.leg.leg_id] += entry.quantity
    assert filled == {leg.leg_id: leg.quantity for leg in drawn}
    assert is_complete(basket, progress)
