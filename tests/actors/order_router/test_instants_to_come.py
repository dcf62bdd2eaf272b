"""A router that is started after a run whose clock stood hours ahead.

In the morning its record bears instants of the afternoon.
"""

from datetime import time

import pytest

from daemon.domain.instants import at
from daemon.domain.money import e4
from daemon.domain.orders.words import OrderParked, Side, State
from daemon.messages import ExitOverdue, LinkRevived, Noted
from tests.kit.router import DAY, KEEP, READING, SYMBOLS, S, Stage, frame, leave, leg

CE, HC = SYMBOLS["ce"], SYMBOLS["hc"]
MORNING, AHEAD = at(DAY, time(9, 30)), at(DAY, time(14, 50))
AGAIN = at(DAY, time(10, 20))
"""By the clock, when the daemon is started again."""


def staged(at_ns, *place):
    """A stage whose first run goes by this instant, and its broker by this script."""
    stage = Stage(place or ("fill",), terms=READING)
    stage.now_ns = at_ns
    stage.run()
    stage.tell(frame(stage.now_ns))
    return stage


def pass_time(stage, seconds, every=1):
    """Let time pass, with a frame every so many seconds."""
    for _ in range(0, seconds, every):
        stage.tell(frame(stage.now_ns))
        stage.run(every)


def start_again(stage, at_ns=AGAIN):
    """Start the router again, at this instant by the clock."""
    stage.now_ns = at_ns
    stage._news.clear()
    stage.build()
    pass_time(stage, 10)


@pytest.mark.parametrize("began_ns", [MORNING, AHEAD])
def test_what_the_owner_trades_later_is_not_taken_for_what_an_exit_of_then_traded(began_ns):
    stage = staged(began_ns)
    stage.entered(leg("hc"))
    stage.tell(leave("hc"))
    pass_time(stage, 5)
    start_again(stage)
    pass_time(stage, 3600, 60)

    stage.broker.stranger(HC, Side.SELL, 75, filled=75)
    stage.tell(LinkRevived(stage.now_ns))
    pass_time(stage, 10)

    assert stage.broker.net() == {HC: -75}
    assert not any("as an exit of hc did" in noted.text for noted in stage.told(Noted))


@pytest.mark.parametrize("began_ns", [MORNING, AHEAD])
def test_what_he_closed_that_an_exit_had_traded_before_the_start_is_made_good(began_ns):
    """The first reading of a run tells of both, whatever instants the exit bears."""
    stage = staged(began_ns)
    stage.entered(leg("hc"))
    stage.tell(leave("hc"))
    stage.run(0.2)
    stage.broker.stranger(HC, Side.SELL, 75, filled=75)
    start_again(stage, AGAIN if began_ns == AHEAD else stage.now_ns)

    assert stage.broker.net() == {}


@pytest.mark.parametrize("began_ns", [MORNING, AHEAD])
def test_a_stop_that_is_cancelled_by_somebody_else_rests_again_within_minutes(began_ns):
    stage = staged(began_ns)
    stage.entered(leg("ce", 4), resident_percent_e4=e4(20), **KEEP)
    stage.run(1)
    start_again(stage)

    (stop,) = stage.broker.resting()
    stop.state = State.CANCELLED
    stage.tell(LinkRevived(stage.now_ns))
    pass_time(stage, 120)

    assert [order.quantity for order in stage.broker.resting()] == [300]


@pytest.mark.parametrize("began_ns", [MORNING, AHEAD])
def test_an_exit_that_does_not_fill_is_told_to_be_late_by_the_clock_of_now(began_ns):
    stage = staged(began_ns, "fill", "work")
    stage.entered(leg("ce", 4))
    stage.tell(leave("ce"))
    stage.run(0.2)
    start_again(stage)
    pass_time(stage, 10)

    assert len(stage.told(ExitOverdue)) == 1


@pytest.mark.parametrize("began_ns", [MORNING, AHEAD])
def test_a_short_whose_purchases_are_in_doubt_is_bought_back_two_minutes_after_the_start(began_ns):
    """Not at once: what is in doubt may have left a moment before."""
    stage = staged(began_ns, "fill", "lost", "lost", "fill")
    stage.entered(leg("ce", 4))
    stage.tell(leave("ce"))
    pass_time(stage, 30)
    start_again(stage, AGAIN if began_ns == AHEAD else stage.now_ns)
    started_ns = stage.now_ns

    pass_time(stage, 60)
    assert stage.broker.net() == {CE: -300}
    pass_time(stage, 100)
    assert stage.broker.net() == {}
    assert stage.now_ns - started_ns == 160 * S


@pytest.mark.parametrize("began_ns", [MORNING, AHEAD])
def test_an_order_that_the_broker_does_not_show_is_parked_within_its_window(began_ns):
    stage = staged(began_ns, "fill", "lost")
    stage.entered(leg("hc"))
    stage.tell(leave("hc"))
    stage.run(0.2)
    start_again(stage)
    pass_time(stage, 30)

    assert len(stage.told(OrderParked)) == 1
