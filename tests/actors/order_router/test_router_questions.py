"""A broker that asks before it takes an order: told, counted, looked for, never answered."""

import pytest
from msgspec.structs import replace

from daemon.actors.order_router import Terms
from daemon.domain.money import e4
from daemon.domain.orders.heard import Order
from daemon.domain.orders.limits import Limits
from daemon.domain.orders.states import is_open
from daemon.domain.orders.words import (
    ConfirmationWanted,
    OrderRefused,
    OrderType,
    OutcomeUnknown,
    Refusal,
    Side,
    State,
)
from daemon.messages import (
    BasketEnded,
    CancelByHand,
    Declined,
    ExitFinished,
    ExitOverdue,
    ExitReplaced,
    OrderAsked,
    PlaceByHand,
)
from tests.kit.router import (
    READING,
    SYMBOLS,
    T0,
    Stage,
    enter,
    frame,
    leave,
)

CE, HC = SYMBOLS["ce"], SYMBOLS["hc"]
SAID = "the broker asks before it takes it: are you sure? (question q1)"
BY_HAND = OrderAsked("r1", "a", CE, Side.BUY, 75, OrderType.LIMIT, e4("100.05"), 0, "", "me", T0)


def entry(*how):
    """An entry before which the broker asks."""
    stage = Stage(how, terms=READING)
    stage.run()
    stage.tell(enter("ce"))
    return stage


def leaving(*how, leg_id="ce"):
    """An exit before which the broker asks."""
    stage = Stage(["fill", *how], terms=READING)
    stage.run()
    stage.entered(leg_id)
    stage.tell(leave(leg_id))
    return stage


def selling(*how):
    """The sale of a long before which the broker asks."""
    return leaving(*how, leg_id="hc")


def by_hand(*how):
    """An order by hand before which the broker asks."""
    stage = Stage(how, terms=READING)
    stage.run()
    stage.ask(PlaceByHand(BY_HAND, dry_run=False))
    return stage


def resident(*how):
    """A stop that is to rest at the broker, which asks first."""
    stage = Stage(["fill", *how], terms=READING)
    stage.run()
    return stage.entered("ce", resident_percent_e4=e4(20))


def asked(stage):
    """The order before which the broker asked, as our book has it."""
    (wanted,) = stage.told(ConfirmationWanted)
    return stage.book().order(wanted.intent_id)


def goes_on(stage, seconds):
    """Time passes, with a frame in each half second of it."""
    for _ in range(int(2 * seconds)):
        stage.run(0.5)
        stage.tell(frame(stage.now_ns))


def restarted(stage):
    """The router falls once the question is recorded, and is built from the facts."""
    stage.build()
    assert stage.told(OutcomeUnknown) == [], "the question is its answer"


KINDS = [entry, leaving, selling, by_hand, resident]
# What is held in the end where nobody answers the question, where somebody does after six seconds,
# and where the broker says no after all.
ENDS = {
    entry: ({}, {}, {}),
    leaving: ({}, {}, {}),
    selling: ({HC: 75}, {}, {}),
    by_hand: ({}, {CE: 75}, {}),
    resident: ({CE: -75}, {}, {CE: -75}),
}


@pytest.mark.parametrize("falls", [False, True], ids=["on", "restart"])
@pytest.mark.parametrize("make", KINDS)
def test_without_an_answer_it_stays_open_and_is_never_sent_again(make, falls):
    stage = make("ask", "fill")
    goes_on(stage, 1)
    assert (asked(stage).state, asked(stage).text) == (State.UNKNOWN, SAID)
    if falls:
        restarted(stage)
    goes_on(stage, 25)
    order = asked(stage)
    assert (order.state, order.text, order.remaining_quantity) == (State.PARKED, SAID, 75)
    assert set(stage.broker.asked.values()) == {1}
    assert stage.broker.of(order.intent.intent_id) == []
    assert stage.broker.net() == ENDS[make][0]


@pytest.mark.parametrize("falls", [False, True], ids=["on", "restart"])
@pytest.mark.parametrize("make", KINDS)
def test_one_that_somebody_confirms_is_found_filled_and_what_is_unwanted_is_closed(make, falls):
    stage = make("ask 6", "fill")
    goes_on(stage, 1)
    if falls:
        restarted(stage)
    goes_on(stage, 40)
    assert asked(stage).state is State.FILLED
    assert set(stage.broker.asked.values()) == {1}
    assert stage.broker.net() == ENDS[make][1]
    assert stage.book().net(CE) == stage.broker.net().get(CE, 0)


