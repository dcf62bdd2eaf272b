"""A runner of which a person is told when it does not enter at its time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.actors.strategy_runner.fan_out import Place
from daemon.actors.strategy_runner.punctual import GRACE_NS, PunctualRunner, StartDue
from daemon.actors.strategy_runner.runner import StrategyRunner
from daemon.domain.instants import SECOND_NS
from daemon.messages import (
    Ask,
    DayOpened,
    EnterLegs,
    StartMissed,
    StrategyStopped,
    TakeEntries,
    TakeNoEntries,
)
from daemon.runtime.words import NOTHING, Alarm, Started
from tests.kit.acting import DAY, ROUTER, clock, day_ended, day_opened, facts, prices, told
from tests.kit.plans import CALL, GUARD, PUT, parse, text

AT = clock("09:20:00")
LATE = AT + GRACE_NS
DUE = StartDue(DAY)


def runner(*before: object) -> PunctualRunner:
    plan = parse(text(legs=CALL + PUT, tail=GUARD))
    return PunctualRunner(plan, StrategyRunner(plan, [Place(ROUTER)], strict=False, facts=before))


def alarms(effects):
    return [each for each in effects if isinstance(each, Alarm)]


def see(made: PunctualRunner, ce: str | None = "100"):
    return made.handle(prices(AT, ce, "95", NIFTY="24555"), AT)


def test_a_day_that_opens_sets_an_alarm_for_a_while_after_the_entry():
    effects = runner().handle(day_opened(), 0)

    assert effects[-1] == Alarm(LATE, DUE)


def test_of_a_day_that_opens_after_the_time_of_entry_the_opening_is_waited_for():
    special = DayOpened(DAY, ((clock("13:45:00"), clock("14:45:00")),), clock("13:40:00"))

    effects = runner().handle(special, clock("13:40:00"))
    assert effects[-1] == Alarm(clock("13:45:00") + GRACE_NS, DUE)


def test_a_strategy_that_saw_no_prices_has_missed_its_start():
    made = runner(day_opened())

    assert facts(made.handle(DUE, LATE)) == [StartMissed("s", AT, LATE)]


def test_a_strategy_that_entered_has_not():
    made = runner(day_opened())
    assert told(see(made), EnterLegs)

    assert made.handle(DUE, LATE) == NOTHING


def test_a_strategy_that_told_why_it_does_not_enter_has_not():
    made = runner(day_opened())
    see(made, ce=None)

    assert made.handle(DUE, LATE) == NOTHING


@pytest.mark.parametrize("told_s", [None, 20])
def test_a_strategy_whose_index_is_not_told_has_missed_its_start_though_it_says_so(told_s):
    """It has stood for a while before the entry, or never came: either way it is the feed's."""
    made = runner(day_opened())
    if told_s is not None:
        first_ns = AT - told_s * SECOND_NS
        made.handle(prices(first_ns, "100", "95", NIFTY="24555"), first_ns)
    effects = made.handle(prices(AT, "100", "95"), AT)
    assert not told(effects, EnterLegs)

    assert facts(made.handle(DUE, LATE)) == [StartMissed("s", AT, LATE)]


@pytest.mark.parametrize(
    "before",
    [
        (),
        (day_opened(closed=True),),
        (day_opened(), StrategyStopped("s", "ann", AT)),
        (day_opened(), day_ended()),
        (day_opened(DAY + timedelta(days=1)),),
    ],
)
def test_what_does_not_trade_on_the_day_cannot_miss_its_start(before):
    assert runner(*before).handle(DUE, LATE) == NOTHING


@pytest.mark.parametrize(("now_ns", "rings_ns"), [(0, LATE), (LATE, LATE + GRACE_NS)])
def test_after_a_restart_it_is_waited_for_again(now_ns, rings_ns):
    assert runner(day_opened()).handle(Started(), now_ns) == (Alarm(rings_ns, DUE),)
    assert runner().handle(Started(), now_ns) == NOTHING


STOPPED = StrategyStopped("s", "ann", 0)


@pytest.mark.parametrize(("now_ns", "rings_ns"), [(0, LATE), (LATE, LATE + GRACE_NS)])
def test_a_strategy_that_is_started_on_an_open_day_is_waited_for(now_ns, rings_ns):
    made = runner(day_opened(), STOPPED)
    assert made.handle(Started(), 0) == NOTHING

    assert alarms(made.handle(Ask(1, TakeEntries("ann")), now_ns)) == [Alarm(rings_ns, DUE)]


def test_one_that_is_started_after_its_time_of_entry_is_not():
    made = runner(day_opened(), STOPPED)

    effects = made.handle(Ask(1, TakeEntries("ann")), clock("15:20:00"))
    assert not alarms(effects)


def test_what_is_waited_for_is_not_waited_for_twice():
    made = runner()
    assert alarms(made.handle(day_opened(), 0))
    assert not alarms(made.handle(Ask(1, TakeEntries("ann")), 0))
    assert not alarms(made.handle(day_opened(), 0))
    assert not alarms(made.handle(Ask(2, TakeNoEntries("ann")), 0))
    assert alarms(made.handle(Ask(3, TakeEntries("ann")), 0))
    assert alarms(made.handle(day_opened(DAY + timedelta(days=1)), 0))


def test_all_else_is_the_runners_own():
    made = runner(day_opened())

    assert made.handle(day_ended(), LATE) == NOTHING
    with pytest.raises(AssertionError, match="the runner was told"):
        made.handle("hello", LATE)
