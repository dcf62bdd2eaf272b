"""A story: a day ends, it is reported, the ledger is copied, and a restart adds nothing."""

from __future__ import annotations

from datetime import time

from msgspec.structs import replace

from daemon.domain.instants import at
from daemon.messages import ExitFinished, Job, JobDone
from daemon.storage.audit import verify
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
        (Job.SQUARE_OFF, day, True),
        (Job.SQUARE_OFF, day, True),
        (Job.REPORT, day, True),
        (Job.BACKUP, day, True),
    ]
    text, copied = report.read_text(), verify(copy)
    assert f"{STRADDLE.id}\n  P&L " in text
    assert ", of which 0 still open" in text
    assert daemon.seen.of(ExitFinished)
    assert (copied.broken, copied.count) == (None, copied.head.count)

    inodes = [path.stat().st_ino for path in (report, copy)]
    async with running(given, speed=None) as again:
        assert await again.task is None
    assert again.seen.of(JobDone) == []
    assert [path.stat().st_ino for path in (report, copy)] == inodes
