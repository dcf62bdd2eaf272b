"""The composition root: who is there, who hears whom, and what they trade under."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.actors.market_feed import MarketFeed
from daemon.actors.order_router import OrderRouter
from daemon.actors.risk_watchdog import PnlSeen, RiskWatchdog
from daemon.actors.strategy_runner.runner import StrategyRunner
from daemon.actors.timekeeper import Timekeeper
from daemon.app import App, Run, account_of, build
from daemon.app.at_brokers.connections import Opened, on_paper
from daemon.brokers.paper import Paper
from daemon.domain.money import e4
from daemon.domain.orders.ladder import Ladder
from daemon.domain.orders.limits import Limits
from daemon.domain.orders.words import IntentRecorded
from daemon.domain.risk.account import AccountLimits
from daemon.errors import SettingsError
from daemon.feeds.formats.words import ReplayOptions
from daemon.feeds.replay import open_recording
from daemon.kill import Latch, pull
from daemon.messages import (
    AccountUnread,
    EntryDecided,
    PositionChanged,
    ReadAccount,
    SessionReady,
)
from daemon.runtime.budget import Window
from daemon.runtime.clock import VirtualClock
from daemon.runtime.pump import Pump
from daemon.runtime.supervisor import Supervisor
from daemon.settings import Settings
from daemon.storage.memory import MemoryLedger
from daemon.twin.file import SqliteFile
from daemon.twin.latency import Latency
from daemon.worlds import front_expiry
from tests.kit.days import sample
from tests.kit.plans import SHIPPED, parse, plan
from tests.kit.settings_file import loaded

(STRADDLE,) = [parse(file.read_bytes()) for file in SHIPPED if file.stem == "nifty_short_straddle"]
LATER = replace(STRADDLE, id="later")
DAY = date(2026, 11, 18)
SECOND = 1_000_000_000


@pytest.fixture
def recording():
    opened = open_recording(sample(), ReplayOptions(front=front_expiry))
    yield opened
    opened.close()


def account(settings: Settings | None = None):
    return account_of(settings or Settings(), STRADDLE, strict=False)


async def nothing_done(asked: object) -> tuple[object, ...]:
    return ()


def played(app: App, clock: VirtualClock) -> list[object]:
    ledger = MemoryLedger("owner")
    pump = Pump(Supervisor(app.specs, ledger), ledger, app.around, clock)
    for step in app.world.steps():
        pump.tell(step.to, step.message, step.at_ns)
    return list(ledger.facts())


def test_the_actors_are_these_in_the_order_of_their_start(recording):
    """Who acts for others starts before those others."""
    app = build([account()], [STRADDLE, LATER], Run(recording, [DAY], 1), lambda: 0, None)
    actors = {spec.name: type(spec.restore(())) for spec in app.specs}

    assert list(actors.items()) == [
        ("timekeeper", Timekeeper),
        ("feed", MarketFeed),
        ("router:paper", OrderRouter),
        ("watchdog", RiskWatchdog),
        ("runner:nifty-short-straddle", StrategyRunner),
        ("runner:later", StrategyRunner),
    ]


@pytest.mark.parametrize(("jobs", "heard"), [(None, ()), (nothing_done, (SessionReady,))])
def test_the_timekeeper_hears_of_log_ins_where_somebody_does_the_jobs_of_a_day(
    recording, jobs, heard
):
    """A backtest, which has no such jobs, takes the messages that it took."""
    app = build([account()], [STRADDLE], Run(recording, [DAY], 1, jobs=jobs), lambda: 0, None)

    assert app.specs[0].hears == heard


def test_a_strategy_that_falls_is_left_out_and_nobody_else_is(recording):
    app = build([account()], [STRADDLE], Run(recording, [DAY], 1), lambda: 0, None)

    assert [spec.name for spec in app.specs if spec.disarm] == ["runner:nifty-short-straddle"]


@pytest.mark.untraced
def test_an_account_is_opened_as_its_broker_is(recording):
    """Its door asks that broker, and the market is shown to that exchange."""
    opened = []

    def another(*given: Any) -> Opened:
        opened.append(on_paper(*given))
        return opened[-1]

    clock, one = VirtualClock(), account()
    run = Run(recording, [DAY], 1, openers={one.broker: another})
    played(build([one], [STRADDLE], run, clock.now_ns, None), clock)

    (there,) = opened
    assert one.broker == "paper"
    assert [order.status for order in there.paper.exchange.orders()]


@pytest.mark.untraced
def test_an_account_whose_market_is_none_of_our_making_has_no_exchange_here(recording):
    """Its broker alone is asked, and says how it is let go of."""

    async def close() -> None:
        raise AssertionError("the run is not over")

    clock, one, theirs = VirtualClock(), account(), []

    def another(*given: Any) -> Opened:
        theirs.append(on_paper(*given).broker)
        return Opened(theirs[-1], close=close)

    run = Run(recording, [DAY], 1, openers={one.broker: another})
    app = build([one], [STRADDLE], run, clock.now_ns, None)
    facts = played(app, clock)

    (asked,) = theirs
    assert app.closes == {one.id: close}
    assert [fact for fact in facts if isinstance(fact, EntryDecided)]
    assert asked.exchange.quotes(DAY).quotes == {}


@pytest.mark.untraced
def test_each_strategy_trades_through_the_one_router(recording):
    clock = VirtualClock()
    app = build([account()], [STRADDLE, LATER], Run(recording, [DAY], 1), clock.now_ns, None)
    facts = played(app, clock)
    intents = [fact.intent for fact in facts if isinstance(fact, IntentRecorded)]

    assert {fact.strategy_id for fact in facts if isinstance(fact, EntryDecided)} == {
        *(STRADDLE.id, LATER.id),
    }
    assert {intent.account for intent in intents} == {"paper"}


@pytest.mark.untraced
def test_order_ids_are_bound_to_the_epoch(recording):
    """The same day in two runs of the daemon shares no id."""
    ids = []
    for epoch in (1, 2):
        clock = VirtualClock()
        app = build([account()], [STRADDLE], Run(recording, [DAY], epoch), clock.now_ns, None)
        facts = played(app, clock)
        ids.append({f.intent.intent_id for f in facts if isinstance(f, IntentRecorded)})

    assert [len(each) for each in ids] == [4, 4]
    assert ids[0] & ids[1] == set()


@pytest.mark.untraced
def test_profits_are_shown_where_somebody_watches(recording):
    clock, shown = VirtualClock(), []
    app = build([account()], [STRADDLE], Run(recording, [DAY], 1), clock.now_ns, shown.append)
    played(app, clock)

    assert {type(view) for view in shown} == {PnlSeen}


def test_showing_where_nobody_watches_is_a_defect(recording):
    app = build([account()], [STRADDLE], Run(recording, [DAY], 1), lambda: 0, None)

    with pytest.raises(AssertionError, match="nobody watches"):
        app.around.show("anything")


@pytest.mark.untraced
def test_the_exchange_keeps_its_book_where_it_is_told(recording, tmp_path):
    """Its file is its own; the daemon's records are elsewhere."""
    clock, file = VirtualClock(), SqliteFile(tmp_path / "exchange.sqlite")
    run = Run(recording, [DAY], 1, {"paper": file})
    app = build([account()], [STRADDLE], run, clock.now_ns, None)
    played(app, clock)
    orders = file.load().orders
    file.close()

    assert len(orders) == 4


