from __future__ import annotations

import asyncio

import pytest

from daemon.errors import StoreError
from daemon.runtime.commits import Commits
from daemon.runtime.words import Origin
from tests.kit.disks import BrokenDisk, SlowDisk, reached
from tests.kit.scripted import Entry, Fact, Notebook

ORIGIN = Origin("router", 2, 1)


async def test_each_commit_has_a_number_and_is_durable_after_the_next_flush():
    ledger = Notebook()
    commits = Commits(ledger)
    assert [commits.enter((Fact(text),), ORIGIN, 5) for text in "ab"] == [1, 2]
    assert (commits.entered, commits.durable) == (2, 0)
    await commits.flush()
    assert commits.durable == 2
    await commits.end(1)
    assert ledger.entries == [Entry(Fact(text), ORIGIN, 5) for text in "ab"]


async def test_what_is_entered_while_the_disk_works_is_not_durable_with_that_flush():
    disk = SlowDisk([])
    commits = Commits(disk)
    commits.enter((Fact("a"),), ORIGIN, 5)
    flushing = asyncio.ensure_future(commits.flush())
    await reached(disk)
    commits.enter((Fact("b"),), ORIGIN, 5)
    disk.go_on.set()
    await flushing
    assert (commits.entered, commits.durable) == (2, 1)
    await commits.end(1)
    assert disk.log[-1] == "durable 2"


async def test_a_disk_that_fails_makes_nothing_durable_and_says_so_at_the_end_too():
    commits = Commits(BrokenDisk())
    commits.enter((Fact("a"),), ORIGIN, 5)
    for ends in (commits.flush, lambda: commits.end(1)):
        with pytest.raises(StoreError, match="disk full"):
            await ends()
    assert commits.durable == 0


async def test_a_disk_that_hangs_is_left_behind():
    disk = SlowDisk([])
    commits = Commits(disk)
    with pytest.raises(StoreError, match="did not end within 0 s"):
        await commits.end(0)
    disk.go_on.set()
