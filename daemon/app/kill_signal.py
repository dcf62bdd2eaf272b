"""A kill of everything by a signal: for a person without any other way to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from daemon.control import Control
from daemon.messages import Latched, Scope
from daemon.telemetry.log import Log


class KillBySignal:
    """Kills everything, and tells where the latch was refused; actors were told all the same.

    Args:
        say: tells a person something.
        log: is told as well.
    """

    def __init__(self, say: Callable[[str], None], log: Log) -> None:
        self._say = say
        self._log = log
        self._under_way: set[asyncio.Task[Latched]] = set()

    def kill(self, control: Control) -> None:
        """Begin a kill of everything.

        Args:
            control: the verbs of the daemon.
        """
        killing = control.brakes.kill(Scope.ALL, "", "signal USR1", "signal")
        task = asyncio.get_running_loop().create_task(killing, name="kill")
        self._under_way.add(task)
        task.add_done_callback(self._killed)

    def _killed(self, task: asyncio.Task[Latched]) -> None:
        self._under_way.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._say(f"ALERT the latch of the kill by signal does not stand: {error}")
            self._log.error("latch of a kill by signal not written", because=str(error))
