"""A kill of everything by a signal: for a person without any other way to ask.

The latch is written at once, by the signal's handler itself: while the daemon starts or ends, and
where its loop hangs, nobody else would. Actors are told as soon as there are some.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from daemon import kill
from daemon.app.machine.host import tell_at_once
from daemon.control import Control
from daemon.messages import Latched, Scope
from daemon.telemetry.log import Log

_REASON: Final = "signal USR1"
_BY: Final = "signal"


class KillBySignal:
    """Kills everything, and tells where the latch was refused; actors are told all the same.

    Args:
        state_dir: whose latches count.
        say: tells a person something.
        log: is told as well.
    """

    def __init__(self, state_dir: Path, say: Callable[[str], None], log: Log) -> None:
        self._state_dir = state_dir
        self._say = say
        self._log = log
        self._control: Control | None = None
        self._owed = False  # the disk refused the latch, and no actor was there to be told
        self._under_way: set[asyncio.Task[Latched]] = set()

    @contextmanager
    def through(self, control: Control) -> Iterator[None]:
        """Have actors told while the block runs; before and after that the latch alone is pulled.

        Args:
            control: the verbs of the daemon.
        """
        self._control = control
        try:
            if self._owed:
                self.act()
            yield
        finally:
            self._control = None

    def latch(self) -> None:
        """Write the latch; in the handler of the signal, whatever this process is at."""
        try:
            latch_id = _latched(self._state_dir)
        except kill.LatchUnwritten as error:
            if self._control is None:
                self._owed = True
                tell_at_once(f"ALERT the latch of the kill by signal does not stand: {error}")
            return
        if self._control is None:
            then = "what is open is closed by whoever guards next, this start or another"
            tell_at_once(f"killed by {_REASON}: {latch_id} is latched; {then}")

    def act(self) -> None:
        """Tell the actors, if there are any; in the loop, after the latch was written."""
        if self._control is None:
            return
        killing = self._control.brakes.kill(Scope.ALL, "", _REASON, _BY)
        task = asyncio.get_running_loop().create_task(killing, name="kill")
        self._under_way.add(task)
        task.add_done_callback(self._killed)

    def _killed(self, task: asyncio.Task[Latched]) -> None:
        self._under_way.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._say(f"ALERT the latch of the kill by signal does not stand: {error}")
            self._log.error("latch of a kill by signal not written", because=str(error))


def _latched(state_dir: Path) -> str:
    """Pull a kill of everything, unless one stands; return its name.

    Raises:
        LatchUnwritten: the disk refused.
    """
    for each in kill.standing(state_dir):
        if (each.kind, each.scope) == (kill.KILL, kill.ALL) and each.by != kill.UNREAD:
            return each.latch_id
    latch_id = f"kill-{secrets.token_hex(8)}"  # sim-ok: a name that only a person repeats
    kill.pull(state_dir, kill.Latch(latch_id, kill.KILL, kill.ALL, "", _REASON, _BY, 0))
    return latch_id
