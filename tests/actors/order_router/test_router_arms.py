"""Arms: an account of a live broker is entered on the day for which a person armed it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from daemon.actors.order_router import Terms
from daemon.domain.orders.words import OrderType, Side
from daemon.messages import (
    DayEnded,
    DayOpened,
    Declined,
    EnterLegs,
    LatchKind,
    OrderAsked,
    PlaceByHand,
    Scope,
    SeeAccount,
)
from daemon.messages.arming import AccountArmed, AccountDisarmed, ArmAccount, DisarmAccount
from tests.kit.router import DAY, SYMBOLS, T0, Stage, enter, frame, latch, leave, without_wakes

LIVE = Terms("a", "zerodha:a", strict=False, live=True)
ARMED = AccountArmed("a", DAY, "a try", "ann", T0)
UNARMED = "a is not armed for live trading today; arm it with `ordo arm a`"
DAY_NS = 86_400_000_000_000


def live(place=("fill",)) -> Stage:
    return Stage(place, terms=LIVE)


def armed(place=("fill",)) -> Stage:
    stage = live(place)
    stage.ask(ArmAccount(ARMED))
    return stage


def willing(*legs, **fields) -> EnterLegs:
    """A basket of a strategy that may trade live."""
    return EnterLegs(replace(enter(*legs, **fields).opened, live=True))


def by_hand(stage: Stage) -> object:
    asked = OrderAsked(
        *("r", "a", SYMBOLS["ce"], Side.BUY, 75, OrderType.LIMIT, 1_000_000, 0, "", "ann", T0)
    )
    return stage.ask(PlaceByHand(asked, dry_run=True))


def test_nothing_is_entered_live_before_somebody_arms_the_account():
    stage = live()
    assert without_wakes(stage.tell(willing())) == [f"ended: {UNARMED}"]
    assert by_hand(stage) == Declined("not_armed", UNARMED)


def test_an_armed_account_is_entered():
    stage = armed()
    assert "entered" in [*stage.tell(willing()), *stage.run()]
    assert stage.ask(SeeAccount()).armed == ARMED


def test_a_strategy_that_did_not_opt_in_enters_nothing_live_though_the_account_is_armed():
    said = "s may not trade live; let its file say `live = true` if that is meant"
    assert without_wakes(armed().tell(enter())) == [f"ended: {said}"]


def test_on_paper_neither_is_needed():
    stage = Stage()
    assert "entered" in [*stage.tell(enter()), *stage.run()]
    assert stage.ask(ArmAccount(ARMED)) == Declined(
        "cannot_arm", "a trades on paper, and needs no arm"
    )


def test_who_is_disarmed_goes_no_further_and_leaves_what_was_filled():
    stage = armed(["fill", "work", "fill"])
    stage.tell(willing())
    stage.run()
    stage.ask(DisarmAccount("enough", "ann"))
    assert without_wakes(stage.said)[0] == f"ended: {UNARMED}"
    assert "flat ce" in stage.run(5)
    assert (stage.broker.net(), stage.broker.resting()) == ({}, [])


def test_what_is_held_is_left_by_an_account_that_nobody_armed():
    stage = armed()
    stage.tell(willing())
    stage.run()
    stage.ask(DisarmAccount("enough", "ann"))
    stage.tell(leave())
    assert "flat ce,pe" in stage.run()


def test_to_disarm_twice_is_no_news():
    stage = armed()
    stage.ask(DisarmAccount("enough", "ann"))
    stage.ask(DisarmAccount("enough", "ann"))
    assert [fact.because for fact in stage.told(AccountDisarmed)] == ["enough"]


def test_a_restart_on_the_same_day_keeps_the_arm():
    stage = armed()
    stage.build()
    stage.run()
    stage.tell(frame())
    assert "entered" in [*stage.tell(willing()), *stage.run()]


def test_the_day_after_needs_an_arm_of_its_own():
    """Whether somebody was there when the day ended or not."""
    stage = armed()
    opens = tuple((a + DAY_NS, b + DAY_NS) for a, b in ((T0, T0 + 1),))
    stage.tell(DayOpened(DAY + timedelta(days=1), opens, T0 + DAY_NS), T0 + DAY_NS)
    assert [fact.because for fact in stage.told(AccountDisarmed)] == [f"{DAY} is over"]
    assert stage.ask(SeeAccount()).armed is None


def test_an_arm_ends_with_the_trading_day():
    stage = armed()
    stage.tell(DayEnded(DAY, T0))
    assert [fact.by for fact in stage.told(AccountDisarmed)] == ["ordo"]


def test_an_arm_outlives_the_opening_of_its_own_day_and_the_end_of_the_one_before():
    stage = armed()
    stage.tell(DayEnded(DAY - timedelta(days=1), T0))
    stage.tell(DayOpened(DAY, (), T0))
    assert stage.told(AccountDisarmed) == []


def test_an_account_without_an_arm_ends_no_arm():
    stage = live()
    stage.tell(DayEnded(DAY, T0))
    assert stage.told(AccountDisarmed) == []


@pytest.mark.parametrize(
    ("word", "stays"),
    [
        (latch(), False),
        (latch(scope=Scope.ACCOUNT, name="a"), False),
        (latch(scope=Scope.STRATEGY, name="s"), True),
        (latch(kind=LatchKind.PAUSE), True),
    ],
)
def test_a_kill_of_all_that_the_account_holds_disarms_it(word, stays):
    stage = armed()
    stage.tell(word)
    assert (stage.ask(SeeAccount()).armed is not None) is stays
