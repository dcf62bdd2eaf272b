"""The port of the day's jobs: what it writes, and what it says of that."""

from __future__ import annotations

from contextlib import closing
from datetime import date

import pytest
from msgspec.structs import replace

from daemon.jobs.port import Jobs, Office
from daemon.messages import Job, RunJob, SessionReady
from daemon.storage.audit import verify
from daemon.storage.ledger import SqliteLedger
from tests.kit.acting import CE, DAY, clock, day_ended, day_opened, opened, sold
from tests.kit.facts import ORIGIN, tick

NOW = clock("15:30:00")


@pytest.fixture
def ledger(tmp_path):
    with closing(SqliteLedger(tmp_path / "ledger.sqlite", "owner")) as ledger:
        ledger.append((day_opened(), opened(), sold("ce"), day_ended()), ORIGIN, NOW)
        yield ledger


def office(folder, ledger, now_ns: int = NOW) -> Jobs:
    made = Office(folder, ("paper", "second"), ledger, folder / "ledger.sqlite", 2, lambda: now_ns)
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

    assert verify(copy).head == ledger.head
    assert done.ok
    assert done.text.endswith("4 records, verified, and ledger-2025-08-29.sqlite removed")
    (again,) = await office(tmp_path, ledger).ask(RunJob(Job.BACKUP, DAY))
    assert again.text.endswith("verified")


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
