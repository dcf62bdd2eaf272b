"""The month bench: the whole daemon, unattended, over a month of generated days at full speed.

Three accounts, four strategies, no faults. At each close the books are compared and memory is
read; while anything is open, each watchdog is asked before each frame whether it is guarded.
"""

from __future__ import annotations

import os
import signal
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from msgspec import Struct
from msgspec.structs import replace

from daemon.app import accounts_of
from daemon.app.at_brokers.accounts import watchdog_of
from daemon.app.given.assignment import Assignment, GeneratedDays
from daemon.app.given.records import Records
from daemon.app.given.runs import Run
from daemon.app.given.wiring import App, cells_of
from daemon.app.service import Service
from daemon.bench.month_books import OurBooks, their_day
from daemon.bench.month_marks import Close, Guards, asked, slope_kb
from daemon.bench.rig import condor_legs, on_its_own
from daemon.domain.instants import MILLISECOND_NS, SECOND_NS, moment_of
from daemon.domain.money import E4
from daemon.domain.orders.words import IntentRecorded, OrderFact
from daemon.domain.plans.parsing import parse
from daemon.domain.plans.schema import Plan
from daemon.errors import OrdoError
from daemon.messages import AlertRaised, BooksDiffer, FrameArrived
from daemon.messages.jobs import Job, JobDone
from daemon.messages.modes import Modes
from daemon.runtime.clock import MonotonicClock
from daemon.runtime.pace import Pace
from daemon.runtime.words import ActorDisarmed, DeadLetter, Origin
from daemon.settings import Account, Daemon, Feed, JobSettings, LedgerSettings, Settings, Web
from daemon.storage.audit import verify
from daemon.storage.emergency import GuardedLedger
from daemon.storage.sqlite import SqliteStore
from daemon.twin.file import TwinFile
from daemon.worlds import GeneratedMarket, begins_ns

NAME = "month"
SESSIONS = 22
ACCOUNTS = {"one": 1, "two": 2, "three": 3}
"""How many times the lots of a strategy each account trades.

Three times the lots of far strikes are more than the made market takes at once, so the third
account trades none: an exit that waits for a buyer is overdue, and that is no fault of a guard.
"""
SENSEX_CONDOR = (
    """
id = "sensex-iron-condor"
underlying = "SENSEX"
[entry]
at = "10:00:00"
max_spread = { percent = 10 }
[exit]
at = "15:10:00"
"""
    + condor_legs(hedges=("atm = 10", "atm = 10"), shorts=("atm = 5", "atm = 5"))
    + """
[risk]
stop = { rupees = 3000 }
lock_and_trail = { at = 1000, lock = 500, every = 250, by = 200 }
"""
)
_SHIPPED = Path(__file__).parents[2] / "strategies"
_TRADED: Mapping[str, tuple[str, ...]] = {
    "nifty_short_straddle": ("one", "two", "three"),
    "nifty_iron_condor": ("one", "two"),
    "sensex_short_strangle": ("one", "three"),
}
_READ_EVERY_NS = 5 * SECOND_NS
_CASH_E4 = 10_000_000 * E4
_KEEP_DAYS = 365
_AMISS = (DeadLetter, ActorDisarmed, BooksDiffer)


class Load(Struct, frozen=True):
    """How much: so many sessions, frames so far apart, on a disk that may take so long."""

    sessions: int = SESSIONS
    interval_ms: int = 5_000
    flush_ms: int = LedgerSettings().flush_ms


