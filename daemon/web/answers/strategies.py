"""Strategies that come and go: a plan as JSON, judged by the rules that its file would meet."""

from __future__ import annotations

import msgspec

from daemon.domain.plans.parsing import TEXT_MOST, from_mapping, json_of
from daemon.domain.plans.schema import Plan
from daemon.errors import StrategyError
from daemon.web.problems import Problem
from daemon.web.table import Call
from daemon.web.told.deed_shapes import DoneTold
from daemon.web.told.shapes import DeclarationTold
from daemon.web.told.telling import done_told, strategy_told


def plan_of(data: bytes) -> Plan:
    """Return the plan that a body holds.

    Raises:
        Problem: it is no JSON, or no plan; then every fault is told with its place.
    """
    if len(data) > TEXT_MOST:
        raise Problem("too_large", f"a strategy is at most {TEXT_MOST:,} bytes long")
    try:
        raw = json_of(data)
    except StrategyError as error:
        raise Problem("bad_json", str(error)) from error
    try:
        return from_mapping(raw)
    except StrategyError as error:
        faults = error.sentences
        raise Problem("invalid", "; ".join(faults), more={"faults": faults}) from error


async def declare(call: Call) -> DoneTold:
    """Add a strategy."""
    _need_ledger(call)
    return done_told(
        await call.house.control.strategies.declare(call.body, call.who.name), call.mode
    )


async def change(call: Call) -> DoneTold:
    """Let a declared strategy be the one of the body.

    Raises:
        Problem: the address names another one.
    """
    plan: Plan = call.body
    wanted = call.path["strategy_id"]
    if plan.id != wanted:
        raise Problem("invalid", f"id: the body is {plan.id}, and the address names {wanted}")
    _need_ledger(call)
    return done_told(await call.house.control.strategies.change(plan, call.who.name), call.mode)


async def remove(call: Call) -> DoneTold:
    """Remove a declared strategy."""
    wanted = call.path["strategy_id"]
    return done_told(await call.house.control.strategies.remove(wanted, call.who.name), call.mode)


async def look(call: Call) -> DeclarationTold:
    """Tell of one strategy, and how it is written."""
    control, wanted = call.house.control, call.path["strategy_id"]
    seen = await control.reads.strategy(wanted)
    written = await control.strategies.declaration(wanted)
    told = strategy_told(seen, control.line.names.accounts[wanted], call.mode)
    return DeclarationTold(
        **msgspec.structs.asdict(told),
        declaration=msgspec.Raw(written.declaration.encode()),
        source="file" if written.file else "declared",
    )


def _need_ledger(call: Call) -> None:
    """Keep the emergency file for what ends risk; nothing is entered meanwhile anyway.

    Raises:
        Problem: the ledger has failed.
    """
    health = call.house.health
    if health is not None and not health().ledger_ok:
        sentence = "the ledger failed and only exits go on; mend its disk, start again, and repeat"
        raise Problem("reduce_only", sentence)
