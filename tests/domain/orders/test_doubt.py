"""An exit in doubt: when another may leave in its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.orders.doubt import OLD_NS, Counted, Doubt, given_up, is_old
from daemon.domain.orders.words import Side, State

S = 10**9
APART = 2 * S
DOUBT = Doubt(
    side=Side.BUY,
    owed=True,
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
    "a stop that rested, and no exit": (replace(DOUBT, owed=False), -75, [], False),
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
    doubts = {"it": doubt} | {f"beside {n}": each for n, each in enumerate(others)}
    assert ("it" in given_up(doubts, -net, -net, APART)) is may


LOST = replace(DOUBT, replaced_ago_ns=3 * S)
FRESH = replace(DOUBT, equal_ns=0)
OF_SLICES = {
    "all slices of which readings show nothing": ([DOUBT, PARKED, DOUBT], 225, 225, [0, 1, 2]),
    "one more of several, after the first": ([LOST, DOUBT], 75, 300, [1]),
    "a replacement that was lost, of one slice of several": ([LOST, LOST, DOUBT], 75, 225, [2]),
    "as many as were short at first, and none beyond": ([LOST, LOST, DOUBT, DOUBT], 150, 225, [2]),
    "none once so many were": ([LOST, LOST, LOST, DOUBT], 75, 225, []),
    "those that filled since are counted no more": ([LOST, DOUBT], 75, 150, [1]),
    "two for one unit short, since what came late left both uncertain": (
        *([LOST, DOUBT, DOUBT], 75, 300, [1, 2]),
    ),
    "none while one that may yet be seen covers what is short": ([DOUBT, FRESH], 75, 300, []),
    "a late one that rests now counts as covering, and as given up": (
        *([replace(RESTS, replaced_ago_ns=S), DOUBT, DOUBT], 150, 150, [1]),
    ),
    "one that is old, of more units than are short by now": (
        [replace(OLD, quantity=300)],
        75,
        75,
        [0],
    ),
    "one such after another": ([replace(OLD, quantity=300)] * 2, 75, 75, [0]),
}


@pytest.mark.parametrize(("doubts", "short", "most", "found"), OF_SLICES.values(), ids=OF_SLICES)
def test_slices_are_given_up_until_as_many_units_are_as_were_short(doubts, short, most, found):
    named = {str(n): each for n, each in enumerate(doubts)}
    assert given_up(named, short, most, APART) == tuple(map(str, found))


def test_an_order_is_old_after_two_minutes():
    assert not is_old(S, S + OLD_NS)
    assert is_old(S, S + OLD_NS + 1)
    assert OLD_NS == 2 * 60 * S


LATE = st.sampled_from([0, 1, 5, 59, 60, None, None, None])
"""How many seconds after it left a request arrives; None: never."""
SLICE = 75


def bought(late, slices):
    """What an exit of some slices buys, read each second for an hour, of which nobody answers.

    What arrives fills. At most three leave in a second. Each that leaves has the next fate; once
    these are used up none leaves any more.

    Returns:
        when each left; those given up, by number, with when; when that is counted, how many of the
        last two minutes had not come by then; the most that was held.
    """
    left, replaced, arrived, most, counted = [], {}, set(), -SLICE * slices, {}
    for second in range(3_600):
        if len(left) == len(late) and second - left[-1] > 60:
            break
        arrived |= {
            n for n, at in enumerate(left) if late[n] is not None and second - at >= late[n]
        }
        net = SLICE * (len(arrived) - slices)
        most = max(most, net)
        doubts = {
            str(n): Doubt(
                side=Side.BUY,
                owed=True,
                state=State.PARKED,
                quantity=SLICE,
                old=is_old(at * S, (second - 2) * S),
                shown=False,
                agreed=True,
                equal_ns=(second - at - 1) * S,
                replaced_ago_ns=(second - replaced[n]) * S if n in replaced else None,
            )
            for n, at in enumerate(left)
            if n not in arrived
        }
        for name in given_up(doubts, -net, SLICE * slices, APART):
            replaced[int(name)] = second
            recent = [n for n, at in replaced.items() if second - at < 120 and n not in arrived]
            counted[second] = len(recent)
        beside = SLICE * sum(int(name) not in replaced for name in doubts)
        missing = max(-net - beside, 0) // SLICE
        left += [second] * min(missing, 3, len(late) - len(left))
    return left, replaced, counted, most


@given(st.lists(LATE, min_size=1, max_size=40), st.integers(1, 8))
def test_if_all_that_comes_late_fills_no_more_is_held_than_was_short(late, slices):
    _, replaced, counted, most = bought(late, slices)
    assert most <= SLICE * slices
    assert max(counted.values(), default=0) <= slices
    never = [at for n, at in replaced.items() if late[n] is None]
    assert not never or len(never) <= slices * (1 + (max(never) - min(never)) // 120)


def test_where_nothing_ever_arrives_what_was_short_leaves_once_more_every_two_minutes():
    """So much is the most that could fill, should all of it come against all knowledge."""
    left, *_ = bought([None] * 50, 1)
    assert left[:4] == [0, 3, 123, 243]
    assert len(left) == 2 + (3_599 - left[1]) // 120


def test_a_slice_of_several_may_be_lost_again_and_again_without_a_wait():
    left, replaced, _, most = bought([0, 0, None, 0, 0, 0, 0, None, None, 0], 7)
    assert (replaced, most) == ({2: 3, 7: 6, 8: 9}, 0)
    assert left[-1] == 9


def test_an_instant_yet_to_come_counts_as_when_it_was_first_looked_at_and_goes_on_to():
    counted = Counted()
    assert counted.since_ns("E1", 90, 100) == 90
    assert [counted.since_ns("E1", 500, now_ns) for now_ns in (100, 200, 600)] == [100] * 3
    assert counted.since_ns("E2", 500, 200) == 200
