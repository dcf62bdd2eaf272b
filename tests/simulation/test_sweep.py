from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.simulation import sweep
from daemon.simulation.faults import Kind, Struck
from daemon.simulation.outcome import Given
from daemon.simulation.sweep import Sweep, every_gap, fewest, played, swept
from tests.simulation.mutants import parked_in_silence, unlinked_records


def silent(_):
    """Nobody watches."""


@pytest.fixture(scope="module")
def one():
    """What one run came to."""
    return played(Given(1))


@pytest.mark.untraced
def test_a_failure_that_needs_no_fault_is_left_with_none(monkeypatch):
    unlinked_records(monkeypatch)
    failed = played(Given(11))

    least = fewest(failed)

    assert failed.struck
    assert (least.violated, least.struck) == (failed.violated, ())
    assert failed.violated == "I16"


@pytest.mark.untraced
def test_a_failure_that_needs_faults_keeps_those_and_can_be_played_again(monkeypatch):
    parked_in_silence(monkeypatch)
    failed = played(Given(12, crash_at=42))

    least = fewest(failed)

    assert failed.violated == least.violated == "I3"
    assert 0 < len(least.struck) < len(failed.struck)
    assert played(least.given).trace == least.trace
    for fault in least.struck:
        fewer = played(replace(least.given, without=least.given.without | {fault}))
        assert fewer.violated != "I3" or len(fewer.struck) >= len(least.struck)


@pytest.mark.untraced
def test_what_many_runs_came_to_is_counted(monkeypatch):
    unlinked_records(monkeypatch)
    heard = []

    found = swept([Given(1), Given(2)], heard.append)

    assert found.runs == len(heard) == 2
    assert found.steps == sum(outcome.steps for outcome in heard)
    assert [outcome.given.seed for outcome in found.failed] == [1, 2]
    assert found.failed[0].last


def test_a_fault_that_struck_in_none_of_many_runs_is_told(one):
    many, few = Sweep(), Sweep()
    for seed in range(1, 201):
        many.take(replace(one, given=Given(seed), struck=(Struck(Kind.CRASH, 1),)))
        few.take(one)

    assert set(many.never_hit()) == set(Kind) - {Kind.CRASH}
    assert few.never_hit() == ()


def test_a_run_is_crashed_once_at_each_gap_before_it_is_quiet(one, monkeypatch):
    whole, given = replace(one, steps=9, busy=4), []
    monkeypatch.setattr(sweep, "played", lambda each: given.append(each) or whole)

    found = swept(every_gap([7]), silent)

    assert [each.crash_at for each in given[1:]] == [0, 1, 2, 3]
    assert {each.seed for each in given} == {7}
    assert found.runs == 4


def test_a_sweep_ends_once_there_were_enough_crashes():
    heard = []

    found = swept(every_gap([2]), heard.append, enough=30)

    assert found.crash_points >= 30 > sum(outcome.lives - 1 for outcome in heard[:-1])


@pytest.mark.untraced
def test_several_processes_come_to_what_one_comes_to():
    alone, dealt = [], []

    one = swept(every_gap([2]), alone.append, enough=60)
    several = swept(every_gap([2]), dealt.append, enough=60, jobs=2)

    assert dealt == alone
    assert several == one


def test_the_digest_of_many_runs_is_over_the_steps_of_each_in_their_order(one):
    def digest(*traces):
        found = Sweep()
        for trace in traces:
            found.take(replace(one, trace=trace))
        return found.trace_sha256

    assert digest("a", "b") == digest("a", "b")
    assert len({digest(), digest("a"), digest("ab"), digest("a", "b"), digest("b", "a")}) == 5


def test_a_crash_at_a_named_gap_counts_as_a_fault_that_struck(one):
    found, given = Sweep(), Given(2, crash_at=9)
    for lives in (4, 1):  # the gap of one is not reached
        found.take(replace(one, given=given, lives=lives, struck=()))

    assert (found.gaps, found.crash_points, found.struck[Kind.CRASH]) == (1, 3, 1)


def test_failures_are_counted_by_what_did_not_hold(one):
    found = Sweep()
    for invariant in ("", "I2", "I4"):
        found.take(replace(one, violated=invariant))

    assert [found.violations(), found.violations("I2", "I3"), found.violations("I9")] == [2, 1, 0]
