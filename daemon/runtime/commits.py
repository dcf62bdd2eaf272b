"""Commits on their way to the disk: entered at once, made durable in groups by a thread.

What is entered while the disk works goes out in the next flush, all of it in one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from msgspec import Struct

from daemon.errors import StoreError
from daemon.runtime.lane_queue import Item
from daemon.runtime.runner import Runner
from daemon.runtime.words import Effect, Ledger, Origin


class Held(Struct, frozen=True, gc=False):
    """Effects that wait until as many commits are durable as were entered before them."""

    effects: Sequence[Effect]
    runner: Runner
    item: Item
    entered: int


class Commits:
    """Counts the commits of one tree.

    Attributes:
        entered: how many were.
        durable: how many of them are.

    Args:
        ledger: where their facts go.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._disk = ThreadPoolExecutor(1, "ledger")
        self.entered = self.durable = 0

    def enter(self, facts: Sequence[Any], origin: Origin, at_ns: int) -> int:
        """Enter facts, and return the number of this commit.

        Raises:
            StoreError: the ledger failed.
        """
        self._ledger.append(facts, origin, at_ns)
        self.entered += 1
        return self.entered

    async def flush(self) -> None:
        """Make durable what was entered before.

        Raises:
            StoreError: the ledger failed.
        """
        entered = self.entered
        await asyncio.get_running_loop().run_in_executor(self._disk, self._ledger.flush)
        self.durable = entered

    async def end(self, limit_s: float) -> None:
        """Make everything durable, and let go of the thread.

        Raises:
            StoreError: the ledger failed, or did not end in its time.
        """
        flush = asyncio.get_running_loop().run_in_executor(self._disk, self._ledger.flush)
        self._disk.shutdown(wait=False)
        await asyncio.wait({flush}, timeout=limit_s)
        if not flush.done():
            raise StoreError(f"the ledger did not end within {limit_s} s; look at its disk")
        flush.result()
