"""The runner: an entry that an account keeps waiting is decided anew once that has passed."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.actors.strategy_runner.fan_out import Place
from daemon.actors.strategy_runner.punctual import GRACE_NS, PunctualRunner, StartDue
from daemon.messages import (
    BasketEnded,
    EntryDecided,
    FreeEntries,
    HeldBy,
    HoldEntries,
    Noted,
    ReleaseLatch,
    Scope,
    StrategyDeclared,
    StrategyStarted,
    WaitOver,
)
from daemon.runtime.words import NOTHING, Tell
from tests.kit.acting import (
    DAY,
    NEXT_DAY,
    ROUTER,
    clock,
    day_ended,
    day_opened,
    facts,
    opened,
    others,
    prices,
)
from tests.kit.router import Stage, frame, latch
from tests.kit.waiting_runner import (
    AT,
    BETA,
    HOME,
    PLAN,
    TEN,
    WAITS,
    baskets,
    final,
    runner,
    see,
    status,
    wait,
    waiting,
)


def test_once_it_has_passed_it_is_decided_anew_on_the_prices_of_then_under_an_id_of_its_own():
    made = waiting()
    strike = {"NIFTY_2025_09_02_24600_CE": "70", "NIFTY_2025_09_02_24600_PE": "120"}
    assert see(made, AT + 1) == NOTHING
    assert see(made, AT + 2, "24601", **strike) == NOTHING
    made.handle(WaitOver("s"), AT + 3)
    effects = made.handle(prices(AT + 4), AT + 4)

    assert baskets(effects) == {ROUTER: f"s:{DAY}.2"}
    (decided,) = facts(effects, EntryDecided)
    assert (decided.basket_id, decided.at_ns) == (f"s:{DAY}.2", AT + 4)
    assert [leg[1] for leg in decided.legs] == [name.replace("_", "-") for name in strike]
    assert see(made, AT + 5) == NOTHING
    made.handle(final(".2"), AT + 6)
    assert see(made, AT + 7) == NOTHING
    assert status(made) == "entered today"


def test_that_it_has_passed_may_be_heard_before_that_it_waits():
    made = runner(day_opened())
    see(made)
    made.handle(WaitOver("other"), AT)
    made.handle(WaitOver("s"), AT)
    assert see(made, AT + 1) == NOTHING
    made.handle(wait(), AT)
    assert baskets(see(made, AT + 2)) == {ROUTER: f"s:{DAY}.2"}


def test_what_is_refused_for_good_is_not_decided_anew():
    made = runner(day_opened())
    see(made)
    made.handle(final(because="too dear"), AT)
    made.handle(WaitOver("s"), AT)
    assert see(made, AT + 1) == NOTHING
    assert status(made) == "resting: the entry failed: too dear"


def test_that_it_waits_is_told_once_and_at_the_end_of_the_day_that_it_never_came():
    made = runner(day_opened())
    said = []
    for entry in ("", ".2", ".3"):
        assert baskets(see(made)) == {ROUTER: f"s:{DAY}{entry}"}
        said += facts(made.handle(wait(entry), AT), Noted)
        made.handle(WaitOver("s"), AT)
    assert [note.text for note in said] == [WAITS]
    assert [note.text for note in facts(made.handle(day_ended(), 0))] == ["no entry today"]
    made.handle(day_opened(NEXT_DAY), 0)
    at_ns = clock("09:30:00", NEXT_DAY)
    assert baskets(see(made, at_ns)) == {ROUTER: f"s:{NEXT_DAY}"}


def test_it_waits_no_longer_than_its_window():
    made = waiting()
    assert status(made, AT + 1) == f"waiting; {WAITS}"
    assert status(made, TEN + 1) == f"too late today; {WAITS}"
    made.handle(WaitOver("s"), TEN + 1)
    assert see(made, TEN + 1) == NOTHING


def test_each_account_waits_for_itself():
    made = runner(day_opened(), places=(HOME, BETA))
    see(made)
    made.handle(wait(place=BETA), AT)
    assert status(made) == "entering"
    made.handle(final(), AT)
    assert "entered in 1 of 2 accounts: beta waits: entries are paused: no beat" in status(made)
    made.handle(WaitOver("s", "beta"), AT)
    assert baskets(see(made, AT + 1)) == {"router:beta": f"s@beta:{DAY}.2"}
    made.handle(final(".2", BETA), AT)
    assert status(made) == "entered today"


def test_of_an_account_that_still_waits_when_the_day_ends_that_is_told_and_of_no_other():
    made = runner(day_opened(), places=(HOME, BETA))
    see(made)
    made.handle(wait(place=BETA), AT)
    made.handle(final(), AT)
    said = facts(made.handle(day_ended(), 0))
    assert [(note.text, note.account) for note in said] == [("no entry today in beta", "beta")]


def test_where_it_waits_in_all_accounts_each_is_named():
    assert status(waiting(HOME, BETA)) == (
        "waiting; the entry waits: alpha waits: entries are paused: no beat; "
        "beta waits: entries are paused: no beat"
    )


@pytest.mark.parametrize(
    ("before", "entry"),
    [
        ((wait(),), ".2"),
        ((wait(), day_opened()), ".2"),
        ((wait(), wait(".2")), ".3"),
        ((wait(), StrategyDeclared("s", "{}", "ops", AT), StrategyStarted("s", "ops", AT)), ".2"),
    ],
    ids=["once", "opened again", "twice", "declared anew"],
)
def test_after_a_restart_it_is_decided_once_more(before, entry):
    """Nothing says whether what it waited for has passed: the router does, once."""
    made = runner(day_opened(), *before)
    assert baskets(see(made)) == {ROUTER: f"s:{DAY}{entry}"}
    assert see(made, AT + 1) == NOTHING


@pytest.mark.parametrize(
    "before",
    [
        (wait(), replace(opened(), basket=replace(opened().basket, basket_id=f"s:{DAY}.2"))),
        (wait(), final(".2")),
        (wait(), final(".2", because="too dear")),
        (wait(), final(".2"), StrategyDeclared("s", "{}", "o", 0), StrategyStarted("s", "o", 0)),
    ],
    ids=["begun", "entered", "refused", "declared anew"],
)
@pytest.mark.parametrize("again", [(), (day_opened(),)], ids=["", "opened again"])
def test_after_a_restart_what_was_begun_is_not_entered_again(before, again):
    assert see(runner(day_opened(), *before, *again)) == NOTHING


def test_after_a_crash_before_anybody_began_all_accounts_are_decided_for():
    """One waits, and the other never heard of it."""
    made = runner(day_opened(), wait(), places=(HOME, BETA))
    assert baskets(see(made)) == {ROUTER: f"s:{DAY}.2", "router:beta": f"s@beta:{DAY}.2"}


def test_after_a_crash_the_rest_of_an_entry_goes_before_what_waits():
    """One has it, one waits, and one never heard of it."""
    gamma = Place("router:gamma", "gamma", "gamma")
    made = runner(day_opened(), opened(), wait(place=BETA), places=(HOME, BETA, gamma))
    assert baskets(see(made)) == {"router:gamma": f"s@gamma:{DAY}"}
    assert baskets(see(made, AT + 1)) == {"router:beta": f"s@beta:{DAY}.2"}


def test_a_strategy_that_waits_has_not_missed_its_start():
    punctual = PunctualRunner(PLAN, waiting())
    assert punctual.handle(StartDue(DAY), AT + GRACE_NS) == NOTHING
    punctual.handle(WaitOver("s"), AT)
    assert punctual.handle(StartDue(DAY), AT + GRACE_NS) == NOTHING


def test_a_hold_of_a_second_at_the_time_of_entry_costs_that_second():
    """Runner and router together."""
    made, stage = runner(day_opened()), Stage()
    stage.tell(HoldEntries(HeldBy.BEAT, "no beat"))
    (told,) = others(see(made), Tell)
    stage.tell(told.message)
    made.handle(stage.told(BasketEnded)[-1], AT)
    assert "free s" in stage.tell(FreeEntries(HeldBy.BEAT))
    made.handle(WaitOver("s"), AT)

    later_ns = AT + 1_000_000_000
    stage.tell(frame(later_ns), later_ns)
    (told,) = others(see(made, later_ns), Tell)
    assert "entered" in [*stage.tell(told.message), *stage.run()]


@pytest.mark.parametrize("freed", [False, True], ids=["held", "freed"])
def test_a_kill_that_is_pulled_while_an_entry_waits_and_released_later_lets_nothing_in(freed):
    """Runner and router together."""
    made, stage = runner(day_opened()), Stage()
    stage.tell(HoldEntries(HeldBy.BEAT, "no beat"))
    (told,) = others(see(made), Tell)
    stage.tell(told.message)
    made.handle(stage.told(BasketEnded)[-1], AT)
    if freed:
        stage.tell(FreeEntries(HeldBy.BEAT))
        made.handle(WaitOver("s"), AT)
    stage.tell(latch(scope=Scope.STRATEGY, name="s"))
    made.handle(stage.told(BasketEnded)[-1], AT)
    stage.tell(FreeEntries(HeldBy.BEAT))
    stage.ask(ReleaseLatch("k", "me"))

    assert "free s" not in stage.said
    later_ns = AT + 1_500_000_000_000
    assert others(see(made, later_ns), Tell) == []
    assert status(made, later_ns).startswith("resting: the entry failed: kill k of s is latched")
    assert others(see(runner(*stage.facts), later_ns), Tell) == []