def test_an_account_without_settings_of_its_own_trades_under_the_presets():
    chosen = account()

    assert (chosen.terms.account, chosen.terms.broker) == ("paper", "paper:paper")
    assert (chosen.terms.limits, chosen.terms.ladder) == (Limits(), Ladder())
    assert (chosen.cash_e4, chosen.owner) == (e4(1_000_000), "owner")
    assert chosen.limits == AccountLimits()
    assert chosen.windows == (
        *(Window(8, SECOND, 3), Window(300, 60 * SECOND, 60)),
        Window(5_000, 24 * 60 * 60 * SECOND, 500, binds_exits=False),
    )
    assert chosen.latency == Latency(1, 30_000, 20_000)
    assert chosen.interval_ns == 0


def test_what_the_settings_say_reaches_the_account():
    settings = loaded(
        """\
[feed]
seed = 9
interval_ms = 2_000
[[accounts]]
id = "own"
broker = "paper"
owner = "me"
cash = 250_000
max_daily_loss = 1_000
max_lots = 7
[brokers.paper]
writes_per_second = 5
latency_ms = 4
jitter_ms = 3
timeout_ms = 900
[risk]
ladder_interval_ms = 400
"""
    )
    chosen = account(settings)

    assert (chosen.terms.account, chosen.terms.broker) == ("own", "paper:own")
    assert (chosen.owner, chosen.cash_e4, chosen.interval_ns) == ("me", e4(250_000), 2 * SECOND)
    assert chosen.limits == AccountLimits(e4(1_000))
    assert chosen.terms.limits.max_account_lots == 7
    assert chosen.terms.ladder.interval_ms == 400
    assert chosen.windows[0] == Window(5, SECOND, 3)
    assert chosen.latency == Latency(9, 4_000, 3_000)
    assert chosen.timeout_ms == 900


