"""Crash at every commit: afterwards nothing was sent twice, and all is flat or told."""

import pytest

from daemon.domain.orders.words import OrderParked, State
from daemon.messages import ExitFinished, ExitOverdue, ExitOwed
from tests.kit.router import CONDOR, SHORTS, SYMBOLS, T0, Stage, enter, frame, leave

pytestmark = pytest.mark.untraced

SCRIPTS = {
    "calm": (("fill",), ("done",)),
    "slow": (("work",), ("done",)),
    "parts": (("part", "fill", "fill", "work", "part", "fill"), ("race", "done")),
    "doubt": (("fill", "dumb", "dumb", "dumbwork", "fill"), ("lost", "done")),
    "refused": (("fill", "refuse OTHER", "refuse RATE", "reject BAND", "fill"), ("no", "done")),
    "liar": (("fill", "liar", "fill", "liar RATE", "fill"), ("done",)),
    "late": (("fill", "fill", "dumb 20", "fill"), ("quiet", "done")),
}


def play(stage, legs=SHORTS, seconds=12, at_ns=T0):
    """A day: an entry, an exit six seconds later which the watchdog repeats, a frame a second."""
    stage.tell(enter(*legs, at_ns=at_ns))
    for second in range(seconds):
        stage.run(1)
        stage.tell(frame(stage.now_ns, ce=100 + second % 2))
        if second >= 6 and not stage.told(ExitOwed):
            stage.tell(leave(*legs))
    for minute in range(3):
        for _ in range(20):
            stage.run(3)
            stage.tell(frame(stage.now_ns, pe=100 + minute))
            open_legs = tuple(leg_id for leg_id in legs if book_net(stage, leg_id))
            if open_legs:
                stage.tell(leave(*open_legs))


def book_net(stage, leg_id):
    return stage.book().net(SYMBOLS[leg_id])


def assert_flat_or_told(stage):
    """What must hold at the end of every day, whatever happened in it."""
    broker, book = stage.broker, stage.book()
    assert set(broker.asked.values()) <= {1}, "an intent was sent twice"
    assert broker.flips == [], "more was closed than was open"
    nets = {symbol: book.net(symbol) for symbol in SYMBOLS.values() if book.net(symbol)}
    parked = [o for o in book.open_orders() if o.state is not State.WORKING]
    assert nets == broker.net(), "two books, one truth"
    if nets or broker.resting():
        assert parked
        assert all(o.state is State.PARKED for o in parked)
        assert stage.told(OrderParked)
        assert stage.told(ExitOverdue)
    else:
        assert parked or len(stage.told(ExitOwed)) == len(stage.told(ExitFinished))


def commits(script, legs):
    stage = Stage(*SCRIPTS[script])
    play(stage, legs)
    assert_flat_or_told(stage)
    return stage.commits


@pytest.mark.parametrize(
    ("calls_leave", "down_s"), [(True, 0), (True, 30), (False, 0)], ids=["sent", "down", "unsent"]
)
@pytest.mark.parametrize("legs", [SHORTS, CONDOR], ids=["straddle", "condor"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_crash_at_any_commit_sends_nothing_twice_and_leaves_nothing_unsaid(
    script, legs, calls_leave, down_s
):
    for at in range(1, commits(script, legs) + 1):
        stage = Stage(*SCRIPTS[script])
        stage.crashes, stage.calls_leave, stage.down_s = frozenset({at}), calls_leave, down_s
        play(stage, legs)
        assert_flat_or_told(stage)


@pytest.mark.parametrize("script", SCRIPTS)
def test_two_crashes_are_survived_as_one_is(script):
    for first in range(1, commits(script, SHORTS) + 1):
        for gap in (1, 2):
            stage = Stage(*SCRIPTS[script])
            stage.crashes = frozenset({first, first + gap})
            play(stage)
            assert_flat_or_told(stage)
