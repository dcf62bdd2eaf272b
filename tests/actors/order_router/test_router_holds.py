"""Holds: entries wait while something of the machine's own is not in order, and then go on."""

from __future__ import annotations

import pytest

from daemon.actors.order_router import Terms
from daemon.domain.orders.words import IntentRecorded, OrderType, Side
from daemon.messages import (
    BasketEnded,
    Declined,
    EntriesFreed,
    EntriesHeld,
    EpochBegan,
    FreeEntries,
    HeldBy,
    HoldEntries,
    LatchKind,
    OrderAsked,
    PauseEntries,
    PlaceByHand,
    ReleaseLatch,
    SeeAccount,
)
from tests.kit.router import SYMBOLS, T0, Stage, enter, latch, leave, without_wakes

HOLD = HoldEntries(HeldBy.BEAT, "no beat")
FREE = FreeEntries(HeldBy.BEAT)
JUMPED = HoldEntries(HeldBy.CLOCK, "the clock jumped")


def paused(stage: Stage) -> str:
    return stage.ask(SeeAccount()).paused


def test_nothing_is_entered_while_entries_are_held_and_all_is_once_they_are_free():
    stage = Stage()
    stage.tell(HOLD)
    assert stage.tell(enter()) == ["ended: entries are paused: no beat"]
    stage.tell(FREE)
    assert "entered" in [*stage.tell(enter(at_ns=T0 + 1)), *stage.run()]


def test_an_entry_that_is_under_way_is_given_up_and_what_is_filled_of_it_is_left():
    stage = Stage(["fill", "work", "fill"])
    stage.tell(enter())
    stage.run()
    said = without_wakes([*stage.tell(HOLD), *stage.run(5)])
    assert said[0] == "ended: entries are paused: no beat"
    assert "flat ce" in said
    assert stage.broker.net() == {}


KEPT_OUT = {
    "a hold": (HOLD, FREE, True),
    "a pause of a person": (latch(kind=LatchKind.PAUSE), ReleaseLatch("k", "me"), True),
    "a kill": (latch(), ReleaseLatch("k", "me"), False),
}


@pytest.mark.parametrize(("word", "ends", "waits"), KEPT_OUT.values(), ids=KEPT_OUT)
def test_an_entry_of_which_nothing_has_left_is_decided_anew_afterwards_but_not_after_a_kill(
    word, ends, waits
):
    """Its margin is still being asked about."""
    stage = Stage(terms=Terms("a", "broker", strict=False, asks_margin=True))
    stage.broker.margin = None
    stage.tell(enter())
    stage.tell(word)
    assert [fact.waits for fact in stage.told(BasketEnded)] == [waits]
    stage.run(1)
    assert ("free s" in stage.tell(ends)) is waits
    assert stage.told(IntentRecorded) == []


def test_exits_go_on_while_entries_are_held():
    stage = Stage().entered()
    stage.tell(HOLD)
    stage.tell(leave())
    assert "flat ce,pe" in stage.run()


def test_an_order_by_hand_waits_too_and_says_why():
    stage = Stage()
    stage.tell(HOLD)
    asked = OrderAsked(
        *("r", "a", SYMBOLS["ce"], Side.BUY, 75, OrderType.LIMIT, 1_000_000, 0, "", "ann", T0)
    )
    assert stage.ask(PlaceByHand(asked)) == Declined("paused", "entries are paused: no beat")


def test_each_hold_is_recorded_once_and_only_who_holds_lets_go():
    stage = Stage()
    for message in (HOLD, HOLD, JUMPED, FREE, FREE):
        stage.tell(message)
    assert paused(stage) == "the clock jumped"
    assert stage.told(EntriesHeld) == [
        EntriesHeld("a", HeldBy.BEAT, "no beat", T0),
        EntriesHeld("a", HeldBy.CLOCK, "the clock jumped", T0),
    ]
    assert stage.told(EntriesFreed) == [EntriesFreed("a", HeldBy.BEAT, T0)]


def test_a_hold_does_not_end_a_pause_nor_a_pause_a_hold():
    stage = Stage()
    stage.tell(PauseEntries("a loss"))
    stage.tell(HOLD)
    assert paused(stage) == "a loss; no beat"
    stage.tell(FREE)
    assert paused(stage) == "a loss"


def test_a_hold_outlives_a_fall_of_the_router_and_ends_with_the_run():
    stage = Stage()
    stage.tell(HOLD)
    stage.build()
    assert paused(stage) == "no beat"
    stage.facts.append(EpochBegan(2, T0))
    stage.build()
    assert paused(stage) == ""


def test_the_hold_of_another_account_holds_nothing_here():
    stage = Stage()
    stage.facts += [EntriesHeld("b", HeldBy.BEAT, "no beat", T0)]
    stage.build()
    assert paused(stage) == ""
