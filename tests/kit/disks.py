"""Ledgers whose disk is slow or broken, and ports that answer, for tests of the live driver."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event
from typing import Any

from daemon.errors import StoreError
from daemon.runtime.words import Call, Commit, Show
from tests.kit.scripted import Fact, Notebook, Stage, Word

COMMIT = Commit((Fact("intent"),), (Call("broker", Word("place")), Show("placed")))


class SlowDisk(Notebook):
    """A ledger whose flush ends only when a test lets it."""

    def __init__(self, log: list[Any]) -> None:
        super().__init__()
        self.log = log
        self.reached = Event()
        self.go_on = Event()

    def flush(self) -> None:
        durable = len(self.entries)
        self.reached.set()
        assert self.go_on.wait(30), "the test never let the flush end"
        self.log.append(f"durable {durable}")
        self.flushes += 1


class BrokenDisk(Notebook):
    """A ledger that cannot be made durable."""

    def flush(self) -> None:
        raise StoreError("disk full")


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def until(so: Callable[[], bool]) -> None:
    """Let others have their turns until something is so; a test that waits in vain is ended."""
    while not so():  # noqa: ASYNC110  what is waited for tells nobody
        await asyncio.sleep(0)


async def reached(disk: SlowDisk) -> None:
    await asyncio.get_running_loop().run_in_executor(None, disk.reached.wait, 30)


def asking(stage: Stage, *answers: Word) -> Stage:
    async def broker(request: Word) -> list[Word]:
        stage.shown.append(f"asked {request.text}")
        return list(answers)

    stage.ports["broker"] = broker
    return stage
