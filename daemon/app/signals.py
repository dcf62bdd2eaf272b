"""Signals: how the machine asks a daemon to end, and a person without any other way for a kill."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

KILL = signal.SIGUSR1
"""The last way to a kill: when neither the page nor the command gets through."""


class Stop:
    """Whether the daemon was asked to end, and by which signal."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._asked = asyncio.Event()

    def ask(self, name: signal.Signals) -> None:
        """Ask for the end; the first signal that asked is remembered."""
        self.signal = self.signal or name
        self._asked.set()

    async def asked(self) -> None:
        """Wait until somebody asks."""
        await self._asked.wait()


@contextmanager
def heard(stop: Stop, kill: Callable[[], None]) -> Iterator[None]:
    """Hear SIGINT and SIGTERM as a request to end, SIGUSR1 as a kill of everything.

    Args:
        stop: is asked to end.
        kill: is called in the loop's thread, once for each signal.
    """
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.ask, name)
    loop.add_signal_handler(KILL, kill)
    try:
        yield
    finally:
        for name in (signal.SIGINT, signal.SIGTERM, KILL):
            loop.remove_signal_handler(name)
