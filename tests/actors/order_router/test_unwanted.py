"""What fills although nobody wants it: more of a leg than its entry was for."""

from __future__ import annotations

import pytest

from daemon.domain.market.notes import NoteKind
from daemon.messages import BasketEnded, ExitFinished, ExitOwed, Noted
from tests.kit.router import SYMBOLS, T0, S, Stage, enter, frame, leave, leg

CE = SYMBOLS["ce"]


def repriced(lots=1):
    """An entry that is told to be cancelled and asked anew, both of which fill."""
    stage = Stage(["work", "fill"], ["after 2"])
    stage.tell(enter(leg("ce", lots)))
    stage.tell(frame(stage.now_ns, ce=99))
    return stage


@pytest.mark.parametrize("lots", [1, 3])
def test_an_entry_that_fills_after_its_cancellation_too_is_cut_to_what_was_wanted(lots):
    stage = repriced(lots)
    stage.run(30)
    assert stage.broker.net() == {CE: -75 * lots}
    assert [owed.keep for owed in stage.told(ExitOwed)] == [75 * lots]
    assert len(stage.told(ExitFinished)) == 1
    (note,) = [each for each in stage.told(Noted) if each.kind is NoteKind.OVERFILLED]
    assert f"ce was entered with {150 * lots} units in place of {75 * lots}" in note.text


def test_what_fills_too_much_of_a_leg_that_is_being_left_is_left_with_it():
    stage = repriced()
    stage.run(1.8)
    stage.tell(leave("ce"))
    stage.run(30)
    assert stage.broker.net() == {}
    assert {owed.keep for owed in stage.told(ExitOwed)} == {0}


def test_the_other_legs_of_the_entry_go_on():
    stage = Stage(["work", "work", "fill", "fill"], ["after 2", "done"])
    stage.tell(enter("ce", "pe", deadline_ns=T0 + 60 * S))
    stage.tell(frame(stage.now_ns, ce=99))
    stage.run(5)
    assert [(owed.leg_ids, owed.keep) for owed in stage.told(ExitOwed)] == [(("ce",), 75)]
    stage.tell(frame(stage.now_ns, ce=99, pe=99))
    stage.run(10)
    assert stage.broker.net() == {CE: -75, SYMBOLS["pe"]: -75}
    assert [ended.complete for ended in stage.told(BasketEnded)] == [True]


def test_an_entry_that_fills_as_wanted_is_left_alone():
    stage = Stage(["part", "fill"])
    stage.tell(enter(leg("ce", 2)))
    stage.tell(frame(stage.now_ns, ce=99))
    stage.run(30)
    assert stage.broker.net() == {CE: -150}
    assert stage.told(ExitOwed) == []
