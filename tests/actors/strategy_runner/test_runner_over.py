"""The runner: an entry that waits is over with its window, and by its owner's word."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.actors.alert_keeper.conditions import Conditions
from daemon.actors.strategy_runner.fan_out import Place
from daemon.actors.strategy_runner.last_moment import WindowOver
from daemon.domain.orders.words import IntentRecorded
from daemon.messages import (
    Ask,
    BasketEnded,
    CancelAll,
    Declined,
    EntryDecided,
    ExitByHand,
    FreeEntries,
    HeldBy,
    HoldEntries,
    Noted,
    Scope,
    SeeStrategy,
    WaitOver,
)
from daemon.runtime.words import NOTHING, Started, Tell
from tests.kit.acting import (
    DAY,
    ROUTER,
    alarms,
    clock,
    day_ended,
    day_opened,
    facts,
    others,
    prices,
)
from tests.kit.waiting_runner import (
    AT,
    BETA,
    HOME,
    TEN,
    Pumped,
    final,
    runner,
    see,
    status,
    wait,
    waiting,
)

EXIT, ALL = ExitByHand("s", "", 0, "me"), CancelAll(Scope.ALL, "", "me")
HOLD = HoldEntries(HeldBy.BEAT, "no beat")
IT_WAITED = "it is over for today: it waited until its window ended at 10:00:00"


def ends(effects) -> dict[str, str]:
    """What each router is told of an entry that is over with its window."""
    return {each.to: each.message.because for each in others(effects, Tell)}


def test_an_entry_that_waits_when_its_window_ends_is_over_and_the_account_is_told_why():
    made = runner(day_opened())
    see(made)
    rings = alarms(made.handle(wait(), AT))
    made.handle(WaitOver("s"), AT)
    see(made)
    assert [*rings, *alarms(made.handle(wait(".2"), AT))] == [(TEN + 1, WindowOver())]

    told = made.handle(WindowOver(), TEN + 1)
    assert others(told, Tell)[0].message.strategy_id == "s"
    because = f"{IT_WAITED}: entries are paused: no beat"
    assert ends(told) == {ROUTER: because}
    (said,) = facts(made.handle(final(".2", because=because), TEN + 1), Noted)
    assert said.text == f"the entry failed: {because}"
    assert status(made, TEN + 1) == f"resting: the entry failed: {because}"
    assert made.handle(WindowOver(), TEN + 2) == NOTHING
    assert facts(made.handle(day_ended(), 0)) == []


def test_what_passed_and_was_not_decided_anew_before_the_window_ended_is_told_so():
    made = waiting()
    made.handle(WaitOver("s"), AT)
    (because,) = ends(made.handle(WindowOver(), TEN + 1)).values()
    so = "it is over for today: it had waited, and was not decided anew until its window ended at"
    assert because == f"{so} 10:00:00: entries are paused: no beat"


def test_an_entry_is_not_over_before_its_window_is():
    """An alarm of other hours that were told of the day before."""
    assert waiting().handle(WindowOver(), TEN) == NOTHING
    early = waiting()
    hours = ((clock("09:15:00"), clock("09:50:00")),)
    moved = early.handle(replace(day_opened(), sessions=hours), AT)
    ((at_ns, _),) = alarms(moved)
    assert AT < at_ns < TEN
    assert ends(early.handle(WindowOver(), at_ns))


def test_that_an_entry_waits_may_be_heard_after_its_window_and_is_over_then():
    made = runner(day_opened())
    see(made, TEN)
    assert made.handle(WindowOver(), TEN + 1) == NOTHING
    assert list(ends(made.handle(wait(), TEN + 2))) == [ROUTER]


def test_only_where_an_entry_waits_it_is_over_with_its_window():
    gamma = Place("router:gamma", "gamma", "gamma")
    made = runner(day_opened(), places=(HOME, BETA, gamma))
    see(made)
    made.handle(final(), AT)
    made.handle(wait(place=BETA), AT)
    assert list(ends(made.handle(WindowOver(), TEN + 1))) == ["router:beta"]


@pytest.mark.parametrize(("at_ns", "over"), [(AT, False), (TEN + 1, True)])
def test_after_a_restart_an_entry_that_waits_ends_with_its_window_all_the_same(at_ns, over):
    effects = runner(day_opened(), wait()).handle(Started(), at_ns)
    assert (list(ends(effects)), alarms(effects)) == (
        ([ROUTER], []) if over else ([], [(TEN + 1, WindowOver())])
    )


@pytest.mark.parametrize(
    ("words", "left"),
    [((), 2), ((ExitByHand("t", "", 0, "me"),), 2), ((EXIT,), 0), ((ALL,), 0)],
    ids=["none", "of another", "exit", "cancel all"],
)
def test_a_decision_that_is_on_its_way_when_the_owner_ends_the_wait_enters_nothing(words, left):
    """The router reads his word, and the runner decides before it hears what came of that."""
    last = prices(AT + 2, "100", "95", NIFTY="24555")
    asks = [(ROUTER, Ask(number, word)) for number, word in enumerate(words)]
    play = Pumped(lambda message: asks if message is last else [])
    play.tell(ROUTER, HOLD)
    play.tell("runner:s", replace(last, at_ns=AT))
    play.tell(ROUTER, FreeEntries(HeldBy.BEAT))
    play.tell(ROUTER, replace(last, at_ns=AT + 1))
    play.tell("runner:s", last, AT + 2)

    decided = [fact.basket_id for fact in play.told(EntryDecided)]
    assert decided == [f"s:{DAY}", f"s:{DAY}.2"]
    assert len(play.told(IntentRecorded)) == left


def test_once_the_window_of_an_entry_that_waits_is_over_nothing_says_that_it_waits():
    play, frame = Pumped(), prices(AT, "100", "95", NIFTY="24555")
    play.tell(ROUTER, HOLD)
    play.tell("runner:s", frame)
    for minutes in (1, 2):
        at_ns = AT + minutes * 60_000_000_000
        play.tell(ROUTER, FreeEntries(HeldBy.BEAT), at_ns)
        play.tell(ROUTER, HOLD, at_ns)
        play.tell("runner:s", replace(frame, at_ns=at_ns), at_ns)
    made = Conditions()
    for fact in play.told(BasketEnded):
        made.hear(fact)
    assert list(made.standing) == [("entry_waits", "s")]

    play.pump.run_until(TEN + 1)
    *waits, over = play.told(BasketEnded)
    assert (len(waits), over.waits, over.at_ns) == (3, False, TEN + 1)
    assert over.outcome == f"is not in: {IT_WAITED}: entries are paused: no beat"
    made.hear(over)
    assert list(made.standing) == []
    assert play.ask(EXIT) == Declined("nothing_held", "s holds nothing in any leg")
    assert play.ask(SeeStrategy(), "runner:s").status.startswith("resting: the entry failed")
    play.tell(ROUTER, FreeEntries(HeldBy.BEAT), TEN + 2)
    play.tell("runner:s", frame, TEN + 2)
    assert len(play.told(EntryDecided)) == 3
