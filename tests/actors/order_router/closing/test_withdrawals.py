"""What stands in the way of an exit is taken back, and what else rests is left alone."""

from msgspec.structs import replace

from daemon.domain.money import e4
from daemon.domain.orders.words import Purpose
from daemon.messages import CancelAsked, ExitReplaced
from daemon.runtime.budget import Window
from tests.kit.router import KEEP, READING, SYMBOLS, S, Stage, enter, frame, leave, leg

WITH_STOP = {"resident_percent_e4": e4(20)}
LONG = replace(leg("hc"), leg_id="long", symbol=SYMBOLS["ce"])
"""A call that is bought, in the contract that others sell."""


def guarded(**given) -> Stage:
    """A short call with a stop at the broker, whose cancellations are lost."""
    stage = Stage(cancel=["lost"], **given)
    stage.run(1)
    stage.entered("ce", **WITH_STOP)
    stage.run(1)
    return stage


def given_up(stage: Stage, seconds: float) -> int:
    """How many stops the exit of the call has left beside, after so long."""
    stage.run(seconds)
    return len(stage.told(ExitReplaced))


def taken_back(stage: Stage) -> list[tuple[str, Purpose]]:
    """Whose orders were asked back, and what they were for."""
    asked = [fact.intent_id for fact in stage.told(CancelAsked)]
    sent = {intent.intent_id: intent for intent in stage.intents()}
    return [(sent[each].strategy_id, sent[each].purpose) for each in asked]


def test_without_a_slot_to_ask_a_stop_back_the_patience_of_its_exit_does_not_run():
    stage = guarded(windows=(Window(2, 20 * S),))
    stage.tell(leave("ce"))
    assert given_up(stage, 15) == 0
    assert given_up(stage, 5) == 0
    assert given_up(stage, 2.1) == 1


def test_of_each_stop_that_an_exit_leaves_beside_it_is_told_once():
    stage = guarded()
    stage.broker._place.appendleft("work")
    stage.tell(leave("ce"))
    assert given_up(stage, 1.9) == 0
    assert given_up(stage, 20) == 1


def test_before_the_first_reading_an_exit_waits_for_its_stop_as_long_as_for_the_book():
    stage = guarded(terms=READING)
    stage.broker.unread.extend(["cut"] * 20)
    stage.build()
    stage.tell(frame(stage.now_ns))
    stage.tell(leave("ce"))
    assert given_up(stage, 9) == 0
    assert given_up(stage, 2) == 1


def test_an_exit_never_cancels_another_exit_that_it_would_trade_with():
    stage = Stage(["fill", "fill", "work"]).entered("ce")
    stage.entered(LONG, strategy_id="other", basket_id="o")
    stage.tell(leave("ce"))
    stage.run()
    stage.tell(leave("long", strategy_id="other"))
    stage.run(0.5)
    assert [order.intent.strategy_id for order in stage.broker.resting()] == ["s"]
    assert taken_back(stage) == []


def test_only_orders_across_in_the_same_contract_make_way():
    stage = Stage(["fill", "work", "work", "work", "fill"]).entered("ce")
    for strategy_id, made in (("across", "ce"), ("along", LONG), ("elsewhere", "pe")):
        stage.tell(enter(made, strategy_id=strategy_id, basket_id=strategy_id, **KEEP))
        stage.run()
    stage.tell(leave("ce"))
    stage.run(0.5)
    assert taken_back(stage) == [("across", Purpose.ENTRY)]
    left = [(intent.strategy_id, intent.purpose) for intent in stage.intents()[-2:]]
    assert left == [("s", Purpose.EXIT), ("along", Purpose.ENTRY)]
