"""Entering: what keeps an entry out and may pass is waited for; what forbids it is final."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.actors.order_router import Terms
from daemon.domain.orders.basket import OnFail
from daemon.domain.orders.storm import Rate
from daemon.domain.orders.words import OrderUpdated, Purpose, State
from daemon.messages import (
    BasketEnded,
    BasketOpened,
    DayOpened,
    EnterLegs,
    ExitByHand,
    FreeEntries,
    HeldBy,
    HoldEntries,
    LatchKind,
    PauseEntries,
    ReleaseLatch,
    Scope,
    StrategyStopped,
)
from daemon.messages.arming import AccountArmed, ArmAccount
from daemon.messages.asks import EndWait
from tests.kit.router import (
    CLOSES,
    CONDOR,
    DAY,
    OPENS,
    READING,
    T0,
    S,
    Stage,
    enter,
    frame,
    latch,
    without_wakes,
)

HOLD, FREE = HoldEntries(HeldBy.BEAT, "no beat"), FreeEntries(HeldBy.BEAT)
LIVE = Terms("a", "broker", strict=False, live=True)
PAUSED = latch("p", Scope.STRATEGY, "s", LatchKind.PAUSE)
HELD = "ended: entries are paused: no beat"


def willing(number: int, at_ns: int = T0) -> EnterLegs:
    """The n-th decision of a day, of a strategy that may trade live."""
    return EnterLegs(replace(enter(at_ns=at_ns, basket_id=f"s:{DAY}.{number}").opened, live=True))


def held(stage: Stage) -> None:
    stage.tell(HOLD)


def freed(stage: Stage) -> list[str]:
    return stage.tell(FREE)


def latched(stage: Stage) -> None:
    stage.tell(PAUSED)


def released(stage: Stage) -> list[str]:
    stage.ask(ReleaseLatch("p", "me"))
    return stage.said


def nothing(stage: Stage) -> None:
    """It is so from the start."""


def armed(stage: Stage) -> list[str]:
    stage.ask(ArmAccount(AccountArmed("a", DAY, "me", "test", T0)))
    return stage.said


def read(stage: Stage) -> list[str]:
    return stage.run(8)


@pytest.mark.parametrize(
    ("terms", "comes", "passes"),
    [
        (None, held, freed),
        (None, latched, released),
        (LIVE, nothing, armed),
        (READING, nothing, read),
    ],
    ids=["held", "latched", "unarmed", "unread"],
)
def test_what_may_pass_is_waited_for_and_told_once_it_has_and_then_it_is_entered(
    terms, comes, passes
):
    stage = Stage(terms=terms)
    comes(stage)
    stage.tell(willing(1))
    (waiting,) = stage.told(BasketEnded)
    assert (waiting.waits, stage.told(BasketOpened), stage.intents()) == (True, [], [])

    assert [word for word in passes(stage) if word.startswith("free")] == ["free s"]
    assert "free s" not in stage.run(5)
    stage.tell(frame(stage.now_ns))
    assert "entered" in [*stage.tell(willing(2, stage.now_ns)), *stage.run()]


def test_one_of_two_that_keep_an_entry_out_is_not_enough_to_go_on():
    stage = Stage()
    stage.tell(HOLD)
    stage.tell(HoldEntries(HeldBy.CLOCK, "the clock jumped"))
    stage.tell(enter())
    assert "free s" not in stage.tell(FREE)
    assert "free s" in stage.tell(FreeEntries(HeldBy.CLOCK))


@pytest.mark.parametrize("freed", [False, True], ids=["held", "freed"])
@pytest.mark.parametrize("restarted", [False, True], ids=["", "restarted"])
def test_a_kill_ends_the_wait_of_an_entry_for_good(freed, restarted):
    stage = Stage()
    stage.tell(HOLD)
    stage.tell(PAUSED)
    stage.tell(enter())
    if freed:
        stage.tell(FREE)
        released(stage)
    if restarted:
        stage.build()
    stage.tell(latch("k", Scope.STRATEGY, "s"))
    waits, final = stage.told(BasketEnded)
    assert (final.basket_id, final.waits) == (waits.basket_id, False)
    assert final.because == "kill k of s is latched: enough; release it with rearm"
    stage.build()
    stage.tell(FREE)
    released(stage)
    stage.ask(ReleaseLatch("k", "me"))
    assert "free s" not in [*stage.said, *stage.run(5)]
    assert stage.told(BasketEnded) == [waits, final]


def test_a_kill_that_a_record_of_before_left_waiting_beside_ends_the_wait_at_the_start():
    stage = Stage()
    stage.tell(HOLD)
    stage.tell(enter())
    stage.facts.append(latch("k", Scope.STRATEGY, "s").latched)
    stage.build()
    assert [fact.waits for fact in stage.told(BasketEnded)] == [True, False]


@pytest.mark.parametrize("kill", [latch("k", Scope.STRATEGY, "t"), latch("k", Scope.ACCOUNT, "b")])
def test_a_kill_of_another_scope_leaves_what_is_waited_for(kill):
    stage = Stage()
    stage.tell(HOLD)
    stage.tell(enter())
    stage.tell(kill)
    assert "free s" in stage.tell(FREE)


def test_a_pause_leaves_what_is_waited_for():
    stage = Stage()
    stage.tell(HOLD)
    stage.tell(enter())
    stage.tell(PAUSED)
    stage.tell(FREE)
    assert [fact.waits for fact in stage.told(BasketEnded)] == [True]
    assert "free s" in released(stage)


def test_what_waited_on_an_earlier_day_is_not_ended_by_the_kill_of_another():
    stage = Stage()
    stage.tell(PauseEntries("the day's loss"))
    stage.tell(enter())
    stage.tell(HOLD)
    day_ns = 86_400 * S
    tomorrow = DayOpened(DAY.replace(day=2), ((OPENS + day_ns, CLOSES + day_ns),), OPENS + day_ns)
    stage.tell(tomorrow, OPENS + day_ns)
    stage.tell(latch("k", Scope.STRATEGY, "s"))
    assert [fact.waits for fact in stage.told(BasketEnded)] == [True]


def test_an_entry_that_is_told_twice_waits_once():
    stage = Stage()
    stage.tell(HOLD)
    assert [stage.tell(enter()), stage.tell(enter())] == [[HELD], []]


def test_an_entry_of_which_orders_have_left_ends_for_good():
    stage = Stage(["fill", "work", "fill"])
    stage.tell(enter())
    stage.run()
    stage.tell(HOLD)
    assert [fact.waits for fact in stage.told(BasketEnded)] == [False]
    assert "free s" not in stage.tell(FREE)


@pytest.mark.parametrize(
    ("terms", "bars", "because"),
    [
        (None, latch("k", Scope.STRATEGY, "s"), "kill k of s is latched: enough"),
        (LIVE, HOLD, "s may not trade live"),
    ],
    ids=["kill", "unwilling"],
)
def test_what_other_controls_forbid_does_not_wait(terms, bars, because):
    stage = Stage(terms=terms)
    stage.tell(bars)
    stage.tell(HOLD)
    stage.tell(enter())
    (final,) = stage.told(BasketEnded)
    assert (final.because.startswith(because), final.waits) == (True, False)


def test_a_strategy_that_is_stopped_does_not_wait():
    stage = Stage()
    stage.facts.append(StrategyStopped("s", "ordo", T0, "a storm"))
    stage.build()
    stage.tell(HOLD)
    assert stage.tell(enter()) == ["ended: s is stopped, a storm; start it again first"]
    assert "free s" not in stage.tell(FREE)


def test_who_waits_is_known_after_a_fall_of_the_router_and_told_when_it_has_passed():
    stage = Stage()
    stage.tell(HOLD)
    stage.tell(enter())
    stage.build()
    assert "free s" in stage.tell(FREE)


def test_a_pause_of_the_day_is_waited_for_until_the_next():
    stage = Stage()
    stage.tell(PauseEntries("the day's loss"))
    stage.tell(enter())
    assert "free s" not in stage.run(60)
    day_ns = 86_400 * S
    tomorrow = DayOpened(DAY.replace(day=2), ((OPENS + day_ns, CLOSES + day_ns),), OPENS + day_ns)
    assert "free s" in stage.tell(tomorrow, OPENS + day_ns)


def test_decisions_that_had_to_wait_are_no_storm():
    stage = Stage(terms=Terms("a", "broker", strict=False, repeats=Rate(2, 3_600 * S)))
    for number in range(1, 6):
        stage.tell(HOLD)
        stage.tell(willing(number))
        stage.tell(FREE)
    assert stage.told(StrategyStopped) == []
    stage.build()
    assert "entered" in [*without_wakes(stage.tell(frame())), *stage.tell(willing(6)), *stage.run()]


@pytest.mark.parametrize("legs", [("ce",), ("ce", "pe"), CONDOR])
def test_an_entry_that_never_left_is_decided_anew(legs):
    stage = Stage([*["refuse UNSENT"] * min(len(legs), 2), "fill"])
    stage.tell(enter(*legs))
    stage.run(0.5)
    assert [fact.waits for fact in stage.told(BasketEnded)] == [True]
    assert "free s" in stage.run(1)
    stage.tell(frame(stage.now_ns))
    stage.tell(enter(*legs, at_ns=stage.now_ns))
    assert "entered" in stage.run(1)


@pytest.mark.parametrize("other", ["fill", "work", "dumb", "mute", "refuse MARGIN"])
@pytest.mark.parametrize("is_first", [False, True])
def test_an_entry_a_part_of_which_left_is_given_up_and_no_more_of_it_is_sent(other, is_first):
    """What the other order filled is left; what nobody has answered is waited for, then parked."""
    script = [other, "refuse UNSENT"] if is_first else ["refuse UNSENT", other]
    stage = Stage([*script, "fill"], terms=READING)
    stage.run(1)
    stage.tell(enter("ce", "pe", at_ns=stage.now_ns, deadline_ns=CLOSES))
    for _ in range(40):
        stage.run(1)
        stage.tell(frame(stage.now_ns))
    assert [fact.waits for fact in stage.told(BasketEnded)] == [False]
    assert [i for i in stage.intents()[2:] if i.purpose is Purpose.ENTRY] == []
    assert stage.broker.net() == {}


@pytest.mark.parametrize("on_fail", OnFail)
def test_what_fills_though_it_was_said_never_to_have_left_is_closed(on_fail):
    """Nothing watches an entry that is decided anew, so none keeps what it got either."""
    stage = Stage(["refuse UNSENT", "fill"])
    stage.tell(enter("ce", on_fail=on_fail))
    stage.run(0.5)
    (intent,) = stage.intents()
    value_e4 = 75 * intent.price_e4
    filled = OrderUpdated(intent.intent_id, "B1", State.FILLED, 75, value_e4, stage.now_ns)
    assert "owed ce unwind" in stage.tell(filled)


def test_an_entry_that_a_restart_met_before_its_first_order_waits_for_the_book():
    stage = Stage(terms=replace(READING, asks_margin=True))
    stage.run(1)
    stage.broker.margin = None
    stage.tell(enter("ce", at_ns=stage.now_ns))
    stage.broker.unread.extend(["no session"] * 8)
    stage.build()
    stage.run(6)
    assert [fact.waits for fact in stage.told(BasketEnded)] == [True]
    assert "free s" in stage.run(10)


def test_a_second_decision_that_is_refused_at_once_ends_the_wait_of_the_first():
    stage = Stage()
    stage.tell(HOLD)
    stage.tell(enter("ce"))
    stage.tell(FREE)
    late = "ended: its time for legging was over before it began"
    assert stage.tell(enter("ce", at_ns=T0 + 1, deadline_ns=T0)) == [late]
    assert not any(word.startswith("ended") for word in stage.tell(latch()))


def by_a_kill(stage: Stage) -> None:
    stage.tell(latch("k", Scope.STRATEGY, "s"))
    stage.ask(ReleaseLatch("k", "me"))


def by_hand(stage: Stage) -> None:
    stage.ask(ExitByHand("s", "", 0, "me"))


def by_its_window(stage: Stage) -> None:
    stage.tell(EndWait("s", "too late"))


@pytest.mark.parametrize("restarted", [False, True], ids=["", "restarted"])
@pytest.mark.parametrize(
    ("ends", "because"),
    [
        (by_a_kill, "kill k of s is latched: enough; release it with rearm"),
        (by_hand, "left by me"),
        (by_its_window, "too late"),
    ],
)
def test_once_its_wait_was_ended_for_good_an_entry_is_not_begun_again_on_that_day(
    ends, because, restarted
):
    stage = Stage()
    stage.tell(HOLD)
    stage.tell(willing(1))
    stage.tell(FREE)
    ends(stage)
    if restarted:
        stage.build()
    over = f"ended: the entry, which waited, is over for today: {because}"
    assert stage.tell(willing(2)) == [over]
    stage.tell(HOLD)
    assert stage.tell(willing(3)) == [over]
    assert (stage.told(BasketOpened), stage.intents()) == ([], [])

    day_ns = 86_400 * S
    tomorrow = DayOpened(DAY.replace(day=2), ((OPENS + day_ns, CLOSES + day_ns),), OPENS + day_ns)
    stage.tell(FREE)
    stage.tell(tomorrow, OPENS + day_ns)
    assert "opened" in stage.tell(enter(at_ns=OPENS + day_ns))


def test_the_end_of_a_window_ends_no_entry_that_does_not_wait():
    stage = Stage(["work"])
    stage.tell(EndWait("s", "too late"))
    stage.tell(enter("ce"))
    assert stage.tell(EndWait("s", "too late")) == []
    assert (len(stage.told(BasketOpened)), stage.told(BasketEnded)) == (1, [])
