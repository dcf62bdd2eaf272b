"""A stop that rests at the broker, judged from the twin's own book: it follows, and never doubles.

The twin of Zerodha plays a morning in which a call costs 100 until it leaps to 123 at once. Our own
stop lies at 110, the one at the broker at 121.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.kit.deep_market import deep, recorded, still
from tests.kit.live_daemon import (
    LIVE,
    WHOLE,
    LiveDaemon,
    Twin,
    live_daemon,
    started_again,
    strategy,
    thorough,
    witnessed,
)
from tests.kit.plans import CALL

GUARDED = (
    CALL + "lots = 3\nstop = { percent = 10 }\n",
    "resident_stop = { beyond_percent = 10 }",
)
"""The leg and the orders of a strategy that sells three lots, whose stop rests at the broker."""
STRATEGY = strategy("09:15:05", "09:15:50", *GUARDED)
LOT = 65
BEYOND = {99.95: (120.95, 127.0), 100.0: (121.0, 127.05)}
"""Trigger and limit of the stop at the broker, by the price at which the leg was entered."""
LEAP = 30
"""So many seconds after the open the price leaps."""


def leap(second: int) -> float:
    """A price that leaps past both stops, and stays there."""
    return still(second) + (23 if second >= LEAP else 0)


@contextmanager
def guarded(folder: Path, course: Any = still) -> Iterator[tuple[LiveDaemon, Twin]]:
    """A daemon that holds three lots of a short call, whose stop rests at the broker."""
    market = ("--data", str(recorded(folder, 120, course)))
    with live_daemon(folder, LIVE, STRATEGY, market) as (daemon, twin):
        twin.pass_by(15)
        daemon.wait_event("BasketEnded", complete=True)
        daemon.wait(lambda: bool(stops(twin)), "has its stop at the broker")
        yield daemon, twin


def orders(twin: Twin) -> list[dict[str, Any]]:
    """Return the orders of the day as the twin has them, in the order in which they came."""
    found: list[dict[str, Any]] = twin.ask("GET", "book")["orders"]
    return found


def stops(twin: Twin) -> list[dict[str, Any]]:
    """Return those that wait for their trigger."""
    return [each for each in orders(twin) if each["status"] == "TRIGGER PENDING"]


def bought(twin: Twin) -> int:
    """Return the units that were bought."""
    purchases = [each for each in orders(twin) if each["transaction_type"] == "BUY"]
    return sum(each["filled_quantity"] for each in purchases)


def written(twin: Twin) -> list[dict[str, Any]]:
    """Return what was asked at the twin, in order."""
    found: list[dict[str, Any]] = twin.ask("GET", "book")["writes"]
    return found


def left_once(daemon: LiveDaemon, twin: Twin) -> None:
    """Wait until all is left; what was sold was bought once, so that nothing had to be sold again.

    An exit waits two seconds to hear what became of a stop, so time is not hurried here.
    """
    twin.follow_clock(100, lambda: bool(daemon.told("ExitFinished")))
    daemon.wait_event("ExitFinished")
    meant = [each["intent"] for each in daemon.told("IntentRecorded")]
    entries = {each["intent_id"] for each in meant if each["purpose"] == "entry"}
    sales = [each for each in orders(twin) if each["transaction_type"] == "SELL"]
    assert {each["tag"] for each in sales} <= entries
    assert bought(twin) == sum(each["filled_quantity"] for each in sales)
    assert (twin.ask("GET", "book")["held"], stops(twin)) == ([], [])
    assert witnessed(twin, daemon) == WHOLE


def test_a_stop_rests_on_the_wire_and_is_taken_back_before_the_exit_leaves(tmp_path):
    with guarded(tmp_path) as (daemon, twin):
        (stop,) = stops(twin)
        assert (stop["order_type"], stop["transaction_type"]) == ("SL", "BUY")
        lies = (stop["quantity"], stop["trigger_price"], stop["price"])
        sold = [each for each in orders(twin) if each["transaction_type"] == "SELL"]
        entry = next(each for each in sold if each["status"] == "COMPLETE")
        assert lies == (3 * LOT, *BEYOND[entry["average_price"]])
        twin.pass_by(45)
        daemon.wait_event("ExitFinished")
        sent = orders(twin)
        number = next(n for n, each in enumerate(sent) if each["order_type"] == "SL")
        asked = [each["what"] for each in written(twin)]
        placed = [n for n, what in enumerate(asked) if what == "place"]
        assert asked[placed[number] + 1 :][:2] == ["cancel", "place"]
        assert (sent[number]["status"], sent[-1]["status"]) == ("CANCELLED", "COMPLETE")
        assert bought(twin) == 3 * LOT
        assert witnessed(twin, daemon) == WHOLE


@thorough
def test_a_stop_follows_what_a_person_closes_of_its_leg(tmp_path):
    with guarded(tmp_path) as (daemon, twin):
        closed = daemon.post("/api/strategies/live-straddle/exit", {"leg_id": "ce", "lots": 1})
        assert closed.status in (200, 202), closed
        twin.pass_by(20)
        assert [each["quantity"] for each in stops(twin)] == [2 * LOT]
        assert [each["quantity"] for each in twin.ask("GET", "book")["held"]] == [-2 * LOT]
        twin.pass_by(30)
        assert bought(twin) == 3 * LOT
        assert witnessed(twin, daemon) == WHOLE


@thorough
def test_a_stop_that_fires_while_our_own_is_decided_is_the_exit(tmp_path):
    with guarded(tmp_path, leap) as (daemon, twin):
        twin.pass_by(LEAP - 17)
        left_once(daemon, twin)
        assert [each["quantity"] for each in orders(twin)] == [3 * LOT] * 2


UNANSWERED: dict[str, dict[str, Any]] = {
    "that never arrives": {"kind": "drop", "arrives": "never"},
    "that arrives all the same": {"kind": "drop", "arrives": "now"},
    "that arrives late": {"kind": "timed_out", "arrives": "late", "late_ms": 4_000},
    "that is refused": {"kind": "reject"},
}


@thorough
@pytest.mark.parametrize("how", UNANSWERED)
def test_an_exit_leaves_in_time_beside_a_cancellation(tmp_path, how):
    with guarded(tmp_path) as (daemon, twin):
        twin.ask("POST", "faults", on="cancel", **UNANSWERED[how])
        twin.pass_by(50)
        assert twin.ask("GET", "faults")["faults"] == [], "what was to go wrong never did"
        *_, left = [each for each in written(twin) if each["what"] == "place"]
        # The market is hurried, so one of its seconds may pass while the machine is busy.
        assert "2026-03-09T09:15:50" <= left["at"] <= "2026-03-09T09:15:55"
        assert stops(twin) == []
        assert bought(twin) == 3 * LOT
        assert witnessed(twin, daemon) == WHOLE


@thorough
def test_a_stop_that_fires_while_its_cancellation_is_unanswered_is_the_exit(tmp_path):
    """Our own stop is decided below its trigger; the market goes on to it meanwhile."""

    def climb(second: int) -> float:
        return still(second) + (0 if second < LEAP else 15 if second == LEAP else 23)

    with guarded(tmp_path, climb) as (daemon, twin):
        twin.ask("POST", "faults", on="cancel", kind="drop", arrives="never", count=3)
        twin.pass_by(LEAP - 17)
        left_once(daemon, twin)
        assert bought(twin) == 3 * LOT


@thorough
@pytest.mark.parametrize("course", [still, leap], ids=["it rests on", "it fires meanwhile"])
def test_a_daemon_that_is_killed_while_a_stop_rests_finds_it_again(tmp_path, course):
    with guarded(tmp_path, course) as (first, twin):
        first.kill()
        twin.pass_by(20)
        with started_again(tmp_path, twin) as second:
            twin.pass_by(30)
            assert stops(twin) == []
            assert bought(twin) == 3 * LOT
            assert witnessed(twin, first, second) == WHOLE


EVERY = 8
"""So many seconds lie between two lots that a thin market takes."""
HIT = 8 * EVERY
"""A second at which the market takes a lot, and the entry is done.

