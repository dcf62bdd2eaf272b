"""Fills of orders that their leg knows no longer: told, and traded back by themselves."""

from __future__ import annotations

from datetime import date, time

import pytest
from msgspec.structs import replace

from daemon.domain.instants import at
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.kill import Stage as KillStage
from daemon.domain.orders.reconcile import MANUAL
from daemon.domain.orders.words import OrderType, Pocket, Side
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    DayOpened,
    ExitByHand,
    ExitOwed,
    KillStaged,
    Noted,
    OrderAsked,
    PlaceByHand,
    PositionChanged,
)
from tests.kit.router import (
    KEEP,
    READING,
    SYMBOLS,
    S,
    Stage,
    carried,
    enter,
    frame,
    latch,
    leave,
    leg,
)
from tests.kit.scripted_broker import Placed

CE, PE = SYMBOLS["ce"], SYMBOLS["pe"]
SAME = leg("ce")
ELSEWHERE = replace(SAME, symbol=PE)
"""The same leg in another strike."""


def go_on(stage, seconds=1.0):
    stage.run(seconds)
    stage.tell(frame(stage.now_ns))


def anew(stage, wanted, **fields):
    """Enter the leg anew."""
    go_on(stage, 3)
    stage.tell(enter(wanted, at_ns=stage.now_ns, **fields))
    go_on(stage, 2)
    return stage


def exit_of_old(wanted, lots=1, **fields):
    """The second intent is an exit of the first trip that was told to be cancelled."""
    stage = Stage(["fill", "work", "fill"], terms=READING)
    go_on(stage)
    stage.entered(leg("ce", lots))
    stage.tell(leave("ce"))
    stage.run(1.5)
    stage.tell(frame(stage.now_ns, ce=101))
    return anew(stage, wanted, **fields)


def entry_of_old(wanted, **fields):
    """The first intent is an entry that was told to be cancelled."""
    stage = Stage(["work", "fill"], terms=READING)
    go_on(stage)
    stage.tell(enter("ce", at_ns=stage.now_ns, reprice_ns=3600 * S))
    stage.run(7)
    return anew(stage, wanted, **fields)


OLD = [(exit_of_old, 2), (entry_of_old, 1)]
both = pytest.mark.parametrize(("old", "n"), OLD, ids=["exit", "entry"])
wherever = pytest.mark.parametrize("wanted", [SAME, ELSEWHERE], ids=["same strike", "another"])


def late_notes(stage):
    return [note.text for note in stage.told(Noted) if note.kind is NoteKind.OVERFILLED]


def flat(stage, name="k"):
    return [fact.stage for fact in stage.told(KillStaged)][-1] is KillStage.FLAT


@both
@wherever
def test_what_fills_late_is_told_and_traded_back_and_the_leg_keeps_what_it_holds(old, n, wanted):
    """In another strike it made the leg flat, with a short that no kill closed."""
    stage = old(wanted)
    before = stage.router._desk.traded("s", "ce")
    stage.push(n)
    go_on(stage, 20)
    assert stage.broker.net() == {wanted.symbol: -75}
    assert stage.book().position("s", "ce").net_quantity == -75
    assert stage.router._desk.traded("s", "ce") == before
    (note,) = late_notes(stage)
    assert "filled late: ce was entered anew since that was sent; 75 are traded back" in note
    owed = stage.told(ExitOwed)[-1]
    assert (owed.strategy_id, owed.leg_ids, owed.reason) == (MANUAL, (CE,), ExitReason.UNWIND)


@both
@wherever
@pytest.mark.parametrize("wait_s", [0, 0.05, 10])
def test_a_kill_closes_what_filled_late_and_what_the_leg_holds(old, n, wanted, wait_s):
    stage = old(wanted)
    stage.push(n)
    stage.run(wait_s)
    stage.tell(frame(stage.now_ns))
    stage.tell(latch())
    for _ in range(20):
        go_on(stage, 3)
    assert (stage.broker.net(), flat(stage)) == ({}, True)


