"""Looks: how things stand, each told by the owner of that truth."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

from daemon import kill
from daemon.actors.order_router.known.loose import is_loose
from daemon.control.line import Refusal
from daemon.domain.instants import iso
from daemon.domain.orders.arming import LIVE, PAPER, Mode
from daemon.messages import AccountSeen, KillStaged, Scope, Stage, WatchSeen
from daemon.messages.modes import Modes
from daemon.web.answers.arming import arm_told
from daemon.web.answers.door import Nothing
from daemon.web.answers.unread import lacking, unread
from daemon.web.house import House
from daemon.web.problems import Problem
from daemon.web.table import Call
from daemon.web.told.deed_shapes import KillTold
from daemon.web.told.shapes import (
    DailyTold,
    DayProfitTold,
    LeftOutTold,
    OrdersTold,
    OrderTold,
    PriceTold,
    ProfitTold,
    SnapshotTold,
    StatusTold,
    StrategiesTold,
    StrategyTold,
)
from daemon.web.told.telling import (
    account_told,
    code_told,
    day_told,
    latch_told,
    order_told,
    position_told,
    price_told,
    profit_told,
    session_told,
    strategy_told,
    watch_told,
)

_PATIENCE_S: Final = 0.3
"""So long the status waits for whoever watches, for what it tells of it is said elsewhere too."""
_WORST = (Stage.INCOMPLETE, Stage.CANCELLING, Stage.CLOSING, Stage.VERIFYING, Stage.FLAT)


async def health(call: Call) -> Nothing:  # noqa: ARG001
    """Tell that somebody is there."""
    return Nothing()


async def ready(call: Call) -> Nothing:
    """Tell whether recovery is complete."""
    if not call.house.ready():
        raise Problem("not_ready", "what was recorded is being read; a moment", 1)
    return Nothing()


async def status(call: Call) -> StatusTold:
    """Tell how things stand."""
    control = call.house.control
    accounts = await control.reads.accounts()
    latches = control.reads.latches(accounts)
    traded, gone = await asyncio.gather(_strategies(call.house), _gone(call.house))
    taking = {each.strategy_id for each in traded if each.taking}
    return StatusTold(
        mode=call.mode,
        state=_state(call.house, latches, accounts),
        latches=tuple(
            latch_told(each, control.line.names.mode(Scope(each.scope), each.id))
            for each in latches
        ),
        market_time=iso(max(control.line.now_ns(), call.house.passing_ns())),
        accounts=tuple(account_told(each, arm_told(call.house, each)) for each in accounts),
        strategies=traded,
        sessions=tuple(session_told(each) for each in accounts),
        code=code_told(call.house.code),
        unread=await lacking(call.house, accounts),
        left_out=(
            *(
                LeftOutTold(name, text)
                for name, text in call.house.left_out.items()
                if name not in taking  # one that was started since
            ),
            *gone,
        ),
    )


def _state(
    house: House, latches: Sequence[kill.Latch], accounts: Sequence[AccountSeen]
) -> Literal["running", "paused", "reduce_only", "halted"]:
    if any(each.kind == kill.KILL for each in latches):
        return "halted"
    if house.health is not None and not house.health().ledger_ok:
        return "reduce_only"
    pauses = {(each.scope, each.id) for each in latches}
    if (kill.ALL, "") in pauses:
        return "paused"
    if accounts and all(s.paused or (kill.ACCOUNT, s.account) in pauses for s in accounts):
        return "paused"  # of several, one that is not takes entries
    return "running"


async def ltp(call: Call) -> PriceTold:
    """Tell the newest price of a symbol."""
    return price_told(await call.house.control.reads.price(call.query.symbol), call.mode)


async def orders(call: Call) -> OrdersTold:
    """Tell every order that is asked for."""
    wanted, reads = call.query, call.house.control.reads
    if wanted.account is not None:
        call.house.control.line.router(wanted.account)  # which says which accounts there are
    accounts = await reads.accounts()
    return OrdersTold(
        tuple(
            order_told(each, call.house.modes.of(each.intent.account))
            for each in await reads.orders()
            if wanted.account in (None, each.intent.account)
            and wanted.strategy_id in (None, each.intent.strategy_id)
        ),
        await unread(
            call.house, [each for each in accounts if wanted.account in (None, each.account)]
        ),
        mode=call.mode,
    )


async def order(call: Call) -> OrderTold:
    """Tell of one order."""
    wanted = call.path["order_id"]
    for each in await call.house.control.reads.orders():
        if each.intent.intent_id == wanted:
            return order_told(each, call.house.modes.of(each.intent.account))
    raise Problem("unknown_order", f"no order {wanted} is known; GET /api/orders lists them")


async def snapshot(call: Call) -> SnapshotTold:
    """Tell positions and profit."""
    reads = call.house.control.reads
    accounts = await reads.accounts()
    risk = await reads.risk()
    names = call.house.control.line.names
    return SnapshotTold(
        at=iso(risk.at_ns),
        link_alive=risk.link_alive,
        quotes_asked=call.house.asks(risk),
        positions=tuple(
            position_told(held, call.house.modes.of(each.account))
            for each in accounts
            for held in each.held
        ),
        accounts=_by_account(call.house, risk.watches),
        strategies=tuple(
            watch_told(each, account, call.house.modes.of(account))
            for each in risk.watches
            for account in (names.marked(each.account),)
        ),
        unread=await lacking(call.house, accounts),
        mode=call.mode,
    )


async def daily(call: Call) -> DailyTold:
    """Tell the profit of the day."""
    accounts = await call.house.control.reads.accounts()
    risk = await call.house.control.reads.risk()
    names, modes = call.house.control.line.names, call.house.modes
    totals = _by_mode(modes, risk.watches)
    return DailyTold(
        date=risk.whose_day().isoformat(),
        at=iso(risk.at_ns),
        total=totals[0],
        totals=totals,
        accounts=tuple(map(day_told, _by_account(call.house, risk.watches))),
        strategies=tuple(
            day_told(profit_told(strategy_id, entries, modes.of(account), names.marked(account)))
            for (strategy_id, account), entries in _by_strategy(risk.watches).items()
        ),
        unread=await lacking(call.house, accounts),
        mode=call.mode,
    )


def _by_mode(modes: Modes, watches: Sequence[WatchSeen]) -> tuple[DayProfitTold, ...]:
    """Return a sum for each mode that an account has, live first."""
    there = {modes.of(account) for account in modes.accounts} | {modes.whole}
    return tuple(
        day_told(profit_told("total", mine, mode))
        for mode in (LIVE, PAPER)
        if mode in there
        for mine in ([each for each in watches if modes.of(each.account) == mode],)
    )


def _by_strategy(watches: Sequence[WatchSeen]) -> dict[tuple[str, str], list[WatchSeen]]:
    """Return the entries of each strategy in each account, by its id and the account's mark."""
    entries: dict[tuple[str, str], list[WatchSeen]] = {}
    for each in watches:
        entries.setdefault((each.strategy_id, each.account), []).append(each)
    return entries


