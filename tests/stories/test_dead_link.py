"""A ticker that is frozen while the market runs through a stop: what is held is asked for.

The twin of Zerodha plays a morning in which a call costs 100 until it leaps to 123 at once, with
nobody there to tell of it. Our stop lies at 110.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.deep_market import recorded, still, two_exchanges
from tests.kit.live_daemon import (
    LIVE,
    SHADOW,
    WHOLE,
    LiveDaemon,
    Twin,
    live_daemon,
    strategy,
    thorough,
    witnessed,
)
from tests.kit.plans import CALL

HOURS, ONCE = ("09:15:05", "09:16:50"), "unfilled_after_ms = 10000"
LEG = CALL + "lots = 3\nstop = { percent = 10 }\n"
STRATEGY = strategy(*HOURS, LEG, ONCE)
LONG = strategy(*HOURS, LEG.replace("sell", "buy"), ONCE)
BESIDE = STRATEGY.replace("live-straddle", "beside").replace("NIFTY", "SENSEX")
"""Of the other exchange, so that its prices are shown."""
FROZEN, LEAP = 15, 36
"""So many seconds after the open the ticker freezes, and the price leaps."""
ASKED = "what is held is priced by asking for it"


def leap(second: int) -> float:
    """A price that leaps past the stop, and stays there."""
    return still(second) + (23 if second >= LEAP else 0)


def fall(second: int) -> float:
    """One that falls as far, past the stop of whoever bought."""
    return still(second) - (23 if second >= LEAP else 0)


def notes(daemon: LiveDaemon) -> list[str]:
    """What a person was told of the prices."""
    return [each["text"] for each in daemon.told("Noted")]


def is_asked(daemon: LiveDaemon) -> bool:
    """Whether whoever looks at what is held is told that its quotes are asked for."""
    return bool(daemon.get("/api/portfolio/snapshot").document["quotes_asked"])


def frozen(daemon: LiveDaemon, twin: Twin, **fault: Any) -> None:
    """Enter, freeze the ticker, and come to where the market has leapt for some seconds."""
    twin.pass_by(FROZEN)
    daemon.wait_event("BasketEnded", complete=True)
    twin.ask("POST", "faults", kind="freeze", **fault)
    twin.pass_by(LEAP - FROZEN - 4)
    daemon.wait_event("LinkDied")
    twin.follow_clock(2, until=lambda: is_asked(daemon))
    assert is_asked(daemon)
    twin.follow_clock(10, until=lambda: bool(daemon.told("ExitFinished")))


@pytest.mark.parametrize(
    ("settings", "plan", "course"),
    [
        (LIVE, STRATEGY, leap),
        pytest.param(LIVE, LONG, fall, marks=thorough),
        pytest.param(SHADOW, STRATEGY, leap, marks=thorough),
    ],
    ids=["live", "live and long", "on paper"],
)
def test_a_stop_is_taken_from_a_quote_that_was_asked_for_while_the_ticker_is_frozen(
    tmp_path, settings, plan, course
):
    market = ("--data", str(recorded(tmp_path, 120, course)))
    with live_daemon(tmp_path, settings, plan, market) as (daemon, twin):
        frozen(daemon, twin)
        daemon.wait_event("ExitFinished")
        (exit_,) = daemon.told("ExitDecided")
        assert exit_["reason"] == "stop"
        assert daemon.told("LinkRevived") == []
        assert [text for text in notes(daemon) if ASKED in text]
        if settings is LIVE:
            assert witnessed(twin, daemon) == WHOLE


@thorough
def test_without_an_answer_nothing_is_judged_and_the_stop_is_taken_once_the_ticker_lives(tmp_path):
    market = ("--data", str(recorded(tmp_path, 120, leap)))
    with live_daemon(tmp_path, LIVE, STRATEGY, market) as (daemon, twin):
        twin.ask("POST", "faults", kind="error", status=502, on="read", path="/quote", count=10**6)
        frozen(daemon, twin)
        assert daemon.told("ExitDecided") == []
        assert [text for text in notes(daemon) if "what is held is not priced" in text]
        twin.ask("DELETE", "faults")
        twin.pass_by(20)
        daemon.wait_event("ExitFinished")
        assert [each["reason"] for each in daemon.told("ExitDecided")] == ["stop"]
        assert witnessed(twin, daemon) == WHOLE


@thorough
def test_what_is_held_is_asked_for_where_one_exchange_stands_still_and_another_trades_on(tmp_path):
    market = ("--data", str(two_exchanges(tmp_path, 120, 20)))
    with live_daemon(tmp_path, LIVE, STRATEGY, market, BESIDE) as (daemon, twin):
        twin.pass_by(FROZEN)
        daemon.wait_event("BasketEnded", complete=True)
        twin.pass_by(LEAP - FROZEN)
        daemon.wait_event("LinkDied")
        twin.follow_clock(12, until=lambda: is_asked(daemon))
        assert is_asked(daemon)
        assert [text for text in notes(daemon) if "the indices of NSE are of 09:15:1" in text]
        assert [text for text in notes(daemon) if ASKED in text]
