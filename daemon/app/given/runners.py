"""Runners of strategies: made at the start, and with every strategy that comes, changes or goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from daemon.actors import strategy_runner
from daemon.actors.strategy_runner import Place, PunctualRunner, StrategyRunner
from daemon.control import Line
from daemon.domain.market.merge import merge
from daemon.domain.plans.parsing import from_json
from daemon.domain.plans.schema import Plan
from daemon.messages import StrategyDeclared, StrategyRemoved
from daemon.runtime.tasks import Tasks
from daemon.runtime.words import ActorSpec
from daemon.storage.emergency import GuardedLedger


def runner_spec(
    plan: Plan,
    places: Sequence[Place],
    *,
    strict: bool,
    taking: bool = False,
    served: bool = False,
) -> ActorSpec:
    """Return how the runner of a strategy is made.

    Args:
        plan: the strategy.
        places: the accounts that it trades in.
        strict: refuse contracts whose tables are not certain.
        taking: whether it takes entries before anybody has said so or not.
        served: there is somebody to be told when it does not start at its time.
    """
    return ActorSpec(
        name=f"runner:{plan.id}",
        restore=partial(_punctual if served else _runner, plan, places, strict, taking),
        hears=strategy_runner.HEARS,
        merge=merge,
        disarm=True,
    )


class Runners:
    """Lets runners come and go while the others run, each as it is recorded.

    Args:
        tasks: where they run.
        line: to the actors; it knows who is there.
        accounts: tells what a strategy trades in.
        spec: makes its runner.
        waits: says of a strategy whether it has to wait for the next start.
    """

    def __init__(
        self,
        tasks: Tasks,
        line: Line,
        accounts: Callable[[Plan], tuple[str, ...]],
        spec: Callable[[Plan], ActorSpec],
        waits: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._tasks = tasks
        self._line = line
        self._accounts = accounts
        self._spec = spec
        self._waits = waits

    def take(self, fact: StrategyDeclared | StrategyRemoved) -> None:
        """Exchange, add or dismiss the runner of a strategy of which this was just recorded.

        It is built beside the others, who go on; what it is told meanwhile it reads then. One that
        has to wait is not built: the record may never answer, or end everybody who guards.
        """
        if isinstance(fact, StrategyDeclared) and self._waits(fact.strategy_id):
            return
        names, strategy_id = self._line.names, fact.strategy_id
        address = names.strategies.get(strategy_id)
        if address is not None:
            names.go(strategy_id)
            self._tasks.dismiss(address)
        if isinstance(fact, StrategyDeclared):
            plan = from_json(fact.declaration)
            spec = self._spec(plan)
            self._tasks.admit(spec)
            names.come(strategy_id, spec.name, self._accounts(plan))
        if address is not None:
            self._line.give_up(address)


def waits(ledger: GuardedLedger, say: Callable[[str], None], strategy_id: str) -> bool:
    """Say whether a strategy that was just recorded waits for the next start, and tell people.

    Its runner is built from the record, which answers late or never once the ledger has failed.
    """
    if ledger.failed_because:
        say(f"ALERT {strategy_id} as it was declared now comes with the next start")
    return bool(ledger.failed_because)


def _runner(
    plan: Plan,
    places: Sequence[Place],
    strict: bool,  # noqa: FBT001  bound once, in the table of actors
    taking: bool,  # noqa: FBT001
    facts: Iterable[object],
) -> StrategyRunner:
    return StrategyRunner(plan, places, strict=strict, taking=taking, facts=facts)


def _punctual(plan: Plan, *given: Any) -> PunctualRunner:
    return PunctualRunner(plan, _runner(plan, *given))
