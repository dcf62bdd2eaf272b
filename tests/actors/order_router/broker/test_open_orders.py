"""Orders of an earlier day that may have filled: over for whoever asks what rests or may fill."""

import pytest
from msgspec.structs import replace

from daemon.domain.money import e4
from daemon.domain.orders.words import OrderUpdated, Pocket, Product, Side, State
from daemon.messages import (
    CancelAll,
    CancelByHand,
    Declined,
    Done,
    KillStaged,
    Noted,
    PlaceByHand,
    Scope,
    SeeAccount,
    SeeOpen,
)
from tests.actors.order_router.broker.test_next_day import beat, next_day
from tests.actors.order_router.test_by_hand import ASKED
from tests.kit.router import KEEP, READING, SYMBOLS, S, Stage, carried, enter, frame, latch, leave

CE, HC = SYMBOLS["ce"], SYMBOLS["hc"]
SELL = replace(ASKED, side=Side.SELL, price_e4=e4(110), product=Product.CARRY)


def guarded(*then):
    """A carried short whose stop rested at the close, as did an order by hand that sells more."""
    stage = Stage(["fill", "work", "work", *(then or ("fill",))], terms=READING)
    stage.run()
    stage.tell(enter(carried("ce"), resident_percent_e4=e4(20), **KEEP))
    stage.run(10)
    stage.ask(PlaceByHand(SELL))
    stage.run(5)
    return stage


def leaving(leg_id="ce", lots=2, filled=75):
    """A carried leg whose exit rested at the close, and filled unheard."""
    stage = Stage(["fill", "work", "fill"], ["lost"], terms=READING)
    stage.run()
    stage.tell(enter(carried(leg_id, lots), **KEEP))
    stage.run(5)
    stage.tell(leave(leg_id))
    stage.run(3)
    if filled:
        stage.broker.fill(stage.placed(2), stage.now_ns, filled)
    return stage


def risen(stage, seconds):
    """Let seconds pass in which the call stands above the limit of the order by hand."""
    said = []
    for _ in range(seconds):
        said += stage.run(1) + stage.tell(frame(stage.now_ns, ce=140))
    return said


def rests(stage):
    """What rests in the broker's book, by purpose."""
    return [order.intent.purpose.value for order in stage.broker.resting()]


def test_a_stop_rests_again_where_that_of_the_day_before_may_have_filled():
    stage = guarded()
    next_day(stage, seconds=20)
    assert rests(stage) == ["resident_stop"]
    assert stage.broker.net() == {CE: -75}


def test_a_short_is_not_shown_as_guarded_by_a_stop_of_an_earlier_day():
    stage = guarded("refuse OTHER")
    next_day(stage)
    assert rests(stage) == []
    (held,) = stage.ask(SeeAccount()).held
    assert (held.net_quantity, held.resident_quantity) == (-75, 0)


def test_no_order_of_an_earlier_day_stands_in_the_way_of_an_exit():
    """The order by hand would have traded with it, and a stop that rests counts as on its way."""
    stage = guarded()
    next_day(stage)
    stage.broker.calm()
    risen(stage, 1)
    stage.tell(leave("ce"))
    assert "flat ce" in risen(stage, 3)
    assert stage.broker.net() == {}


def test_no_order_of_an_earlier_day_stands_in_the_way_of_a_kill():
    stage = guarded()
    next_day(stage)
    stage.broker.calm()
    risen(stage, 1)
    stage.tell(latch())
    risen(stage, 12)
    assert (stage.told(KillStaged)[-1].stage, stage.broker.net()) == ("flat", {})


def test_nobody_asks_to_cancel_what_is_over():
    stage = guarded()
    said = next_day(stage, seconds=3)
    stage.broker.calm()
    said += stage.tell(leave("ce")) + risen(stage, 60) + stage.tell(latch()) + beat(stage, 60)
    assert [word for word in said if word in ("cancel 2", "cancel 3")] == []


def test_nobody_looks_again_whether_what_is_over_rests():
    stage = Stage(["part"], ["lost"], terms=READING)
    stage.run()
    stage.tell(enter(carried("ce", 2), **KEEP | {"deadline_ns": stage.now_ns + 5 * S}))
    stage.run(20)
    stage.broker.fill(stage.placed(1), stage.now_ns)
    next_day(stage)
    assert [word for word in beat(stage, 60) if word.startswith("wake BasketDue")] == []


