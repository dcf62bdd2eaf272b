from __future__ import annotations

from pathlib import Path

import pytest

from daemon.domain.instants import at
from daemon.simulation import scenario
from daemon.simulation.faults import Kind, Struck
from daemon.simulation.judging.heard import Heard
from daemon.simulation.outcome import Given
from daemon.simulation.sweep import played, swept
from daemon.simulation.world import QUIET_NS

SWEEPS = [range(first, first + 50) for first in range(1, 201, 50)]
"""Two hundred seeds, in parts that are played side by side."""


def known(line):
    """The run of one line."""
    seed, _, gap = line.split()[0].partition("@")
    return Given(int(seed), crash_at=int(gap) if gap else None)


KNOWN = [
    known(line)
    for line in Path(__file__).with_name("seeds.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


def silent(_):
    """Nobody watches."""


@pytest.mark.untraced
@pytest.mark.parametrize("given", KNOWN, ids=lambda given: f"{given.seed}@{given.crash_at}")
def test_a_run_that_failed_once_holds(given):
    outcome = played(given)

    assert outcome.violated == "", outcome.sentence


@pytest.mark.untraced
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seeds", SWEEPS, ids=lambda seeds: f"{seeds[0]} to {seeds[-1]}")
def test_whatever_is_broken_every_order_is_accounted_for_and_every_fault_was_met(seeds):
    sweep = swept(map(Given, seeds), silent)

    assert [(each.given.seed, each.sentence) for each in sweep.failed] == []
    assert sweep.never_hit() == ()
    assert sweep.kills > 0
    assert sweep.parked > 0
    assert sweep.rested > 0


@pytest.mark.untraced
@pytest.mark.parametrize("seed", [1, 2, 7])
def test_equal_seeds_take_equal_steps(seed):
    assert played(Given(seed)).trace == played(Given(seed)).trace


@pytest.mark.untraced
def test_other_seeds_take_other_steps():
    assert len({played(Given(seed)).trace for seed in range(1, 5)}) == 4


@pytest.mark.untraced
def test_a_run_without_faults_parks_nothing():
    outcomes = [outcome for seed in range(1, 12) if not (outcome := played(Given(seed))).struck]

    assert outcomes
    assert {outcome.parked for outcome in outcomes} == {0}
    assert {outcome.lives for outcome in outcomes} == {1}
    assert all(outcome.orders for outcome in outcomes)


@pytest.mark.untraced
def test_a_fault_that_is_left_out_does_not_strike():
    outcome = next(o for seed in range(1, 30) if (o := played(Given(seed))).struck)
    first = outcome.struck[0]

    assert first not in played(Given(outcome.given.seed, frozenset([first]))).struck


def test_a_crash_at_a_named_gap_is_followed_by_others_in_the_recovery():
    outcome = played(Given(3, crash_at=40))
    again = [each for each in outcome.struck if each.kind is Kind.CRASH_AGAIN]

    assert outcome.lives > 2
    assert len(again) >= outcome.lives - 2


def test_a_crash_at_a_named_gap_may_be_the_only_one():
    """What follows it can be left out like any fault."""
    again = frozenset(Struck(Kind.CRASH_AGAIN, number) for number in range(1, 20))

    assert played(Given(3, again, crash_at=40)).lives == 2


def test_one_run_in_sixteen_is_played_to_its_end_and_the_others_until_they_are_settled():
    whole, settled = (played(Given(3, crash_at=at)) for at in (32, 33))

    assert whole.steps > 2 * settled.steps


def test_a_run_is_judged_by_a_look_after_its_quiet_while(monkeypatch):
    """What fills in the last seconds of it is in the picture too."""
    looked = []
    monkeypatch.setattr(Heard, "saw", lambda _, frame: looked.append(frame.at_ns))

    outcome = played(Given(1881))

    assert outcome.violated == ""
    assert looked[-1] >= at(scenario.DAY, scenario.minutes(rests=True).ends) + QUIET_NS
