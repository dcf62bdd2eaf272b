"""Orders whose outcome is unknown: asked about, never sent again."""

import pytest

from daemon.actors.order_router import Terms
from daemon.domain.orders.basket import OnFail
from daemon.domain.orders.limits import Limits
from daemon.domain.orders.words import OrderParked, State
from daemon.messages import BasketEnded, DayEnded, DayOpened, ExitFinished, ExitOverdue, Noted
from tests.kit.router import (
    CLOSES,
    DAY,
    KEEP,
    OPENED,
    OPENS,
    SYMBOLS,
    S,
    Stage,
    enter,
    frame,
    leave,
    without_wakes,
)

CE = SYMBOLS["ce"]
NOTE = "OR0000000010000001 is parked: the broker shows no such order; it counts as possible"


def doubtful(how, **fields):
    """A stage with one entry that had no answer."""
    stage = Stage([how, "fill"])
    stage.tell(enter("ce", **KEEP | fields))
    return stage


def test_it_is_looked_up_every_second_and_parked_after_fifteen():
    """Absence proves nothing; after the window a person is told, and the looking goes on."""
    stage = doubtful("lost")
    assert without_wakes(stage.run(14.5)) == ["find 1"] * 14
    assert without_wakes(stage.run(1)) == ["parked 1", f"note {NOTE}", "find 1"]
    assert without_wakes(stage.run(29)) == []
    assert without_wakes(stage.run(2)) == ["find 1"]
    assert len(stage.told(OrderParked)) == 1


def test_an_exit_that_waited_before_it_left_is_not_parked_any_sooner():
    """A hedge was owed an exit a minute before its short was bought back."""
    stage = Stage(["fill", "fill", "work", "lost"]).entered("ce", "hc")
    stage.tell(leave("ce", "hc"))
    stage.run(0.5)
    stage.now_ns += 60 * S
    stage.push(3)
    assert stage.intents()[-1].leg_id == "hc"
    stage.run(14)
    assert stage.told(OrderParked) == []
    stage.run(2)
    assert len(stage.told(OrderParked)) == 1


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("dumb", ["find 1", "ce -75", "entered"]),
        ("dumb 3", ["find 1", "find 1", "find 1", "ce -75", "entered"]),
        ("dumbwork", ["find 1", "find 1"]),
    ],
)
def test_what_is_found_settles_it(how, said):
    """Filled or resting: the broker's evidence, and no more looking."""
    stage = doubtful(how)
    assert without_wakes(stage.run(10)) == said
    state = State.WORKING if how == "dumbwork" else State.FILLED
    assert [order.state for order in stage.book().children("s:0")] == [state]


def test_it_is_found_a_minute_later():
    """A parked order is still looked for."""
    stage = doubtful("dumb 60")
    said = without_wakes(stage.run(80))
    assert said[-2:] == ["ce -75", "entered"]
    assert "parked 1" in said
    assert stage.broker.net() == {CE: -75}


def test_an_order_without_any_answer_is_looked_up_too():
    """Not even a time-out was heard."""
    stage = doubtful("mute")
    assert without_wakes(stage.run(4.9)) == []
    assert without_wakes(stage.run(0.2)) == ["find 1", "ce -75", "entered"]


def test_a_broker_that_answers_no_look_up_leaves_it_parked_as_well():
    """The chain of look-ups does not hang on an answer."""
    stage = doubtful("lost")
    stage.broker._found = lambda *_: []
    stage.run(20)
    assert [fact.text for fact in stage.told(Noted)] == [NOTE]
    assert "find 1" in stage.run(35)


def test_a_parked_entry_of_an_earlier_day_does_not_keep_an_exit_of_its_leg_open():
    """It lapsed with its day; today's entry of the leg is left, and nobody is paged for the old."""
    stage = doubtful("lost")
    stage.run(20)
    day_ns = 86_400 * S
    opens_ns = OPENS + day_ns
    stage.tell(DayEnded(DAY, CLOSES), CLOSES)
    sessions = ((opens_ns, CLOSES + day_ns),)
    stage.tell(DayOpened(DAY.replace(day=2), sessions, opens_ns), opens_ns)
    stage.tell(frame(), opens_ns + S)
    stage.tell(enter("ce", basket_id="s:1", **KEEP | {"deadline_ns": CLOSES + day_ns}))
    stage.run(1)
    stage.tell(leave("ce"))
    stage.run(20)
    assert stage.book().position("s", "ce").net_quantity == 0
    assert stage.told(ExitOverdue) == []
    assert len(stage.told(ExitFinished)) == 1