def test_who_asks_to_cancel_it_is_told_that_it_is_over():
    stage = guarded()
    next_day(stage)
    by_hand = stage.intents()[2].intent_id
    text = f"{by_hand} is over with its day; it may have filled"
    assert stage.ask(CancelByHand(by_hand, "me")) == Declined("not_open", text)
    assert stage.ask(CancelAll(Scope.ALL, "", "me")) == Done("0 orders are being taken back")


def test_it_keeps_nobody_from_changing_its_strategy():
    stage = guarded()
    next_day(stage)
    stage.broker.calm()
    stage.tell(leave("ce"))
    beat(stage, 3)
    assert stage.ask(SeeOpen("s")) == ()


@pytest.mark.parametrize(("leg_id", "kills"), [("ce", 0), ("ce", 1), ("hc", 0), ("hc", 1)])
def test_an_exit_closes_what_the_broker_shows_and_not_what_filled_unheard(leg_id, kills):
    """An order of 150 rested, and 75 of it filled; 75 are open."""
    stage = leaving(leg_id)
    next_day(stage, seconds=0)
    stage.broker.calm()
    if kills:
        stage.tell(latch())
    beat(stage, 30)
    assert (stage.broker.net(), stage.broker.flips) == ({}, [])
    assert [intent.quantity for intent in stage.intents()[2:]] == [75]
    assert not kills or stage.told(KillStaged)[-1].stage == "flat"


def test_nothing_is_sold_beyond_what_the_broker_shows_by_a_single_reading():
    stage = leaving("hc")
    said = next_day(stage, seconds=1)
    assert said.count("read") == 1
    assert [intent.quantity for intent in stage.intents()[2:]] == [75]


def test_where_the_stop_filled_unheard_the_short_is_not_bought_back_again():
    stage = guarded()
    stage.broker.fill(stage.placed(2), stage.now_ns)
    next_day(stage)
    stage.broker.calm()
    stage.tell(leave("ce"))
    beat(stage, 20)
    assert (len(stage.intents()), stage.broker.net()) == (3, {})


def test_of_two_legs_in_one_contract_only_that_whose_exit_filled_is_closed_already():
    """The other one's exit never left; both are as the broker shows them."""
    stage = Stage(["fill", "fill", "work", "fill"], ["lost"], terms=READING)
    stage.run()
    for strategy_id in ("s", "t"):
        stage.tell(enter(carried("ce"), strategy_id=strategy_id, basket_id=strategy_id, **KEEP))
        stage.run(5)
    stage.tell(leave("ce"))
    stage.run(3)
    stage.broker.fill(stage.placed(3), stage.now_ns)
    next_day(stage)
    stage.broker.calm()
    stage.tell(leave("ce", strategy_id="t"))
    beat(stage, 20)
    assert [(o.strategy_id, o.quantity) for o in stage.intents()[3:]] == [("t", 75)]
    assert stage.broker.net() == {}


def test_a_fill_of_it_that_is_heard_late_counts():
    stage = leaving()
    rested = stage.placed(2)
    next_day(stage, seconds=20)
    pocket = Pocket(CE, Product.CARRY)
    assert stage.book().within(pocket).net == -75
    stage.tell(replace(rested.update(stage.now_ns), state=State.CANCELLED))
    assert stage.book().within(pocket).net == 0
    said = beat(stage, 10)
    assert ("agree ce carry" in said, stage.broker.net()) == (True, {})
    assert len(stage.intents()) == 3


def test_it_is_not_over_before_a_reading_of_the_later_day():
    stage = leaving(filled=0)
    stage.broker.unread.extend(["no answer"] * 3)
    said = next_day(stage, seconds=2)
    assert [word for word in said if word.startswith("place")] == []


def test_it_is_over_again_after_a_restart():
    stage = leaving()
    next_day(stage, seconds=20)
    stage.build()
    stage.tell(latch())
    beat(stage, 20)
    assert stage.told(KillStaged)[-1].stage == "flat"
    assert (len(stage.intents()), stage.broker.net()) == (3, {})


def test_a_person_is_told_of_it_once_a_day():
    stage = guarded()
    next_day(stage, seconds=60)
    told = [fact.text for fact in stage.told(Noted) if "is over with its day" in fact.text]
    assert [text.partition(",")[0] for text in told] == [
        intent.intent_id for intent in stage.intents()[1:3]
    ]
    assert not [fact for fact in stage.told(OrderUpdated) if fact.text.startswith("lapsed")]
    next_day(stage, seconds=60, day=3)
    again = [fact.text for fact in stage.told(Noted) if "is over with its day" in fact.text]
    assert again[: len(told) + 2] == told * 2
