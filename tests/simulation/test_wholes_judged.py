"""A strategy past a limit of its whole is to be left soon, as the judge has it."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import E4
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderType,
    OrderUpdated,
    Purpose,
    Side,
    State,
)
from daemon.domain.plans.schema import Bound, CombinedPremiumStop
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.words import ExitReason, Mark
from daemon.messages import ExitOwed
from daemon.runtime.budget import Window
from daemon.simulation import scenario
from daemon.simulation.dice import Dice
from daemon.simulation.judging.deadlines import Deadlines
from daemon.simulation.judging.judge import Judge, Measures, Violated
from daemon.simulation.timeline import Timeline
from daemon.twin import words as twin

ENTRY = Intent(
    *("1", "a", "s", "ce", "CE", Side.SELL, 100, OrderType.LIMIT, 1, Purpose.ENTRY, "b", 0, 0)
)
SOLD = twin.Trade("T", "O", "1", "CE", twin.Side.SELL, 100, 90 * E4, 0)
"""Sold at 90: a rupee more is a loss of 100."""
OWED = ExitOwed("p", "s", ("ce",), ExitReason.STRATEGY_STOP, 2)


def plan(stop=1_000, target=2_000, mark=Mark.LTP):
    (straddle, *_) = scenario.minutes(rests=False).plans
    leg = replace(straddle.legs[0], id="ce")
    bounds = [replace(straddle.risk.stop, rupees=Decimal(each)) for each in (stop, target)]
    risk = replace(straddle.risk, stop=bounds[0], target=bounds[1], mark=mark)
    return replace(straddle, id="s", legs=(leg,), risk=risk)


class Run:
    """A short that our book and the exchange hold, and frames that a daemon is given."""

    def __init__(self, *facts, of=None, heard=100):
        self.life, self.timeline = 1, Timeline(Dice(1), 0)
        self.judge = Judge(Measures("a", (Window(5, SECOND_NS, 2),), {}, {}, 0, 0))
        self.judge.trades = lambda: [SOLD]
        filled = OrderUpdated("1", "B", State.FILLED, heard, heard * 90 * E4, 0)
        for fact in (IntentRecorded(ENTRY, 0), filled, *facts):
            self.judge.known.apply(fact)
        plans = [of or plan()]
        self.deadlines = Deadlines(self.timeline, self.judge, lambda: self.life, plans)

    def frame(self, second, rupees, at=None):
        """Bring a frame at a second of the run: the last price, with the book a rupee around it."""
        self.until(second * SECOND_NS)
        e4 = rupees * E4
        quotes = {"CE": Quote(e4, e4 - E4, 1, e4 + E4, 1)} if rupees else {}
        self.deadlines.given(Frame((second if at is None else at) * SECOND_NS, quotes))

    def until(self, now_ns):
        self.timeline.at(now_ns, lambda: None)
        while self.timeline.go_on(now_ns):
            pass

    def frames(self, *rupees):
        for second, each in enumerate(rupees, 1):
            self.frame(second, each)
        self.until((len(rupees) + 1) * SECOND_NS - 1)


def is_caught(play):
    try:
        play()
    except Violated as objection:
        return objection.invariant == "I21"
    return False


FLOOR = LevelMoved("s", "", Move.LOCKED, 0, 500 * E4, 0, basket_id="s:1")


@pytest.mark.parametrize(
    ("rupees", "facts", "caught"),
    [
        ((100, 100, 100), (), True),
        ((99, 99, 99), (), False),
        ((70, 70, 70), (), True),
        ((71, 71, 71), (), False),
        ((85, 85, 85), (FLOOR,), True),
        ((84, 84, 84), (FLOOR,), False),
        ((85, 85, 85), (), False),
        ((100, 100, 100), (OWED,), False),
        ((100, 100, 99, 100, 100), (), False),
        ((100, 100, 0, 100, 100), (), False),
    ],
    ids=[
        "at its stop",
        "above its stop",
        "at its target",
        "below its target",
        "at its floor",
        "above its floor",
        "without a floor",
        "it is being left",
        "a spike that comes back",
        "a price is missing",
    ],
)
def test_a_strategy_that_three_frames_show_past_a_limit_is_left_soon(rupees, facts, caught):
    assert is_caught(lambda: Run(*facts).frames(*rupees)) is caught


def test_a_strategy_that_is_judged_on_the_touch_is_worth_what_closing_costs():
    assert is_caught(lambda: Run(of=plan(mark=Mark.TOUCH)).frames(99, 99, 99))
    assert not is_caught(lambda: Run(of=plan(mark=Mark.TOUCH)).frames(98, 98, 98))


def of_shares(**shares):
    """The same short, left at shares of the 9,000 that it was sold for."""
    made = plan()
    risk = replace(made.risk, stop=None, target=None)
    return replace(made, risk=replace(risk, **shares))


def share(percent):
    return Bound(premium_percent=Decimal(percent))


COMBINED = CombinedPremiumStop(percent=Decimal(10))


@pytest.mark.parametrize(
    ("shares", "rupees", "caught"),
    [
        ({"combined_premium_stop": COMBINED}, 99, True),
        ({"combined_premium_stop": COMBINED}, 98, False),
        ({"stop": share(10)}, 99, True),
        ({"stop": share(10)}, 98, False),
        ({"target": share(20)}, 72, True),
        ({"target": share(20)}, 73, False),
        ({"stop": share(30), "combined_premium_stop": COMBINED}, 99, True),
        ({"stop": share(10), "combined_premium_stop": replace(COMBINED, percent=30)}, 99, True),
        ({"combined_premium_stop": CombinedPremiumStop(points=Decimal(1))}, 99, False),
    ],
)
def test_a_strategy_that_is_past_a_share_of_its_premium_is_left_soon(shares, rupees, caught):
    assert is_caught(lambda: Run(of=of_shares(**shares)).frames(*[rupees] * 3)) is caught


def test_shares_of_the_premium_of_legs_that_were_bought_as_well_are_not_judged():
    sold = of_shares(combined_premium_stop=COMBINED)
    hedged = replace(sold, legs=(*sold.legs, replace(sold.legs[0], id="hc", side=Side.BUY)))
    assert not is_caught(lambda: Run(of=hedged).frames(120, 120, 120))


def test_what_our_book_has_not_heard_of_is_not_valued():
    assert not is_caught(lambda: Run(heard=50).frames(100, 100, 100))


@pytest.mark.parametrize(
    ("seconds", "stamps", "caught"),
    [
        ((1, 4, 7), (1, 4, 7), True),
        ((1, 5, 6), (1, 5, 6), False),
        ((1, 2, 3), (1, 2, 2), False),
    ],
    ids=["in their pace", "a silence between them", "one of them twice"],
)
def test_only_fresh_frames_count_and_each_once(seconds, stamps, caught):
    run = Run()

    def play():
        for second, stamp in zip(seconds, stamps, strict=True):
            run.frame(second, 100, stamp)
        run.until(20 * SECOND_NS)

    assert is_caught(play) is caught


def test_frames_before_a_restart_do_not_count():
    run = Run()
    run.frame(1, 100)
    run.frame(2, 100)
    run.life = 2
    assert not is_caught(lambda: (run.frame(3, 100), run.frame(4, 100), run.until(5 * SECOND_NS)))
    assert is_caught(lambda: (run.frame(6, 100), run.frame(7, 100), run.until(8 * SECOND_NS)))


def test_a_daemon_that_falls_before_its_time_owes_nothing():
    run = Run()
    for second in (1, 2, 3):
        run.frame(second, 100)
    run.life = 2
    assert not is_caught(lambda: run.until(5 * SECOND_NS))


def test_frames_count_anew_after_a_disk_that_hung():
    run = Run()
    run.deadlines.hangs(4 * SECOND_NS)
    assert not is_caught(lambda: [run.frame(second, 100) for second in range(1, 6)])
    assert not is_caught(lambda: run.until(5 * SECOND_NS + 400 * MILLISECOND_NS))
    run.frame(6, 100)
    assert is_caught(lambda: run.until(7 * SECOND_NS))
