"""kill -9 at random moments of a generated day: it ends as the day that nobody disturbed.

`make test` does it a few times on the preset day; `make crash` 200 times on a day of five
strategies (`ORDO_CRASHES`), and writes what it counted to `build/test/crash.json`.

What is compared: every strategy's fills with their prices, its exits with reason and profit, its
levels in their order, and what the journal enters of it, from the first instant and once more from
the last restart on. One thing may differ: an order whose intent was committed, and the process
killed before the request left, is by design never sent again but looked for, parked and told. Its
strategy's day is another one from there on; it is counted, ends flat, and is compared up to there.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec import Struct

from tests.kit import crashes
from tests.kit.commands import told
from tests.kit.crashes import Day, Span
from tests.kit.daemon_process import DaemonProcess, NoAnswer, host_ns
from tests.kit.plans import ROOT

pytestmark = pytest.mark.timeout(2_400 if "ORDO_CRASHES" in os.environ else 300)
CRASHES = int(os.environ.get("ORDO_CRASHES", "3"))
MANY = CRASHES > 20
SEED = int(os.environ.get("ORDO_CRASH_SEED", "1"))
DATE = "2026-03-09"
SHIPPED = "nifty-short-straddle"
LATER = {"ten": "10:00:00", "eleven": "11:10:00", "noon": "12:20:00", "two": "14:00:00"}
MOMENTS = (
    "EntryDecided",
    "BasketOpened",
    "IntentRecorded",
    "OrderAccepted",
    "OrderUpdated",
    "PositionChanged",
    "LevelMoved",
    "ExitDecided",
    "ExitOwed",
    "ExitFinished",
)
"""Facts that are entered and not yet durable when they are told: a kill just then cuts there."""
FEW = ("PositionChanged", "LevelMoved", "ExitDecided")
"""In the entry, once it locks, and in an exit, where there are few crashes."""
ENVIRON = {"ORDO_ACCOUNTS__PAPER__CASH": "10000000"}
SPEED = "120" if MANY else "max"


class Outcome(Struct):
    """What a day of crashes was like.

    Attributes:
        crashes: how often the process was killed.
        starting: how many of these fell before it was ready.
        at_facts: how many of these fell right after a fact was entered.
        ready_s: from spawn to ready, of each start.
        guarded_s: from spawn to guarded again, of each start that found a position.
    """

    crashes: int = 0
    starting: int = 0
    at_facts: int = 0
    ready_s: list[float] = []
    guarded_s: list[float] = []


def strategies(folder: Path) -> list[str]:
    """Return the options that name what is traded; later straddles are written to the folder."""
    names = [SHIPPED]
    if MANY:
        text = (ROOT / "strategies" / "nifty_short_straddle.toml").read_text()
        for name, entry in LATER.items():
            file = folder / f"{name}.toml"
            own = text.replace(f'id = "{SHIPPED}"', f'id = "{name}"').replace("09:20:00", entry)
            file.write_text(own.replace("atm = 0", f"atm = {len(names)}"))
            names.append(file.name)
    return [part for name in names for part in ("--strategy", name)]


def day(folder: Path, speed: str) -> DaemonProcess:
    args = ("--until", DATE, "--speed", speed, *strategies(folder))
    return DaemonProcess(folder, *args, environ=ENVIRON)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Day:
    folder = tmp_path_factory.mktemp("undisturbed")
    process = day(folder, "max")
    assert process.wait_end() == 0, process.log
    return crashes.read(process.state)


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory) -> tuple[Day, Outcome, Path]:
    """The same day, killed again and again, and let go on to its end."""
    folder = tmp_path_factory.mktemp("disturbed")
    rng, outcome = random.Random(SEED), Outcome()
    while True:
        last = outcome.crashes == CRASHES
        hurried = last or not outcome.crashes  # nothing is left before the open to go on from
        process = day(folder, "max" if hurried else SPEED)
        if not last:
            try:
                live(process, rng, outcome)
            finally:
                over = process.is_over()
                process.kill()
        if last or over:
            assert process.wait_end() == 0, process.log
            return crashes.read(process.state), outcome, folder
        outcome.crashes += 1


def live(process: DaemonProcess, rng: random.Random, outcome: Outcome) -> None:
    """Let a process live until its random moment."""
    if MANY and not outcome.crashes:
        process.wait_event("DayOpened")
        return
    if MANY and rng.random() < 0.1:
        outcome.starting += 1
        time.sleep(rng.uniform(0.2, 1.5))
        return
    process.wait(lambda: bool(process.ready_ns) or process.is_over(), "is ready or over")
    if process.is_over():
        return
    outcome.ready_s.append((process.ready_ns - process.spawned_ns) / 1e9)
    if rng.random() < 0.5:
        guarded_s = guarded_again(process)
        if guarded_s:
            outcome.guarded_s.append(guarded_s)
    if not MANY:
        outcome.at_facts += fact_came(process, (FEW[outcome.crashes % len(FEW)],))
        time.sleep(rng.uniform(0, 0.003))
    elif rng.random() < 0.6:
        kinds = MOMENTS if rng.random() < 0.7 else (rng.choice(MOMENTS),)
        outcome.at_facts += fact_came(process, kinds)
        time.sleep(rng.uniform(0, 0.003))
    else:
        time.sleep(rng.uniform(0.0, 1.0))


def fact_came(process: DaemonProcess, kinds: Sequence[str]) -> bool:
    """Wait until such a fact is entered, for a while; say whether it was."""
    known = 0 if MANY else len(process.events)
    until_ns = host_ns() + (10**9 if MANY else 10**10)
    seen = False

    def came() -> bool:
        nonlocal seen
        seen = any(each["event"] in kinds for each in process.events[known:])
        return seen or process.is_over() or host_ns() >= until_ns

    process.wait(came, f"enters one of {kinds}")
    return seen


def guarded_again(process: DaemonProcess) -> float:
    """Return how long after its spawn every open leg was guarded, in s; 0: nothing was open."""
    while not process.is_over():
        try:
            snapshot = process.get("/api/portfolio/snapshot").document
        except NoAnswer:  # its day was over just then
            return 0.0
        if not any(held["quantity"] for held in snapshot["positions"]):
            return 0.0
        legs = [leg for each in snapshot["strategies"] for leg in each["legs"] if leg["quantity"]]
        if legs and all(leg["guarded"] for leg in legs):
            return (host_ns() - process.spawned_ns) / 1e9
        time.sleep(0.005)
    return 0.0


def test_the_record_of_a_day_of_crashes_is_whole(disturbed):
    _, outcome, folder = disturbed
    done = told("audit", "verify", "--ledger", folder / "state" / "ledger.sqlite")

    assert (done.code, done.err) == (0, "")
    assert outcome.crashes == CRASHES


def test_no_client_order_id_is_ever_sent_twice(disturbed):
    crashed, *_ = disturbed

    assert crashed.orders
    assert crashes.sent_twice(crashed) == []


def test_the_book_of_the_exchange_is_ours_and_both_are_flat_at_the_end(undisturbed, disturbed):
    for each in (undisturbed, disturbed[0]):
        assert crashes.ours(each) == crashes.theirs(each) == {}


def test_every_strategy_trades_leaves_and_moves_its_levels_as_if_nothing_had_been(
    undisturbed, disturbed
):
    crashed, *_ = disturbed
    cut = crashes.cut_strategies(crashed)

    assert crashes.strategies(crashed) == crashes.strategies(undisturbed)
    for name in crashes.strategies(undisturbed):
        for of in (crashes.fills, crashes.exits, crashes.moves):
            wanted, got = of(undisturbed, name), of(crashed, name)
            assert wanted
            if name not in cut:
                assert got == wanted, (name, of.__name__)


def test_the_journal_is_that_of_the_undisturbed_day(undisturbed, disturbed):
    """As a whole, and from the last restart on; by strategy, without those that were cut."""
    crashed, *_ = disturbed
    cut, unordered = crashes.cut_strategies(crashed), crashes.started_in(crashed)
    for after_ns in (0, crashed.last_start_ns):
        span = Span(after_ns, cut, unordered)
        wanted = crashes.journal(undisturbed, span)
        assert wanted
        assert crashes.journal(crashed, span) == wanted


def test_an_order_that_was_never_sent_takes_its_strategy_to_flat(undisturbed, disturbed):
    """Up to the cut all was equal; and what came after never held more than was wanted."""
    crashed, *_ = disturbed
    for name in crashes.cut_strategies(crashed):
        cut_ns = min(f.at_ns for f in crashes.cut_intents(crashed) if f.intent.strategy_id == name)
        assert crashes.fills_until(crashed, name, cut_ns) == crashes.fills_until(
            undisturbed, name, cut_ns
        )
        most = max(abs(f[2] - f[4]) for f in crashes.fills(undisturbed, name))
        assert all(abs(f[2] - f[4]) <= most for f in crashes.fills(crashed, name))


def test_a_day_that_is_over_is_not_played_again(disturbed):
    """Another start finds nothing left to do before `--until`."""
    crashed, _, folder = disturbed
    process = day(folder, "max")

    assert process.wait_end() == 0, process.log
    assert crashes.read(process.state).orders == crashed.orders


def test_what_was_counted_is_written_down(disturbed):
    crashed, outcome, _ = disturbed
    figures = {
        "crashes": outcome.crashes,
        "while_starting": outcome.starting,
        "right_after_a_fact": outcome.at_facts,
        "orders": len(crashed.orders),
        "cut_intents": len(crashes.cut_intents(crashed)),
        "cut_strategies": sorted(crashes.cut_strategies(crashed)),
        "starts_that_found_a_position": len(outcome.guarded_s),
        "ready_s": spread(outcome.ready_s),
        "guarded_again_s": spread(outcome.guarded_s),
    }
    out = ROOT / "build" / "test"
    out.mkdir(parents=True, exist_ok=True)
    (out / "crash.json").write_text(json.dumps(figures, indent=2) + "\n")
    sys.stdout.write(json.dumps(figures) + "\n")

    assert figures["crashes"]


def spread(seconds: list[float]) -> dict[str, float]:
    return {f"p{percent}": round(crashes.percentile(seconds, percent), 3) for percent in (50, 99)}
