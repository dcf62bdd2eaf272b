"""Latches: pulled, restored, released; and what is cancelled with all."""

import pytest
from msgspec.structs import replace

from daemon.actors.order_router.known import halts
from daemon.domain.orders.words import State
from daemon.messages import (
    Ask,
    BasketEnded,
    CancelAll,
    Declined,
    Done,
    KillStaged,
    Latched,
    LatchKind,
    PullLatch,
    Released,
    ReleaseLatch,
    Scope,
    SeeKill,
)
from daemon.messages import (
    Stage as KillStage,
)
from tests.kit.router import (
    KEEP,
    SYMBOLS,
    T0,
    Stage,
    enter,
    frame,
    latch,
    leave,
    without_wakes,
)

CE, PE = SYMBOLS["ce"], SYMBOLS["pe"]
PAUSE = LatchKind.PAUSE
SAID = "pause p of everything is latched: enough; release it with rearm"
SCOPES = {
    "all": (Scope.ALL, "", True),
    "this account": (Scope.ACCOUNT, "a", True),
    "another account": (Scope.ACCOUNT, "b", False),
    "this strategy": (Scope.STRATEGY, "s", True),
    "another strategy": (Scope.STRATEGY, "t", False),
}


@pytest.mark.parametrize(("scope", "name", "stopped"), SCOPES.values(), ids=SCOPES)
def test_a_pause_stops_the_entries_of_its_scope_and_no_others(scope, name, stopped):
    stage = Stage()
    stage.tell(latch("p", scope, name, PAUSE))
    stage.tell(enter())
    assert ([fact.complete for fact in stage.told(BasketEnded)] == [False]) is stopped
    assert bool(stage.intents()) is not stopped


def test_an_entry_that_is_refused_names_the_latch_and_what_releases_it():
    stage = Stage()
    stage.tell(latch("p", kind=PAUSE))
    assert without_wakes(stage.tell(enter())) == [f"ended: {SAID}"]


def test_a_pause_gives_up_what_is_being_entered_and_unwinds_what_is_filled():
    stage = Stage(["fill", "work", "fill"])
    stage.tell(enter())
    stage.run()
    said = without_wakes(stage.tell(latch("p", kind=PAUSE)))
    assert said[:3] == ["latched p", f"ended: {SAID}", "owed ce unwind"]
    assert "cancel 2" in said
    stage.run()
    assert (stage.broker.net(), stage.broker.resting()) == ({}, [])


@pytest.mark.parametrize(("scope", "name", "ends"), SCOPES.values(), ids=SCOPES)
def test_what_cancels_all_ends_the_entries_that_wait_as_well(scope, name, ends):
    stage = Stage()
    stage.tell(latch("p", kind=PAUSE))
    stage.tell(enter())
    stage.ask(CancelAll(scope, name, "me"))
    told = [(fact.waits, fact.because) for fact in stage.told(BasketEnded)]
    assert told[1:] == [(False, "all orders are cancelled by me")] * ends


def test_a_pause_leaves_what_is_held_and_its_exits_go_on():
    stage = Stage().entered("ce")
    assert without_wakes(stage.tell(latch("p", kind=PAUSE))) == ["latched p"]
    assert without_wakes(stage.tell(leave("ce")))[-1] == "place 2"


def test_the_same_latch_again_changes_nothing():
    stage = Stage()
    stage.tell(latch("p", kind=PAUSE))
    assert stage.tell(latch("p", kind=PAUSE)) == []
    assert len(stage.told(Latched)) == 1


def test_a_latch_of_another_account_is_not_recorded():
    stage = Stage()
    assert stage.tell(latch("p", Scope.ACCOUNT, "b")) == []


def test_a_latch_stands_after_a_restart_until_it_is_released():
    stage = Stage()
    stage.tell(latch("p", kind=PAUSE))
    stage.build()
    stage.tell(enter())
    assert stage.ask(ReleaseLatch("p", "me")) == Done()
    stage.build()
    stage.tell(frame(stage.now_ns))
    stage.tell(enter(basket_id="s:2"))
    assert [fact.complete for fact in stage.told(BasketEnded)] == [False]
    assert len(stage.intents()) == 2
    assert [fact.by for fact in stage.told(Released)] == ["me"]


def test_a_latch_without_a_reason_says_that_none_was_given():
    latched = latch("k").latched
    assert halts.said(replace(latched, reason="")) == (
        "kill k of everything is latched: no reason given; release it with rearm"
    )


