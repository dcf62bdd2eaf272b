"""Kills that are pulled while another is under way, or released while they close, and the judge."""

from __future__ import annotations

import pytest

from daemon import kill
from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.messages import ExitOverdue, ExitOwed, PullLatch, ReleaseLatch
from daemon.runtime.budget import Window
from daemon.simulation import scenario
from daemon.simulation.dice import Dice
from daemon.simulation.judging.deadlines import KILL_NS, Deadlines
from daemon.simulation.judging.judge import Judge, Measures, Violated
from daemon.simulation.judging.known import Known
from daemon.simulation.kills import Kills
from daemon.simulation.timeline import Timeline
from daemon.simulation.verdict import every_exit_is_over_or_told

SEEDS = range(1, 120)


def played(seed, folder):
    """What was told in a run of that luck, and what was done by its kills."""
    timeline, told = Timeline(Dice(seed), SECOND_NS), []
    played_by = scenario.minutes(rests=False)
    kills = Kills(timeline, folder, played_by, lambda _, message: told.append(message))
    kills.pulled = lambda _: told.append(kills.standing)
    for steps in range(max(played_by.kills)):
        kills.look(steps)
    while timeline.go_on(60 * SECOND_NS):
        pass
    return kills, told


def test_a_kill_is_pulled_again_by_another_latch_or_by_its_own_and_may_be_released(tmp_path):
    seen = set()
    for seed in SEEDS:
        folder = tmp_path / str(seed)
        kills, told = played(seed, folder)
        pulled = [each.latched.latch_id for each in told if isinstance(each, PullLatch)]
        released = [each.latch_id for each in told if isinstance(each, ReleaseLatch)]
        assert len(pulled) == kills.count
        left = sorted(set(pulled) - set(released))
        assert [each.latch_id for each in kills.standing] == left
        assert sorted(each.latch_id for each in kill.standing(folder)) == left
        seen.add((*pulled, "", *released))

    one, two = ("kill-1",), ("kill-1", "kill-2")
    ends = ((), ("kill-1",))
    expected = {(*p, "", *r) for p in (one, two, ("kill-1", "kill-1")) for r in ends}
    assert seen == {("",), *expected}


def test_whoever_judges_a_kill_is_told_of_it_once_it_stands(tmp_path):
    seed = next(each for each in SEEDS if played(each, tmp_path / f"{each}")[0].count)
    _, told = played(seed, tmp_path / "again")

    assert isinstance(told[0], PullLatch)
    assert [each.latch_id for each in told[1]] == ["kill-1"]


def test_a_kill_of_everything_covers_what_a_kill_of_one_strategy_does_not(tmp_path):
    covers = set()
    for seed in SEEDS:
        kills, _ = played(seed, tmp_path / str(seed))
        scopes = {each.scope for each in kills.standing}
        covers.add((frozenset(scopes), kills.cover("nifty-short-straddle"), kills.cover("other")))

    assert (frozenset({kill.STRATEGY}), True, False) in covers
    assert (frozenset({kill.ALL}), True, True) in covers
    assert (frozenset(), False, False) in covers


@pytest.mark.parametrize("stands", [True, False])
def test_a_kill_that_was_released_need_not_begin(stands):
    timeline = Timeline(Dice(1), 0)
    judge = Judge(Measures("a", (Window(5, SECOND_NS, 2),), {}, {}, 0, 0))
    deadlines = Deadlines(timeline, judge, lambda: 1, ())
    deadlines.stands = lambda _: stands
    deadlines.pulled(kill.Latch("kill-1", kill.KILL, kill.ALL, "", "", "", 0))
    caught = False
    try:
        while timeline.go_on(KILL_NS + MILLISECOND_NS):
            pass
    except Violated:
        caught = True

    assert caught is stands


def test_an_exit_that_is_owed_at_the_end_is_one_that_a_person_was_told_of():
    known = Known()
    every_exit_is_over_or_told(known)
    known.apply(ExitOwed("x-1", "s", ("ce",), "kill", 0))
    with pytest.raises(Violated, match=r"I9: \['x-1'\] are owed still"):
        every_exit_is_over_or_told(known)
    known.apply(ExitOverdue("x-1", "s", "it takes long", 0))
    every_exit_is_over_or_told(known)
