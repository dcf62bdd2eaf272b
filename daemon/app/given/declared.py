"""The strategies that were declared from outside, as the ledger tells of them at a start."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from daemon.actors.strategy_register import declared
from daemon.domain.plans.parsing import from_json
from daemon.domain.plans.schema import Plan
from daemon.errors import StrategyError
from daemon.messages import BasketOpened, StrategyDeclared, StrategyRemoved


class Declared(Struct, frozen=True):
    """What a run begins with, beside the strategies of files.

    Attributes:
        plans: those that are run.
        left_out: a sentence for each that is not, by its id; whoever declared it must not keep the
            daemon from guarding what is open.
        once: every id that was ever declared or traded under, of files that are gone too: what
            is open, latched or gained under it stays reachable by its name.
        traded: the marks of the accounts that each id was traded in.
    """

    plans: tuple[Plan, ...]
    left_out: Mapping[str, str]
    once: tuple[str, ...]
    traded: Mapping[str, Collection[str]] = {}

    def told(self) -> tuple[str, ...]:
        """Return what people are told of those that are left out."""
        return tuple(f"left out: {each}" for each in self.left_out.values())


def take_up(facts: Iterable[object], accounts: Collection[str], filed: Collection[str]) -> Declared:
    """Return the declared strategies of a ledger.

    Args:
        facts: all that was recorded so far.
        accounts: what is traded in.
        filed: ids of strategies of files, which go first.
    """
    told: list[StrategyDeclared | StrategyRemoved] = []
    once: dict[str, None] = {}
    traded: dict[str, set[str]] = {}
    for fact in facts:
        match fact:
            case StrategyDeclared() | StrategyRemoved():
                told.append(fact)
                once[fact.strategy_id] = None
            case BasketOpened(basket):
                once[basket.strategy_id] = None
                traded.setdefault(basket.strategy_id, set()).add(fact.account)
    plans: list[Plan] = []
    left_out: dict[str, str] = {}
    for strategy_id, declaration in declared(told).items():
        plan = _plan(declaration, accounts)
        if strategy_id in filed:
            said = f"{strategy_id} was declared and stands in a file too; the file counts"
            left_out[strategy_id] = said
        elif isinstance(plan, Plan):
            plans.append(plan)
        else:
            left_out[strategy_id] = f"{strategy_id}, which was declared: {plan}"
    return Declared(tuple(plans), left_out, tuple(once), traded)


def _plan(declaration: str, accounts: Collection[str]) -> Plan | str:
    """Return the plan of a declaration, or why it cannot be run."""
    try:
        plan = from_json(declaration)
    except StrategyError as error:
        return str(error)
    if not set(accounts).issuperset(plan.accounts):
        return f"it trades in {', '.join(plan.accounts)}; the settings have {', '.join(accounts)}"
    return plan