def _by_account(house: House, watches: Sequence[WatchSeen]) -> tuple[ProfitTold, ...]:
    names = house.control.line.names
    return tuple(
        profit_told(
            name,
            [each for each in watches if names.marked(each.account) == name],
            house.modes.of(name),
        )
        for name in names.routers
    )


async def strategies(call: Call) -> StrategiesTold:
    """Tell of every strategy."""
    return StrategiesTold(await _strategies(call.house), mode=call.mode)


async def _strategies(house: House) -> tuple[StrategyTold, ...]:
    owners = house.control.line.names.accounts
    seen = await house.control.reads.strategies()
    return tuple(
        strategy_told(each, owners[each.strategy_id], house.modes.of_all(owners[each.strategy_id]))
        for each in seen
    )


async def _gone(house: House) -> tuple[LeftOutTold, ...]:
    """Tell of strategies that hold something, and are there no more; not of those left out."""
    told, held = {*house.control.line.names.strategies, *house.left_out}, Counter[str]()
    try:
        async with asyncio.timeout(_PATIENCE_S):
            risk = await house.control.reads.risk()
    except (Refusal, TimeoutError):
        return ()  # all else is told without whoever watches
    for each in risk.watches:
        if each.strategy_id not in told and not is_loose(each.strategy_id):
            held[each.strategy_id] += sum(leg.quantity != 0 for leg in each.legs)
    return tuple(
        LeftOutTold(
            strategy_id,
            f"{strategy_id} is there no more, and enters nothing; legs that it still holds: "
            f"{legs}; `ordo positions` shows them, and whether they are guarded",
        )
        for strategy_id, legs in held.items()
        if legs
    )


async def kill_stage(call: Call) -> KillTold:
    """Tell how far a kill has come."""
    kill_id = call.path["kill_id"]
    control = call.house.control
    mode = control.brakes.mode(Scope.ALL, "", kill_id)
    staged = await control.reads.kill_stage(kill_id)
    return merged(kill_id, staged, await control.reads.kept_from_leaving(staged), mode)


def merged(
    kill_id: str, staged: Sequence[KillStaged], because: Sequence[str], mode: Mode
) -> KillTold:
    """Return how far a kill has come in the account where it has come least far.

    Args:
        kill_id: its name.
        staged: how far it has come, by account.
        because: why nothing leaves where that is so.
        mode: whose money it is about.

    Raises:
        Problem: no account knows of it.
    """
    if not staged:
        raise Problem("unknown_kill", f"no kill {kill_id} is known; `ordo status` lists latches")
    worst = min(staged, key=lambda each: _WORST.index(each.stage))
    left = tuple(
        f"{each.account}: {sentence}" if each.account and len(staged) > 1 else sentence
        for each in staged
        for sentence in each.left
    )
    attempts = max(each.attempts for each in staged)
    return KillTold(kill_id, worst.stage, left, attempts, tuple(because), mode=mode)
