"""The port of the day's jobs: what it writes, and what it says of that."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from contextlib import closing
from datetime import date

import pytest
from msgspec.structs import replace

from daemon.domain.orders.reconcile import EXTERNAL
from daemon.domain.orders.words import IntentRecorded, OrderUpdated, State
from daemon.errors import StoreError
from daemon.jobs import port
from daemon.jobs.port import Jobs, Office
from daemon.messages import Job, RunJob, SessionReady
from daemon.settings import Account, Daemon, JobSettings, Settings
from daemon.storage import verified
from daemon.storage.audit import verify
from daemon.storage.emergency import GuardedLedger
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore
from tests.kit.acting import CE, DAY, clock, day_ended, day_opened, opened, sold
from tests.kit.facts import INTENT, ORIGIN, tick

NOW = clock("15:30:00")
MTF = "NSE:SBIN:MTF"
TODAY, EXPIRY = date(2026, 3, 9), date(2025, 9, 2)


@pytest.fixture
def ledger(tmp_path):
    inner = StoredLedger(SqliteStore(tmp_path / "ledger.sqlite"), "owner")
    with closing(GuardedLedger(inner, tmp_path / "emergency", lambda _: None)) as ledger:
        ledger.recover()
        ledger.append((day_opened(), opened(), sold("ce"), day_ended()), ORIGIN, NOW)
        yield ledger


def office(folder, ledger, now_ns: int = NOW) -> Jobs:
    settings = Settings(
        daemon=Daemon(state_dir=folder),
        accounts=(Account(id="paper", broker="paper"), Account(id="second", broker="paper")),
        jobs=JobSettings(keep_backups_days=2),
    )
    made = Office(
        folder,
        ("paper", "second"),
        ledger,
        SqliteStore(folder / "ledger.sqlite"),
        lambda: now_ns,
        settings,
        ("paper", "second"),
    )
    return Jobs(made)


async def test_a_report_of_each_account_ends_with_the_head_of_the_chain(tmp_path, ledger):
    (done,) = await office(tmp_path, ledger).ask(RunJob(Job.REPORT, DAY))
    texts = [
        (tmp_path / "reports" / f"{DAY}-{account}.txt").read_text()
        for account in ("paper", "second")
    ]

    assert (done.job, done.day, done.ok, done.at_ns) == (Job.REPORT, DAY, True, NOW)
    head = f"records: {ledger.head.count}, the chain ends with {ledger.head.digest.hex()}\n"
    assert all(text.endswith(head) for text in texts)
    assert ledger.head.digest.hex() in done.text


async def test_a_report_that_is_made_again_with_other_facts_keeps_the_first(tmp_path, ledger):
    jobs = office(tmp_path, ledger)
    await jobs.ask(RunJob(Job.REPORT, DAY))
    (again,) = await jobs.ask(RunJob(Job.REPORT, DAY))
    assert "kept" not in again.text
    ledger.append((day_ended(),), ORIGIN, NOW)
    (other,) = await jobs.ask(RunJob(Job.REPORT, DAY))

    assert f"kept as {DAY}-paper.1.txt" in other.text


async def test_a_copy_is_verified_and_those_of_older_days_go(tmp_path, ledger):
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / f"ledger-{date(2025, 8, 29)}.sqlite").write_text("old")
    (done,) = await office(tmp_path, ledger).ask(RunJob(Job.BACKUP, DAY))
    (copy,) = (tmp_path / "backups").iterdir()

    assert verify(SqliteStore(copy)).head == ledger.head
    assert done.ok
    assert done.text.endswith("4 records, verified, and ledger-2025-08-29.sqlite removed")
    (again,) = await office(tmp_path, ledger).ask(RunJob(Job.BACKUP, DAY))
    assert again.text.endswith("verified")


async def test_older_copies_make_room_before_a_copy_and_the_newest_stays_until_it_is_sound(
    tmp_path, ledger, monkeypatch
):
    def no_room(*_):
        raise StoreError("no room for it")

    monkeypatch.setattr(port, "back_up", no_room)
    (tmp_path / "backups").mkdir()
    for day in (27, 28, 29):
        (tmp_path / "backups" / f"ledger-{date(2024, 8, day)}.sqlite").write_text("old")
    (done,) = await office(tmp_path, ledger).ask(RunJob(Job.BACKUP, DAY))

    assert (done.ok, done.text) == (False, "no room for it")
    assert [each.name for each in (tmp_path / "backups").iterdir()] == ["ledger-2024-08-29.sqlite"]


async def test_a_start_need_not_verify_again_what_the_copy_of_the_day_was_verified_with(
    tmp_path, ledger, monkeypatch
):
    """One that is not sound has the next start verify every record."""
    monkeypatch.setattr(verified, "AT_ONCE", 3)
    jobs, mark = office(tmp_path, ledger), tmp_path / "verified"
    await jobs.ask(RunJob(Job.BACKUP, DAY))
    assert f'"records":4,"head":"{ledger.head.digest.hex()}"' in mark.read_text()
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as db, db:
        db.execute("DROP TRIGGER records_are_not_altered")
        db.execute("UPDATE records SET at_ns = at_ns + 1 WHERE number = 2")
    (done,) = await jobs.ask(RunJob(Job.BACKUP, DAY))

    assert (done.ok, mark.exists()) == (False, False)


async def test_what_is_open_after_its_time_is_amiss(tmp_path, ledger):
    (early,) = await office(tmp_path, ledger, clock("15:19:00")).ask(RunJob(Job.SQUARE_OFF, DAY))
    (late,) = await office(tmp_path, ledger, clock("15:21:00")).ask(RunJob(Job.SQUARE_OFF, DAY))

    assert early.ok
    assert not late.ok
    assert late.text.startswith(f"still open after its time: s ce holds -75 {CE}; close it")


async def test_a_disk_that_refuses_is_told_and_ends_nothing(tmp_path, ledger):
    (tmp_path / "reports").write_text("in the way")
    (done,) = await office(tmp_path, ledger).ask(RunJob(Job.REPORT, DAY))

    assert not done.ok
    assert "cannot be written" in done.text


async def test_a_job_that_falls_over_a_defect_of_ours_is_told_and_ends_nothing(
    tmp_path, ledger, monkeypatch
):
    def falls(*_given: object) -> str:
        raise KeyError("leg")

    monkeypatch.setattr(port, "day_report", falls)
    (done,) = await office(tmp_path, ledger).ask(RunJob(Job.REPORT, DAY))

    assert (done.ok, done.text) == (False, "KeyError: 'leg'; that is a defect of this job")


@pytest.mark.parametrize("job", [Job.REPORT, Job.MARGIN])
async def test_what_a_stranger_trades_under_the_brokers_own_name_fails_no_job(
    tmp_path, ledger, job
):
    bought = replace(sold("ce"), strategy_id=EXTERNAL, leg_id=MTF, symbol=MTF)
    intent = replace(INTENT, strategy_id=EXTERNAL, leg_id=MTF, symbol=MTF)
    filled = OrderUpdated(INTENT.intent_id, "B1", State.FILLED, 75, 75 * 8_000_000, NOW)
    ledger.append((IntentRecorded(intent, NOW), filled, bought), ORIGIN, NOW)
    (done,) = await office(tmp_path, ledger).ask(RunJob(job, DAY))

    assert done.ok


async def test_a_session_has_prices_and_a_way_to_each_broker(tmp_path, ledger):
    jobs = office(tmp_path, ledger)
    (lacks,) = await jobs.ask(RunJob(Job.SESSION, DAY))
    ready = [SessionReady(account, 1, NOW) for account in ("paper", "second")]
    ledger.append(ready, ORIGIN, NOW)
    ledger.take(replace(tick(1), at_ns=NOW))
    (whole,) = await jobs.ask(RunJob(Job.SESSION, DAY))

    assert not lacks.ok
    assert lacks.text.startswith("paper has no session at its broker; second has no session")
    assert "no price has come since the market opened at 09:15:00; look at the feed" in lacks.text
    assert whole.ok

    async def lost() -> tuple[str, ...]:
        return ("second",)

    jobs = Jobs(replace(jobs._office, lost=lost))
    for job in (Job.SESSION, Job.CHECK, Job.EARLY_CHECK):
        (lost_since,) = await jobs.ask(RunJob(job, DAY))
        assert not lost_since.ok
        assert "second has no session at its broker" in lost_since.text
        assert "paper has no session" not in lost_since.text


async def test_whom_prices_come_through_is_to_have_a_session_though_nobody_trades_there(
    tmp_path, ledger
):
    """In each check; of the traded accounts alone there is a report."""
    jobs = Jobs(replace(office(tmp_path, ledger)._office, logins=("paper", "second", "prices")))
    ledger.append([SessionReady(each, 1, NOW) for each in ("paper", "second")], ORIGIN, NOW)
    for job in (Job.EARLY_CHECK, Job.CHECK, Job.SESSION):
        (lacks,) = await jobs.ask(RunJob(job, DAY))
        assert not lacks.ok
        assert "prices has no session at its broker" in lacks.text
    (told,) = await jobs.ask(RunJob(Job.REPORT, DAY))
    assert told.ok


async def test_a_check_is_as_good_within_the_day_as_before_its_market_opens(tmp_path, ledger):
    """Whether prices come is for another to say."""
    tmp_path.chmod(0o700)
    ledger.append((replace(day_opened(), day=TODAY),), ORIGIN, NOW)
    ledger.append([SessionReady(each, 1, NOW) for each in ("paper", "second")], ORIGIN, NOW)
    ledger.flush()
    (done,) = await office(tmp_path, ledger).ask(RunJob(Job.CHECK, TODAY))
    assert done.ok, done.text


async def test_a_ledger_that_failed_tells_of_no_price_and_so_of_none_that_is_missing(
    tmp_path, ledger, monkeypatch
):
    """Prices enter it no more, and whether any come the feed says by itself."""
    ledger.append([SessionReady(each, 1, NOW) for each in ("paper", "second")], ORIGIN, NOW)

    def refuse(_):
        raise StoreError("the disk is full")

    monkeypatch.setattr(StoredLedger, "flush", refuse)
    (done,) = await office(tmp_path, ledger).ask(RunJob(Job.SESSION, DAY))
    assert done.ok, done.text


@pytest.mark.parametrize("job", [Job.EARLY_CHECK, Job.CHECK])
async def test_a_check_tells_what_would_hinder_the_day_with_the_mend(tmp_path, ledger, job):
    tmp_path.chmod(0o700)
    jobs = office(tmp_path, ledger)
    ledger.flush()
    (lacks,) = await jobs.ask(RunJob(job, TODAY))
    ledger.append([SessionReady(each, 1, NOW) for each in ("paper", "second")], ORIGIN, NOW)
    ledger.flush()
    (whole,) = await jobs.ask(RunJob(job, TODAY))

    told = "session: paper has no session at its broker (look at the broker, and log in)"
    assert not lacks.ok
    assert told in lacks.text
    assert whole.ok, whole.text
    tmp_path.chmod(0o755)
    (opened,) = await jobs.ask(RunJob(job, TODAY))
    assert not opened.ok
    assert f"is open to others (mode 0755) (chmod 700 {tmp_path})" in opened.text


async def test_a_disk_that_cannot_be_looked_at_fails_the_check_and_ends_nothing(
    tmp_path, ledger, monkeypatch
):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(shutil, "disk_usage", refuse)
    (done,) = await office(tmp_path, ledger).ask(RunJob(Job.CHECK, TODAY))

    assert not done.ok
    assert "Permission denied" in done.text
    assert done.text.endswith("see to that file, or to its disk")


async def test_more_margin_for_what_is_held_is_amiss_on_the_day_that_it_expires(tmp_path, ledger):
    jobs = office(tmp_path, ledger)
    (day_before,) = await jobs.ask(RunJob(Job.MARGIN, DAY))
    (expiry,) = await jobs.ask(RunJob(Job.MARGIN, EXPIRY))

    assert day_before.ok
    assert not expiry.ok
    assert expiry.text.startswith(f"paper: the margin of {CE} rises from ")


async def test_what_is_open_in_one_account_is_not_closed_by_what_another_does(tmp_path, ledger):
    elsewhere = [
        replace(fact, account="second") for fact in (opened(), sold("ce"), sold("ce", bought="90"))
    ]
    ledger.append(elsewhere, ORIGIN, NOW)
    jobs = office(tmp_path, ledger, clock("15:21:00"))
    (late,) = await jobs.ask(RunJob(Job.SQUARE_OFF, DAY))

    assert late.text.startswith(f"still open after its time: s ce holds -75 {CE}; close it")
