"""What the judge folds of facts: where each level stands, and whose arming is still to come."""

import pytest
from msgspec.structs import replace

from daemon.domain.instants import DAY_NS
from daemon.domain.orders.words import Intent, IntentRecorded, OrderType, Purpose, Side
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.simulation.judging.known import Known
from tests.kit.acting import opened, sold

KEY = ("s", "ce")
RESTS = (OrderType.LIMIT, 1, Purpose.EXIT, "x")


def moved(to_e4, move=Move.ARMED):
    return LevelMoved("s", "ce", move, 0, to_e4, 0)


FIRST, MORE = sold("ce", "90"), sold("ce", "92", quantity=150)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([FIRST], 1),
        ([FIRST, moved(130)], 0),
        ([FIRST, MORE, moved(130)], 1),  # of the first fill; that of the second is to come
        ([FIRST, MORE, moved(130), moved(132)], 0),
        ([FIRST, moved(130), MORE, moved(128, Move.TRAILED)], 1),  # before the fill was read
        ([FIRST, moved(130), sold("ce", "90", quantity=150)], 0),  # at the same average
        ([FIRST, moved(130), sold("ce", "90", bought="80")], 0),  # what leaves arms nothing
        ([FIRST, MORE, opened()], 0),
        ([FIRST, moved(130), opened(), FIRST], 1),
    ],
)
def test_a_fill_that_moves_the_average_owes_an_arming_until_its_own_is_recorded(facts, expected):
    known = Known()
    for fact in facts:
        known.apply(fact)
    assert known.unarmed[KEY] == expected


def test_the_floors_of_two_entries_of_a_strategy_are_two():
    known = Known()
    for basket_id, floor_e4 in (("s:1", 750), ("s:2", 1950), ("s:1", 950)):
        known.apply(LevelMoved("s", "", Move.LOCKED, 0, floor_e4, 0, basket_id=basket_id))
    assert known.floors == {("s", "s:1"): 950, ("s", "s:2"): 1950}
    assert known.levels == {}


def test_an_order_in_doubt_counts_beside_others_of_its_day_and_on_a_later_one_where_it_is_live():
    known, later_ns = Known(), 100 * DAY_NS
    exit_ = Intent(*("1", "paper", *KEY, "CE", Side.BUY, 75), *RESTS, 0, 0)
    known.apply(IntentRecorded(exit_, 0))
    today, tomorrow = (replace(exit_, intent_id="2", decided_ns=ns) for ns in (1, later_ns))

    assert known.on_their_way(today, ()) == 75
    assert known.on_their_way(tomorrow, ()) == 0
    assert known.on_their_way(tomorrow, {"1"}) == 75
