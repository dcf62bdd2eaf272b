"""Orders that go although nobody here asked for that: the exchange, or a person, cancels them."""

from __future__ import annotations

import pytest

from daemon.domain.orders.basket import OnFail
from daemon.domain.orders.words import OrderType, Purpose, Refusal, Side, State
from daemon.messages import (
    BasketEnded,
    CancelAll,
    ExitOverdue,
    Noted,
    OrderAsked,
    PlaceByHand,
    Scope,
    StrategyStopped,
)
from tests.kit.router import (
    CLOSES,
    KEEP,
    SYMBOLS,
    T0,
    S,
    Stage,
    enter,
    frame,
    latch,
    leave,
    leg,
    without_wakes,
)

CE = SYMBOLS["ce"]
TEXT = f"{CE}: cancelled, and not by us: self trade"


def exits(stage):
    return [each for each in stage.intents() if each.purpose is Purpose.EXIT]


def drop(stage, n, text=""):
    """Somebody else cancels the order of the n-th intent."""
    stage.placed(n).state = State.CANCELLED
    return without_wakes(stage.tell(stage.placed(n).update(stage.now_ns, text=text)))


def test_an_exit_that_the_exchange_drops_for_a_known_reason_is_answered_by_its_row_of_the_table():
    """Outside the range that the exchange protects: it is priced anew a second later."""
    stage = Stage(["fill", "work", "fill"]).entered("ce")
    stage.tell(leave("ce"))
    stage.run(0.2)
    stage.placed(2).state = State.CANCELLED
    why = {"kind": Refusal.BAND, "text": "outside the protection range"}
    assert without_wakes(stage.tell(stage.placed(2).update(stage.now_ns, **why))) == [
        f"note {CE}: cancelled, and not by us: {why['text']}; step inside our own band"
    ]
    stage.run(1.1)
    assert len(exits(stage)) == 2
    assert (stage.broker.net(), stage.told(ExitOverdue)) == ({}, [])


def test_an_exit_that_the_exchange_drops_is_sent_again_with_patience_a_step_further():
    """It left anew within the same instant, as often as the budget let it, at the same price."""
    stage = Stage(["fill", "drop"]).entered("ce")
    stage.tell(leave("ce"))
    for _ in range(60):
        stage.run(1)
        stage.tell(frame(stage.now_ns))
    assert [each.price_e4 // 100 for each in exits(stage)] == [10005, 10110, 10310, 13720, 13720]
    assert [each.because for each in stage.told(ExitOverdue)] == [
        f"{TEXT}; page a person",
        "still open: ce -75",
    ]


def test_an_exit_that_is_dropped_leaves_its_slots_to_those_of_others():
    stage = Stage(["fill", "fill", "drop"]).entered("ce")
    stage.entered("pe", strategy_id="t", basket_id="t")
    stage.tell(leave("ce"))
    stage.run(30)
    stage.tell(frame(stage.now_ns))
    assert "place" in " ".join(stage.tell(leave("pe", strategy_id="t")))


def test_what_an_exit_filled_before_it_was_dropped_is_not_asked_for_again():
    stage = Stage(["fill", "drop 75", "fill"]).entered(leg("ce", 2))
    stage.tell(leave("ce"))
    stage.run(10)
    assert [each.quantity for each in exits(stage)] == [150, 75]
    assert stage.broker.net() == {}


def test_one_slice_that_is_dropped_holds_up_no_other():
    stage = Stage(["fill"] * 5 + ["drop", "fill"]).entered(leg("ce", 10, freeze=150))
    stage.tell(leave("ce"))
    stage.run(2)
    assert len(exits(stage)) == 6
    assert stage.broker.net() == {}


def test_an_exit_that_a_person_takes_back_is_told_with_what_the_broker_said_of_it():
    stage = Stage(["fill", "work", "fill"]).entered("ce")
    stage.tell(leave("ce"))
    stage.run(0.2)
    assert drop(stage, 2) == [
        f"page {CE}: cancelled, and not by us: no reason was told; page a person"
    ]
    stage.run(4.9)
    assert len(exits(stage)) == 1
    stage.run(0.3)
    assert stage.broker.net() == {}


def test_an_entry_that_is_dropped_is_given_up():
    """It was entered again and again, against whoever had cancelled it, until its time was over."""
    stage = Stage(["drop"])
    stage.tell(enter("ce", deadline_ns=T0 + 60 * S))
    stage.run(60)
    assert len(stage.intents()) == 1
    assert [each.because for each in stage.told(BasketEnded)] == [TEXT]
    assert stage.told(StrategyStopped) == []


@pytest.mark.parametrize(("on_fail", "held"), [(OnFail.UNWIND, {}), (OnFail.KEEP, {CE: -75})])
def test_what_an_entry_filled_before_it_was_dropped_goes_as_the_plan_says(on_fail, held):
    stage = Stage(["drop 75", "fill"])
    stage.tell(enter(leg("ce", 2), on_fail=on_fail))
    stage.run(10)
    assert stage.broker.net() == held


def test_what_was_asked_to_go_leads_on_at_once():
    stage = Stage(["fill", "work", "fill"]).entered("ce")
    stage.tell(leave("ce"))
    stage.run(1.3)
    assert len(exits(stage)) == 2
    assert stage.told(ExitOverdue) == []


def test_what_was_asked_to_go_before_a_restart_was_asked_for():
    stage = Stage(["fill", "work", "fill"], ["lost"]).entered("ce")
    stage.tell(leave("ce"))
    stage.run(1.05)
    stage.placed(2).state = State.CANCELLED
    stage.build()
    stage.tell(frame(stage.now_ns))
    stage.run(3)
    assert (stage.broker.net(), stage.told(ExitOverdue)) == ({}, [])


@pytest.mark.parametrize(
    "asked", [latch(), CancelAll(Scope.ALL, "", "me")], ids=["kill", "cancel-all"]
)
def test_an_entry_that_is_taken_back_by_a_person_is_told_as_that(asked):
    stage = Stage(["work"])
    stage.tell(enter("ce", **KEEP))
    stage.run(1)
    stage.tell(asked) if asked == latch() else stage.ask(asked)
    stage.run(5)
    assert stage.broker.resting() == []
    assert not [each.because for each in stage.told(BasketEnded) if "not by us" in each.because]


def test_an_order_by_hand_that_a_person_cancels_in_the_app_is_told_by_its_state_alone():
    stage = Stage(["work"])
    whose = ("", "me", stage.now_ns)
    asked = OrderAsked("r", "a", CE, Side.BUY, 75, OrderType.LIMIT, 100_0000, 0, *whose)
    stage.ask(PlaceByHand(asked))
    stage.run(1)
    assert drop(stage, 1) == []


def test_an_exit_that_lapses_with_its_session_is_no_news():
    stage = Stage(["fill", "work"], ["no"]).entered("ce")
    stage.run((CLOSES - 2 * S - T0) / S)
    stage.tell(frame(stage.now_ns))
    stage.tell(leave("ce"))
    stage.run(3)
    assert drop(stage, 2, "lapsed") == []
    assert stage.told(Noted) == []


def test_an_exit_that_lapses_with_its_day_is_not_told_as_dropped_by_somebody_else():
    stage = Stage(["fill", "work"]).entered("ce")
    stage.tell(leave("ce"))
    stage.run(0.2)
    stage.now_ns = CLOSES + S
    assert [word for word in drop(stage, 2, "lapsed") if "not by us" in word] == []
