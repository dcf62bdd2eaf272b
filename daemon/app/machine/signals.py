"""Signals: how the machine asks a daemon to end, and a person without any other way for a kill."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Protocol

from daemon.telemetry.log import Log

KILL = signal.SIGUSR1
"""The last way to a kill: when neither the page nor the command gets through."""
_HUNG_UP = (
    "the terminal is gone, or somebody sent SIGHUP: the daemon guards on; settings are read at a "
    "start alone, and SIGTERM ends it"
)


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


class HangUp:
    """Goes on over a SIGHUP, and tells people and the log of the first.

    Args:
        say: tells a person something.
        log: is told as well.
    """

    def __init__(self, say: Callable[[str], None], log: Log) -> None:
        self._say = say
        self._log = log
        self._told = False

    def heard(self) -> None:
        """Take in one; in the loop."""
        if not self._told:
            self._told = True
            self._log.warning("hung up", because=_HUNG_UP)
            self._say(_HUNG_UP)


@contextmanager
def heard(stop: Stop, kill: Kill, hang_up: HangUp) -> Iterator[None]:
    """Hear SIGINT and SIGTERM as a request to end, SIGUSR1 as a kill of everything.

    SIGHUP ends nothing: whoever closes a terminal has not closed what is open.

    What cannot wait is done between two instructions of whatever the process is at, the rest in
    the loop, which the signal wakes.

    Args:
        stop: is asked to end.
        kill: is told of each SIGUSR1.
        hang_up: is told of each SIGHUP.
    """
    loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGHUP)
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.ask, name)
        _at_once(name, partial(stop.note, name))
    loop.add_signal_handler(KILL, kill.act)
    _at_once(KILL, kill.latch)
    loop.add_signal_handler(signal.SIGHUP, hang_up.heard)
    try:
        yield
    finally:
        for name in (signal.SIGINT, signal.SIGTERM, KILL, signal.SIGHUP):
            loop.remove_signal_handler(name)
        # `nohup` has it ignored to the last line.
        signal.signal(signal.SIGHUP, before or signal.SIG_DFL)


def _at_once(name: signal.Signals, work: Callable[[], None]) -> None:
    """Do something in the handler of a signal that the loop hears as well."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        work()

    signal.signal(name, handle)
    signal.siginterrupt(name, False)  # noqa: FBT003  as the loop has it