class Month(Service):
    """A daemon under watch for as long as its market goes on.

    Args:
        given: what it runs.
    """

    def __init__(self, given: Assignment) -> None:
        self.frames = 0
        self.orders = Counter[str]()
        self.jobs: list[JobDone] = []
        self.closes: list[Close] = []
        self.guards = Guards()
        self.alerts: list[str] = []
        self.amiss: list[str] = []
        self._ours = OurBooks(each.id for each in given.accounts)
        self._theirs: Mapping[str, TwinFile] = {}
        super().__init__(given, self, Pace(MonotonicClock(), None), self._over)

    def begin(self, modes: Modes) -> None:
        """Look away: all is on paper."""

    def ready(self, url: str) -> None:
        """Look away: nobody comes in."""

    def say(self, text: str) -> None:
        """Hear what a person would be told; an alert is amiss."""
        if text.startswith("ALERT"):
            self.amiss.append(text)

    def show(self, view: object) -> None:
        """Look away: what is shown is for people."""

    def tell(self, fact: object, origin: Origin, at_ns: int) -> None:  # noqa: ARG002
        """Note what was recorded; a day is over once its ledger was backed up."""
        if isinstance(fact, OrderFact):
            self._ours.hear(fact)
        match fact:
            case IntentRecorded(intent):
                self.orders[intent.account] += 1
            case JobDone(job, day):
                self.jobs.append(fact)
                if job is Job.BACKUP:
                    self._close(day)
            case AlertRaised(condition=told):
                moment = f"{moment_of(at_ns):%Y-%m-%d %H:%M:%S}"
                self.alerts.append(f"{moment} {told.account} {told.code}: {told.sentence}")
            case _ if isinstance(fact, _AMISS):
                self.amiss.append(str(fact)[:500])

    def _close(self, day: date) -> None:
        ours, trades, differences = self._ours.close(), dict[str, int](), list[str]()
        for account, file in self._theirs.items():
            theirs = their_day(file.load().trades, day)
            trades[account] = len(theirs.traded)
            told = ours[account].differences(theirs)
            differences += [f"{day} {account}: {each}" for each in told]
        self.closes.append(Close(day, _resident_kb(), trades, differences))

    def _begun(self, kept: Records) -> Run:
        run = super()._begun(kept)
        self._theirs = run.twin_files
        return run

    def _wired(self, kept: Records) -> App:
        app = super()._wired(kept)
        watchdogs = {watchdog_of(cell) for cell in cells_of(self._given.accounts, self._modes.home)}
        specs = tuple(
            asked(spec, self.guards.look) if spec.name in watchdogs else spec for spec in app.specs
        )
        outside = app.around.outside

        def counted(message: Any, at_ns: int) -> Any:
            self.frames += type(message) is FrameArrived
            return outside(message, at_ns)

        return replace(app, specs=specs, around=replace(app.around, outside=counted))

    def _over(self, ledger: GuardedLedger, asked_for: signal.Signals | None) -> None:
        """Note how its run came to its end."""
        if ledger.failed_because:
            self.amiss.append(f"the ledger failed: {ledger.failed_because}")
        if asked_for is not None:
            self.amiss.append(f"ended by {asked_for.name}")


def bench(load: Load | None = None) -> dict[str, Any]:
    """Live through a month, and return what was measured; `amiss` says what was wrong."""
    return on_its_own(partial(_measure, load or Load()))


async def _measure(load: Load, folder: Path) -> dict[str, Any]:
    clock = MonotonicClock()
    month = Month(given(load, folder))
    began_ns = clock.now_ns()
    await month.run()
    wall_s = (clock.now_ns() - began_ns) / SECOND_NS
    return _told(load, month, folder) | {"wall_s": round(wall_s, 1)}


def given(load: Load, folder: Path) -> Assignment:
    """Return what is run: three accounts, four strategies, and so many generated days."""
    settings = Settings(
        daemon=Daemon(state_dir=folder),
        web=Web(enabled=False),
        feed=Feed(interval_ms=load.interval_ms, speed_e4=0),
        jobs=JobSettings(keep_backups_days=_KEEP_DAYS),
        ledger=LedgerSettings(flush_ms=load.flush_ms),
        accounts=tuple(
            Account(id=name, broker="paper", cash_e4=_CASH_E4, lots_multiplier=times)
            for name, times in ACCOUNTS.items()
        ),
    )
    feed, plans = settings.feed, _plans()
    market = GeneratedMarket(feed.seed, feed.first_day, feed.interval_ms * MILLISECOND_NS)
    days = list(islice(market.days(), load.sessions))
    return Assignment(
        settings=settings,
        accounts=tuple(
            replace(each, terms=replace(each.terms, reconcile_ns=_READ_EVERY_NS))
            for each in accounts_of(settings, strict=False)
        ),
        plans=plans,
        taking=frozenset(plan.id for plan in plans),
        played=GeneratedDays(market, begins_ns(plans, None, days[0]), days[-1]),
        folder=folder,
    )


