"""The composition root: every actor, wired to the world around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from daemon.actors import (
    market_feed,
    order_router,
    pnl_broadcaster,
    risk_watchdog,
)
from daemon.actors.market_feed import MarketFeed
from daemon.actors.order_router import OrderRouter, Terms
from daemon.actors.pnl_broadcaster import PnlBroadcaster
from daemon.actors.request_clerk import RequestClerk
from daemon.actors.risk_watchdog import RiskWatchdog
from daemon.actors.session_keeper import SessionKeeper
from daemon.actors.strategy_register import Filed, StrategyRegister
from daemon.actors.timekeeper import Timekeeper
from daemon.app.runners import runner_spec
from daemon.brokers.door import Door
from daemon.brokers.paper import Paper
from daemon.domain.instants import MILLISECOND_NS
from daemon.domain.market.merge import merge
from daemon.domain.market.rules import require_tables
from daemon.domain.orders.ids import IntentIds
from daemon.domain.plans.schema import Plan
from daemon.domain.risk.account import AccountLimits
from daemon.errors import SettingsError
from daemon.kill import forbids
from daemon.runtime.budget import Budget, Window
from daemon.runtime.words import ActorSpec, Surroundings
from daemon.settings import Settings, account_limits, ladder, limits, windows
from daemon.twin.faults import Faults
from daemon.twin.file import TwinFile
from daemon.twin.latency import Latency
from daemon.worlds import (
    Entry,
    Generated,
    GeneratedMarket,
    Market,
    Recorded,
    exchange,
    reached,
)

_US_IN_MS = 1_000


class Account(Struct, frozen=True):
    """One account and everything that it trades under.

    Attributes:
        terms: limits, ladder, strictness.
        cash_e4: what a paper account begins with.
        limits: of its day.
        windows: of its message budget.
        latency: of its exchange twin.
        interval_ns: of its feed, where configured; 0: learnt.
        timeout_ms: how long its broker may take to answer.
        owner: whose it is; every record carries it.
    """

    terms: Terms
    cash_e4: int
    limits: AccountLimits
    windows: tuple[Window, ...]
    latency: Latency
    interval_ns: int = 0
    timeout_ms: int = 5_000
    owner: str = "owner"


class Past(Struct, frozen=True):
    """What came before a run.

    Attributes:
        facts: all that was recorded, oldest first.
        reached_ns: the newest instant in the ledger; 0: it is new.
        begins_ns: where a market is entered that was never entered before.
    """

    facts: Iterable[object]
    reached_ns: int
    begins_ns: int


class Run(Struct, frozen=True):
    """What one run plays, and keeps its exchange in.

    Attributes:
        recording: the market's days.
        days: which of them.
        epoch: the run's number; order ids are bound to it.
        twin_file: where the exchange twin keeps its book; None: nowhere.
        state_dir: whose latches forbid entries; None: none do, as in a backtest.
        past: what a generated market is entered by; None: it is a recorded one.
        taking: the strategies that take entries from the start; None: all.
        served: somebody may ask, so the actors that answer people are there too.
        filed: how the strategies of files are written, by id; for whoever asks.
        faults: what goes wrong at the exchange by plan.
        timed: tasks of an event loop run it, so that a broker that takes too long can be called
            off.
    """

    recording: Market
    days: Sequence[date]
    epoch: int
    twin_file: TwinFile | None = None
    state_dir: Path | None = None
    past: Past | None = None
    taking: frozenset[str] | None = None
    served: bool = False
    filed: Mapping[str, Filed] = {}
    faults: Faults = Faults()
    timed: bool = False


class App(Struct, frozen=True):
    """The actors of a run, and the world around them.

    Attributes:
        specs: the actors.
        world: what they trade in.
        around: what their driver finds around them.
        runner: makes the runner of a strategy that comes later.
        at_ns: where the world begins.
    """

    specs: tuple[ActorSpec, ...]
    world: Recorded
    around: Surroundings
    runner: Callable[[Plan], ActorSpec]
    at_ns: int = 0


def account_of(settings: Settings, plan: Plan, *, strict: bool) -> Account:
    """Return the account that a strategy trades in, with everything it trades under.

    Args:
        settings: the accounts.
        plan: the strategy; it trades in the first account where it names none.
        strict: refuse contracts whose tables are not certain; false only where days are replayed.

    Raises:
        SettingsError: the strategy names an account that is not there.
    """
    known = {account.id: account for account in settings.accounts}
    name = plan.accounts[0] if plan.accounts else settings.accounts[0].id
    if name not in known:
        raise SettingsError(
            f"strategy {plan.id} trades in account {name}; the settings have {', '.join(known)}",
            "unknown_account",
        )
    account = known[name]
    broker = settings.brokers[account.broker]
    return Account(
        terms=Terms(
            account=account.id,
            broker=f"{account.broker}:{account.id}",
            limits=limits(settings, account),
            ladder=ladder(settings),
            strict=strict,
        ),
        cash_e4=account.cash_e4,
        limits=account_limits(account),
        windows=windows(settings, account.broker),
        latency=Latency(
            settings.feed.seed, broker.latency_ms * _US_IN_MS, broker.jitter_ms * _US_IN_MS
        ),
        interval_ns=settings.feed.interval_ms * MILLISECOND_NS,
        timeout_ms=broker.timeout_ms,
        owner=account.owner,
    )


def build(
    account: Account,
    plans: Sequence[Plan],
    run: Run,
    now_ns: Callable[[], int],
    show: Callable[[Any], None] | None,
) -> App:
    """Wire the actors of one paper account to a recorded world.

    Args:
        account: the account and what it trades under.
        plans: the strategies that trade in it.
        run: what is played.
        now_ns: tells market time.
        show: lets people see what moves; None: nobody watches.
    """
    require_tables()
    router = router_of(account)
    twin = exchange(account.cash_e4, account.latency, run.twin_file, run.faults)
    paper = Paper(twin, now_ns)
    latched = partial(forbids, run.state_dir) if run.state_dir is not None else _unlatched
    door = Door(paper, now_ns, latched, account.timeout_ms if run.timed else None)
    world, at_ns = _world(run, {router: paper})
    around = Surroundings({account.terms.broker: door.ask}, show or _unseen, world.see)
    watchdog = ActorSpec(
        "watchdog",
        lambda facts: RiskWatchdog(router, account.limits, facts, shown=show is not None),
        hears=risk_watchdog.HEARS,
        merge=merge,
    )
    specs = _specs(account, plans, router, run, watchdog)
    if run.served:
        specs = (*specs, *_for_people(account, run.filed))
    runner = partial(runner_spec, router=router, strict=account.terms.strict)
    return App(specs, world, around, runner, at_ns)


def router_of(account: Account) -> str:
    """Return the address of an account's router."""
    return f"router:{account.terms.account}"


