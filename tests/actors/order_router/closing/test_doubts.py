"""An exit in doubt, as readings of the broker's book show it."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from daemon.domain.orders.doubt import OLD_NS
from daemon.domain.orders.words import (
    OrderAccepted,
    OrderParked,
    OutcomeUnknown,
    Purpose,
    Side,
    State,
)
from daemon.messages import ExitByHand, ExitReplaced, Noted
from tests.kit.router import (
    READING,
    SYMBOLS,
    S,
    Stage,
    enter,
    frame,
    leave,
    leg,
    without_wakes,
)

CE, HC = SYMBOLS["ce"], SYMBOLS["hc"]


def doubted(*place, leg_id="ce", seconds=8):
    """A stage whose exit went by this script, and what was said in some seconds."""
    stage = Stage(["fill", *place], terms=READING)
    stage.run()
    stage.entered(leg_id)
    stage.tell(leave(leg_id))
    said = []
    for _ in range(2 * seconds):
        said += stage.run(0.5)
        said += stage.tell(frame(stage.now_ns))
    return stage, without_wakes(said)


def test_a_purchase_in_doubt_is_replaced_after_two_equal_readings_and_told():
    stage, said = doubted("lost", "fill")
    assert said.index("replaced 2") < said.index("place 3") < said.index("flat ce")
    assert any(
        "another leaves in its place, and both may fill" in f.text for f in stage.told(Noted)
    )
    assert stage.broker.net() == {}
    left_ns = [intent.decided_ns for intent in stage.intents()]
    assert left_ns[2] - left_ns[1] >= 2 * S


def test_the_second_of_two_readings_is_made_as_soon_as_they_lie_far_enough_apart():
    """By the pace of a second alone it would come half a second later."""
    stage = Stage(["fill", "lost", "fill"], terms=replace(READING, verify_ns=5 * S // 2))
    stage.run()
    stage.entered("ce")
    stage.tell(leave("ce"))
    went_on(stage, 8)
    (unknown,), (replaced,) = stage.told(OutcomeUnknown), stage.told(ExitReplaced)
    first_ns = unknown.at_ns + READING.lookup_ns
    assert 5 * S // 2 <= replaced.at_ns - first_ns < 3 * S


def test_a_purchase_that_is_in_doubt_since_later_puts_off_no_reading_that_may_replace_the_first():
    stage = Stage(["fill", "fill", "lost"], terms=replace(READING, verify_ns=5 * S // 2))
    stage.run()
    stage.entered()
    stage.tell(leave("ce"))
    went_on(stage, 3)
    stage.tell(leave("pe"))
    went_on(stage, 5)
    first_ns = stage.told(OutcomeUnknown)[0].at_ns + READING.lookup_ns
    assert stage.told(ExitReplaced)[0].at_ns - first_ns < 3 * S


@pytest.mark.parametrize(("symbol", "replaced"), [(CE, 0), (SYMBOLS["pe"], 1)])
def test_readings_that_show_other_orders_in_its_contract_are_not_equal(symbol, replaced):
    stage = Stage(["fill", "lost", "fill"], terms=READING)
    stage.run()
    stage.entered("ce")
    stage.tell(leave("ce"))
    for _ in range(12):
        stage.broker.stranger(symbol, Side.BUY)
        went_on(stage, 0.5)
    assert len(stage.told(ExitReplaced)) == replaced


def test_the_sale_of_a_long_in_doubt_is_never_replaced():
    stage, _ = doubted("lost", "fill", leg_id="hc", seconds=140)
    assert stage.told(ExitReplaced) == []
    assert (len(stage.intents()), stage.broker.net()) == (2, {HC: 75})


def test_a_replacement_in_doubt_is_not_replaced_within_two_minutes():
    stage, _ = doubted("lost", "lost", "fill", seconds=115)
    assert len(stage.told(ExitReplaced)) == 1
    assert (len(stage.intents()), stage.broker.net()) == (3, {CE: -75})


def test_two_purchases_that_never_left_do_not_let_a_short_stand_for_ever():
    """Both were never seen, and would have been by then; they stay parked, and count."""
    stage, said = doubted("lost", "lost", "fill", seconds=140)
    assert said.index("parked 3") < said.index("replaced 3") < said.index("place 4")
    assert stage.broker.net() == {}
    assert [order.state for order in stage.book().open_orders()] == [State.PARKED] * 2
    assert stage.book().possible_exposure(CE) == (0, 150)
    left_ns = [intent.decided_ns for intent in stage.intents()[1:]]
    assert OLD_NS <= left_ns[2] - left_ns[1] < OLD_NS + 5 * S


@pytest.mark.untraced
def test_where_nothing_ever_arrives_one_purchase_leaves_every_two_minutes():
    stage, _ = doubted("lost", seconds=500)
    first, *instead = [intent.decided_ns for intent in stage.intents()[1:]]
    assert instead[0] - first < 5 * S
    assert [round((after - at) / OLD_NS) for at, after in pairwise(instead)] == [1, 1, 1, 1]
    assert all(after - at >= OLD_NS for at, after in pairwise(instead))


def test_an_exit_in_doubt_is_weighed_against_its_own_leg_alone():
    """The other leg's exit rests, and buys none of this one back."""
    stage = Stage(["fill", "fill", "lost", "work"], terms=READING)
    stage.run()
    stage.entered()
    stage.tell(leave())
    said = went_on(stage, 8)
    assert [word for word in said if word.startswith("replaced")] == ["replaced 3"]


