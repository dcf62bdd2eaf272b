"""An exit in doubt, as readings of the broker's book show it."""

import pytest

from daemon.actors.order_router import Terms
from daemon.domain.orders.words import OrderAccepted, OrderParked, OutcomeUnknown, Side, State
from daemon.messages import ExitReplaced, Noted
from tests.kit.router import SYMBOLS, S, Stage, enter, frame, leave, without_wakes

CE, HC = SYMBOLS["ce"], SYMBOLS["hc"]
READING = Terms("a", "broker", strict=False, reconcile_ns=5 * S)


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


def test_the_sale_of_a_long_in_doubt_is_never_replaced():
    stage, _ = doubted("lost", "fill", leg_id="hc", seconds=40)
    assert stage.told(ExitReplaced) == []
    assert (len(stage.intents()), stage.broker.net()) == (2, {HC: 75})


def test_a_replacement_in_doubt_is_not_replaced_again():
    stage, _ = doubted("lost", "lost", "fill", seconds=40)
    assert len(stage.told(ExitReplaced)) == 1
    assert (len(stage.intents()), stage.broker.net()) == (3, {CE: -75})


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
    assert stage.router._desk.replaced == {stage.intents()[1].intent_id}
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
    for _ in range(2 * seconds):
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
