"""A generated day on which the process is killed with -9, again and again, at random moments."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from datetime import date, time
from pathlib import Path
from time import sleep
from types import MappingProxyType

from msgspec import Struct

from daemon.domain.instants import SECOND_NS, at
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
SPEEDS = (5, 240)
"""Many kills are spread over the day: it goes on so fast at least, and at most."""
LIFE_S = 0.6
"""So long a life goes on with the day, on the average."""
KILLED_UNTIL_NS = at(date.fromisoformat(DATE), time(15, 10))
GUARDED_S = 5.0
"""For so long a life waits until all that is open is guarded again."""


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
        unguarded: how many starts left a position unguarded for as long as was waited.
        lines: what was said to people.
        reached_ns: how far the market has come.
    """

    crashes: int = 0
    starting: int = 0
    at_facts: int = 0
    fallen: int = 0
    pressed: bool = False
    ready_s: list[float] = []
    guarded_s: list[float] = []
    unguarded: int = 0
    lines: list[str] = []
    reached_ns: int = 0


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

    Raises:
        AssertionError: the day was over before it was killed so often, or it ended otherwise.
    """
    rng, outcome = random.Random(seed), Outcome()
    while True:
        last = outcome.crashes == CRASHES
        hurried = last or not outcome.crashes  # nothing is left before the open to go on from
        process = day(folder, "max" if hurried else speed(outcome), environ)
        if not last:
            try:
                live(process, rng, outcome)
            finally:
                over = process.is_over()
                process.kill()
        if last or over:
            assert process.wait_end() == 0, process.log
        outcome.lines += process.lines
        told = (each["fact"].get("at_ns", 0) for each in process.events)
        outcome.reached_ns = max(outcome.reached_ns, *told, 0)
        assert last or not over, f"the day was over after {outcome.crashes} kills of {CRASHES}"
        if last:
            return crashes.read(process.state, store), outcome
        outcome.crashes += 1


def speed(outcome: Outcome) -> str:
    """Return how fast the day goes on, so that the kills that are left fill what is left of it."""
    if not MANY:
        return "max"
    left_s = (KILLED_UNTIL_NS - outcome.reached_ns) / SECOND_NS
    least, most = SPEEDS
    return str(round(min(most, max(least, left_s / (CRASHES - outcome.crashes) / LIFE_S))))


def live(process: DaemonProcess, rng: random.Random, outcome: Outcome) -> None:
    """Let a process live until its random moment."""
    if MANY and not outcome.crashes:
        process.wait_event("DayOpened")
        return
    if MANY and rng.random() < 0.1:
        outcome.starting += 1
        sleep(rng.uniform(0.2, 1.5))
        return
    process.wait(lambda: bool(process.ready_ns) or process.is_over(), "is ready or over")
    if process.is_over():
        return
    outcome.ready_s.append((process.ready_ns - process.spawned_ns) / 1e9)
    if rng.random() < 0.5:
        guarded_again(process, outcome)
    if not MANY:
        kind = FEW[outcome.crashes % len(FEW)]
        outcome.at_facts += fact_came(process, (kind,), len(process.events), patience_s=10.0)
        sleep(rng.uniform(0, 0.003))
    elif rng.random() < 0.6:
        kinds = MOMENTS if rng.random() < 0.7 else (rng.choice(MOMENTS),)
        outcome.at_facts += fact_came(process, kinds)
        sleep(rng.uniform(0, 0.003))
    else:
        sleep(rng.uniform(0.0, 1.0))


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


def guarded_again(process: DaemonProcess, outcome: Outcome) -> None:
    """Wait until every open leg is guarded, for a while, and note how long after its spawn it was.

    A leg whose purchase is in doubt is not guarded for a while of market time; a life that waited
    for that without end would play the day to its end.
    """
    until_ns = host_ns() + int(GUARDED_S * 1e9)
    while not process.is_over():
        try:
            snapshot = process.get("/api/portfolio/snapshot").document
        except NoAnswer:  # its day was over just then
            return
        if not any(held["quantity"] for held in snapshot["positions"]):
            return
        legs = [leg for each in snapshot["strategies"] for leg in each["legs"] if leg["quantity"]]
        if legs and all(leg["guarded"] for leg in legs):
            outcome.guarded_s.append((host_ns() - process.spawned_ns) / 1e9)
            return
        if host_ns() >= until_ns:
            outcome.unguarded += 1
            return
        sleep(0.005)
