"""Index silence: when an index is told no more, and in which words that is said."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.domain.instants import SECOND_NS as S
from daemon.domain.market.index_silence import (
    Telling,
    begun_in,
    ended_in,
    left,
    seen,
    silent,
    told_again,
)
from tests.kit.acting import clock

T = clock("10:00:00")
LIVES = 3 * S


def looks(told_s, every_s: int, until_s: int, since_s: int = 0, lives_s: int = 3) -> list[int]:
    """At which seconds of looks that lie so far apart people begin, or cease, to know of one."""
    telling, noted, found = None, False, []
    for second in range(0, until_s, every_s):
        last = max(each for each in told_s if each <= second)
        telling = seen(telling, T + last * S, T + since_s * S, T + second * S, lives_s * S)
        if telling.noted is not noted:
            noted = telling.noted
            found.append(second)
    return found


@pytest.mark.parametrize(
    ("told_s", "lives_s", "found"),
    [
        (range(61), 3, [75]),
        ([*range(61), *range(90, 200)], 3, [75, 90]),
        ([*range(0, 61, 4)], 3, [75]),
        (range(0, 600, 60), 3, []),
        (range(0, 241, 60), 3, [410]),
        (range(61), 180, [245]),
    ],
    ids=[
        *("told every second", "told again", "at a pace that looks miss"),
        *(
            "at its own pace",
            "longer than three of its own",
            "where prices of the feed live longer",
        ),
    ],
)
def test_an_index_is_silent_past_ten_seconds_and_three_of_its_own_longest_gaps(
    told_s, lives_s, found
):
    assert looks(told_s, 5, 600 if len(told_s) == 10 else 500, lives_s=lives_s)[:2] == found


@pytest.mark.parametrize(
    ("silent_s", "longest_s", "is_noted"),
    [
        (10, 0, False),
        (11, 0, True),
        (12, 4, False),
        (13, 4, True),
        (180, None, False),
        (181, None, True),
    ],
)
def test_until_it_has_ended_once_a_silence_may_be_the_pace_of_one_a_minute(
    silent_s, longest_s, is_noted
):
    longest_ns = -1 if longest_s is None else longest_s * S
    before = Telling(T, 0, longest_ns)
    after = seen(before, T, T - S, T + silent_s * S, LIVES)
    assert after == Telling(T, silent_s * S, longest_ns, is_noted)


def test_a_silence_from_before_it_is_owed_says_nothing():
    before = Telling(T, 0, 0)
    assert not seen(before, T, T + 3_600 * S, T + 3_610 * S, LIVES).noted
    assert seen(before, T, T + 3_600 * S, T + 3_611 * S, LIVES).noted


def test_a_silence_that_people_were_told_of_is_no_pace_unless_no_other_is_known():
    hour = 3_600 * S
    known, unknown = (Telling(T, hour, longest_ns, noted=True) for longest_ns in (S, -1))
    told_ns = T + hour
    assert seen(known, told_ns, T, told_ns, LIVES) == Telling(told_ns, 0, S)
    assert seen(unknown, told_ns, T, told_ns, LIVES) == Telling(told_ns, 0, hour)


def test_what_is_said_of_a_silence_names_the_index_first():
    said = silent("NIFTY", T)
    assert said == (
        "NIFTY: neither it nor what is held of it was told since 10:00:00, while other prices "
        "come; what is held is judged by prices as old"
    )
    assert (begun_in(said), ended_in(said)) == ("NIFTY", "")


def test_what_is_said_where_a_link_lives_again_without_an_index_is_that_nothing_judges():
    said = silent("NIFTY", T, T + 60 * S)
    assert said == (
        "NIFTY: neither it nor what is held of it was told since the link lives again, 10:01:00, "
        "while other prices come; what is held is judged by none"
    )
    assert (begun_in(said), ended_in(said)) == ("NIFTY", "")


@pytest.mark.parametrize("told_s", [0, 3_600])
def test_of_a_silence_from_before_a_restart_no_pace_is_learnt(told_s):
    told_ns = T + told_s * S
    assert seen(Telling.recalled(), told_ns, T, told_ns, LIVES) == Telling(told_ns, 0)


@pytest.mark.parametrize("over", [told_again, left])
def test_of_a_silence_that_is_over_the_index_is_found_too(over):
    assert (begun_in(over("SENSEX")), ended_in(over("SENSEX"))) == ("", "SENSEX")


def test_other_notes_tell_of_no_silence():
    said = "nothing new since 2025-09-01T10:00:00: prices are stale"
    assert (begun_in(said), ended_in(said)) == ("", "")


@pytest.mark.parametrize("silent_ns", [0, 5 * S])
@pytest.mark.parametrize("longest_ns", [-1, 0, 7 * S])
@pytest.mark.parametrize("noted", [False, True])
def test_of_one_that_is_steady_a_look_while_it_is_told_brings_nothing_but_the_instant(
    silent_ns, longest_ns, noted
):
    before = Telling(T, silent_ns, longest_ns, noted)
    after = seen(before, T + S, T, T + S, LIVES)
    assert before.is_steady is (after == replace(before, told_ns=T + S))
