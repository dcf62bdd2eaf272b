"""The composition root: every actor, wired to the world around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from daemon.actors import (
    market_feed,
    order_router,
    pnl_broadcaster,
    quote_poller,
    risk_watchdog,
    timekeeper,
)
from daemon.actors.alert_keeper import AlertKeeper
from daemon.actors.cell_wall import CellWall
from daemon.actors.market_feed import MarketFeed
from daemon.actors.order_router import OrderRouter
from daemon.actors.pnl_broadcaster import PnlBroadcaster
from daemon.actors.quote_poller import QuotePoller
from daemon.actors.request_clerk import RequestClerk
from daemon.actors.risk_watchdog import RiskWatchdog
from daemon.actors.session_keeper import SessionKeeper
from daemon.actors.strategy_register import StrategyRegister
from daemon.actors.strategy_runner import Place
from daemon.actors.timekeeper import Timekeeper
from daemon.app.at_brokers.accounts import Account, traded_in, watchdog_of
from daemon.app.at_brokers.connections import Close, Opened
from daemon.app.at_brokers.permission import Permission
from daemon.app.given.runners import runner_spec
from daemon.app.given.runs import Run, world_of
from daemon.brokers.door import Door
from daemon.domain.market.merge import merge
from daemon.domain.market.tables import require_tables
from daemon.domain.orders.ids import IntentIds
from daemon.domain.plans.schema import Plan
from daemon.feeds.live import LiveFeed
from daemon.feeds.polling import asking
from daemon.messages.cells import Cell
from daemon.runtime.budget import Budget
from daemon.runtime.words import Actor, ActorSpec, Port, Surroundings
from daemon.storage.fence import stands
from daemon.worlds import Live, World


class App(Struct, frozen=True):
    """The actors of a run, and the world around them.

    Attributes:
        specs: the actors.
        world: what they trade in.
        around: what their driver finds around them.
        runner: makes the runner of a strategy that comes later.
        at_ns: where the world begins.
        closes: how each account's broker is let go of at the end, where it has to be.
        hear: takes each fact in as it is entered, for the world; None: that one needs none.
    """

    specs: tuple[ActorSpec, ...]
    world: World
    around: Surroundings
    runner: Callable[[Plan], ActorSpec]
    at_ns: int = 0
    closes: Mapping[str, Close] = MappingProxyType({})
    hear: Callable[[object], None] | None = None


def build(
    accounts: Sequence[Account],
    plans: Sequence[Plan],
    run: Run,
    now_ns: Callable[[], int],
    show: Callable[[Any], None] | None,
) -> App:
    """Wire the actors of accounts to the world that is played.

    Args:
        accounts: the accounts and what they trade under; a strategy that names none trades in the
            first.
        plans: the strategies that trade in them.
        run: what is played.
        now_ns: tells market time.
        show: lets people see what moves; None: nobody watches.
    """
    require_tables()
    permission = Permission(run.state_dir, accounts, plans, now_ns)
    fenced = partial(stands, run.state_dir) if run.state_dir is not None else _unfenced
    cells = cells_of(accounts, run.home)
    opened: dict[str, Opened] = {}
    doors: dict[str, Port] = {}
    for account in run.logins(accounts):
        file = run.twin_files.get(account.id)
        opened[account.id] = at = run.openers[account.broker](account, file, now_ns)
        timeout_ms = account.timeout_ms if run.timed else None
        door = Door(at.broker, now_ns, permission.forbids, timeout_ms, fenced)
        doors[account.terms.broker] = door.ask
    world, at_ns = world_of(run, accounts, opened)
    if isinstance(world, Live):
        world.know(plans)
        doors[quote_poller.PORT] = asking(world.market, now_ns)
    if run.jobs is not None:
        doors[timekeeper.PORT] = run.jobs
    around = Surroundings(doors, show or _unseen, world.see)
    specs = actors(accounts, plans, run, shown=show is not None)

    def runner(plan: Plan) -> ActorSpec:
        permission.know(plan)
        if isinstance(world, Live):
            world.know((plan,))
        return _runner_of(plan, accounts, cells, taking=False, served=run.served)

    closes = {name: each.close for name, each in opened.items() if each.close is not None}
    hear = world.hear if isinstance(world, Live) else None
    return App(specs, world, around, runner, at_ns, closes, hear)


def actors(
    accounts: Sequence[Account], plans: Sequence[Plan], run: Run, *, shown: bool
) -> tuple[ActorSpec, ...]:
    """Return every actor of a run, in the order of their start; what is around them is not theirs.

    Args:
        accounts: the accounts and what they trade under.
        plans: the strategies that trade in them.
        run: what is played.
        shown: somebody sees what moves.
    """
    cells = cells_of(accounts, run.home)
    specs = _specs(accounts, cells, plans, run, shown=shown)
    return (*specs, *_for_people(accounts, cells, plans, run)) if run.served else specs


def cells_of(accounts: Sequence[Account], home: str = "") -> tuple[Cell, ...]:
    """Return the cell of each account; without a home the first of them is at home."""
    home = home or accounts[0].id
    return tuple(Cell(each.id, "" if each.id == home else each.id) for each in accounts)


def _for_people(
    accounts: Sequence[Account], cells: Sequence[Cell], plans: Sequence[Plan], run: Run
) -> tuple[ActorSpec, ...]:
    """The actors that trading does not need: sessions, and what people see, ask and declare."""
    watchdogs = tuple(watchdog_of(cell) for cell in cells)
    traded = frozenset(plan.underlying for plan in plans)
    return (
        *(
            ActorSpec(
                f"session_keeper:{each.id}", partial(SessionKeeper, each.id, each.terms.broker)
            )
            for each in run.logins(accounts)
        ),
        ActorSpec(
            "pnl_broadcaster",
            lambda _: PnlBroadcaster(watchdogs=watchdogs, traded=traded),
            hears=pnl_broadcaster.HEARS,
            merge=merge,
            disarm=True,
        ),
        ActorSpec("request_clerk", lambda facts: RequestClerk("request_clerk", facts)),
        ActorSpec("strategy_register", lambda facts: StrategyRegister(run.filed, facts)),
        ActorSpec(
            "alert_keeper",
            lambda facts: AlertKeeper(run.acknowledge_ns, facts),
            disarm=True,
        ),
    )


def _specs(
    accounts: Sequence[Account],
    cells: Sequence[Cell],
    plans: Sequence[Plan],
    run: Run,
    *,
    shown: bool,
) -> tuple[ActorSpec, ...]:
    """The actors in the order in which they start, and in which they hear of one thing."""
    ids = IntentIds(run.epoch)  # one source: no two orders of a run share an id
    each = tuple(zip(accounts, cells, strict=True))
    walled = len(accounts) > 1 or bool(cells[0].mark)
    routers = (_router(account, cell, ids, walled=walled) for account, cell in each)
    watchdogs = (_watchdog(*one, shown=shown, walled=walled) for one in each)
    interval_ns = accounts[0].interval_ns
    return (
        ActorSpec(
            "timekeeper",
            lambda facts: Timekeeper(facts=facts, working=run.jobs is not None),
            hears=timekeeper.HEARS if run.jobs is not None else (),
        ),
        ActorSpec(
            "feed",
            lambda facts: MarketFeed(interval_ns, run.recording.memory, facts),
            hears=market_feed.HEARS,
        ),
        *routers,
        *watchdogs,
        *_polling(run),
        *(
            _runner_of(plan, accounts, cells, taking=_takes(run, plan), served=run.served)
            for plan in plans
        ),
    )


def _polling(run: Run) -> tuple[ActorSpec, ...]:
    """The poller, where there is a broker to ask; the daemon goes on without it."""
    if not isinstance(run.recording, LiveFeed):
        return ()
    return (ActorSpec("quote_poller", QuotePoller, hears=quote_poller.HEARS, disarm=True),)


def _runner_of(
    plan: Plan, accounts: Sequence[Account], cells: Sequence[Cell], *, taking: bool, served: bool
) -> ActorSpec:
    """Return the runner of a strategy, which speaks to the routers of all its accounts."""
    traded, marks = traded_in(plan, accounts), {cell.account: cell.mark for cell in cells}
    places = tuple(Place(a.router, a.id, marks[a.id], a.lots_multiplier) for a in traded)
    strict = traded[0].terms.strict
    return runner_spec(plan, places, strict=strict, taking=taking, served=served)


def _router(account: Account, cell: Cell, ids: IntentIds, *, walled: bool) -> ActorSpec:
    terms, budget = replace(account.terms, mark=cell.mark), Budget(account.windows)
    return ActorSpec(
        account.router,
        _behind_wall(cell, lambda facts: OrderRouter(terms, ids, budget, facts), walled=walled),
        hears=order_router.HEARS,
        merge=merge,
    )


def _watchdog(account: Account, cell: Cell, *, shown: bool, walled: bool) -> ActorSpec:
    router, limits = account.router, account.limits
    return ActorSpec(
        watchdog_of(cell),
        _behind_wall(
            cell, lambda facts: RiskWatchdog(router, limits, facts, shown=shown), walled=walled
        ),
        hears=risk_watchdog.HEARS,
        merge=merge,
    )


def _behind_wall(
    cell: Cell, made: Callable[[Iterable[object]], Actor], *, walled: bool
) -> Callable[[Iterable[object]], Actor]:
    """Return what builds an actor of an account; where there is but one, no wall is needed."""

    def restore(facts: Iterable[object]) -> Actor:
        actor = made(cell.facts(facts))
        return CellWall(cell, actor) if walled else actor

    return restore


def _unseen(view: Any) -> None:
    raise AssertionError(f"nobody watches, and yet {view!r} is shown")


def _unfenced() -> bool:
    return False


def _takes(run: Run, plan: Plan) -> bool:
    return run.taking is None or plan.id in run.taking
