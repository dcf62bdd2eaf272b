"""The composition root: every actor, wired to the world around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from daemon.actors import market_feed, order_router, risk_watchdog, strategy_runner
from daemon.actors.market_feed import MarketFeed
from daemon.actors.order_router import OrderRouter, Terms
from daemon.actors.risk_watchdog import RiskWatchdog
from daemon.actors.strategy_runner import StrategyRunner
from daemon.actors.timekeeper import Timekeeper
from daemon.brokers.door import Door
from daemon.brokers.paper import Paper
from daemon.domain.instants import MILLISECOND_NS
from daemon.domain.market.merge import merge
from daemon.domain.orders.ids import IntentIds
from daemon.domain.plans.schema import Plan
from daemon.domain.risk.account import AccountLimits
from daemon.errors import SettingsError
from daemon.kill import forbids
from daemon.runtime.budget import Budget, Window
from daemon.runtime.words import ActorSpec, Surroundings
from daemon.settings import Settings, account_limits, ladder, limits, windows
from daemon.twin.file import TwinFile
from daemon.twin.latency import Latency
from daemon.worlds import Market, Recorded, exchange

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
        owner: whose it is; every record carries it.
    """

    terms: Terms
    cash_e4: int
    limits: AccountLimits
    windows: tuple[Window, ...]
    latency: Latency
    interval_ns: int = 0
    owner: str = "owner"


class Run(Struct, frozen=True):
    """What one run plays, and keeps its exchange in.

    Attributes:
        recording: the market's days.
        days: which of them.
        epoch: the run's number; order ids are bound to it.
        twin_file: where the exchange twin keeps its book; None: nowhere.
        state_dir: whose latches forbid entries; None: none do, as in a backtest.
    """

    recording: Market
    days: Sequence[date]
    epoch: int
    twin_file: TwinFile | None = None
    state_dir: Path | None = None


class App(Struct, frozen=True):
    """The actors of a run, and the world around them."""

    specs: tuple[ActorSpec, ...]
    world: Recorded
    around: Surroundings


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
            f"strategy {plan.id} trades in account {name}; the settings have {', '.join(known)}"
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
    router = f"router:{account.terms.account}"
    twin = exchange(account.cash_e4, account.latency, run.twin_file)
    paper = Paper(twin, now_ns)
    latched = partial(forbids, run.state_dir) if run.state_dir is not None else _unlatched
    door = Door(paper, now_ns, latched)
    world = Recorded(run.recording, {router: paper}, run.days)
    around = Surroundings({account.terms.broker: door.ask}, show or _unseen, world.see)
    watchdog = ActorSpec(
        "watchdog",
        lambda facts: RiskWatchdog(router, account.limits, facts, shown=show is not None),
        hears=risk_watchdog.HEARS,
        merge=merge,
    )
    return App(_specs(account, plans, router, run, watchdog), world, around)


def _specs(
    account: Account, plans: Sequence[Plan], router: str, run: Run, watchdog: ActorSpec
) -> tuple[ActorSpec, ...]:
    """The actors in the order in which they start, and in which they hear of one thing."""
    ids, budget = IntentIds(run.epoch), Budget(account.windows)
    runners = tuple(
        ActorSpec(
            name=f"runner:{plan.id}",
            restore=partial(_runner, plan, router, strict=account.terms.strict),
            hears=strategy_runner.HEARS,
            merge=merge,
            disarm=True,
        )
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


def _runner(plan: Plan, router: str, facts: Iterable[object], *, strict: bool) -> StrategyRunner:
    return StrategyRunner(plan, router, strict=strict, facts=facts)