@both
@wherever
def test_a_restart_knows_what_filled_late(old, n, wanted):
    stage = old(wanted)
    stage.push(n)
    before = stage.router._desk.traded("s", "ce")
    stage.build()
    assert stage.router._desk.traded("s", "ce") == before
    go_on(stage, 1)
    go_on(stage, 20)
    assert stage.broker.net() == {wanted.symbol: -75}
    stage.tell(leave("ce"))
    go_on(stage, 20)
    assert stage.broker.net() == {}


def test_an_order_is_as_late_after_a_restart():
    stage = exit_of_old(SAME)
    stage.build()
    go_on(stage)
    stage.push(2)
    go_on(stage, 20)
    assert stage.broker.net() == {CE: -75}
    assert len(late_notes(stage)) == 1


def test_the_leg_tells_nothing_of_it_for_its_strategy():
    """Its average, and so its stop, is that of what it holds."""
    stage = exit_of_old(SAME)
    told = len([fact for fact in stage.told(PositionChanged) if fact.strategy_id == "s"])
    stage.push(2)
    go_on(stage, 20)
    assert len([fact for fact in stage.told(PositionChanged) if fact.strategy_id == "s"]) == told


def test_one_that_fills_late_in_two_parts_is_traded_back_whole():
    stage = exit_of_old(SAME, lots=2)
    stage.push(2, 75)
    go_on(stage, 0.05)
    stage.push(2, 75)
    go_on(stage, 20)
    assert stage.broker.net() == {CE: -75}
    assert len(late_notes(stage)) == 2


def test_a_leg_that_is_being_left_takes_what_fills_late_for_its_exit():
    stage = exit_of_old(SAME)
    stage.broker._place.appendleft("work")
    stage.broker._place.appendleft("work")
    stage.tell(leave("ce"))
    stage.run(0.2)
    stage.push(2)
    go_on(stage, 20)
    assert stage.broker.net() == {}
    assert {owed.strategy_id for owed in stage.told(ExitOwed)} == {"s"}


def test_a_leg_that_was_left_in_another_strike_meanwhile_is_traded_back_in_its_own():
    stage = exit_of_old(ELSEWHERE)
    stage.tell(leave("ce"))
    go_on(stage, 5)
    stage.push(2)
    go_on(stage, 20)
    assert stage.broker.net() == {}
    assert len(late_notes(stage)) == 1


@wherever
@pytest.mark.parametrize("late", [True, False])
def test_a_better_price_of_an_earlier_order_moves_nothing_of_what_the_leg_holds(wanted, late):
    stage = exit_of_old(wanted)
    n = 2 if late else 3
    if late:
        stage.push(n)
        go_on(stage, 20)
    before, told = stage.router._desk.traded("s", "ce"), len(stage.told(PositionChanged))
    better = stage.placed(n).update(stage.now_ns)
    stage.tell(replace(better, filled_value_e4=better.filled_value_e4 + 75))
    assert stage.router._desk.traded("s", "ce") == before
    assert len(stage.told(PositionChanged)) == told
    stage.build()
    assert stage.router._desk.traded("s", "ce") == before


def test_what_is_held_by_hand_in_that_contract_stays():
    stage = exit_of_old(ELSEWHERE)
    by_hand(stage, Side.BUY)
    stage.push(2)
    go_on(stage, 20)
    assert stage.broker.net() == {CE: 75, PE: -75}
    assert stage.book().position(MANUAL, CE).net_quantity == 75


def test_of_what_fills_late_bit_by_bit_each_bit_alone_is_traded_back():
    stage = exit_of_old(ELSEWHERE, lots=2)
    by_hand(stage, Side.BUY, 150)
    for _ in range(2):
        stage.push(2, 75)
        go_on(stage, 10)
    assert stage.book().position(MANUAL, CE).net_quantity == 150
    assert stage.broker.net() == {CE: 150, PE: -75}


@pytest.mark.parametrize(("lots", "stay"), [(0, 0), (1, 75)])
def test_what_is_to_leave_of_it_by_hand_leaves_as_well(lots, stay):
    stage = exit_of_old(ELSEWHERE)
    by_hand(stage, Side.BUY, 150)
    stage.broker._place.appendleft("work")
    stage.broker._place.appendleft("work")
    stage.ask(ExitByHand(MANUAL, CE, lots, "me"))
    stage.push(2)
    go_on(stage, 20)
    assert stage.book().position(MANUAL, CE).net_quantity == stay
    assert stage.broker.net() == {PE: -75} | ({CE: stay} if stay else {})