The entry is placed anew after each part, and may miss the lot that is shown meanwhile.
"""
SLOWLY_SOLD = strategy("09:15:05", "09:16:40", *GUARDED, timeout_ms=70_000)


def thin_until(end: int) -> Any:
    """A touch that shows a lot now and then, nothing in between, and from some second on enough."""
    return lambda second: deep(second) if second >= end else LOT * (second % EVERY == 0)


def leaps_at(at: int) -> Any:
    """A price that leaps past both stops at some second."""
    return lambda second: still(second) + (23 if second >= at else 0)


@contextmanager
def filling(folder: Path, course: Any, touch: Any) -> Iterator[tuple[LiveDaemon, Twin]]:
    """A daemon that is about to sell three lots, as a thin market takes them."""
    market = ("--data", str(recorded(folder, 150, course, touch)))
    with live_daemon(folder, LIVE, SLOWLY_SOLD, market) as (daemon, twin):
        twin.pass_by(5)
        yield daemon, twin


def short(twin: Twin) -> int:
    """Return the units that are short."""
    return -sum(each["quantity"] for each in twin.ask("GET", "book")["held"])


def grown(twin: Twin, units: int) -> None:
    """Wait for a part of the entry, and see stops of as many units rest before the next part."""
    for _ in range(3 * EVERY):
        twin.pass_by(1)
        rests, held = sum(each["quantity"] for each in stops(twin)), short(twin)
        assert rests <= held, "more rests than is short"
        assert held <= units, f"stops of {rests} units rest, and the market took the next lot"
        if rests == units:
            return
    raise AssertionError(f"stops of {rests} units rest, of {units} that are short")


@thorough
def test_a_stop_more_rests_for_each_part_of_an_entry_and_all_are_taken_back(tmp_path):
    with filling(tmp_path, still, thin_until(HIT)) as (daemon, twin):
        for lots in (1, 2, 3):
            grown(twin, lots * LOT)
        assert [each["quantity"] for each in stops(twin)] == [LOT] * 3
        left_once(daemon, twin)
        fired = [each for each in orders(twin) if each["order_type"] == "SL"]
        assert [each["status"] for each in fired] == ["CANCELLED"] * 3


@thorough
@pytest.mark.parametrize(
    ("touch", "of_stops"),
    [(thin_until(HIT), 3 * LOT), (thin_until(HIT + 4), LOT)],
    ids=["all at once", "one of them first"],
)
def test_stops_of_the_parts_of_an_entry_are_hit_and_nothing_is_left_twice(
    tmp_path, touch, of_stops
):
    with filling(tmp_path, leaps_at(HIT), touch) as (daemon, twin):
        for lots in (1, 2, 3):
            grown(twin, lots * LOT)
        left_once(daemon, twin)
        fired = [each for each in orders(twin) if each["order_type"] == "SL"]
        assert sum(each["filled_quantity"] for each in fired) >= of_stops
        assert bought(twin) == 3 * LOT


@thorough
def test_a_stop_of_a_part_is_hit_before_the_rest_of_the_entry_fills_and_all_is_left(tmp_path):
    """The price leaps past what the entry asks as well, so more of it fills as the stop does."""
    with filling(tmp_path, leaps_at(3 * EVERY), thin_until(3 * EVERY + 4)) as (daemon, twin):
        grown(twin, LOT)
        left_once(daemon, twin)
        assert sum(each["filled_quantity"] for each in orders(twin) if each["order_type"] == "SL")
