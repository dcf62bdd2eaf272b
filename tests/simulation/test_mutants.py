from __future__ import annotations

import pytest

from daemon.simulation.outcome import Given
from daemon.simulation.sweep import every_gap, played, swept
from tests.simulation.mutants import (
    MUTANTS,
    effect_before_commit,
    ids_counted_anew,
    owed_exits_lost_at_a_start,
)

MOST = 300


class Found(Exception):
    """A run failed; no other is needed."""


def stop(outcome):
    """Let the first run that fails end the sweep."""
    if outcome.violated:
        raise Found(outcome)


@pytest.mark.untraced
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_fault_is_caught_by_the_invariant_that_it_breaks(mutant, monkeypatch):
    """The run that showed it once is played first, and then those of the seeds from the first."""
    assert mutant.given.seed <= MOST
    mutant.plant(monkeypatch)

    runs = (mutant.given, *(Given(seed) for seed in range(1, MOST + 1)))
    caught = next((o for given in runs if (o := played(given)).violated), None)

    assert caught is not None
    assert caught.violated in mutant.caught_by, caught.sentence


@pytest.mark.untraced
@pytest.mark.parametrize(
    "plant", [effect_before_commit, ids_counted_anew, owed_exits_lost_at_a_start]
)
def test_a_planted_fault_is_caught_by_a_crash_at_every_gap_of_one_seed(plant, monkeypatch):
    """What is found is played again by the same seed and gap."""
    plant(monkeypatch)

    with pytest.raises(Found) as found:
        swept(every_gap([1]), stop)

    (first,) = found.value.args
    assert played(first.given).sentence == first.sentence
