"""The desk: a fold of the facts, so that a restart finds what stood."""

import pytest

from daemon.actors.order_router import Terms
from daemon.actors.order_router.broker.holds import paused_because
from daemon.actors.order_router.known.desk import Desk
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.instruments import contract
from daemon.domain.orders.basket import OnFail
from daemon.domain.orders.ids import IntentIds
from daemon.domain.orders.words import IntentRecorded, Side
from daemon.messages import (
    CancelAsked,
    DayEnded,
    DayOpened,
    EntriesPaused,
    EpochBegan,
    ExitOverdue,
    LinkDied,
    LinkRevived,
    PauseEntries,
)
from daemon.runtime.budget import Budget, Priority, Window
from tests.kit.router import (
    CLOSES,
    CONDOR,
    DAY,
    OPENED,
    OPENS,
    SYMBOLS,
    T0,
    WIDE,
    S,
    Stage,
    enter,
    frame,
    leave,
)

TERMS = Terms("a", "broker", strict=False)
CALL = contract(SYMBOLS["ce"], DAY, strict=False)
TOMORROW = DayOpened(DAY.replace(day=2), ((OPENS, CLOSES),), OPENS)


def desk(facts=(), budget=None):
    """A desk that has these facts behind it."""
    made = Desk(TERMS, IntentIds(1), budget or Budget(WIDE))
    made.restore(facts)
    return made


def state(made):
    """All of a desk that must not depend on whether it was restarted."""
    return (
        made.book,
        made.baskets,
        made.known_baskets,
        {exit_id: closing.owed for exit_id, closing in made.closings.items()},
        (made.exits_owed, made.paused, made.day, made.sessions, made.link_alive),
        list(made.recent_intents),
        made.todays,
        (made._legs, made.trips._before, made.trips._sent, made.entered, made.taken_back),
    )


@pytest.mark.parametrize(
    "script",
    [
        (["fill"], ["done"]),
        (["fill", "refuse OTHER", "work", "fill"], ["done"]),
        (["part", "dumb", "lost", "work", "fill"], ["after 2", "race", "done"]),
    ],
)
def test_a_restart_finds_the_desk_as_it_was_after_every_commit(script):
    """Not a field of it hangs on having lived through the day."""
    stage = Stage(*script)
    stage.tell(enter(*CONDOR))
    for second in range(10):
        stage.run(1)
        stage.tell(frame(stage.now_ns))
        if second == 5:
            stage.tell(leave(*CONDOR))
        assert state(desk(stage.facts)) == state(stage.router._desk)
    stage.tell(PauseEntries("a person"))
    stage.tell(LinkDied(stage.now_ns))
    stage.facts.append(LinkDied(stage.now_ns))
    assert state(desk(stage.facts)) == state(stage.router._desk)


UNRECORDED = EntriesPaused("the ledger failed: disk full", T0)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ([], (None, (), True, "")),
        ([OPENED], (DAY, OPENED.sessions, True, "")),
        ([OPENED, DayEnded(DAY, CLOSES)], (DAY, (), True, "")),
        ([OPENED, LinkDied(T0)], (DAY, OPENED.sessions, False, "")),
        ([OPENED, LinkDied(T0), LinkRevived(T0)], (DAY, OPENED.sessions, True, "")),
        ([OPENED, EntriesPaused("loss", T0)], (DAY, OPENED.sessions, True, "loss")),
        ([OPENED, UNRECORDED], (DAY, OPENED.sessions, True, "the ledger failed: disk full")),
        ([UNRECORDED, OPENED], (DAY, OPENED.sessions, True, "the ledger failed: disk full")),
        (
            [OPENED, UNRECORDED, EntriesPaused("loss", T0), TOMORROW],
            (TOMORROW.day, TOMORROW.sessions, True, "the ledger failed: disk full"),
        ),
        ([OPENED, UNRECORDED, EpochBegan(2, T0)], (DAY, OPENED.sessions, True, "")),
        (
            [OPENED, EntriesPaused("loss", T0), UNRECORDED, EpochBegan(2, T0)],
            (DAY, OPENED.sessions, True, "loss"),
        ),
        (
            [OPENED, EntriesPaused("loss", T0), EpochBegan(2, T0)],
            (DAY, OPENED.sessions, True, "loss"),
        ),
        ([OPENED, EntriesPaused("loss", T0), OPENED], (DAY, OPENED.sessions, True, "loss")),
        (
            [OPENED, EntriesPaused("loss", T0), TOMORROW],
            (TOMORROW.day, TOMORROW.sessions, True, ""),
        ),
        ([OPENED, "something of others"], (DAY, OPENED.sessions, True, "")),
    ],
)
def test_what_stands_around_the_account_is_folded_too(facts, found):
    """A pause lasts until the next day, one for the ledger as long as the run that has lost it."""
    made = desk(facts)
    assert (made.day, made.sessions, made.link_alive, paused_because(made)) == found


