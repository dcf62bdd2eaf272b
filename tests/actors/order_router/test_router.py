"""Which message leads to which decision; what is told nowhere else."""

import pytest

from daemon.actors.order_router import HEARS, OrderRouter
from daemon.domain.orders.ids import IntentIds
from daemon.messages import (
    DayEnded,
    DayOpened,
    FramePolled,
    LinkDied,
    LinkRevived,
    OrderNotFound,
    PaceLearnt,
    StrategyStarted,
)
from daemon.ports.market import BygonePrices
from daemon.runtime.budget import Budget
from daemon.runtime.words import NOTHING, Started
from tests.kit.router import (
    CLOSES,
    DAY,
    OPENS,
    SYMBOLS,
    T0,
    WIDE,
    S,
    Stage,
    enter,
    frame,
    leave,
    without_wakes,
)

DAY_NS = 86_400 * S


@pytest.mark.parametrize(
    "message",
    [
        frame(),
        Started(),
        DayOpened(DAY, ((OPENS, CLOSES),), OPENS),
        DayEnded(DAY, CLOSES),
        LinkRevived(T0),
        OrderNotFound("OR9", T0),
        StrategyStarted("s", "me", T0),
    ],
)
def test_with_nothing_under_way_nothing_follows(message):
    """A frame costs next to nothing."""
    assert list(Stage().router.handle(message, T0)) == list(NOTHING)


def test_what_is_published_to_it_is_understood():
    """Every type that it says to hear."""
    told = {
        type(m) for m in (frame(), DayEnded(DAY, 0), LinkDied(0), LinkRevived(0), PaceLearnt(0))
    }
    assert set(HEARS) == told | {DayOpened, StrategyStarted, FramePolled, BygonePrices}


def test_a_word_that_is_not_for_it_is_a_defect():
    """Nothing is dropped silently."""
    with pytest.raises(AssertionError, match="the router was told 'hello'"):
        Stage().router.handle("hello", T0)


def test_a_fall_in_the_middle_of_the_day_does_not_close_the_session():
    """The day is a fact; it is not told again after a fall."""
    stage = Stage().entered()
    stage.build()
    stage.tell(frame(stage.now_ns))
    stage.tell(leave())
    stage.run()
    assert stage.broker.net() == {}


def test_after_a_restart_every_order_that_is_not_ended_is_asked_about():
    """A fill may have been missed; a cancelled order may have filled."""
    stage = Stage(["work", "work", "work"])
    stage.tell(enter())
    stage.tell(frame(ce=99, pe=99))
    stage.run(1.55)
    for order in stage.broker.orders.values():
        stage.broker.fill(order, stage.now_ns)
    stage.build()
    assert without_wakes(stage.run(1.2))[:4] == ["find 1", "find 2", "find 3", "find 4"]
    stage.run(60)
    book = stage.book()
    nets = {symbol: book.net(symbol) for symbol in SYMBOLS.values() if book.net(symbol)}
    assert nets == stage.broker.net()


def test_after_a_restart_a_working_exit_goes_on_up_the_ladder():
    """Re-pricing needs no memory but the book."""
    stage = Stage(["fill", "work", "fill"]).entered("ce")
    stage.tell(leave("ce"))
    stage.run(0.5)
    stage.build()
    stage.tell(frame(stage.now_ns))
    said = [word for word in without_wakes(stage.run(2)) if not word.startswith("find")]
    assert said == ["cancel 2", "intend 3 buy ce 75 @101.10", "place 3", "ce +0", "flat ce"]


def test_after_a_restart_a_basket_in_time_waits_for_prices_and_goes_on():
    """It is not given up for having no quote yet."""
    stage = Stage(["work", "fill"])
    stage.tell(enter("ce", deadline_ns=T0 + 20 * S))
    stage.run(1)
    stage.build()
    assert "cancel 1" in stage.run(1)
    assert len(stage.intents()) == 1
    assert without_wakes(stage.tell(frame(stage.now_ns)))[-1] == "place 2"


def test_after_a_restart_a_basket_past_its_time_is_given_up():
    """What is filled of it is unwound, what rests is recalled."""
    stage = Stage(["fill", "work", "fill"])
    stage.tell(enter())
    stage.run(0.5)
    stage.now_ns += 60 * S
    stage.build()
    stage.tell(frame(stage.now_ns))
    stage.run(3)
    assert stage.broker.net() == {}
    assert stage.broker.resting() == []


def test_ids_are_not_made_twice_after_a_restart():
    """They are bound to the run's epoch."""
    stage = Stage().entered()
    stage.build()
    stage.tell(frame(stage.now_ns))
    stage.tell(leave())
    stage.run()
    ids = [intent.intent_id for intent in stage.intents()]
    assert (len(ids), len(set(ids))) == (4, 4)


def test_a_fall_that_keeps_its_ids_goes_on_counting():
    """The driver hands the same ids to the rebuilt router."""
    ids, budget = IntentIds(1), Budget(WIDE)
    first = ids.next()
    OrderRouter(Stage()._terms, ids, budget, ())
    assert ids.next() > first


def test_a_position_held_overnight_is_closed_on_the_next_day():
    """By its fresh prices."""
    stage = Stage().entered("ce")
    stage.tell(DayEnded(DAY, CLOSES), CLOSES)
    opens_ns = OPENS + DAY_NS
    stage.tell(DayOpened(DAY.replace(day=2), ((opens_ns, CLOSES + DAY_NS),), opens_ns), opens_ns)
    stage.tell(frame(stage.now_ns, ce=90))
    assert stage.tell(leave("ce"))[1] == "intend 2 buy ce 75 @90.05"