def test_what_another_strategy_buys_back_in_a_leg_of_that_name_lets_no_more_be_given_up():
    stage = Stage(["fill", "fill", "work", "lost"], ["lost"], terms=READING)
    stage.run()
    stage.entered("ce").entered(leg("ce", 3), strategy_id="other", basket_id="o")
    stage.tell(leave("ce", strategy_id="other"))
    stage.tell(leave("ce"))
    went_on(stage, 60)
    assert len(stage.told(ExitReplaced)) == 1


def test_while_a_part_is_left_no_more_is_given_up_than_that_whatever_else_is_left_beside_it():
    stage = Stage(["fill", "fill", "work", "lost"], ["lost"], terms=READING)
    stage.run()
    stage.entered(leg("ce", 2), "pe")
    stage.tell(leave("pe"))
    stage.ask(ExitByHand("s", "ce", 1, "me"))
    went_on(stage, 60)
    assert len(stage.told(ExitReplaced)) == 1


def test_what_became_more_short_since_its_exit_began_may_be_given_up_for_as_well():
    """The rest of the entry filled once it was taken back."""
    stage = Stage(["part", "lost", "lost", "fill"], ["after 1"], terms=READING)
    stage.run()
    stage.entered(leg("ce", 2))
    stage.tell(leave("ce"))
    went_on(stage, 12)
    assert [intent.quantity for intent in stage.intents()[1:3]] == [75, 75]
    assert len(stage.told(ExitReplaced)) == 2
    assert stage.broker.net() == {}


def test_a_purchase_in_doubt_of_a_part_is_replaced_once_all_is_left():
    """Its own exit is owed no longer; the one of the whole waits for it all the same."""
    stage = Stage(["fill", "lost", "fill"], terms=READING)
    stage.run()
    stage.entered(leg("ce", 2))
    stage.ask(ExitByHand("s", "ce", 1, "me"))
    stage.tell(leave("ce"))
    said = went_on(stage, 8)
    assert said.index("replaced 2") < said.index("flat ce")
    assert stage.broker.net() == {}


SHORT = 3_750
"""Three slices, two of them of the freeze quantity."""


def sliced(*place):
    """A stage that is told to leave three slices, by this script."""
    stage = Stage(["fill"] * 3 + [*place], terms=READING)
    stage.run()
    stage.entered(replace(leg("ce"), quantity=SHORT))
    stage.tell(leave("ce"))
    return stage


def sent(stage):
    """The units that exits were sent for."""
    return sum(i.quantity for i in stage.intents() if i.purpose is Purpose.EXIT)


def test_slices_that_were_lost_with_their_replacements_are_replaced_together():
    stage = sliced(*["lost"] * 6, "fill")
    went_on(stage, 140)
    assert sent(stage) == 3 * SHORT
    assert (stage.broker.net(), stage.broker.flips) == ({}, [])


def test_a_slice_whose_replacement_is_lost_as_well_is_replaced_again_at_once():
    stage = sliced("lost", "fill", "fill", "lost", "fill")
    said = went_on(stage, 8)
    assert len(stage.told(ExitReplaced)) == 2
    assert "flat ce" in said
    assert (stage.broker.net(), stage.broker.flips) == ({}, [])


@pytest.mark.parametrize("falls", [False, True])
def test_slices_are_replaced_within_two_minutes_until_as_many_units_are_as_were_short(falls):
    stage = sliced("lost", "fill", "fill", "lost")
    for _ in range(11):
        went_on(stage, 10)
        if falls:
            stage.build()
    given_up = {fact.intent_id for fact in stage.told(ExitReplaced)}
    units = [i.quantity for i in stage.intents() if i.intent_id in given_up]
    assert units == [1_800, 1_800]
    assert stage.broker.net() == {CE: -1_800}
    went_on(stage, 40)
    assert len(stage.told(ExitReplaced)) == 4


def test_a_purchase_that_arrives_a_minute_late_is_never_the_third():
    """Its replacement was lost as well: what arrives closes the leg, and no other leaves."""
    stage, _ = doubted("dumb 60", "lost", "fill", seconds=180)
    assert len(stage.intents()) == 3
    assert stage.broker.net() == {}


def test_what_arrives_against_all_knowledge_is_sold_at_once():
    stage, _ = doubted("dumb 200", "dumb 160", "fill", seconds=240)
    assert stage.broker.net() == {}
    assert [(i.side, i.quantity) for i in stage.intents()[4:]] == [(Side.SELL, 75)] * 2


