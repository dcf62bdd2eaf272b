"""Orders that outlived their day in our book: the broker's book of the next one ends them."""

from datetime import date, time

import pytest

from daemon.domain.instants import at, day_of
from daemon.domain.market.frames import Frame
from daemon.domain.orders.basket import BasketLeg
from daemon.domain.orders.words import OrderUpdated, Product, Side, State
from daemon.messages import (
    BooksDiffer,
    DayEnded,
    DayOpened,
    ExitOwed,
    KillStaged,
    LinkRevived,
    Noted,
)
from tests.kit.router import (
    CLOSES,
    DAY,
    KEEP,
    OPENS,
    READING,
    SYMBOLS,
    S,
    Stage,
    carried,
    enter,
    frame,
    latch,
    leave,
    quote,
    without_wakes,
)

CE, HC = SYMBOLS["ce"], SYMBOLS["hc"]
DAY_NS = 86_400 * S


def rested(how="work", leg_id="ce"):
    """A stage with one entry that was not ended when its day was."""
    stage = Stage([how, "fill"], terms=READING)
    stage.run()
    stage.tell(enter(leg_id, **KEEP))
    stage.run(20)
    return stage


def left():
    """A stage whose exit rested, and was not ended when its day was."""
    stage = Stage(["fill", "work", "fill"], ["lost"], terms=READING)
    stage.run()
    stage.entered("ce").tell(leave("ce"))
    stage.run(20)
    return stage


def next_day(stage, seconds=8, day=2):
    """Let the night pass, in which the broker forgets its orders, and some seconds of the day."""
    opens_ns = OPENS + (day - 1) * DAY_NS
    sessions = ((opens_ns, opens_ns + CLOSES - OPENS),)
    stage.tell(DayEnded(DAY.replace(day=day - 1), CLOSES + (day - 2) * DAY_NS))
    stage.broker.end_day()
    said = stage.tell(DayOpened(DAY.replace(day=day), sessions, opens_ns), opens_ns)
    return without_wakes(said + beat(stage, seconds))


def beat(stage, seconds):
    """Let seconds pass with a frame in each."""
    said = []
    for _ in range(seconds):
        said += stage.run(1) + stage.tell(frame(stage.now_ns))
    return said


def notes(stage):
    """What a person was told."""
    return [fact.text for fact in stage.told(Noted)]


def test_a_position_is_closed_in_the_lots_of_today():
    """NSE made 65 of a lot of 75 after the expiries of 2025; a remainder is a slice of its own."""
    symbol, eve, day = "NIFTY-2026-03-30-26000-CE", date(2025, 12, 30), date(2025, 12, 31)
    stage = Stage(terms=READING)
    entered = BasketLeg("ce", symbol, Side.SELL, 150, 75, 1800, 500, Product.CARRY)
    for each in (eve, day):
        opens_ns = at(each, time(9, 15))
        sessions = ((opens_ns, at(each, time(15, 30))),)
        stage.tell(DayOpened(each, sessions, opens_ns, interval_ns=DAY_NS), opens_ns)
        stage.run(2)
        stage.tell(Frame(stage.now_ns, {symbol: quote(100)}))
        if each == eve:
            stage.tell(enter(entered, at_ns=stage.now_ns))
            stage.run(2)
            stage.tell(DayEnded(eve, at(eve, time(15, 30))))
    assert stage.broker.net() == {symbol: -150}
    stage.tell(leave("ce"))
    stage.run(2)
    exits = [placed.intent for placed in stage.broker.orders.values()]
    assert [each.quantity for each in exits if each.side is Side.BUY] == [130, 20]
    assert stage.broker.net() == {}


@pytest.mark.parametrize("how", ["work", "lost"])
def test_an_order_of_an_earlier_day_keeps_no_kill_from_being_flat(how):
    """Its lapse was never heard; the first reading of the next day ends it."""
    stage = rested(how)
    next_day(stage)
    assert stage.book().open_orders() == ()
    stage.tell(latch())
    beat(stage, 6)
    assert stage.told(KillStaged)[-1].stage == "flat"


def test_it_is_recorded_as_an_end_of_the_order_with_its_reason():
    stage = rested()
    next_day(stage)
    end = stage.told(OrderUpdated)[-1]
    assert (end.state, end.broker_order_id) == (State.CANCELLED, "B1")
    assert end.text == "lapsed with its day: the broker's book shows neither it nor another fill"
    stage.build()
    assert stage.book().order(end.intent_id).state is State.CANCELLED