def test_the_budget_is_restored_from_what_left():
    """A restart grants no second helping."""
    stage = Stage().entered(*CONDOR)
    recorded = [f.at_ns for f in stage.facts if isinstance(f, IntentRecorded)]
    made = desk(stage.facts, Budget((Window(4, 60 * S),)))
    assert made.budget.snapshot() == tuple(recorded)
    assert made.budget.room(stage.now_ns, Priority.EXIT) == 0


def test_the_orders_of_a_day_count_on_after_a_restart():
    """What left longer ago than any other window looks back is counted still."""
    stage = Stage().entered(*CONDOR)
    hours = 5 * 3_600 * S
    made = desk(stage.facts, Budget((Window(8, S), Window(5, 24 * 3_600 * S, 1))))
    assert made.budget.room(stage.now_ns + hours, Priority.EXIT) == 1
    assert made.budget.room(stage.now_ns + hours, Priority.ENTRY) == 0
    assert made.budget.room(stage.now_ns + 5 * hours, Priority.EXIT) == 5


def test_a_cancellation_counts_in_the_budget_after_a_restart():
    stage = Stage(["work"])
    stage.tell(enter("ce", on_fail=OnFail.KEEP))
    stage.run(10)
    asked = [fact.at_ns for fact in stage.facts if isinstance(fact, CancelAsked)]
    assert asked
    assert set(asked) <= set(desk(stage.facts).budget.snapshot())


def test_a_budget_that_outlived_its_router_is_kept():
    stage = Stage().entered("ce")
    budget = Budget(WIDE)
    budget.take(T0 + S, Priority.EXIT)
    assert desk(stage.facts, budget).budget.snapshot() == (T0 + S,)


def test_a_lateness_that_was_told_is_not_told_again_after_a_restart():
    """But on a new day it is."""
    stage = Stage(["fill", "work"], ["no"]).entered("ce")
    stage.tell(leave("ce"))
    stage.run(15)
    assert len(stage.told(ExitOverdue)) == 1
    stage.build()
    stage.run(15)
    assert len(stage.told(ExitOverdue)) == 1
    stage.tell(TOMORROW)
    stage.run(15)
    assert len(stage.told(ExitOverdue)) == 2


@pytest.mark.parametrize("told_at_ns", [T0 + 1, T0 + 20 * S])
def test_an_overdue_exit_of_another_desk_is_passed_over(told_at_ns):
    """Its closing is not here."""
    made = desk([OPENED, ExitOverdue("a:exit:9", "s", "x", told_at_ns)])
    assert made.closings == {}


@pytest.mark.parametrize("symbol", ["NOSUCH-2025-09-02-24550-CE", "no symbol"])
def test_a_contract_that_no_table_knows_is_none(symbol):
    """Never guessed."""
    assert desk([OPENED]).contract(symbol) is None


def test_before_any_day_there_are_no_contracts():
    """Tables go by date."""
    assert desk().contract(SYMBOLS["ce"]) is None


@pytest.mark.parametrize(
    ("quote", "touch", "banded"),
    [
        (Quote(100_0000, 99_9500, 75, 100_0500, 75), 100_0500, True),
        (Quote(0, 99_9500, 75, 100_0500, 75), 100_0500, True),
        (Quote(0, 0, 0, 100_0500, 75), 100_0500, False),
        (Quote(0), 0, False),
    ],
)
def test_a_price_is_looked_for_within_the_band_around_the_last_one(quote, touch, banded):
    """Around the mid where it has not traded; without a reference there is no band."""
    made = desk([OPENED])
    made.prices.see(Frame(T0, {CALL.symbol: quote}))
    prospect = made.prospect(CALL, Side.BUY)
    assert (prospect.touch_e4, bool(prospect.high_e4)) == (touch, banded)


def test_where_no_table_knows_the_band_the_exchange_alone_judges():
    """An index is never ordered, and has none."""
    index = contract("NIFTY", DAY)
    made = desk([OPENED])
    made.prices.see(Frame(T0, {"NIFTY": Quote(24_000_0000)}))
    assert made.prospect(index, Side.SELL).high_e4 == 0
