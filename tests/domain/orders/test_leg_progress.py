from __future__ import annotations

import pytest

from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.leg_progress import LegProgress
from daemon.domain.orders.refusals import Answer

NOW = 100 * SECOND_NS


def leg(**changes) -> LegProgress:
    return LegProgress(lot=75, slice_quantity=1_800, open_quantity=7_350, **changes)


@pytest.mark.parametrize(
    ("learnt", "guessed", "expected"),
    [
        (0, 0, 1_800),
        (900, 0, 900),
        (0, 450, 450),
        (900, 450, 450),
        (450, 900, 450),
        (0, 2_000, 1_800),
    ],
)
def test_the_largest_slice_is_the_least_of_what_is_known_learnt_and_guessed(
    learnt, guessed, expected
):
    known = leg(largest_quantity=learnt, guessed_quantity=guessed)
    assert known.largest(1_800) == expected


@pytest.mark.parametrize(
    ("case", "unexplained", "slice_quantity", "expected"),
    [
        ("once is no sign", 1, 1_800, 0),
        ("the half", 2, 1_800, 900),
        ("no more than twenty of them", 2, 600, 375),
        ("as many as may be", 2, 375, 0),
    ],
)
def test_a_smaller_slice_is_guessed_after_two_noes_while_it_makes_no_more_than_twenty(
    case, unexplained, slice_quantity, expected
):
    refused = LegProgress(
        lot=75, slice_quantity=slice_quantity, open_quantity=7_350, unexplained=unexplained
    )
    assert refused.guess() is (expected > 0)
    assert refused.guessed_quantity == expected


@pytest.mark.parametrize(("rests", "open_quantity"), [(True, 7_350), (False, 7_275)])
def test_a_guess_is_forgotten_once_a_slice_rests_or_fills_and_then_no_more(rests, open_quantity):
    """A no to a larger one leads back to what was taken; from there it is halved like any other."""
    taken = leg(unexplained=2)
    assert taken.guess()
    taken.see(7_350, rests=False)
    assert taken.guessed_quantity == 900
    taken.see(open_quantity, rests=rests)
    assert (taken.guessed_quantity, taken.taken_quantity) == (0, 900)
    taken.unexplained = 1
    assert taken.guess()
    assert taken.guessed_quantity == 900
    taken.see(7_000, rests=True)
    assert taken.guessed_quantity == 900
    taken.slice_quantity, taken.unexplained = 900, 2
    assert taken.guess()
    assert taken.guessed_quantity == 450


def test_what_was_learnt_with_a_reason_stays():
    told = leg()
    told.halve(1_800)
    told.see(5_000, rests=True)
    assert told.largest(1_800) == 900


def test_an_attempt_counts_once_and_waits_ever_longer():
    waiting = leg()
    assert waiting.patience_ns(Answer.HALVE, NOW) == 0
    waits = []
    for _ in range(3):
        waits.append(waiting.patience_ns(Answer.PAGE, NOW) // SECOND_NS)
        waiting.not_before_ns = NOW + 1
    assert waits == [5, 5, 5]
    waiting.not_before_ns = NOW
    assert waiting.patience_ns(Answer.PAGE, NOW) == 10 * SECOND_NS