def test_it_is_ended_though_the_daemon_was_down_over_night():
    stage = rested()
    stage.broker.end_day()
    stage.now_ns = OPENS + DAY_NS
    sessions = ((OPENS + DAY_NS, CLOSES + DAY_NS),)
    stage.facts.append(DayOpened(DAY.replace(day=2), sessions, stage.now_ns))
    stage.build()
    beat(stage, 3)
    assert stage.book().open_orders() == ()


def test_it_is_not_ended_within_its_day():
    """The broker shows nothing of it, and that proves nothing."""
    stage = rested("lost")
    stage.run(600)
    assert [order.state for order in stage.book().open_orders()] == [State.PARKED]


def test_the_end_of_a_parked_order_is_told():
    stage = rested("lost")
    next_day(stage)
    (told,) = [text for text in notes(stage) if "is over:" in text]
    assert told.startswith("OR0000000010000001, which was parked, is over: lapsed with its day")


def test_an_exit_of_an_earlier_day_is_sent_anew_once_it_is_known_to_be_over():
    """It counted as on its way until then, so nothing left for its units."""
    stage = left()
    said = next_day(stage)
    assert said.index("read") < said.index("place 3") < said.index("flat ce")
    assert stage.broker.net() == {}


def test_what_waited_for_another_exit_over_night_is_decided_on_the_day_on_which_it_leaves():
    stage = Stage(["fill", "fill", "work", "fill"], ["lost"], terms=READING)
    stage.run()
    stage.entered(carried("hc"), carried("ce"))
    stage.run()
    stage.tell(leave("hc", "ce"))
    stage.run(20)
    next_day(stage)
    assert stage.broker.net() == {}
    assert [day_of(intent.decided_ns).day for intent in stage.intents()] == [1, 1, 1, 2, 2]


def test_one_that_may_have_filled_is_told_once_a_day_and_is_never_taken_for_lapsed():
    """It filled in its last second; what it filled differs, so nothing enters in its symbol."""
    stage = rested()
    stage.broker.fill(stage.placed(1), stage.now_ns)
    next_day(stage, seconds=20)
    text = f"OR0000000010000001, sell 75 {CE}, is over with its day and may have filled; "
    assert [each for each in notes(stage) if each.startswith(text)] == [
        f"{text}look it up at the broker"
    ]
    assert [(fact.ours, fact.theirs) for fact in stage.told(BooksDiffer)] == [(0, -75)]
    assert [order.state for order in stage.book().open_orders()] == [State.WORKING]


def test_a_kill_closes_what_it_filled_by_the_brokers_evidence():
    stage = rested()
    stage.broker.fill(stage.placed(1), stage.now_ns)
    next_day(stage)
    stage.tell(latch())
    beat(stage, 12)
    assert (stage.broker.net(), stage.broker.flips) == ({}, [])
    assert [fact.strategy_id for fact in stage.told(ExitOwed)] == ["external"]
    assert stage.told(KillStaged)[-1].stage == "flat"


def test_an_exit_that_filled_unheard_is_not_sent_again_and_keeps_no_kill_from_being_flat():
    """The broker shows nothing held and nothing at rest."""
    stage = left()
    stage.broker.fill(stage.placed(2), stage.now_ns)
    next_day(stage, seconds=20)
    stage.tell(latch())
    beat(stage, 12)
    assert (len(stage.broker.asked), stage.broker.net()) == (2, {})
    assert stage.told(KillStaged)[-1].stage == "flat"


def test_it_is_not_sent_again_while_a_reading_is_too_early_to_say_what_filled():
    """Somebody else sells in the contract while the book is being read."""
    stage = left()
    stage.broker.fill(stage.placed(2), stage.now_ns)
    next_day(stage, seconds=20)
    his = stage.broker.stranger(CE, Side.SELL)
    beat(stage, 40)
    stage.tell(LinkRevived(stage.now_ns))
    stage.tell(stage.broker.fill(his, stage.now_ns))
    stage.run(0.015)
    stage.tell(frame(stage.now_ns))
    assert (len(stage.broker.asked), stage.broker.net()) == (2, {CE: -75})


def test_a_strangers_order_that_rested_is_over_with_its_day_too():
    stage = Stage(terms=READING)
    stage.run()
    stage.broker.stranger(HC, Side.BUY)
    stage.tell(LinkRevived(stage.now_ns))
    stage.run(1)
    assert len(stage.book().open_orders()) == 1
    next_day(stage)
    assert stage.book().open_orders() == ()
