"""What was closed after its day while nobody saw it: the books of a later day decide."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.domain.market.frames import Frame
from daemon.domain.orders.basket import BasketLeg
from daemon.domain.orders.words import Pocket, Product, Side
from daemon.messages import (
    BooksAgree,
    DayOpened,
    ExitFinished,
    ExitOverdue,
    LegExpired,
    LinkRevived,
    Noted,
)
from daemon.messages.control import BookRead
from tests.kit.router import (
    CLOSES,
    DAY,
    OPENS,
    READING,
    SYMBOLS,
    S,
    Stage,
    carried,
    enter,
    frame,
    leave,
    leg,
    quote,
    without_wakes,
)

CE = SYMBOLS["ce"]
OPENS_NOW = OPENS + 86_400 * S
TODAY = DayOpened(DAY.replace(day=2), ((OPENS_NOW, CLOSES + 86_400 * S),), OPENS_NOW - 300 * S)
CARRIED = Pocket(CE, Product.CARRY)


def died(made="ce"):
    """A stage that entered a leg, and fell on that day; the next has begun, and shows nothing."""
    stage = Stage(terms=READING)
    stage.run()
    stage.entered(leg(made) if isinstance(made, str) else made)
    stage.broker.end_day()
    stage.broker.beside.clear()
    stage.facts.append(TODAY)
    return stage


def started(stage, at_ns):
    """Start a daemon anew; what came of its first moment, without the alarms."""
    stage.now_ns = at_ns
    stage.build()
    return without_wakes(stage.run(0.5))


def beat(stage, seconds=1):
    """Let seconds pass with a frame in each; the requests that left."""
    said = []
    for _ in range(seconds):
        said += stage.tell(frame(stage.now_ns)) + stage.run(1)
    return [word for word in said if word.startswith("place")]


def left(stage, leg_id="ce"):
    """Leave a leg with a frame, as one whose time is over; what was placed."""
    said = stage.tell(frame(stage.now_ns)) + stage.tell(leave(leg_id))
    return [word for word in said if word.startswith("place")]


def outside(stage):
    """What a person was told of trading outside."""
    return [fact.text for fact in stage.told(Noted) if fact.kind == "outside"]


@pytest.mark.parametrize("leg_id", ["ce", "hc"])
def test_what_a_broker_squared_off_the_day_before_is_not_closed_again(leg_id):
    """Its exit is overdue by a night, and leaves as soon as the exchange opens, if ever."""
    stage = died(leg_id)
    started(stage, OPENS_NOW - 300 * S)
    stage.now_ns = OPENS_NOW
    assert left(stage, leg_id) == []
    assert beat(stage, 20) == []

    assert stage.broker.net() == {}
    assert [(fact.leg_id, fact.outside) for fact in stage.told(LegExpired)] == [(leg_id, True)]
    assert len(stage.told(ExitFinished)) == 1
    assert stage.told(ExitOverdue) == []
    assert stage.book().net(SYMBOLS[leg_id]) == 0
    assert ("s", leg_id) not in stage.router._desk.entered
    units = "-75" if leg_id == "ce" else "+75"
    (text,) = outside(stage)
    assert text == (
        f"{units} {SYMBOLS[leg_id]} were closed outside after their day: the broker shows none of "
        "them, and no order that did it; its contract note has the price, which nobody here knows"
    )
    assert len(stage.told(BooksAgree)) == 1
    assert {fact.beside for fact in stage.told(BookRead)} == {()}


def test_one_reading_frees_nothing_and_keeps_its_exit_back():
    stage = died()
    started(stage, OPENS_NOW)
    assert left(stage) == []
    beat(stage)
    assert (stage.told(LegExpired), stage.book().net(CE)) == ([], -75)
    assert beat(stage, 10) == []
    assert len(stage.told(LegExpired)) == 1


def test_readings_before_the_opening_free_nothing():
    """What the broker made a carried one may not be laid out yet."""
    stage = died()
    started(stage, OPENS_NOW - 600 * S)
    for early_ns in (550 * S, 500 * S):
        stage.tell(LinkRevived(stage.now_ns), OPENS_NOW - early_ns)
        stage.run(1)
    assert (stage.told(LegExpired), stage.book().net(CE)) == ([], -75)
    stage.broker.beside[CARRIED] = -75
    stage.now_ns = OPENS_NOW
    beat(stage, 40)
    assert (stage.told(LegExpired), left(stage)) == ([], ["place 2"])


def test_shares_that_the_broker_carried_over_are_told_of_and_neither_forgotten_nor_sold():
    stage = Stage(terms=READING)
    stage.run()
    price = Frame(stage.now_ns, {"INFY": quote(1500)})
    stage.tell(price)
    shares = BasketLeg("share", "INFY", Side.BUY, 100, 1, 100_000, 10, Product.INTRADAY)
    stage.tell(enter(shares, at_ns=stage.now_ns))
    stage.run(2)
    assert stage.broker.net() == {"INFY": 100}
    stage.broker.end_day()
    stage.broker.beside.clear()
    stage.broker.owned = {Pocket("INFY", Product.CARRY): 100}
    stage.facts.append(TODAY)
    started(stage, OPENS_NOW)
    stage.tell(replace(price, at_ns=stage.now_ns))
    assert [word for word in stage.tell(leave("share")) if word.startswith("place")] == []
    assert beat(stage, 20) == []
    assert (stage.told(LegExpired), stage.book().net("INFY")) == ([], 100)
    (text,) = outside(stage)
    assert text == (
        "the broker shows none of INFY any longer, and 100 among the shares of earlier days: it "
        "may have carried them over; nothing is sold of them here, so look there, and sell there "
        "what is not to be kept"
    )

    stage.broker.owned.clear()
    beat(stage, 20)
    assert len(stage.told(LegExpired)) == 1


@pytest.mark.parametrize("seconds", [1, 60])
def test_legs_that_cancel_out_are_not_closed_one_by_one_on_the_next_day(seconds):
    """Of both together the broker shows none, be they there or not: no broker holds them."""
    stage = Stage(terms=READING)
    stage.run()
    stage.entered("ce")
    long = BasketLeg("x", CE, Side.BUY, 75, 75, 1800, 500, Product.INTRADAY)
    stage.entered(long, strategy_id="other", basket_id="o")
    assert stage.broker.held() == {}
    stage.broker.end_day()
    stage.facts.append(TODAY)
    started(stage, OPENS_NOW)
    beat(stage, seconds)
    assert left(stage) == beat(stage, 60) == []
    freed = [(fact.strategy_id, fact.outside) for fact in stage.told(LegExpired)]
    assert freed == [("s", True), ("other", True)]
    assert len(outside(stage)) == 2


def test_legs_that_cancel_out_stay_where_the_broker_shows_units_of_them_elsewhere():
    stage = Stage(terms=READING)
    stage.run()
    stage.entered("ce")
    long = BasketLeg("x", CE, Side.BUY, 75, 75, 1800, 500, Product.INTRADAY)
    stage.entered(long, strategy_id="other", basket_id="o")
    stage.broker.end_day()
    stage.broker.beside[CARRIED] = -75
    stage.facts.append(TODAY)
    started(stage, OPENS_NOW)
    beat(stage, 60)
    assert stage.told(LegExpired) == []


def test_a_restart_finds_it_freed_and_frees_nothing_again():
    stage = died()
    started(stage, OPENS_NOW)
    beat(stage, 10)
    started(stage, stage.now_ns)
    beat(stage, 10)
    assert (len(stage.told(LegExpired)), stage.book().net(CE)) == (1, 0)


def test_what_is_short_of_this_day_is_bought_back_whatever_the_broker_shows():
    """A position may lag behind a fill."""
    stage = Stage(terms=READING)
    stage.run()
    stage.entered("ce")
    stage.broker.beside[CE] = 75
    beat(stage, 40)
    assert left(stage) == ["place 2"]
    assert stage.told(LegExpired) == []


def test_what_was_entered_anew_on_this_day_is_of_this_day():
    stage = died()
    stage.broker.beside[CE] = -75
    started(stage, OPENS_NOW)
    stage.tell(frame(stage.now_ns))
    stage.entered("ce", strategy_id="other", basket_id="o")
    stage.broker.beside.clear()
    beat(stage, 40)
    assert stage.told(LegExpired) == []
    assert left(stage) == ["place 3"]


def test_what_is_still_shown_in_part_is_closed_in_part_and_not_freed():
    stage = died(leg("ce", lots=2))
    stage.broker.beside[CE] = -75
    started(stage, OPENS_NOW)
    beat(stage, 10)
    assert left(stage) == ["place 2"]
    assert (stage.intents()[-1].quantity, stage.told(LegExpired)) == (75, [])


def test_what_the_broker_made_a_carried_one_is_still_there():
    """It is closed as our book has it, and a person is told that both differ."""
    stage = died()
    stage.broker.beside[CARRIED] = -75
    started(stage, OPENS_NOW)
    beat(stage, 10)
    assert stage.told(LegExpired) == []
    assert left(stage) == ["place 2"]


def by_hand(stage, side):
    """Somebody trades 75 of the contract in the broker's own app, to be carried."""
    order = stage.broker.stranger(CE, side, filled=75)
    order.intent = replace(order.intent, product=Product.CARRY)


