"""What fills although nobody wants it: more of a leg than its entry, or a part's exit, was for."""

from __future__ import annotations

import pytest

from daemon.domain.market.notes import NoteKind
from daemon.messages import BasketEnded, Done, ExitByHand, ExitFinished, ExitOwed, Noted
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


def test_what_fills_too_much_while_a_part_is_being_left_leaves_no_more_than_was_meant_to_stay():
    stage = repriced(2)
    stage.run(1.8)
    stage.broker.calm()
    stage.broker.script("work", "fill")
    assert stage.ask(ExitByHand("s", "ce", 1, "me")) == Done("leaving 1 lot of ce")
    stage.run(30)
    assert stage.broker.net() == {CE: -75}
    assert {owed.keep for owed in stage.told(ExitOwed)} == {75}


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


def parted(leg_id, lots, place=("work", "fill"), cancel=("done",)):
    """Of an exit of one lot the first order is cancelled, and the second fills in its place."""
    stage = Stage(["fill", "fill", *place], list(cancel))
    stage.tell(enter(leg("ce", lots), leg("hc", lots), deadline_ns=T0 + 60 * S))
    stage.run(5)
    stage.ask(ExitByHand("s", leg_id, 1, "me"))
    stage.run(1.5)
    stage.tell(frame(stage.now_ns, **{leg_id: 101}))
    return stage


def overfilled(stage):
    return [note.text for note in stage.told(Noted) if note.kind is NoteKind.OVERFILLED]


def held(stage, leg_id):
    return stage.broker.net().get(SYMBOLS[leg_id], 0)


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(("lots", "stay"), [(2, 0), (4, 150)])
@pytest.mark.parametrize("leg_id", ["ce", "hc"])
def test_an_exit_of_a_part_that_takes_of_the_rest_is_told_and_not_traded_back(
    leg_id, lots, stay, restarted
):
    """A hedge was gone, and nobody heard of it."""
    stage = parted(leg_id, lots)
    stage.run(3)
    assert (abs(held(stage, leg_id)), overfilled(stage)) == (75 * (lots - 1), [])
    if restarted:
        stage.build()
    stage.push(3)
    stage.run(30)
    (text,) = overfilled(stage)
    assert text.endswith(f": 75 more of {leg_id} went than were to go, and {stay} stay")
    assert abs(held(stage, leg_id)) == stay


def test_each_part_of_such_a_fill_is_told_by_itself():
    stage = parted("ce", 4, ["work", "fill"])
    stage.run(3)
    stage.push(3, 25)
    stage.run(1)
    stage.push(3, 50)
    stage.run(10)
    told = [text.partition(": ")[2] for text in overfilled(stage)]
    assert told == [
        "25 more of ce went than were to go, and 200 stay",
        "50 more of ce went than were to go, and 150 stay",
    ]


@pytest.mark.parametrize(
    ("fills", "more"),
    [([75], [(75, 0)]), ([25, 50], [(25, 50), (50, 0)])],
)
def test_what_takes_of_the_rest_while_its_exit_goes_on_is_told(fills, more):
    """The first fills after all, and so does the second, whose cancellation is under way."""
    stage = parted("ce", 2, ["work", "work", "fill"], ["done", "lost"])
    stage.run(0.2)
    stage.push(3)
    for units in fills:
        assert len(stage.told(ExitFinished)) == 0
        stage.push(4, units)
    stage.run(10)
    told = [text.partition(": ")[2] for text in overfilled(stage)]
    assert told == [f"{n} more of ce went than were to go, and {stay} stay" for n, stay in more]
    assert held(stage, "ce") == 0


def test_what_an_exit_of_a_part_takes_beyond_flat_is_told_with_the_rest_that_went():
    stage = parted("ce", 2, ["work", "fill"])
    stage.run(3)
    stage.broker.change(stage.placed(3), 150)
    stage.push(3)
    stage.run(10)
    (text,) = overfilled(stage)
    assert ": 75 more of ce went than were to go, and 0 stay, beyond flat: +75 of ce" in text
    assert held(stage, "ce") == 0


def test_an_exit_of_a_part_that_fills_for_the_one_after_it_takes_nothing_of_the_rest():
    """Its first order fills while another lot is being left, which is then done."""
    stage = parted("ce", 3, ["work", "fill", "work", "fill"])
    stage.run(3)
    stage.ask(ExitByHand("s", "ce", 1, "me"))
    stage.run(0.1)
    stage.push(3)
    stage.run(10)
    assert (held(stage, "ce"), overfilled(stage)) == (-75, [])


def test_the_first_order_of_a_part_takes_nothing_of_the_rest_once_all_is_left():
    stage = parted("ce", 3, ["work", "fill", "work", "fill"])
    stage.run(3)
    stage.tell(leave("ce"))
    stage.run(0.1)
    stage.push(3)
    stage.run(10)
    assert (held(stage, "ce"), overfilled(stage)) == (0, [])