@pytest.mark.parametrize("strict", [True, False])
def test_strictness_is_the_callers(strict):
    assert account_of(Settings(), STRADDLE, strict=strict).terms.strict is strict


@pytest.mark.parametrize(
    ("head", "name"), [("", "first"), ('accounts = ["second"]', "second")], ids=["none", "named"]
)
def test_a_strategy_trades_in_the_account_that_it_names_or_in_the_first(head, name):
    two = '[[accounts]]\nid = "first"\nbroker = "paper"\n[[accounts]]\nid = "second"\n'
    settings = loaded(two + 'broker = "paper"\n')

    assert account_of(settings, plan(head=head), strict=False).terms.account == name


def test_an_account_that_nobody_has_is_refused():
    with pytest.raises(SettingsError, match="strategy s trades in account x; the settings have pa"):
        account_of(Settings(), plan(head='accounts = ["x"]'), strict=False)


@pytest.mark.untraced
def test_a_latch_of_the_state_folder_forbids_entries_and_other_folders_do_not(recording, tmp_path):
    """Of a strategy alone, where it says so."""
    pull(tmp_path, Latch("kill-1", "kill", "strategy", STRADDLE.id, "enough", "ann", 0))
    entered = []
    for state_dir in (tmp_path, tmp_path / "other", None):
        clock = VirtualClock()
        run = Run(recording, [DAY], 1, state_dir=state_dir)
        app = build([account()], [STRADDLE, LATER], run, clock.now_ns, None)
        entered.append({f.strategy_id for f in played(app, clock) if _bought_or_sold(f)})

    assert entered == [{LATER.id}, {STRADDLE.id, LATER.id}, {STRADDLE.id, LATER.id}]


async def test_where_tasks_run_it_a_broker_may_take_no_longer_than_the_settings_say(
    recording, monkeypatch
):
    async def never(self) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Paper, "read", never)
    hasty = replace(account(), timeout_ms=1)
    app = build([hasty], [STRADDLE], Run(recording, [DAY], 1, timed=True), lambda: 7, None)

    unread = AccountUnread("the broker gave no answer within 3 ms", 7)  # a reading is three answers
    assert await app.around.ports["paper:paper"](ReadAccount()) == (unread,)


def _bought_or_sold(fact: object) -> bool:
    return isinstance(fact, PositionChanged) and fact.net_quantity != 0