def test_what_was_made_a_carried_one_and_is_closed_by_hand_is_there_no_longer():
    """Our book has his order in the other product, so the two differ there all the same."""
    stage = died()
    stage.broker.beside[CARRIED] = -75
    started(stage, OPENS_NOW)
    beat(stage, 10)
    by_hand(stage, Side.BUY)
    beat(stage, 40)
    assert left(stage) == beat(stage, 20) == []
    assert (stage.broker.held(), len(stage.told(LegExpired))) == ({}, 1)


def test_what_he_carried_beside_and_closed_unseen_moved_nowhere():
    stage = Stage(terms=READING)
    stage.run()
    by_hand(stage, Side.BUY)
    beat(stage, 40)
    stage.entered("ce")
    beat(stage, 10)
    stage.broker.end_day()
    stage.broker.beside.clear()
    stage.facts.append(TODAY)
    started(stage, OPENS_NOW)
    assert left(stage) == beat(stage, 40) == []
    assert (stage.broker.held(), len(stage.told(LegExpired))) == ({}, 1)


def test_what_he_carries_since_before_the_leg_was_entered_is_none_of_it():
    stage = Stage(terms=READING)
    stage.broker.beside[CARRIED] = -75
    stage.run()
    beat(stage, 40)
    stage.entered("ce")
    stage.broker.end_day()
    stage.broker.beside = {CARRIED: -75}
    stage.facts.append(TODAY)
    started(stage, OPENS_NOW)
    assert left(stage) == beat(stage, 40) == []
    assert (stage.broker.held(), len(stage.told(LegExpired))) == ({CARRIED: -75}, 1)


