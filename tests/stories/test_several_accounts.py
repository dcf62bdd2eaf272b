"""Several accounts in one run: one decision, and every account for itself."""

from __future__ import annotations

import pytest

from daemon.messages import EntryDecided, SeeStrategy
from daemon.twin.faults import Call, Fault, FaultKind
from tests.kit.several import NAMES, STRADDLE, Several, settings

RUNNER = f"runner:{STRADDLE.id}"


@pytest.fixture
def begun(tmp_path):
    runs = []

    def begin(**given) -> Several:
        runs.append(Several(tmp_path, **given))
        return runs[-1]

    yield begin
    for run in runs:
        run.fall()


def test_one_decision_is_traded_in_every_account_with_its_own_multiple(begun):
    world = begun(made=settings(beta=2)).run_until("09:21:00")
    alpha, beta, gamma = (world.held(name) for name in NAMES)

    assert len(world.facts(EntryDecided)) == 1
    assert len(alpha) == 2
    assert gamma == alpha
    assert beta == {symbol: 2 * units for symbol, units in alpha.items()}
    assert world.ask(RUNNER, SeeStrategy()).status == "entered today"


@pytest.mark.parametrize("kind", [FaultKind.REFUSE, FaultKind.LOSE])
def test_an_account_whose_exchange_fails_holds_up_no_other(begun, kind):
    world = begun(faults={"beta": [Fault(Call.PLACE, kind)]}).run_until("09:21:00")

    assert world.held("beta") == {}
    assert len(world.held("alpha")) == len(world.held("gamma")) == 2
    assert world.ask(RUNNER, SeeStrategy()).status.startswith("entered in 2 of 3 accounts: beta")