def command(options: Sequence[str]) -> str:
    """Run the bench, write its document, and return what was wrong, in lines; empty: nothing."""
    parser = ArgumentParser(prog="python -m daemon.bench month")
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--interval-ms", type=int, default=Load().interval_ms)
    wanted = parser.parse_args(options)
    document = bench(Load(wanted.sessions, wanted.interval_ms))
    os.write(1, orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    return "\n".join(document["amiss"])


def _plans() -> tuple[Plan, ...]:
    shipped = (
        replace(parse((_SHIPPED / f"{name}.toml").read_bytes()), accounts=accounts)
        for name, accounts in _TRADED.items()
    )
    return (*shipped, replace(parse(SENSEX_CONDOR), accounts=("one", "two")))


def _told(load: Load, month: Month, folder: Path) -> dict[str, Any]:
    closes, guards, ledger = month.closes, month.guards, folder / "ledger.sqlite"
    reports = len(list((folder / "reports").glob("*.txt")))
    backups = sorted((folder / "backups").glob("ledger-*.sqlite"))
    sound = sum(_is_sound(path) for path in backups)
    resident = [close.resident_kb for close in closes]
    trades = {name: sum(close.trades[name] for close in closes) for name in ACCOUNTS}
    document = {
        "sessions": len(closes),
        "interval_ms": load.interval_ms,
        "frames": month.frames,
        "orders": dict(month.orders),
        "trades": trades,
        "reports": {"written": reports, "expected": load.sessions * len(ACCOUNTS)},
        "backups": {"made": len(backups), "verified": sound, "expected": load.sessions},
        "resident_kb": {
            "at_each_close": resident,
            "slope_per_session": round(slope_kb(resident), 1),
            "slope_of_later_half": round(slope_kb(resident[len(resident) // 2 :]), 1),
        },
        "guarded": {
            "looks": guards.looks,
            "legs": guards.legs,
            "share": guards.share,
            "worst": guards.worst,
            "not_because": dict(guards.reasons),
            "examples": guards.examples,
        },
        "books_equal": sum(not close.differences for close in closes),
        "chain_whole": _is_sound(ledger),
        "ledger_kb": ledger.stat().st_size // 1_024,
        "jobs_not_ok": [
            f"{each.day} {each.job}: {each.text}" for each in month.jobs if not each.ok
        ],
        "alerts": month.alerts,
    }
    return document | {"amiss": [*month.amiss, *amiss(document, closes)]}


def amiss(document: Mapping[str, Any], closes: Sequence[Close]) -> list[str]:
    """Return a sentence for all that is not as it must be.

    Args:
        document: what was measured.
        closes: what the two books told at each of them.
    """
    reports, backups, guarded = (document[key] for key in ("reports", "backups", "guarded"))
    told = [each for close in closes for each in close.differences]
    if document["sessions"] != backups["expected"]:
        told.append(f"{document['sessions']} of {backups['expected']} sessions came to their end")
    if reports["written"] != reports["expected"]:
        told.append(f"{reports['written']} of {reports['expected']} reports were written")
    if not backups["made"] == backups["verified"] == backups["expected"]:
        told.append(f"of {backups['expected']} copies {backups['verified']} are there and sound")
    if not guarded["looks"]:
        told.append("nothing was open at any look")
    if guarded["not_because"]:
        told.append(f"guarded were {guarded['share']:.4%}; not: {guarded['not_because']}")
    if not document["chain_whole"]:
        told.append("the chain of the ledger is not whole")
    return told


def _is_sound(path: Path) -> bool:
    try:
        return verify(SqliteStore(path)).broken is None
    except OrdoError:
        return False


def _resident_kb() -> int:
    """Return how much memory this process has in use. Source: proc(5), `statm`."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_024
