"""Recorded days played for tests: through the pump or as tasks, with everything they recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct

from daemon.app import App, Run, accounts_of, build
from daemon.backtest.report import Document, report
from daemon.backtest.run import tell_of
from daemon.domain.market.notes import NoteKind
from daemon.domain.plans.parsing import parse
from daemon.domain.plans.schema import Plan
from daemon.domain.risk.moves import LevelMoved
from daemon.feeds.formats.words import ReplayOptions
from daemon.feeds.replay import open_recording
from daemon.feeds.sample import sample_path
from daemon.messages import (
    BasketEnded,
    BasketOpened,
    EntryDecided,
    ExitDecided,
    ExitFinished,
    ExitOwed,
    PositionChanged,
)
from daemon.runtime.clock import MonotonicClock, VirtualClock
from daemon.runtime.pace import Pace
from daemon.runtime.pump import Pump
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.tasks_standing import StandingTasks
from daemon.settings import Settings
from daemon.storage.memory import MemoryLedger
from daemon.worlds import front_expiry

DECISIONS = (
    *(EntryDecided, BasketOpened, BasketEnded, PositionChanged),
    *(LevelMoved, ExitDecided, ExitOwed, ExitFinished),
)
"""The facts that say what was decided, and what came of it."""
REAL_DAY = "chain_snapshots/nse_chain_NIFTY_20250829.parquet"
HOLIDAY = "chain_snapshots/nse_chain_NIFTY_20250827.parquet"
DAYS_2019 = "chain_snapshots/nse_chain_NIFTY_2019-05_07_15min.parquet"
STRADDLE = """\
id = "day"
underlying = "NIFTY"
[entry]
at = "09:30:30"
[exit]
at = "15:29:30"
"""
LEG = """\
[[legs]]
id = "{}"
side = "sell"
instrument = "{}"
lots = 1
expiry = {{ date = 2025-09-02 }}
strike = {{ exact = 24550 }}
stop = {{ percent = 400 }}
"""
LEGS = LEG.format("ce", "CE") + LEG.format("pe", "PE")
LOCK = "lock_and_trail = { at = 1500, lock = 750, every = 250, by = 200 }\n"


class Played(Struct, frozen=True):
    """What a run recorded."""

    plans: tuple[Plan, ...]
    facts: tuple[Any, ...]
    journal_sha256: str

    def told(self, *kinds: type) -> list[Any]:
        """Return the facts of these kinds, in order."""
        return [fact for fact in self.facts if isinstance(fact, kinds)]

    def document(self) -> Document:
        """Return the report of the first strategy."""
        return report(self.plans[0], self.facts, self.journal_sha256)

    def day(self) -> Document:
        """Return the only day of the report."""
        (day,) = self.document()["days"]
        return day


def straddle(*, mark: str = "touch", risk: str = "", old: str = "", new: str = "") -> Plan:
    """Return the plan of the real day, with one piece of its text replaced by another."""
    text = STRADDLE + LEGS + f'[risk]\nmark = "{mark}"\n{risk}'
    assert text.count(old) == 1 or not old, f"{old!r} does not stand there once"
    return parse(text.replace(old, new) if old else text)


def play(path: Path, *plans: Plan, days: Sequence[date] = ()) -> Played:
    """Play days of a recording through the pump."""
    clock = VirtualClock()

    def through(app: App, ledger: MemoryLedger) -> None:
        pump = Pump(Supervisor(app.specs, ledger), ledger, app.around, clock)
        for step in app.world.steps():
            pump.tell(step.to, step.message, step.at_ns)

    return _played(path, plans, days, clock.now_ns, through)


def play_as_tasks(path: Path, *plans: Plan, days: Sequence[date] = ()) -> Played:
    """Play days of a recording as tasks of an event loop, without waiting."""
    pace = Pace(MonotonicClock(), None)

    async def conduct(app: App, ledger: MemoryLedger) -> None:
        async with StandingTasks(Supervisor(app.specs, ledger), ledger, app.around, pace) as tasks:
            for step in app.world.steps():
                if step.jump:
                    pace.jump(step.at_ns)
                await tasks.tell(step.to, step.message, step.at_ns)

    def through(app: App, ledger: MemoryLedger) -> None:
        asyncio.run(conduct(app, ledger))

    return _played(path, plans, days, pace.now_ns, through)


def sample() -> Path:
    """Return the small day that comes with Ordo."""
    return sample_path()


def notes(day: Document, kind: NoteKind) -> list[tuple[str, str]]:
    """Return the notes of one kind: time of day and text."""
    return [(note["at"][11:19], note["text"]) for note in day["notes"] if note["kind"] == kind]


def dropped(day: Document, kind: NoteKind) -> int:
    """Return how many frames a day's notes say were dropped for one reason."""
    texts = [text for _, text in notes(day, kind)]
    sums = [text for text in texts if "frames were dropped today" in text]
    return int(sums[0].split()[0].replace(",", "")) if sums else len(texts)


def _played(
    path: Path,
    plans: tuple[Plan, ...],
    days: Sequence[date],
    now_ns: Callable[[], int],
    through: Callable[[App, MemoryLedger], None],
) -> Played:
    recording = open_recording(path, ReplayOptions(front=front_expiry))
    try:
        chosen, ledger = days or recording.days(), MemoryLedger("owner")
        tell_of(recording, chosen, ledger)
        run = Run(recording, chosen, epoch=1)
        through(build(accounts_of(Settings(), strict=False), plans, run, now_ns, None), ledger)
        ledger.flush()
        return Played(plans, tuple(ledger.facts()), ledger.journal_sha256())
    finally:
        recording.close()