@pytest.mark.parametrize("falls", [False, True], ids=["on", "restart"])
@pytest.mark.parametrize("make", KINDS)
def test_one_that_is_refused_after_all_ends_and_its_exit_goes_on(make, falls):
    stage = make("ask", "work" if make is resident else "fill")
    goes_on(stage, 1)
    if falls:
        restarted(stage)
    intent_id = asked(stage).intent.intent_id
    stage.tell(OrderRefused(intent_id, Refusal.BAND, "answered no", stage.now_ns))
    goes_on(stage, 70)
    assert asked(stage).state is State.REFUSED
    assert set(stage.broker.asked.values()) == {1}
    assert stage.broker.net() == ENDS[make][2]


def test_it_is_looked_for_within_a_second():
    stage = entry("ask")
    assert "find 1" not in stage.run(0.9)
    assert "find 1" in stage.run(0.2)


def test_an_entry_is_given_up_when_its_time_is_over_and_no_other_takes_its_place():
    stage = entry("ask", "fill")
    goes_on(stage, 30)
    (ended,) = stage.told(BasketEnded)
    assert ended.because == "not filled within the time for legging"
    assert len(stage.intents()) == 1


def test_an_entry_that_the_broker_shows_after_its_time_is_taken_back():
    stage = entry("ask")
    goes_on(stage, 6)
    order = stage.broker._arrive(stage.intents()[0])
    goes_on(stage, 4)
    assert (order.state, asked(stage).state) == (State.CANCELLED, State.CANCELLED)


def test_it_counts_as_possible_exposure_in_every_limit():
    limits = Limits(max_instrument_lots=1)
    stage = Stage(["ask"], terms=Terms("a", "broker", limits=limits, strict=False))
    stage.tell(enter("ce"))
    stage.run(20)
    assert stage.book().possible_exposure(CE) == (-75, 0)
    stage.tell(frame(stage.now_ns))
    stage.tell(enter("ce", at_ns=stage.now_ns, strategy_id="other", basket_id="o"))
    assert stage.told(BasketEnded)[-1].because.startswith("the contract could come to 2 lots")


def test_a_purchase_that_closes_a_short_is_replaced_once_and_the_short_is_closed():
    stage = leaving("ask", "fill")
    goes_on(stage, 8)
    assert len(stage.told(ExitReplaced)) == len(stage.told(ExitFinished)) == 1
    assert [each.quantity for each in stage.intents()] == [75, 75, 75]


def test_a_question_before_the_replacement_is_not_answered_by_a_third_order():
    stage = leaving("ask", "ask", "fill")
    goes_on(stage, 40)
    assert (len(stage.intents()), stage.broker.net()) == (3, {CE: -75})


def test_the_sale_of_a_long_is_not_doubled_and_a_person_is_paged():
    stage = selling("ask", "fill")
    goes_on(stage, 40)
    assert stage.told(ExitReplaced) == []
    assert (len(stage.intents()), len(stage.told(ExitOverdue))) == (2, 1)


def test_who_ordered_by_hand_is_told_the_question_at_once_and_cannot_take_it_back_here():
    stage = by_hand("ask")
    stage.run(0.05)
    order = stage.answers[1]
    assert isinstance(order, Order)
    assert (order.state, order.text) == (State.UNKNOWN, SAID)
    no = stage.ask(CancelByHand(order.intent.intent_id, "me"))
    assert isinstance(no, Declined)
    assert no.code == "in_doubt"


def test_an_exit_leaves_beside_a_stop_before_which_the_broker_asks():
    stage = resident("ask", "fill")
    stage.run(1)
    stage.tell(leave("ce"))
    goes_on(stage, 4)
    assert stage.broker.net() == {}
    assert is_open(asked(stage).state)


def test_a_question_for_an_order_that_the_book_has_changes_no_state():
    stage = Stage(["work"])
    stage.tell(enter("ce"))
    stage.run()
    order = stage.book().children("s:0")[0]
    stage.tell(ConfirmationWanted(order.intent.intent_id, "q1", "really?", stage.now_ns))
    after = stage.book().children("s:0")[0]
    assert replace(after, text="", at_ns=0) == replace(order, text="", at_ns=0)
