"""Signals: how the machine asks a daemon to end, and a person without any other way for a kill."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Protocol

KILL = signal.SIGUSR1
"""The last way to a kill: when neither the page nor the command gets through."""


class Stop:
    """Whether the daemon was asked to end, and by which signal."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._asked = asyncio.Event()

    def note(self, name: signal.Signals) -> None:
        """Remember the first signal that asked; in its handler, so that a start sees it at once."""
        self.signal = self.signal or name

    def ask(self, name: signal.Signals) -> None:
        """Ask for the end; the first signal that asked is remembered."""
        self.note(name)
        self._asked.set()

    def is_asked(self) -> bool:
        """Say whether somebody has asked."""
        return self.signal is not None

    async def asked(self) -> None:
        """Wait until somebody asks."""
        await self._asked.wait()


class Kill(Protocol):
    """A kill of everything."""

    def latch(self) -> None:
        """Write the latch, in the signal's handler, whatever the process is at; raises nothing."""
        ...

    def act(self) -> None:
        """Do what follows, in the loop."""
        ...


@contextmanager
def heard(stop: Stop, kill: Kill) -> Iterator[None]:
    """Hear SIGINT and SIGTERM as a request to end, SIGUSR1 as a kill of everything.

    What cannot wait is done between two instructions of whatever the process is at, the rest in
    the loop, which the signal wakes.

    Args:
        stop: is asked to end.
        kill: is told of each SIGUSR1.
    """
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.ask, name)
        _at_once(name, partial(stop.note, name))
    loop.add_signal_handler(KILL, kill.act)
    _at_once(KILL, kill.latch)
    try:
        yield
    finally:
        for name in (signal.SIGINT, signal.SIGTERM, KILL):
            loop.remove_signal_handler(name)


def _at_once(name: signal.Signals, work: Callable[[], None]) -> None:
    """Do something in the handler of a signal that the loop hears as well."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        work()

    signal.signal(name, handle)
    signal.siginterrupt(name, False)  # noqa: FBT003  as the loop has it