def test_a_carried_short_that_the_broker_does_not_show_is_not_bought_back_and_not_forgotten():
    """Somebody may have closed it while no daemon ran; or it is there, and comes to be shown."""
    stage = died(carried("ce"))
    started(stage, OPENS_NOW)
    assert beat(stage, 10) == left(stage) == []
    assert beat(stage, 20) == []
    assert (stage.told(LegExpired), stage.book().net(CE)) == ([], -75)
    (text,) = outside(stage)
    assert text.startswith(f"the broker does not show {CARRIED}, by no order that it tells of: ")
    assert len(stage.told(ExitOverdue)) == 1

    stage.broker.beside[CARRIED] = -75
    beat(stage, 10)
    assert stage.broker.net() == {}
    assert len(stage.told(ExitFinished)) == 1


def test_readings_before_the_opening_prove_nothing_of_what_is_carried():
    """Its exit waits for one of the session, and not for longer than an exit may take."""
    stage = died(carried("ce"))
    started(stage, OPENS_NOW - 60 * S)
    stage.tell(LinkRevived(stage.now_ns), OPENS_NOW - 50 * S)
    stage.run(1)
    assert stage.router._desk.reads.gap(CARRIED, READING.verify_ns) == 75
    stage.broker.unread.extend(["no session"] * 60)
    stage.tell(leave("ce"))
    stage.now_ns = OPENS_NOW
    assert beat(stage, 9) == []
    assert beat(stage, 2) == ["place 2"]
    assert outside(stage) == []


@pytest.mark.parametrize("leg_id", ["ce", "hc"])
def test_the_exit_of_what_is_carried_waits_for_a_second_reading_of_the_day(leg_id):
    """The first shows nothing of it, as it may for a moment."""
    stage = died(carried(leg_id))
    started(stage, OPENS_NOW)
    assert left(stage, leg_id) == []
    stage.broker.beside[Pocket(SYMBOLS[leg_id], Product.CARRY)] = -75 if leg_id == "ce" else 75
    assert beat(stage, 10) == ["place 2"]
    assert stage.broker.net() == {}


def test_where_none_comes_the_exit_of_what_is_carried_leaves_in_the_time_of_an_exit():
    stage = died(carried("ce"))
    started(stage, OPENS_NOW)
    stage.broker.unread.extend(["no session"] * 60)
    assert left(stage) == beat(stage, 9) == []
    assert beat(stage, 2) == ["place 2"]


def test_the_exit_of_what_the_broker_shows_more_of_waits_for_nothing():
    stage = died(carried("ce"))
    stage.broker.beside[CARRIED] = -150
    started(stage, OPENS_NOW)
    assert left(stage) == ["place 2"]


def test_an_exit_that_was_refused_today_makes_it_none_of_today():
    stage = died(carried("ce"))
    stage.broker.script("refuse OTHER", "fill")
    started(stage, OPENS_NOW)
    stage.broker.unread.extend(["no session"] * 2)
    assert left(stage) == []
    assert beat(stage, 12) == ["place 2"]
    assert beat(stage, 60) == []
    assert stage.broker.net() == {}
