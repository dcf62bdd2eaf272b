"""An exit in doubt: when another may leave in its place."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.orders.doubt import OLD_NS, Doubt, is_old, may_replace
from daemon.domain.orders.words import Side, State

S = 10**9
APART = 2 * S
DOUBT = Doubt(
    side=Side.BUY,
    state=State.UNKNOWN,
    quantity=75,
    old=False,
    shown=False,
    agreed=True,
    equal_ns=APART,
)
PARKED = replace(DOUBT, state=State.PARKED)
OLD = replace(PARKED, old=True)
REPLACED = replace(PARKED, replaced_ago_ns=3 * S)
LONG_AGO = replace(OLD, replaced_ago_ns=OLD_NS)
RESTS = replace(DOUBT, state=State.WORKING, shown=True)
SALE = replace(DOUBT, side=Side.SELL)
LEAVES = replace(DOUBT, state=State.INTENDED)

CASES = {
    "a short that is bought back": (DOUBT, -75, [], True),
    "a parked purchase": (PARKED, -75, [], True),
    "a part beside slices on their way": (DOUBT, -150, [RESTS], True),
    "the sale of a long": (SALE, 75, [], False),
    "the sale of a long that is old": (replace(SALE, old=True), 75, [], False),
    "an order that is only intended": (LEAVES, -75, [], False),
    "an order that rests": (RESTS, -75, [], False),
    "an order that the broker shows": (replace(DOUBT, shown=True), -75, [], False),
    "a position that is another than ours": (replace(DOUBT, agreed=False), -75, [], False),
    "readings too close to each other": (replace(DOUBT, equal_ns=APART - 1), -75, [], False),
    "a leg that is flat": (DOUBT, 0, [], False),
    "a leg that is long": (DOUBT, 75, [], False),
    "a replacement in doubt": (DOUBT, -75, [REPLACED], False),
    "one in doubt beside an order that rests": (DOUBT, -75, [RESTS], False),
    "one in doubt beside one that leaves": (DOUBT, -75, [LEAVES], False),
    "a replacement in doubt, both of them old": (OLD, -75, [LONG_AGO], True),
    "the third in doubt, the first two old": (DOUBT, -75, [LONG_AGO, LONG_AGO], True),
    "an old one beside a part that rests": (replace(OLD, quantity=150), -150, [RESTS], True),
    "the third in doubt, in place of the second just now": (
        *(DOUBT, -75, [LONG_AGO, replace(OLD, replaced_ago_ns=OLD_NS - 1)], False),
    ),
    "the third in doubt beside the second, which rests": (OLD, -75, [LONG_AGO, RESTS], False),
    "an order from long ago, and another short since": (DOUBT, -75, [LONG_AGO], True),
    "an old one that the broker shows": (*(DOUBT, -75, [replace(LONG_AGO, shown=True)], False),),
    "an old one whose position is another than ours": (
        *(DOUBT, -75, [replace(LONG_AGO, agreed=False)], False),
    ),
    "an old one that was read once since it is old": (
        *(DOUBT, -75, [replace(LONG_AGO, equal_ns=0)], False),
    ),
    "one replaced just now, of which one reading shows another thing": (
        *(OLD, -75, [replace(OLD, equal_ns=0, replaced_ago_ns=S)], False),
    ),
    "one replaced just now that filled in part and rests": (
        *(OLD, -150, [replace(RESTS, replaced_ago_ns=S)], True),
    ),
}


@pytest.mark.parametrize(("doubt", "net", "others", "may"), CASES.values(), ids=CASES)
def test_only_a_short_is_bought_back_again_and_only_as_far_as_that_is_bounded(
    doubt, net, others, may
):
    assert may_replace(doubt, net, others, APART) is may


def test_an_order_is_old_after_two_minutes():
    assert not is_old(S, S + OLD_NS)
    assert is_old(S, S + OLD_NS + 1)
    assert OLD_NS == 2 * 60 * S


LATE = st.sampled_from([0, 1, 5, 59, 60, None, None, None])
"""How many seconds after it left a request arrives; None: never."""


def bought(late, short):
    """What each of several purchases in a row buys and when, read each second for an hour.

    Nobody answers, and what arrives fills. Returns when each left, and the most that was held.
    """
    left, replaced, arrived, most = [0], {}, set(), -short
    for second in range(1, 3_600):
        arrived |= {
            n for n, at in enumerate(left) if late[n] is not None and second - at >= late[n]
        }
        net = short * (len(arrived) - 1)
        most = max(most, net)
        if net >= 0 or len(left) == len(late):
            continue
        doubts = {
            n: Doubt(
                side=Side.BUY,
                state=State.PARKED,
                quantity=short,
                old=is_old(at * S, (second - 2) * S),
                shown=False,
                agreed=True,
                equal_ns=(second - at - 1) * S,
                replaced_ago_ns=(second - replaced[n]) * S if n in replaced else None,
            )
            for n, at in enumerate(left)
            if n not in arrived
        }
        newest = len(left) - 1
        doubt = doubts.pop(newest, None)
        if doubt is not None and may_replace(doubt, net, doubts.values(), APART):
            replaced[newest] = second
            left.append(second)
    return left, most


@given(st.lists(LATE, min_size=1, max_size=32), st.integers(1, 40))
def test_if_all_that_comes_late_fills_no_more_is_held_than_was_short(late, lots):
    left, most = bought(late, 75 * lots)
    assert most <= 75 * lots
    assert all(after - at >= 120 for at, after in pairwise(left[1:]))


def test_where_nothing_ever_arrives_one_leaves_every_two_minutes():
    """So many are the most that could fill, should all of them come against all knowledge."""
    left, _ = bought([None] * 50, 75)
    assert left[:4] == [0, 3, 123, 243]
    assert len(left) == 2 + (3_599 - left[1]) // 120
