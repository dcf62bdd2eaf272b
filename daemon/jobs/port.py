"""The port of the day's jobs: it waits for disks, so that no actor does, and decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from daemon.domain.chain import Head
from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.arming import mode_of
from daemon.errors import OrdoError, StoreError
from daemon.jobs.day_report import day_report
from daemon.jobs.margin_rise import margin_rise
from daemon.jobs.missing import Prices, missing
from daemon.jobs.preflight import preflight
from daemon.jobs.preflight.findings import Verdict, fail
from daemon.jobs.still_open import still_open
from daemon.jobs.text_files import keep_text
from daemon.messages.cells import Cell, home_of
from daemon.messages.jobs import Job, JobDone, RunJob
from daemon.settings import Settings
from daemon.storage.backup import back_up, backup_path, forget, newest_copy, oldest_kept
from daemon.storage.store import Store
from daemon.storage.stored import newest_tick_ns
from daemon.storage.verified import Verified

_DEFECTS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What a defect of ours raises over records that nobody foresaw. A job reads, and a job that fell
would be asked for again at every start: so it ends itself, and neither the day nor the daemon."""
_LATE_NS = 30 * SECOND_NS
"""So long after its time an exit is looked for at the earliest."""


class Kept(Protocol):
    """The record of what happened."""

    @property
    def failed_because(self) -> str:
        """Why no prices enter it any more; empty: they do."""
        ...

    @property
    def head(self) -> Head:
        """Where its chain ends."""
        ...

    def flush(self) -> None:
        """Make everything durable."""
        ...

    def facts(self) -> Iterable[object]:
        """Return every fact so far, oldest first."""
        ...


async def _none_lost() -> Collection[str]:
    return ()


class Office(Struct, frozen=True):
    """What the jobs of a day are done with.

    Attributes:
        folder: where reports and copies are kept, in folders of their own.
        accounts: of which there is a report each.
        ledger: the record.
        store: where it is kept.
        now_ns: market time.
        settings: everything that was set.
        logins: the accounts that are to have a session at their broker.
        lost: tells those that have none now.
    """

    folder: Path
    accounts: tuple[str, ...]
    ledger: Kept
    store: Store
    now_ns: Callable[[], int]
    settings: Settings
    logins: tuple[str, ...]
    lost: Callable[[], Awaitable[Collection[str]]] = _none_lost


class Jobs:
    """Does what the timekeeper asks for, and says how it went."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._of_sessions: dict[Job, Callable[[date, Collection[str]], tuple[bool, str]]] = {
            Job.EARLY_CHECK: self._check,
            Job.CHECK: self._check,
            Job.SESSION: self._session,
        }
        self._doers: dict[Job, Callable[[date], tuple[bool, str]]] = {
            Job.MARGIN: self._margin,
            Job.SQUARE_OFF: self._square_off,
            Job.REPORT: self._report,
            Job.BACKUP: self._back_up,
        }

    async def ask(self, wanted: RunJob) -> Sequence[JobDone]:
        """Do a job; what fails is told, and ends nothing."""
        loop = asyncio.get_running_loop()
        try:
            doer = await self._doer(wanted.job)
            ok, text = await loop.run_in_executor(None, doer, wanted.day)
        except OrdoError as error:
            ok, text = False, str(error)
        except OSError as error:
            ok, text = False, f"{error}; see to that file, or to its disk"
        except _DEFECTS as error:
            ok, text = False, f"{type(error).__name__}: {error}; that is a defect of this job"
        return (JobDone(wanted.job, wanted.day, ok, text, self._office.now_ns()),)

    async def _doer(self, job: Job) -> Callable[[date], tuple[bool, str]]:
        doer = self._of_sessions.get(job)
        if doer is None:
            return self._doers[job]
        lost = await self._office.lost()
        return lambda day: doer(day, lost)

    def _check(self, day: date, lost: Collection[str]) -> tuple[bool, str]:
        office = self._office
        found = list(preflight(office.settings, day))
        lacking = missing(office.ledger.facts(), day, office.logins, lost)
        found += [fail("session", each, "look at the broker, and log in") for each in lacking]
        amiss = [each for each in found if each.verdict is not Verdict.OK]
        told = "; ".join(f"{each.check}: {each.evidence} ({each.mend})" for each in amiss)
        ok = all(each.verdict is not Verdict.FAIL for each in found)
        return ok, told or f"{len(found)} checks, and nothing is amiss"

    def _margin(self, day: date) -> tuple[bool, str]:
        each = zip(self._office.accounts, self._cells(), strict=True)
        rises = [(account, margin_rise(facts, day)) for account, facts in each]
        told = [f"{account}: {rise}" for account, rise in rises if rise]
        if not told:
            return True, "nothing that is held needs more margin than at the last session"
        return False, f"{'; '.join(told)}; see to the funds, or close a part"

    def _session(self, day: date, lost: Collection[str]) -> tuple[bool, str]:
        office = self._office
        office.ledger.flush()
        prices = Prices(newest_tick_ns(office.store), office.now_ns())
        # Once the ledger has failed it tells of no price, and the feed of its silence.
        asked = None if office.ledger.failed_because else prices
        found = missing(office.ledger.facts(), day, office.logins, lost, asked)
        if not found:
            return True, "prices come, and each account has a session at its broker"
        return False, f"{'; '.join(found)}; look at the feed and at the broker"

    def _square_off(self, day: date) -> tuple[bool, str]:  # noqa: ARG002  it is that of now
        office = self._office
        until_ns = office.now_ns() - _LATE_NS
        found = [each for cell in self._cells() for each in still_open(cell, until_ns)]
        if not found:
            return True, "nothing is open whose time to leave has passed"
        return False, f"still open after its time: {'; '.join(found)}; close it, by hand if need be"

    def _report(self, day: date) -> tuple[bool, str]:
        office = self._office
        office.ledger.flush()
        head, written = office.ledger.head, list[str]()
        modes = {each.id: mode_of(each.broker) for each in office.settings.accounts}
        chain = f"\nrecords: {head.count}, the chain ends with {head.digest.hex()}\n"
        for account, facts in zip(office.accounts, self._cells(), strict=True):
            path = office.folder / "reports" / f"{day}-{account}.txt"
            kept = keep_text(path, day_report(account, modes[account], day, facts) + chain)
            told = f" (what stood there is kept as {kept.name})" if kept else ""
            written.append(f"{path}{told}")
        return True, f"{'; '.join(written)}; {head.count} records, head {head.digest.hex()}"

    def _back_up(self, day: date) -> tuple[bool, str]:
        office, folder = self._office, self._office.folder / "backups"
        office.ledger.flush()
        copy = backup_path(folder, day)
        verified = Verified(office.folder)
        before = oldest_kept(day, office.settings.jobs.keep_backups_days)
        # They may have the room that the new one needs; the newest stays until that one is sound.
        gone = forget(folder, min(before, newest_copy(folder) or before))
        try:
            head = back_up(office.store, copy)
        except StoreError as error:
            if error.code == "ledger_altered":
                verified.lose()
            raise
        verified.keep(head)
        gone += forget(folder, before)
        told = f", and {', '.join(gone)} removed" if gone else ""
        return True, f"{copy} holds {head.count} records, verified{told}"

    def _cells(self) -> Iterator[Iterator[object]]:
        """Yield of each account what was recorded, as it is known within."""
        office = self._office
        home = home_of(office.ledger.facts(), office.accounts[0])
        for account in office.accounts:
            cell = Cell(account, "" if account == home else account)
            yield cell.facts(office.ledger.facts())