def test_a_parked_order_counts_as_possible_exposure():
    """What perhaps exists uses up the limits."""
    limits = Limits(max_instrument_lots=1)
    stage = Stage(["lost"], terms=Terms("a", "broker", limits=limits, strict=False))
    stage.tell(enter("ce"))
    stage.run(20)
    stage.tell(frame(stage.now_ns))
    stage.tell(enter("ce", at_ns=stage.now_ns, strategy_id="other", basket_id="o"))
    assert stage.told(BasketEnded)[-1].because.startswith("the contract could come to 2 lots")


def test_an_entry_in_doubt_is_never_sent_again():
    """Not by the alarm, not by frames, not when its basket is over."""
    stage = Stage(["lost"])
    stage.tell(enter("ce"))
    for _ in range(60):
        stage.run(1)
        stage.tell(frame(stage.now_ns))
    assert len(stage.intents()) == 1


@pytest.mark.parametrize("how", ["lost", "dumb 60"])
def test_no_exit_replaces_one_in_doubt(how):
    """Its quantity counts as closing; a person is told, then it is found or left to him."""
    stage = Stage(["fill", how, "fill"]).entered("ce")
    stage.tell(leave("ce"))
    for _ in range(50):
        stage.run(1)
        stage.tell(frame(stage.now_ns))
        stage.tell(leave("ce"))
    assert len(stage.intents()) == 2
    assert len(stage.told(ExitOverdue)) == 1
    stage.run(60)
    assert stage.broker.net() == ({} if how == "dumb 60" else {CE: -75})
    assert len(stage.intents()) == 2


def test_looking_rests_overnight_and_goes_on_with_the_next_day():
    """The broker's book of tomorrow may still tell."""
    stage = doubtful("lost")
    stage.run(20)
    stage.tell(DayEnded(DAY, stage.now_ns))
    assert without_wakes(stage.run(60)) == []
    day_ns = 86_400 * S
    tomorrow = DayOpened(
        DAY.replace(day=2), ((OPENS + day_ns, CLOSES + day_ns),), OPENS + day_ns - 1
    )
    stage.tell(tomorrow, OPENS + day_ns - 1)
    assert "find 1" in stage.run(2)


def test_an_unknown_order_lets_a_later_day_enter():
    """Orders lapse with their day: what is in doubt from yesterday holds no entry back."""
    stage = Stage(["lost", "fill"])
    stage.tell(enter("ce"))
    stage.run(20)
    day_ns = 86_400 * S
    opens_ns = OPENS + day_ns
    stage.tell(DayOpened(DAY.replace(day=2), ((opens_ns, CLOSES + day_ns),), opens_ns), opens_ns)
    stage.tell(frame(opens_ns))
    said = stage.tell(enter("pe", "ce", at_ns=opens_ns))
    assert without_wakes(said)[-1] == "place 3"


def test_a_cancelled_order_is_read_once_more():
    """What is told to be cancelled has been seen to fill; here its news was lost."""
    stage = Stage(["work"])
    stage.tell(enter("ce", on_fail=OnFail.KEEP))
    stage.run()
    stage.tell(leave("ce"))
    stage.run(0.05)
    stage.broker.fill(stage.placed(1), stage.now_ns)
    assert without_wakes(stage.run(2))[:2] == ["find 1", "ce -75"]


def test_a_look_up_of_an_order_that_ended_is_not_made():
    """Its evidence came by another way."""
    stage = Stage(["fill"])
    stage.tell(enter("ce"))
    assert [word for word in stage.run(10) if word.startswith("find")] == []
    assert stage.tell(OPENED) == []
