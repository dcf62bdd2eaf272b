"""An exit in doubt: when another may leave in its place."""

import pytest
from msgspec.structs import replace

from daemon.domain.orders.doubt import Doubt, may_replace
from daemon.domain.orders.words import Side, State

S = 10**9
BUYS_BACK = Doubt(
    side=Side.BUY,
    state=State.UNKNOWN,
    shown=False,
    agreed=True,
    equal_ns=2 * S,
    leg_net=-75,
    doubtful_quantity=75,
    others_quantity=0,
)
CASES = {
    "a short that is bought back": ({}, True),
    "a parked purchase": ({"state": State.PARKED}, True),
    "a part beside slices on their way": ({"leg_net": -150, "others_quantity": 75}, True),
    "the sale of a long": ({"side": Side.SELL, "leg_net": 75}, False),
    "an order that is only intended": ({"state": State.INTENDED}, False),
    "an order that rests": ({"state": State.WORKING}, False),
    "an order that the broker shows": ({"shown": True}, False),
    "a position that is another than ours": ({"agreed": False}, False),
    "readings too close to each other": ({"equal_ns": 2 * S - 1}, False),
    "a leg that is flat": ({"leg_net": 0}, False),
    "a leg that is long": ({"leg_net": 75}, False),
    "one that was replaced, and its replacement in doubt": ({"doubtful_quantity": 150}, False),
    "one that was replaced, and its replacement on its way": ({"others_quantity": 75}, False),
}


@pytest.mark.parametrize(("fields", "may"), CASES.values(), ids=CASES)
def test_only_a_short_is_bought_back_twice_and_only_once(fields, may):
    assert may_replace(replace(BUYS_BACK, **fields), 2 * S) is may
