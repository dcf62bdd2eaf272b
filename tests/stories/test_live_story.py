"""Live, at a twin of Zerodha in another process: login, subscribe, enter, trail, exit.

The witness is the twin's own book: no order lost, none twice, flat at the end.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.live_daemon import (
    BOTH,
    NEXT_DAY,
    SHADOW,
    STRATEGY,
    WHOLE,
    LiveDaemon,
    live_daemon,
    started_again,
    thorough,
    witnessed,
)


def test_a_straddle_is_entered_trailed_and_left_at_a_broker_in_another_process(tmp_path):
    with live_daemon(tmp_path) as (daemon, twin):
        twin.pass_by(75)
        daemon.wait_event("ExitFinished")
        assert len(daemon.told("EntryDecided")) == 1
        assert [each["complete"] for each in daemon.told("BasketEnded")] == [True]
        assert daemon.told("LevelMoved")
        assert witnessed(twin, daemon) == WHOLE
        assert daemon.lines[0].startswith("LIVE  on the market as it is")


@thorough
def test_an_entry_is_completed_where_the_book_is_told_late(tmp_path):
    with live_daemon(tmp_path) as (daemon, twin):
        twin.ask("POST", "faults", kind="delay", on="read", delay_ms=600, count=12)
        twin.pass_by(30)
        daemon.wait_event("BasketEnded", complete=True)
        twin.pass_by(45)
        assert witnessed(twin, daemon) == WHOLE
        assert twin.ask("GET", "faults")["faults"] == [], "what was to go wrong never did"


@thorough
def test_a_kill_flattens_what_is_open_at_the_broker(tmp_path):
    with live_daemon(tmp_path) as (daemon, twin):
        twin.pass_by(20)
        daemon.wait_event("BasketEnded", complete=True)
        assert len(twin.ask("GET", "book")["held"]) == 2
        assert daemon.post("/api/kill", {"scope": "all", "reason": "a story"}).status in (200, 202)
        twin.pass_by(20)
        assert witnessed(twin, daemon) == WHOLE
        assert daemon.arm().status != 200


@thorough
def test_a_session_that_dies_while_something_is_held_is_made_anew_and_the_exit_leaves(tmp_path):
    with live_daemon(tmp_path) as (daemon, twin):
        twin.pass_by(20)
        daemon.wait_event("BasketEnded", complete=True)
        assert alerted(daemon) == []
        twin.ask("POST", "faults", kind="expire")
        twin.pass_by(10)
        daemon.wait(lambda: len(needed(daemon)) == 2, "needs a person again")
        daemon.wait(lambda: alerted(daemon) == [("no_session", "critical")], "pages a person")
        (unread,) = daemon.get("/api/portfolio/snapshot").document["unread"]
        assert unread["session"] == "NEEDS_USER_STEP"
        daemon.log_in()
        daemon.wait(lambda: alerted(daemon) == [], "is glad of the session")
        assert daemon.get("/api/portfolio/snapshot").document["unread"] == []
        twin.pass_by(50)
        assert witnessed(twin, daemon) == WHOLE


@thorough
def test_the_next_morning_asks_for_a_person_and_trades_what_is_listed_then(tmp_path):
    with live_daemon(tmp_path) as (daemon, twin):
        twin.pass_by(75)
        assert witnessed(twin, daemon) == WHOLE
        twin.reach("15:32:00")
        daemon.wait_event("DayEnded")
        twin.reach("08:45:00", NEXT_DAY)
        daemon.wait(lambda: len(needed(daemon)) == 2, "needs a person again")
        daemon.log_in()
        twin.reach("09:10:30", NEXT_DAY)
        daemon.wait_event("DayOpened", day=NEXT_DAY)
        assert daemon.arm().status == 200
        twin.reach("09:14:59", NEXT_DAY)
        twin.pass_by(75)
        assert [each["complete"] for each in daemon.told("BasketEnded")] == [True, True]
        assert witnessed(twin, daemon) == WHOLE


@thorough
def test_a_daemon_that_is_killed_while_something_is_held_goes_on_with_its_session(tmp_path):
    """No person is needed: the session is sealed, and shown to the broker again."""
    with live_daemon(tmp_path) as (first, twin):
        twin.pass_by(25)
        first.wait_event("BasketEnded", complete=True)
        first.kill()
        with started_again(tmp_path, twin) as second:
            twin.pass_by(50)
            assert witnessed(twin, first, second) == WHOLE
            assert needed(second) == []
            assert second.told("EntryDecided") == []


@thorough
def test_a_strategy_trades_at_the_broker_and_in_its_shadow_by_one_decision(tmp_path):
    strategy = STRATEGY.replace("live = true", 'live = true\naccounts = ["zed", "shadow"]')
    with live_daemon(tmp_path, BOTH, strategy) as (daemon, twin):
        twin.pass_by(75)
        assert len(daemon.told("EntryDecided")) == 1
        assert [each["complete"] for each in daemon.told("BasketEnded")] == [True, True]
        accounts = {each["intent"]["account"] for each in daemon.told("IntentRecorded")}
        assert accounts == {"zed", "shadow"}
        assert witnessed(twin, daemon) == WHOLE


def alerted(daemon: LiveDaemon) -> list[tuple[str, str]]:
    """Of what a person is alerted now, and how gravely."""
    told = daemon.get("/api/alerts").document["alerts"]
    return [(each["code"], each["severity"]) for each in told if each["cleared_at"] is None]


def needed(daemon: LiveDaemon) -> list[str]:
    """How often a person was asked for."""
    return [line for line in daemon.lines if "session: " in line and "needs a person" in line]


@thorough
def test_a_shadow_trades_on_paper_by_live_prices_and_sends_no_order(tmp_path):
    with live_daemon(tmp_path, SHADOW) as (daemon, twin):
        twin.pass_by(75)
        daemon.wait_event("ExitFinished")
        assert daemon.lines[0].startswith("PAPER  on the market as it is")
        assert [each["complete"] for each in daemon.told("BasketEnded")] == [True]
        assert len(daemon.told("IntentRecorded")) >= 4
        assert twin.ask("GET", "book")["orders"] == []


FAULTS: dict[str, dict[str, Any]] = {
    "an order that times out and arrives late": {
        "kind": "timed_out",
        "on": "place",
        "arrives": "late",
        "late_ms": 8_000,
    },
    "a connection that drops before an order is booked": {
        "kind": "drop",
        "on": "place",
        "arrives": "never",
    },
    "a connection that drops once an order is booked": {
        "kind": "drop",
        "on": "place",
        "arrives": "now",
    },
    "a page for browsers": {"kind": "html", "on": "place", "arrives": "now"},
    "an error of the broker's": {"kind": "error", "on": "place", "arrives": "never"},
    "too many requests": {"kind": "too_many", "on": "place"},
    "an order that is rejected": {"kind": "reject", "on": "place"},
    "reads that fail": {"kind": "error", "on": "read", "count": 5},
    "an answer that is late": {"kind": "delay", "on": "place", "delay_ms": 1_500},
    "a socket that is torn down": {"kind": "drop_socket"},
    "a socket that is refused once": {"kind": "refuse_socket"},
    "pushes that come twice": {"kind": "duplicate_push", "count": 10},
    "pushes that never come": {"kind": "omit_push", "count": 10},
    "a ticker that freezes": {"kind": "freeze", "until": "2026-03-09T09:15:40"},
    "a ticker that shows heartbeats alone": {
        "kind": "freeze",
        "heartbeats": True,
        "until": "2026-03-09T09:15:40",
    },
}


@thorough
@pytest.mark.parametrize("before", ["entry", "exit"])
@pytest.mark.parametrize("name", FAULTS)
def test_whatever_goes_wrong_no_order_is_lost_or_twice_and_it_ends_flat(tmp_path, name, before):
    with live_daemon(tmp_path) as (daemon, twin):
        if before == "exit":
            twin.pass_by(30)
            daemon.wait_event("BasketEnded", complete=True)
        twin.ask("POST", "faults", **FAULTS[name])
        if FAULTS[name]["kind"] == "refuse_socket":  # it strikes at the next handshake
            twin.ask("POST", "faults", kind="drop_socket")
        twin.pass_by(100 if before == "entry" else 70)
        assert witnessed(twin, daemon) == WHOLE
        assert len(daemon.told("EntryDecided")) == 1
        struck = "count" in FAULTS[name] or twin.ask("GET", "faults")["faults"] == []
        assert struck, "what was to go wrong never did"