def _world(run: Run, papers: Mapping[str, Paper]) -> tuple[Recorded, int]:
    """Return the world that a run plays, and the instant at which it is entered."""
    past = run.past
    if past is None:
        return Recorded(run.recording, papers, run.days), 0
    assert isinstance(run.recording, GeneratedMarket), "only such a market is entered at an instant"
    exchanges = [paper.exchange for paper in papers.values()]
    entry = reached(past.facts, past.reached_ns, exchanges)
    if not entry.at_ns:
        entry = Entry(past.begins_ns)
    return Generated(run.recording, papers, entry), entry.at_ns


def _for_people(account: Account, filed: Mapping[str, Filed]) -> tuple[ActorSpec, ...]:
    """The actors that trading does not need: sessions, what people see, asked and declared."""
    name, broker = account.terms.account, account.terms.broker
    return (
        ActorSpec(f"session_keeper:{name}", lambda facts: SessionKeeper(name, broker, facts)),
        ActorSpec(
            "pnl_broadcaster",
            lambda _: PnlBroadcaster(),
            hears=pnl_broadcaster.HEARS,
            merge=merge,
            disarm=True,
        ),
        ActorSpec("request_clerk", lambda facts: RequestClerk("request_clerk", facts)),
        ActorSpec("strategy_register", lambda facts: StrategyRegister(filed, facts)),
    )


def _specs(
    account: Account, plans: Sequence[Plan], router: str, run: Run, watchdog: ActorSpec
) -> tuple[ActorSpec, ...]:
    """The actors in the order in which they start, and in which they hear of one thing."""
    ids, budget = IntentIds(run.epoch), Budget(account.windows)
    runners = tuple(
        runner_spec(plan, router, strict=account.terms.strict, taking=_takes(run, plan))
        for plan in plans
    )
    return (
        ActorSpec("timekeeper", lambda _: Timekeeper()),
        ActorSpec(
            "feed",
            lambda facts: MarketFeed(account.interval_ns, run.recording.memory, facts),
            hears=market_feed.HEARS,
        ),
        ActorSpec(
            router,
            lambda facts: OrderRouter(account.terms, ids, budget, facts),
            hears=order_router.HEARS,
            merge=merge,
        ),
        watchdog,
        *runners,
    )


def _unseen(view: Any) -> None:
    raise AssertionError(f"nobody watches, and yet {view!r} is shown")


def _unlatched(account: str, strategy_id: str) -> str:  # noqa: ARG001
    return ""


def _takes(run: Run, plan: Plan) -> bool:
    return run.taking is None or plan.id in run.taking