def test_what_closed_a_position_by_hand_is_told_as_that():
    stage = exit_of_old(ELSEWHERE)
    by_hand(stage, Side.SELL)
    stage.push(2)
    go_on(stage, 20)
    assert stage.broker.net() == {PE: -75}
    assert "75 closed what was by hand" in late_notes(stage)[0]
    assert [owed.strategy_id for owed in stage.told(ExitOwed)] == ["s"]


def test_of_what_fills_late_the_part_that_closed_a_position_by_hand_is_not_traded_back():
    stage = exit_of_old(ELSEWHERE, lots=2)
    by_hand(stage, Side.SELL)
    stage.push(2)
    go_on(stage, 20)
    assert stage.broker.net() == {PE: -75}
    assert "150 NIFTY-2025-09-02-24550-CE, filled late" in late_notes(stage)[0]
    assert late_notes(stage)[0].endswith("; 75 closed what was by hand")


def test_an_order_by_hand_rests_on_while_what_filled_late_is_traded_back():
    """That is an exit of a part; one of all of the leg takes it back."""
    stage = exit_of_old(ELSEWHERE)
    by_hand(stage, Side.BUY)
    stage.broker._place.appendleft("work")
    asked = OrderAsked("r2", "a", CE, Side.BUY, 75, OrderType.LIMIT, 90_0000, 0, "", "me", 0)
    stage.ask(PlaceByHand(asked))
    go_on(stage)
    stage.push(2)
    go_on(stage, 20)
    assert [order.intent.price_e4 for order in stage.broker.resting()] == [90_0000]
    assert stage.broker.net() == {CE: 75, PE: -75}


def by_hand(stage, side, quantity=75):
    whose = ("", "me", stage.now_ns)
    price_e4 = 100_0500 if side is Side.BUY else 99_9500
    asked = OrderAsked("r", "a", CE, side, quantity, OrderType.LIMIT, price_e4, 0, *whose)
    stage.ask(PlaceByHand(asked))
    go_on(stage)
    assert stage.book().position(MANUAL, CE).net_quantity == quantity * side.sign


def test_a_resident_stop_of_before_that_fills_late_leaves_no_leg_of_now():
    stage = Stage(["fill", "work", "fill"], ["done"], terms=READING)
    go_on(stage)
    stage.entered("ce", resident_percent_e4=20_0000)
    stage.run(1)
    stage.tell(leave("ce"))
    anew(stage, SAME, resident_percent_e4=20_0000, **KEEP)
    stage.push(2)
    go_on(stage, 20)
    assert stage.book().position("s", "ce").net_quantity == -75
    assert stage.broker.net() == {CE: -75}


def test_what_was_carried_and_left_fills_late_in_its_own_product():
    day = date(2025, 9, 2)
    opens_ns, closes_ns = at(day, time(9, 15)), at(day, time(15, 30))
    stage = Stage(["fill", "work", "fill"], terms=READING)
    go_on(stage)
    stage.entered(carried("ce"))
    stage.broker.end_day()
    opened = DayOpened(day, ((opens_ns, closes_ns),), opens_ns - 1, interval_ns=86_400 * S)
    stage.tell(opened, opens_ns)
    go_on(stage, 3)
    stage.tell(leave("ce"))
    stage.run(1.5)
    stage.tell(frame(stage.now_ns, ce=101))
    anew(stage, SAME)
    stage.push(2)
    go_on(stage, 20)
    assert stage.broker.held() == {Pocket(CE): -75}
    assert f"{CE} carry, filled late" in late_notes(stage)[0]


def test_the_broker_holds_no_order_of_it_that_nobody_sent():
    stage = exit_of_old(SAME)
    stage.push(2)
    go_on(stage, 20)
    orders: list[Placed] = list(stage.broker.orders.values())
    assert [order.intent.strategy_id for order in orders] == ["s", "s", "s", "s", MANUAL]
