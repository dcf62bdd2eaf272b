"""Hindrances: what keeps a strategy from entering in an account, or an exit from leaving it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from daemon import kill
from daemon.control.asked_session import session_of
from daemon.control.line import Line, Refusal
from daemon.domain.instants import day_of
from daemon.domain.orders.arming import LIVE, READY, unarmed, unwilling
from daemon.messages import (
    AccountSeen,
    KillStaged,
    SeeAccount,
    SeeStrategy,
    Stage,
    StrategySeen,
)
from daemon.storage import arms

_PATIENCE_S: Final = 1
"""The strategy was started already: who is silent about the rest keeps nobody from that word."""


async def hindrance(line: Line, strategy_id: str, account: str) -> str:
    """Return all that keeps a strategy from entering in an account; empty: nothing does."""
    found = [kill.forbids(line.names.state_dir, account, strategy_id)]
    try:
        found += await _told_by_owners(line, strategy_id, account)
    except Refusal as silent:
        found.append(f"nobody says what else keeps it from entering: {silent}")
    return "; ".join(filter(None, found))


async def without_session(line: Line, account: str) -> str:
    """Return that no order of an account leaves, for it has no session; empty: it has, or may."""
    if line.names.modes.of(account) != LIVE:
        return ""
    session = await session_of(line, account, _PATIENCE_S)
    if session in ("", READY):
        return ""
    return (
        f"the session of {account} is {session}, and nothing leaves until `ordo login {account}`, "
        "or close at the broker's own page"
    )


async def of_kill(line: Line, staged: Sequence[KillStaged]) -> list[str]:
    """Return why nothing leaves for a kill, a sentence for each account where that is so."""
    there = [each.account for each in staged if each.stage is not Stage.FLAT]
    accounts = [each for each in line.names.routers if each in there or "" in there]
    told = await asyncio.gather(*(without_session(line, each) for each in accounts))
    return list(filter(None, told))


async def _told_by_owners(line: Line, strategy_id: str, account: str) -> list[str]:
    """Return what router and runner know of it."""
    seen: AccountSeen = await line.ask(line.router(account), SeeAccount(), patience_s=_PATIENCE_S)
    return [
        f"entries are paused: {seen.paused}" if seen.paused else "",
        "" if seen.reconciled else f"the broker's book of {account} has not been read yet",
        f"the broker's book has not been read since {seen.overdue}" if seen.overdue else "",
        await _without_leave(line, strategy_id, seen) if seen.live else "",
    ]


async def _without_leave(line: Line, strategy_id: str, seen: AccountSeen) -> str:
    """Return why a strategy may not trade with money; empty: it may."""
    runner = line.runner(strategy_id)
    strategy: StrategySeen = await line.ask(runner, SeeStrategy(), patience_s=_PATIENCE_S)
    if not strategy.live:
        return unwilling(strategy_id)
    held = arms.of(line.names.state_dir, seen.account)  # it counts where both have it
    armed_for = held.day if held is not None and seen.armed is not None else None
    return unarmed(seen.account, armed_for, day_of(line.now_ns()))