@pytest.mark.parametrize("how", ["dumb", "dumb 1", "dumbwork"])
def test_a_purchase_that_turns_up_in_time_is_not_replaced(how):
    stage, _ = doubted(how, "fill")
    assert stage.told(ExitReplaced) == []


def test_when_both_fill_the_excess_is_sold_at_once():
    stage, said = doubted("dumb 6", "fill", seconds=30)
    assert "replaced 2" in said
    assert stage.broker.net() == {}
    assert stage.intents()[-1].side is Side.SELL


def test_when_the_old_one_fills_first_the_new_one_is_taken_back():
    stage, said = doubted("dumb 5", "work", "fill", seconds=30)
    assert "replaced 2" in said
    assert stage.broker.net() == {}
    assert stage.broker.resting() == []


def test_a_replaced_order_is_replaced_after_a_restart_too():
    stage, _ = doubted("lost", "work")
    stage.build()
    assert stage.router._desk.replaced.keys() == {stage.intents()[1].intent_id}
    said = stage.run(8)
    assert len(stage.told(ExitReplaced)) == 1
    assert [word for word in said if word.startswith("cancel 2")] == []


def test_a_position_that_the_broker_shows_otherwise_forbids_it():
    stage = Stage(["fill", "lost", "fill"], terms=READING)
    stage.run()
    stage.entered("ce")
    stage.broker.beside[CE] = 75
    stage.tell(leave("ce"))
    stage.run(10)
    assert stage.told(ExitReplaced) == []


def cut(*, leaves, place=("fill", "fill"), leg_id="ce"):
    """A router that fell once its exit was durable: the request left, or nobody let it."""
    stage = Stage(place, terms=READING)
    stage.run()
    stage.entered(leg_id)
    stage.crashes, stage.calls_leave = frozenset({stage.commits + 1}), leaves
    stage.tell(leave(leg_id))
    return stage


def went_on(stage, seconds):
    """What was said in some seconds after a restart, with a frame in each half of them."""
    said = []
    for _ in range(int(2 * seconds)):
        said += stage.run(0.5)
        said += stage.tell(frame(stage.now_ns))
    return without_wakes(said)


def test_an_exit_that_a_restart_finds_without_an_answer_is_unknown_and_replaced_in_three_seconds():
    """Nothing shows whether its request left; the two readings that doubt asks for decide."""
    stage = cut(leaves=False)
    assert [order.state for order in stage.book().open_orders()] == [State.UNKNOWN]
    said = went_on(stage, 4)
    assert said.index("replaced 2") < said.index("place 3") < said.index("flat ce")
    cut_off, instead = stage.intents()[1:]
    assert instead.decided_ns - cut_off.decided_ns <= 3 * S
    assert "parked 2" in went_on(stage, 20)
    assert stage.broker.asked[cut_off.intent_id] == 0


def test_two_falls_that_cut_an_exit_and_its_replacement_let_no_short_stand():
    """The router falls again once the replacement is durable, and before it left."""
    stage = cut(leaves=False)
    stage.crashes = frozenset({stage.commits + 1})
    went_on(stage, 30)
    assert [stage.broker.asked[each.intent_id] for each in stage.intents()] == [1, 0, 0]
    assert [order.state for order in stage.book().open_orders()] == [State.PARKED] * 2
    assert stage.broker.net() == {CE: -75}
    went_on(stage, 120)
    assert stage.broker.net() == {}
    assert [len(stage.told(kind)) for kind in (ExitReplaced, OrderParked)] == [2, 2]


@pytest.mark.parametrize("how", ["fill", "work", "dumb", "reject BAND"])
def test_an_exit_whose_request_left_before_the_fall_is_found_and_not_sent_again(how):
    stage = cut(leaves=True, place=("fill", how, "fill"))
    went_on(stage, 6)
    assert stage.told(ExitReplaced) == []
    assert set(stage.broker.asked.values()) == {1}
    assert stage.broker.flips == []


def test_the_sale_of_a_long_that_a_restart_finds_without_an_answer_is_never_doubled():
    stage = cut(leaves=False, leg_id="hc")
    went_on(stage, 20)
    assert (len(stage.intents()), stage.broker.net()) == (2, {HC: 75})
    assert len(stage.told(OrderParked)) == 1


def test_an_answer_that_was_on_its_way_through_a_fall_is_heard():
    """The router alone fell; what it asked before is answered."""
    stage = Stage(["work"], terms=READING)
    stage.run()
    stage.tell(enter("ce"))
    on_its_way = [each for each in stage._due if isinstance(each[2], OrderAccepted)]
    stage.build()
    assert [order.state for order in stage.book().open_orders()] == [State.UNKNOWN]
    stage.tell(on_its_way[0][2])
    assert [order.state for order in stage.book().open_orders()] == [State.WORKING]


def test_a_start_doubts_no_order_that_has_an_answer():
    stage = Stage(["fill", "work"]).entered("ce")
    stage.tell(leave("ce"))
    stage.run()
    stage.build()
    assert stage.told(OutcomeUnknown) == []
