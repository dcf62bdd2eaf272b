"""A story: a day ends, it is reported, the ledger is copied, and a restart adds nothing."""

from __future__ import annotations

from datetime import time

from msgspec.structs import replace

from daemon.domain.instants import at, moment_of
from daemon.messages import ExitFinished, Job, JobDone
from daemon.storage.audit import verify
from daemon.storage.sqlite import SqliteStore
from tests.app.test_service import STRADDLE, assignment, running


async def test_a_day_that_ended_is_reported_and_copied_once(tmp_path):
    given = assignment(tmp_path, enabled=False)
    day = given.played.until
    late = replace(given.played, begins_ns=at(day, time(15, 0)))
    plan = replace(STRADDLE, entry=replace(STRADDLE.entry, at=time(15, 0), no_later_than=None))
    given = replace(given, played=late, plans=(plan,))
    async with running(given, speed=None) as daemon:
        assert await daemon.task is None
    done = daemon.seen.of(JobDone)
    report = given.folder / "reports" / f"{day}-paper.txt"
    copy = given.folder / "backups" / f"ledger-{day}.sqlite"

    assert [(each.job, each.day, each.ok) for each in done] == [
        (Job.SESSION, day, True),  # the day was entered long after its time
        (Job.SQUARE_OFF, day, True),
        (Job.SQUARE_OFF, day, True),
        (Job.REPORT, day, True),
        (Job.BACKUP, day, True),
    ]
    text, copied = report.read_text(), verify(SqliteStore(copy))
    assert f"{STRADDLE.id}\n  P&L " in text
    assert ", 0 still open" in text
    assert daemon.seen.of(ExitFinished)
    assert (copied.broken, copied.count) == (None, copied.head.count)

    inodes = [path.stat().st_ino for path in (report, copy)]
    async with running(given, speed=None) as again:
        assert await again.task is None
    assert again.seen.of(JobDone) == []
    assert [path.stat().st_ino for path in (report, copy)] == inodes


async def test_the_next_day_is_checked_before_it_opens(tmp_path):
    given = assignment(tmp_path, enabled=False)
    day = given.played.until
    late = replace(given.played, begins_ns=at(day, time(15, 29)), until=None)
    async with running(replace(given, played=late), speed=None) as daemon:
        await daemon.seen.until(
            lambda: Job.MARGIN in {each.job for each in daemon.seen.of(JobDone)}
        )
        await daemon.stopped()
    checks = [each for each in daemon.seen.of(JobDone) if each.day != day][:3]

    assert [(each.job, f"{moment_of(each.at_ns):%H:%M}") for each in checks] == [
        (Job.EARLY_CHECK, "08:30"),
        (Job.CHECK, "09:00"),
        (Job.MARGIN, "09:00"),
    ]
    assert [each.text for each in checks if not each.ok] == []
