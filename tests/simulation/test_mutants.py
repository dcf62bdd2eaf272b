from __future__ import annotations

import pytest

from daemon.simulation.sweep import played
from daemon.simulation.world import Given
from tests.simulation.mutants import MUTANTS

MOST = 200


@pytest.mark.untraced
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_fault_is_caught_by_the_invariant_that_it_breaks(mutant, monkeypatch):
    """The seed that showed it once is played first, and then those from the first on."""
    assert mutant.seed <= MOST
    mutant.plant(monkeypatch)

    seeds = (mutant.seed, *range(1, MOST + 1))
    caught = next((o for seed in seeds if (o := played(Given(seed))).violated), None)

    assert caught is not None
    assert caught.violated in mutant.caught_by, caught.sentence
