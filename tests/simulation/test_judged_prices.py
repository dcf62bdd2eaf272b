from __future__ import annotations

import pytest

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Frame
from daemon.simulation.judging.prices import Prices

FRESH_NS = 3 * SECOND_NS


def prices(*seconds, untaken=()):
    """Prices of frames that were given at these seconds, and taken but for some."""
    made = Prices(FRESH_NS)
    for second in seconds:
        frame = Frame(second * SECOND_NS, {})
        made.given(frame)
        if second not in untaken:
            made.taken(frame)
    return made


def lives_s(made, last):
    """How many whole seconds after the last frame it may still be priced by."""
    return next(s for s in range(999) if not made.fresh((last + s + 1) * SECOND_NS))


@pytest.mark.parametrize(
    ("seconds", "untaken", "lives"),
    [
        ((0, 1, 2, 3, 4, 5), (), 3),
        ((0, 9, 18, 27, 36), (), 3),
        ((0, 9, 18, 27, 36, 45), (), 27),
        ((0, 1, 2, 4, 9, 14), (), 6),
        ((0, 1, 2, 3, 5, 9, 14), (), 4),
        ((0, 1, 2, 3, 5, 10, 15), (0,), 6),
        ((*range(0, 81, 4), *range(81, 101)), (), 3),
    ],
    ids=[
        "in its pace",
        "too few steps to tell",
        "in long steps",
        "in steps of which one is in the middle",
        "in steps of which two are in the middle",
        "in steps that count from the first frame that was taken",
        "in its pace again",
    ],
)
def test_a_price_lives_three_usual_steps_of_its_feed_and_three_seconds_at_least(
    seconds, untaken, lives
):
    assert lives_s(prices(*seconds, untaken=untaken), seconds[-1]) == lives


def test_what_was_never_given_is_no_price_and_no_step():
    made = prices(0, 9, 18, 27, 36)
    made.taken(Frame(45 * SECOND_NS, {}))

    assert lives_s(made, 36) == 3


def test_a_life_that_begins_knows_no_price_and_no_pace():
    made = prices(0, 9, 18, 27, 36, 45)
    made.begins()
    assert made.fresh(45 * SECOND_NS) == []

    made.given(Frame(46 * SECOND_NS, {}))
    assert lives_s(made, 46) == 3