def test_of_two_latches_each_is_released_by_itself():
    stage = Stage()
    stage.tell(latch("p", kind=PAUSE))
    stage.tell(latch("q", Scope.STRATEGY, "s", PAUSE))
    stage.ask(ReleaseLatch("p", "me"))
    said = stage.tell(enter())
    assert said == ["ended: pause q of s is latched: enough; release it with rearm"]


def test_a_latch_that_does_not_stand_is_released_without_a_record():
    stage = Stage()
    assert stage.ask(ReleaseLatch("p", "me")) == Done("no latch p stood here")
    assert stage.told(Released) == []


def test_one_that_is_pulled_again_after_its_release_stands_again():
    """Its file stands, whatever the record says."""
    stage = Stage()
    stage.tell(latch("p", kind=PAUSE))
    stage.ask(ReleaseLatch("p", "me"))
    stage.tell(latch("p", kind=PAUSE))
    assert len(stage.told(Latched)) == 2
    assert without_wakes(stage.tell(enter())) == [f"ended: {SAID}"]


def test_who_asks_for_a_latch_is_answered_once_it_is_recorded():
    stage = Stage()
    assert stage.ask(PullLatch(replace(latch("p").latched, kind=PAUSE))) == Done()
    assert len(stage.told(Latched)) == 1


def test_a_kill_that_was_never_pulled_is_not_known():
    assert Stage().ask(SeeKill("k")) == Declined("unknown_kill", "no kill k was pulled in a")


def test_how_far_a_kill_has_come_is_told_after_its_release_too():
    stage = Stage()
    stage.tell(latch())
    stage.run(5)
    stage.ask(ReleaseLatch("k", "me"))
    seen = stage.ask(SeeKill("k"))
    assert isinstance(seen, KillStaged)
    assert (seen.stage, seen.left) == (KillStage.FLAT, ())


def test_the_stage_of_a_kill_that_is_not_known_here_is_passed_over():
    stage = Stage()
    stage.facts.append(KillStaged("other", KillStage.CLOSING, (), 0, T0))
    stage.build()
    assert isinstance(stage.ask(SeeKill("other")), Declined)


def test_a_question_that_the_router_does_not_know_is_a_defect():
    with pytest.raises(AssertionError, match="the router was asked 'hello'"):
        Stage().tell(Ask(1, "hello"))


@pytest.mark.parametrize(("scope", "name", "reached"), SCOPES.values(), ids=SCOPES)
def test_cancel_all_takes_the_entries_of_its_scope_back(scope, name, reached):
    stage = Stage(["work"])
    stage.tell(enter(**KEEP))
    stage.run()
    answer = stage.ask(CancelAll(scope, name, "me"))
    stage.run()
    assert answer == Done(f"{2 * reached} orders are being taken back")
    assert bool(stage.broker.resting()) is not reached


def test_an_order_in_doubt_is_none_of_those_that_cancel_all_takes_back():
    stage = Stage(["work", "lost"])
    stage.tell(enter(**KEEP))
    stage.run()
    assert stage.ask(CancelAll(Scope.ALL, "", "me")) == Done("1 orders are being taken back")


def test_cancel_all_unwinds_what_is_filled_and_asks_until_nothing_rests():
    stage = Stage(["fill", "work", "fill"], ["no", "no", "done"])
    stage.tell(enter())
    stage.run()
    stage.ask(CancelAll(Scope.ALL, "", "me"))
    stage.run(10)
    assert (stage.broker.net(), stage.broker.resting()) == ({}, [])


def test_cancel_all_leaves_exits_for_they_are_obligations():
    stage = Stage(["fill", "work"]).entered("ce")
    stage.tell(leave("ce"))
    stage.run(0.1)
    assert stage.ask(CancelAll(Scope.ALL, "", "me")) == Done("0 orders are being taken back")
    assert [order.state for order in stage.broker.resting()] == [State.WORKING]


def test_a_strategy_in_one_account_is_latched_in_that_one_alone():
    """`ID@ACCOUNT`; the other account takes no notice."""
    for account, reached in (("a", True), ("b", False)):
        stage = Stage()
        stage.tell(latch(scope=Scope.STRATEGY, name=f"s@{account}", kind=LatchKind.PAUSE))
        said = stage.tell(enter("ce", at_ns=stage.now_ns))
        assert ("opened" in said) is not reached
