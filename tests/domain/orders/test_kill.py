"""A kill: from stage and sight to stage, and the proof that ends it."""

import pytest

from daemon.domain.orders.kill import TABLE, Progress, Proof, Sight, Stage, after, begun

S = 10**9
STAYS = [(stage, sight) for stage in Stage for sight in Sight if sight not in TABLE[stage]]
GOES = [(stage, sight, to) for stage, row in TABLE.items() for sight, to in row.items()]


@pytest.mark.parametrize(("stage", "sight", "to"), GOES)
def test_a_stage_leads_to_the_next_by_what_is_seen(stage, sight, to):
    assert after(Progress(stage, 0, S), sight, 9 * S).stage is to


@pytest.mark.parametrize(("stage", "sight"), STAYS)
def test_what_is_not_in_the_row_changes_nothing(stage, sight):
    before = Progress(stage, 2, S)
    assert after(before, sight, 9 * S) == before


@pytest.mark.parametrize(
    ("stage", "attempts", "began_ns"),
    [
        (Stage.VERIFYING, 3, S),
        (Stage.FLAT, 3, 9 * S),
        (Stage.CANCELLING, 2, S),
    ],
)
def test_what_turns_up_later_is_another_attempt_and_after_flat_a_new_time(
    stage, attempts, began_ns
):
    assert after(Progress(stage, 2, S), Sight.HELD, 9 * S) == Progress(
        Stage.CLOSING, attempts, began_ns
    )


def test_nothing_but_a_proof_makes_it_flat():
    assert {sight for row in TABLE.values() for sight, to in row.items() if to is Stage.FLAT} == {
        Sight.VERIFIED
    }


def test_past_its_time_it_is_incomplete_and_still_ends_flat_once_that_is_proven():
    for stage in (Stage.CANCELLING, Stage.CLOSING, Stage.VERIFYING):
        late = after(Progress(stage, 0, S), Sight.OVERDUE, 61 * S)
        assert late.stage is Stage.INCOMPLETE
        assert after(late, Sight.VERIFIED, 70 * S).stage is Stage.FLAT


@pytest.mark.parametrize(
    ("before", "stage", "began_ns"),
    [
        (None, Stage.CANCELLING, 5 * S),
        (Progress(Stage.CANCELLING, 0, S), Stage.CLOSING, S),
        (Progress(Stage.FLAT, 0, S), Stage.CLOSING, 5 * S),
        (Progress(Stage.FLAT, 0, S), Stage.FLAT, S),
        (Progress(Stage.FLAT, 0, S), Stage.VERIFYING, 5 * S),
        (Progress(Stage.INCOMPLETE, 0, S), Stage.VERIFYING, 5 * S),
        (Progress(Stage.INCOMPLETE, 0, S), Stage.FLAT, S),
    ],
)
def test_its_time_runs_from_its_beginning_by_what_was_recorded(before, stage, began_ns):
    assert begun(before, stage, 1, 5 * S) == Progress(stage, 1, began_ns)


@pytest.mark.parametrize("ended", [Stage.FLAT, Stage.INCOMPLETE])
def test_one_that_has_ended_is_proven_anew_in_a_new_time_when_it_is_pulled_again(ended):
    again = after(Progress(ended, 2, S), Sight.ASKED_AGAIN, 90 * S)
    assert again == Progress(Stage.VERIFYING, 2, 90 * S)


@pytest.mark.parametrize("stage", [Stage.CANCELLING, Stage.CLOSING, Stage.VERIFYING])
def test_one_that_is_under_way_goes_on_when_it_is_pulled_again(stage):
    before = Progress(stage, 2, S)
    assert after(before, Sight.ASKED_AGAIN, 9 * S) == before


READINGS = {
    "none": ([], False),
    "one": ([(0, True)], False),
    "two too close": ([(0, True), (2 * S - 1, True)], False),
    "two apart": ([(0, True), (2 * S, True)], True),
    "three, the last apart": ([(0, True), (S, True), (2 * S, True)], True),
    "one between that shows more": ([(0, True), (S, False), (2 * S, True)], False),
    "anew after that": ([(0, True), (S, False), (2 * S, True), (4 * S, True)], True),
    "more after the proof": ([(0, True), (2 * S, True), (3 * S, False)], False),
}


@pytest.mark.parametrize(("readings", "given"), READINGS.values(), ids=READINGS)
def test_it_takes_two_readings_in_a_row_far_enough_apart(readings, given):
    proof = Proof()
    for at_ns, is_flat in readings:
        proof.take(at_ns, 2 * S, is_flat=is_flat)
    assert proof.given is given


def test_a_proof_that_is_lost_begins_anew():
    proof = Proof()
    proof.take(0, S, is_flat=True)
    proof.take(S, S, is_flat=True)
    proof.lose()
    assert (proof.first_ns, proof.given) == (None, False)
