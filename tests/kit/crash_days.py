"""A generated day on which the process is killed with -9, again and again, at random moments."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct

from daemon.storage.store import Store
from tests.kit import crashes
from tests.kit.crashes import Day
from tests.kit.daemon_process import DaemonProcess, NoAnswer, host_ns
from tests.kit.plans import ROOT

CRASHES = int(os.environ.get("ORDO_CRASHES", "3"))
MANY = CRASHES > 20
STORES = os.environ.get("ORDO_CRASH_STORES", "sqlite" if MANY else "sqlite,postgres").split(",")
"""Where the ledger is kept, in turns."""
SEED = int(os.environ.get("ORDO_CRASH_SEED", "1"))
"""How often the process is killed, and by which chance; many kills are those of `make crash`.

Where there are few, frames lie five seconds apart."""
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
ENVIRON = {
    "ORDO_ACCOUNTS__PAPER__CASH": "10000000",
    "ORDO_FEED__INTERVAL_MS": "0" if MANY else "5000",
}
SPEED = "120" if MANY else "max"


class Outcome(Struct):
    """What a day of crashes was like.

    Attributes:
        crashes: how often the process was killed.
        starting: how many of these fell before it was ready.
        at_facts: how many of these fell right after a fact was entered.
        fallen: how many of these were the end of a daemon that could not go on.
        pressed: a person has killed everything.
        ready_s: from spawn to ready, of each start.
        guarded_s: from spawn to guarded again, of each start that found a position.
        lines: what was said to people.
    """

    crashes: int = 0
    starting: int = 0
    at_facts: int = 0
    fallen: int = 0
    pressed: bool = False
    ready_s: list[float] = []
    guarded_s: list[float] = []
    lines: list[str] = []


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


def day(
    folder: Path, speed: str, environ: Mapping[str, str] = MappingProxyType({})
) -> DaemonProcess:
    """Start the day, or go on with it."""
    args = ("--until", DATE, "--speed", speed, *strategies(folder))
    return DaemonProcess(folder, *args, environ={**ENVIRON, **environ})


def undisturbed_day(folder: Path) -> Day:
    """Return the day as it is when nobody kills anything."""
    process = day(folder, "max")
    assert process.wait_end() == 0, process.log
    return crashes.read(process.state)


def disturbed_day(
    folder: Path,
    seed: int,
    environ: Mapping[str, str] = MappingProxyType({}),
    store: Store | None = None,
) -> tuple[Day, Outcome]:
    """Return the same day, killed again and again, and let go on to its end.

    Args:
        folder: where it runs.
        seed: of its moments.
        environ: more settings.
        store: where its ledger is; None: in the state folder.
    """
    rng, outcome = random.Random(seed), Outcome()
    while True:
        last = outcome.crashes == CRASHES
        hurried = last or not outcome.crashes  # nothing is left before the open to go on from
        process = day(folder, "max" if hurried else SPEED, environ)
        if not last:
            try:
                live(process, rng, outcome)
            finally:
                over = process.is_over()
                process.kill()
        if last or over:
            assert process.wait_end() == 0, process.log
        outcome.lines += process.lines
        if last or over:
            return crashes.read(process.state, store), outcome
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
        kind = FEW[outcome.crashes % len(FEW)]
        outcome.at_facts += fact_came(process, (kind,), len(process.events), patience_s=10.0)
        time.sleep(rng.uniform(0, 0.003))
    elif rng.random() < 0.6:
        kinds = MOMENTS if rng.random() < 0.7 else (rng.choice(MOMENTS),)
        outcome.at_facts += fact_came(process, kinds)
        time.sleep(rng.uniform(0, 0.003))
    else:
        time.sleep(rng.uniform(0.0, 1.0))


def fact_came(
    process: DaemonProcess, kinds: Sequence[str], known: int = 0, patience_s: float = 1.0
) -> bool:
    """Wait until such a fact is entered, for a while; say whether it was.

    Args:
        process: the daemon.
        kinds: of facts.
        known: how many facts that it has told do not count.
        patience_s: for how long.
    """
    until_ns = host_ns() + int(patience_s * 1e9)
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
