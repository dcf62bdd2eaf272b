"""Looks: how things stand, in rupees and Indian time."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest
from msgspec.structs import replace

from daemon import kill
from daemon.domain.instants import SECOND_NS, iso
from daemon.domain.orders.reconcile import MANUAL
from daemon.messages import (
    CodeLoaded,
    DeclarationSeen,
    Declined,
    KillStaged,
    RiskSeen,
    SeeAccount,
    SeeAlerts,
    SeeDeclaration,
    SeeKill,
    SeePrice,
    SeeRisk,
    Stage,
)
from daemon.messages.arming import SeeSession
from daemon.messages.modes import Modes
from daemon.web.answers.looks import merged
from daemon.web.house import HOUSE, Health
from tests.kit.control_port import MARKET_NS, open_port
from tests.kit.seen import ACCOUNT, ALERT, ANSWERS, CE, SEEN, WATCH

MODE = {"mode": "paper"}
PARTS = {"realised": 37.5, "unrealised": 648.75, "charges": None, **MODE}
PROFIT = {"pnl": 686.25, "today": 500.0, **PARTS}
OF_THE_DAY = {"pnl": 500.0, "since_entry": 686.25, **PARTS}
NO_PARTS = {"realised": 0.0, "unrealised": 0.0, "charges": 0.0, **MODE}
NO_PROFIT = {"pnl": 0.0, "today": 0.0, **NO_PARTS}
NONE_OF_THE_DAY = {"pnl": 0.0, "since_entry": 0.0, **NO_PARTS}
AT = "2025-11-23T09:30:51+05:30"


def latch(kind: str, scope: str = kill.ALL, name: str = "") -> kill.Latch:
    return kill.Latch(f"{kind}-{scope}", kind, scope, name, "a test", "me", MARKET_NS)


async def test_the_status_tells_mode_state_and_who_there_is(tmp_path):
    code = CodeLoaded("1.2.3", "ab", "cd", 4, 0)
    left_out = {"lost": "lost takes no entries", "straddle": "was started since"}
    async with open_port(tmp_path, ANSWERS, code=code, left_out=left_out) as port:
        status, told, _ = await port.ask("GET", "/api/status")

    account = {
        "account": "paper",
        "broker": "paper",
        "reconciled": True,
        "paused": "",
        "differing": ["RELIANCE"],
        "exits_owed": ["E1"],
        "working": 2,
        "armed": None,
        "mode": "paper",
    }
    assert status == 200
    assert told == {
        "mode": "paper",
        "state": "running",
        "latches": [],
        "market_time": AT,
        "accounts": [account, account],
        "strategies": [
            {
                "strategy_id": "straddle",
                "account": "paper",
                "accounts": ["paper"],
                "taking": True,
                "status": "waits for 09:20:00",
                "live": False,
                "mode": "paper",
            }
        ],
        "sessions": [{**dict.fromkeys(("account", "broker", "mode"), "paper"), "reconciled": True}]
        * 2,
        "code": {
            "version": "1.2.3",
            "code_sha256": "ab",
            "settings_sha256": "cd",
            "schema_number": 4,
        },
        "unread": [],
        "left_out": [{"strategy_id": "lost", "text": "lost takes no entries"}],
    }


async def test_a_strategy_that_is_there_no_more_and_still_holds_something_is_told(tmp_path):
    """As one whose id was changed in its file; not what is held by hand, nor what is flat."""
    flat = replace(WATCH.legs[0], quantity=0)
    old, over = replace(WATCH, strategy_id="old"), replace(WATCH, strategy_id="over", legs=(flat,))
    watches = (WATCH, old, replace(old, legs=(*old.legs, flat)), over)
    risk = RiskSeen(MARKET_NS, True, (*watches, replace(WATCH, strategy_id=MANUAL)))
    async with open_port(tmp_path, {**ANSWERS, SeeRisk: lambda _: risk}) as port:
        _, told, _ = await port.ask("GET", "/api/status")

    (left,) = told["left_out"]
    assert left["strategy_id"] == "old"
    assert left["text"].startswith("old is there no more, and enters nothing; legs that it still")
    assert "holds: 2; `ordo positions`" in left["text"]
    assert [each["strategy_id"] for each in told["strategies"]] == ["straddle"]


async def test_a_strategy_that_was_left_out_at_the_start_and_holds_something_is_told_once(tmp_path):
    risk = RiskSeen(MARKET_NS, True, (replace(WATCH, strategy_id="lost"),))
    left_out = {"lost": "lost takes no entries"}
    answers = {**ANSWERS, SeeRisk: lambda _: risk}
    async with open_port(tmp_path, answers, left_out=left_out) as port:
        _, told, _ = await port.ask("GET", "/api/status")

    assert told["left_out"] == [{"strategy_id": "lost", "text": "lost takes no entries"}]


async def test_the_status_does_not_wait_for_whoever_watches_and_is_silent(tmp_path):
    """A question that nobody answers is given up after 5 s; the page shows no mode until then."""
    silent = {about: answer for about, answer in ANSWERS.items() if about is not SeeRisk}
    async with open_port(tmp_path, silent) as port, asyncio.timeout(2):
        status, told, _ = await port.ask("GET", "/api/status")

    assert (status, told["left_out"]) == (200, [])


async def test_the_status_comes_without_whoever_watches(tmp_path):
    declines = {**ANSWERS, SeeRisk: lambda _: Declined("no_answer", "it hangs")}
    async with open_port(tmp_path, declines) as port:
        status, told, _ = await port.ask("GET", "/api/status")

    assert (status, told["left_out"]) == (200, [])


async def test_the_instant_of_a_latch_is_null_where_whoever_pulled_it_did_not_know(tmp_path):
    kill.pull(tmp_path, kill.Latch("pause-1", "pause", kill.ALL, "", "a test", "me", 0))
    kill.pull(tmp_path, latch("kill"))
    async with open_port(tmp_path, ANSWERS) as port:
        _, told, _ = await port.ask("GET", "/api/status")

    assert [each["at"] for each in told["latches"]] == [AT, None]


@pytest.mark.parametrize(
    ("latches", "ledger_ok", "state"),
    [
        ([], True, "running"),
        ([latch("pause")], True, "paused"),
        ([latch("pause", "account", "second")], True, "running"),
        ([latch("pause", "account", "paper")], True, "paused"),  # both are told by that name
        ([latch("kill", "strategy", "straddle")], True, "halted"),
        ([latch("pause"), latch("kill")], False, "halted"),
        ([latch("pause")], False, "reduce_only"),
    ],
)
async def test_the_state_is_the_gravest_that_holds(tmp_path, latches, ledger_ok, state):
    for each in latches:
        kill.pull(tmp_path, each)
    health = Health(ledger_ok, ())
    async with open_port(tmp_path, ANSWERS, health=lambda: health) as port:
        _, told, _ = await port.ask("GET", "/api/status")

    assert told["state"] == state
    assert {each["latch_id"] for each in told["latches"]} == {each.latch_id for each in latches}


@pytest.mark.parametrize(
    ("paused", "state"),
    [(("a day's loss", "no beat"), "paused"), (("a day's loss", ""), "running")],
)
async def test_the_state_is_paused_where_no_account_takes_entries(tmp_path, paused, state):
    seen = iter(replace(ACCOUNT, paused=because) for because in paused)
    async with open_port(tmp_path, {**ANSWERS, SeeAccount: lambda _: next(seen)}) as port:
        _, told, _ = await port.ask("GET", "/api/status")

    assert told["state"] == state


async def test_a_latch_is_told_with_who_pulled_it_and_why(tmp_path):
    kill.pull(tmp_path, latch("kill", "account", "paper"))
    async with open_port(tmp_path, ANSWERS) as port:
        _, told, _ = await port.ask("GET", "/api/status")

    assert told["latches"] == [
        {
            "latch_id": "kill-account",
            "kind": "kill",
            "scope": "account",
            "id": "paper",
            "reason": "a test",
            "by": "me",
            "at": AT,
            "mode": "paper",
        }
    ]


async def test_the_snapshot_tells_positions_and_profit(tmp_path):
    seen = replace(WATCH, basket_id="straddle:2025-11-22")
    risk = RiskSeen(MARKET_NS, True, (seen,))
    async with open_port(tmp_path, {**ANSWERS, SeeRisk: lambda _: risk}) as port:
        _, told, _ = await port.ask("GET", "/api/portfolio/snapshot")

    assert (told["at"], told["link_alive"]) == (AT, True)
    assert told["positions"][:2] == [
        {
            "account": "paper",
            "strategy_id": "straddle",
            "leg_id": "ce",
            "symbol": CE,
            "quantity": -75,
            "average_price": 11.865,
            "bought_quantity": 75,
            "bought_value": 750.0,
            "sold_quantity": 150,
            "sold_value": 1779.75,
            "resident_stop": {"quantity": 75, "trigger_price": 142.5},
            "product": "intraday",
            "mode": "paper",
        },
        {
            "account": "paper",
            "strategy_id": "straddle",
            "leg_id": "pe",
            "symbol": CE,
            "quantity": 0,
            "average_price": None,
            "bought_quantity": 75,
            "bought_value": 750.0,
            "sold_quantity": 75,
            "sold_value": 787.5,
            "resident_stop": None,
            "product": "intraday",
            "mode": "paper",
        },
    ]
    assert told["accounts"] == [{"id": "paper", **PROFIT}, {"id": "second", **NO_PROFIT}]
    assert told["strategies"] == [
        {
            "strategy_id": "straddle",
            "account": "paper",
            "basket_id": "straddle:2025-11-22",
            "status": "open",
            **PROFIT,
            "risk": {"status": "LOCKED", "current_sl": 1500.0},
            "legs": [
                {
                    "leg_id": "ce",
                    "symbol": CE,
                    "side": "sell",
                    "quantity": -75,
                    "entry": 118.65,
                    "ltp": 110.0,
                    "age_ms": 250,
                    "pnl": 648.75,
                    "stop": 154.245,
                    "target": None,
                    "guarded": False,
                    "unguarded_because": ["the feed link is dead"],
                }
            ],
        }
    ]


async def test_the_profit_of_the_day_is_told_by_account_and_strategy(tmp_path):
    async with open_port(tmp_path, ANSWERS) as port:
        _, told, _ = await port.ask("GET", "/api/pnl/daily")

    assert told == {
        "date": "2025-11-23",
        "at": AT,
        "total": {"id": "total", **OF_THE_DAY},
        "totals": [{"id": "total", **OF_THE_DAY}],
        "accounts": [{"id": "paper", **OF_THE_DAY}, {"id": "second", **NONE_OF_THE_DAY}],
        "strategies": [{"id": "straddle", **OF_THE_DAY, "account": "paper"}],
        "unread": [],
        "mode": "paper",
    }


async def test_the_profit_of_the_day_bears_the_date_of_the_last_day_that_began(tmp_path):
    """After midnight and on a Saturday the figures are those of the session before."""
    risk = RiskSeen(MARKET_NS, True, (WATCH,), day=date(2025, 11, 21))
    async with open_port(tmp_path, {**ANSWERS, SeeRisk: lambda _: risk}) as port:
        _, told, _ = await port.ask("GET", "/api/pnl/daily")

    assert (told["date"], told["at"]) == ("2025-11-21", AT)


async def test_two_entries_of_a_strategy_are_one_profit_of_its_day(tmp_path):
    """In the account that they are of; the snapshot tells them apart."""
    left = replace(WATCH, status="flat", basket_id="straddle:2025-11-22", today_e4=-10_000_000)
    risk = RiskSeen(MARKET_NS, True, (left, WATCH, replace(WATCH, account="second")))
    async with open_port(tmp_path, {**ANSWERS, SeeRisk: lambda _: risk}) as port:
        _, told, _ = await port.ask("GET", "/api/pnl/daily")

    rows = [(each["id"], each["account"], each["pnl"]) for each in told["strategies"]]
    assert rows == [("straddle", "paper", -500.0), ("straddle", "second", 500.0)]


async def test_money_and_what_is_simulated_are_not_added_up(tmp_path):
    won = replace(WATCH, account="second", today_e4=200_000_000, charges_e4=0)
    risk = RiskSeen(MARKET_NS, True, (WATCH, won))
    async with open_port(tmp_path, {**ANSWERS, SeeRisk: lambda _: risk}) as port:
        port.actors.line.names.modes = Modes({"paper": "live", "second": "paper"})
        _, told, _ = await port.ask("GET", "/api/pnl/daily")

    assert [(each["mode"], each["pnl"]) for each in told["totals"]] == [
        ("live", 500.0),
        ("paper", 20_000.0),
    ]
    assert told["total"] == told["totals"][0]


async def test_a_price_is_told_with_its_age_and_source(tmp_path):
    async with open_port(tmp_path, ANSWERS) as port:
        _, told, _ = await port.ask("GET", "/api/ltp?symbol=NIFTY")
        port.actors.answers[SeePrice] = lambda about: Declined("unknown_symbol", "no such thing")
        status, unknown, _ = await port.ask("GET", "/api/ltp?symbol=NIFTI")
        port.actors.answers[SeePrice] = lambda about: Declined("no_price", "not quoted yet")
        early, unpriced, headers = await port.ask("GET", "/api/ltp?symbol=BANKNIFTY")

    assert told == {
        "symbol": "NIFTY",
        "ltp": 24500.05,
        "bid": None,
        "ask": None,
        "age_ms": 40,
        "stale": False,
        "source": "feed",
        "mode": "paper",
    }
    assert (status, unknown["code"]) == (404, "unknown_symbol")
    assert (early, unpriced["code"], unpriced["recoverable"]) == (409, "no_price", True)
    assert headers["Retry-After"] == "1"


async def test_a_strategy_is_told_by_its_id(tmp_path):
    written = DeclarationSeen("straddle", '{"id":"straddle","lots":1.50}', "straddle.toml")
    answers = {**ANSWERS, SeeDeclaration: lambda _: written}
    async with open_port(tmp_path, answers) as port:
        _, one, _ = await port.ask("GET", "/api/strategies/straddle")
        _, every, _ = await port.ask("GET", "/api/strategies")
        status, unknown, _ = await port.ask("GET", "/api/strategies/strangle")

    assert one.pop("declaration") == {"id": "straddle", "lots": 1.5}
    assert one.pop("source") == "file"
    assert every == {"strategies": [one], "mode": "paper"}
    assert one["taking"] is True
    assert (status, unknown["code"]) == (404, "unknown_strategy")


async def test_it_is_ready_once_recovery_is_complete(tmp_path):
    recovered = []
    async with open_port(tmp_path, ready=lambda: bool(recovered)) as port:
        before, told, headers = await port.bare("GET", "/api/ready")
        recovered.append(True)
        after, _, _ = await port.bare("GET", "/api/ready")

    assert (before, told["code"], headers["Retry-After"], after) == (503, "not_ready", "1", 200)


def staged(stage: Stage, *left: str, attempts: int = 1) -> KillStaged:
    return KillStaged("kill-1", stage, left, attempts, MARKET_NS)


@pytest.mark.parametrize(
    ("stages", "worst"),
    [
        ([Stage.FLAT, Stage.FLAT], Stage.FLAT),
        ([Stage.FLAT, Stage.VERIFYING], Stage.VERIFYING),
        ([Stage.CLOSING, Stage.VERIFYING], Stage.CLOSING),
        ([Stage.CLOSING, Stage.CANCELLING], Stage.CANCELLING),
        ([Stage.CANCELLING, Stage.INCOMPLETE], Stage.INCOMPLETE),
    ],
)
def test_a_kill_is_as_far_as_where_it_is_least_far(stages, worst):
    assert merged("kill-1", [staged(each) for each in stages], (), "paper").stage == worst


async def test_a_kill_tells_what_is_left_in_every_account_that_it_reaches(tmp_path):
    told_by = iter([staged(Stage.FLAT), staged(Stage.CLOSING, "75 of it", attempts=3)])
    async with open_port(tmp_path, {SeeKill: lambda _: next(told_by)}) as port:
        _, told, _ = await port.ask("GET", "/api/kill/kill-1")

    assert told == {
        "kill_id": "kill-1",
        "stage": "closing",
        "left": ["second: 75 of it"],
        "attempts": 3,
        "because": [],
        "mode": "paper",
    }


async def test_a_kill_from_which_nothing_leaves_says_why_as_the_kill_socket_does(tmp_path):
    answers = {
        SeeKill: lambda _: staged(Stage.CLOSING, "75 of it"),
        SeeSession: lambda _: "EXPIRED",
    }
    async with open_port(tmp_path, answers) as port:
        control = port.served.app[HOUSE].control
        control.line.names.modes = Modes({"paper": "paper", "second": "live"})
        _, told, _ = await port.ask("GET", "/api/kill/kill-1")
        there = await control.reads.kill_stage("kill-1")
        because = await control.reads.kept_from_leaving(there)

    (said,) = because
    assert said.startswith("the session of second is EXPIRED, and nothing leaves until `ordo")
    assert told["because"] == because


async def test_market_time_goes_on_between_two_events(tmp_path):
    """Before the open nothing comes for minutes, and a clock that stands looks like a dead one."""
    later_ns = MARKET_NS + 60 * SECOND_NS
    async with open_port(tmp_path, ANSWERS, passing_ns=lambda: later_ns) as port:
        _, told, _ = await port.ask("GET", "/api/status")

    assert told["market_time"] == iso(later_ns) > AT


async def test_accounts_that_a_kill_does_not_reach_are_left_out(tmp_path):
    told_by = iter([Declined("unknown_kill", "none"), staged(Stage.FLAT)])
    async with open_port(tmp_path, {SeeKill: lambda _: next(told_by)}) as port:
        _, told, _ = await port.ask("GET", "/api/kill/kill-1")

    assert told["stage"] == "flat"


async def test_a_kill_that_nobody_knows_is_not_found(tmp_path):
    nobody = {SeeKill: lambda _: Declined("unknown_kill", "none")}
    async with open_port(tmp_path, nobody) as port:
        status, told, _ = await port.ask("GET", "/api/kill/kill-1")

    assert (status, told["code"]) == (404, "unknown_kill")


async def test_a_router_that_is_silent_about_a_kill_is_no_account_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr("daemon.control.line._PATIENCE_S", 0.02)
    async with open_port(tmp_path) as port:
        status, told, _ = await port.ask("GET", "/api/kill/kill-1")

    assert (status, told["code"]) == (504, "no_answer")


async def test_an_alert_is_told_with_its_level_and_who_has_seen_it(tmp_path):
    over = replace(ALERT, acknowledged=SEEN, cleared_ns=MARKET_NS)
    async with open_port(tmp_path, {SeeAlerts: lambda _: (ALERT, over)}) as port:
        status, told, _ = await port.ask("GET", "/api/alerts")

    alert = {
        "alert_id": "alert-1",
        "severity": "critical",
        "code": "books_differ",
        "sentence": "they differ",
        "account": "paper",
        "strategy_id": "",
        "at": AT,
        "level": 2,
        "acknowledged_by": None,
        "acknowledged_at": None,
        "cleared_at": None,
        "mode": "paper",
    }
    seen = {"acknowledged_by": "ann", "acknowledged_at": AT, "cleared_at": AT}
    assert (status, told) == (200, {"alerts": [alert, {**alert, **seen}], "mode": "paper"})
