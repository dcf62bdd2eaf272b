"""A kill that finds too few slots in the budget: what goes first, and that all of it goes."""

from daemon.domain.money import e4
from daemon.domain.orders.words import OrderType, Side
from daemon.messages import KillStaged, OrderAsked, PlaceByHand, ReleaseLatch
from daemon.runtime.budget import Window
from tests.kit.router import (
    CONDOR,
    KEEP,
    SYMBOLS,
    T0,
    S,
    Stage,
    enter,
    frame,
    latch,
    leg,
    without_wakes,
)

THREE = (Window(3, S),)
FAR = {"ce": 115, "pe": 115, "hc": 18, "hp": 18}
"""Prices at which entries came to rest, well away from those of the kill."""
RESTING = {"buys": "hc", "sells": "ce", "buys too": "hp", "sells too": "pe"}


def rest(stage):
    """Let four entries of other strategies rest."""
    stage.run(5)
    stage.tell(frame(stage.now_ns, **FAR))
    for strategy_id, leg_id in RESTING.items():
        fields = KEEP | {"strategy_id": strategy_id, "basket_id": strategy_id}
        stage.tell(enter(leg_id, at_ns=stage.now_ns, **fields))
        stage.run(1)
    stage.tell(frame(stage.now_ns))
    stage.run(5)


def rested(*open_legs, cancel=("done",), fills=4):
    """Legs that are open, and four entries of other strategies that rest."""
    stage = Stage(["fill"] * fills + ["work"] * 4 + ["fill"], cancel, THREE)
    stage.entered(*open_legs)
    rest(stage)
    return stage


def leaving(said):
    """The messages to the broker among what was said."""
    return [word for word in said if word.startswith(("cancel", "place"))]


def test_shorts_are_bought_back_then_entries_are_taken_back_then_longs_are_sold():
    """Of the entries those that sell go first: 5 to 8 rest, the 6th and the 8th of them sell."""
    stage = rested(*CONDOR)
    assert leaving(stage.tell(latch())) == ["place 9", "place 10", "cancel 6"]
    assert leaving(stage.run(0.9)) == []
    assert leaving(stage.run(0.2)) == ["cancel 8", "cancel 5", "cancel 7"]
    assert leaving(stage.run(1)) == ["place 11", "place 12"]
    sides = [intent.side.value for intent in stage.intents()[8:]]
    assert sides == ["buy", "buy", "sell", "sell"]
    for _ in range(6):
        stage.run(1)
    assert stage.told(KillStaged)[-1].stage == "flat"
    assert (stage.broker.net(), stage.broker.resting()) == ({}, [])


def test_slots_that_come_free_go_to_shorts_before_entries_are_taken_back():
    """Six slices of one short: three leave at once, the others before any cancellation."""
    stage = rested(leg("ce", 6, freeze=75), fills=6)
    first = len(stage.intents()) + 1
    slices = [f"place {n}" for n in range(first, first + 6)]
    assert leaving(stage.tell(latch())) == slices[:3]
    assert leaving(stage.run(1)) == slices[3:]
    assert [word[:6] for word in leaving(stage.run(1))] == ["cancel"] * 3


def test_the_shorts_of_one_strategy_go_before_the_longs_of_another():
    stage = Stage(windows=THREE)
    stage.entered("hc", "hp", strategy_id="a", basket_id="a")
    stage.run(2)
    stage.entered("ce", "pe")
    stage.run(2)
    stage.tell(latch())
    assert [intent.side.value for intent in stage.intents()[4:]] == ["buy", "buy", "sell"]


def test_with_slots_for_all_an_entry_under_way_is_taken_back_in_the_turn_of_the_kill():
    stage = Stage(["fill", "work", "fill"])
    stage.tell(enter("ce", "pe"))
    stage.run()
    said = without_wakes(stage.tell(latch()))
    assert said[1] == "ended: kill k of everything is latched: enough; release it with rearm"
    assert leaving(said) == ["place 3", "cancel 2"]


def test_an_entry_is_taken_back_the_instant_a_slot_is_free_for_that():
    stage = Stage(["work"], windows=(Window(2, S // 4),))
    rest(stage)
    assert leaving(stage.tell(latch())) == ["cancel 2", "cancel 4"]
    assert leaving(stage.run(0.3)) == ["cancel 1", "cancel 3"]


def test_an_entry_is_taken_back_with_a_slot_that_is_kept_for_exits():
    stage = Stage(["work"], windows=(Window(3, 60 * S, 2),))
    stage.tell(enter("ce", strategy_id="t", basket_id="t", **KEEP))
    stage.run(1)
    assert leaving(stage.tell(latch())) == ["cancel 1"]


def test_a_long_that_waited_for_cancellations_is_as_old_as_its_exit():
    stage = rested("hc", fills=1)
    stage.tell(latch())
    pulled_ns = stage.now_ns
    stage.run(5)
    sold = stage.intents()[-1]
    assert (sold.side, sold.decided_ns) == (Side.SELL, pulled_ns)
    assert sold.deadline_ns - 3600 * S >= pulled_ns + S


def test_longs_do_not_wait_for_cancellations_that_the_broker_keeps_refusing():
    """They were asked for; asking again takes its turn among the rest."""
    stage = rested("hc", "hp", cancel=["no"], fills=2)
    stage.tell(latch())
    for _ in range(6):
        stage.run(1)
        stage.tell(frame(stage.now_ns))
    assert stage.broker.net() == {}
    assert stage.told(KillStaged)[-1].stage == "cancelling"


def test_an_entry_is_taken_back_though_its_latch_is_released_before_a_slot_was_free():
    """Its basket was ended by the kill."""
    stage = rested("ce", "pe", fills=2)
    stage.tell(latch())
    stage.tell(ReleaseLatch("k", "me"))
    stage.run(3)
    assert stage.broker.resting() == []


def test_entries_leave_the_slots_to_shorts_whose_stops_are_being_taken_back():
    """A short is bought back once its stop is gone: with few slots, before any entry goes."""
    stage = Stage(["fill"] * 4 + ["work"] * 4 + ["fill"], windows=THREE)
    stage.entered("ce", "pe", resident_percent_e4=e4(20))
    rest(stage)
    assert leaving(stage.tell(latch())) == ["cancel 3", "cancel 4"]
    assert leaving(stage.run(0.9)) == ["place 9"]
    assert leaving(stage.run(0.2))[:1] == ["place 10"]
    for _ in range(6):
        stage.run(1)
    assert (stage.broker.net(), stage.broker.resting()) == ({}, [])


def test_no_slot_is_taken_for_an_order_by_hand_before_every_short_is_bought_back():
    stage = Stage(["fill", "work", "fill"], windows=(Window(2, 20 * S),))
    for request_id, price_e4 in (("r1", e4(100)), ("r2", e4(110))):
        sale = (SYMBOLS["ce"], Side.SELL, 75, OrderType.LIMIT, price_e4, 0, "", "me", T0)
        stage.ask(PlaceByHand(OrderAsked(request_id, "a", *sale)))
        stage.run()
    stage.run(21)
    stage.entered("pe")
    stage.run(21)
    stage.tell(latch())
    stage.run(1)
    assert stage.broker.net() == {}
    assert len(stage.broker.resting()) == 1
    stage.run(21)
    assert stage.broker.resting() == []
