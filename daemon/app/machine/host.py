"""What a daemon uses of the machine that it runs on, and of the process that it is."""

from __future__ import annotations

import os
import secrets
import select
import sys
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct

from daemon.app.machine.telemetry import Telemetry
from daemon.runtime.clock import Clock, MonotonicClock, WallClock
from daemon.settings.credentials import FOLDER
from daemon.telemetry.notify import VARIABLE

_MOST_BYTES = 512
"""A pipe that can be written to takes so much at once without waiting."""


def end_at_once(sentence: str) -> None:
    """End this process with exit code 1, from any thread, whatever the others are at.

    Nothing is closed and nothing is flushed: what was durable is, and the next start recovers.
    """
    tell_at_once(sentence)
    os._exit(1)


def tell_at_once(sentence: str) -> None:
    """Write a sentence to stderr, from any thread, whatever the others are at.

    A stream that takes nothing must hold nobody up, so it is not waited for.
    """
    told = f"ordo: {sentence}\n".encode()[:_MOST_BYTES]
    descriptor = sys.__stderr__.fileno() if sys.__stderr__ is not None else -1
    with suppress(OSError):
        if descriptor >= 0 and select.select([], [descriptor], [], 0)[1]:
            os.write(descriptor, told)


class Host(Struct, frozen=True):
    """The machine.

    Attributes:
        notify: the address of the service manager's socket; empty: there is none.
        wall: what its clock shows.
        running: its running time.
        end: ends the process at once, with a sentence for people.
        telemetry: takes what the daemon tells of itself; None: standard error takes its log.
        guardian: where a guardian hears of the beat, if one listens; empty: none does.
        chance: returns so many bits that nobody can foresee.
        credentials: the folder of files that the service manager hands over; empty: there is none.
    """

    notify: str = ""
    wall: Clock = WallClock()
    running: Clock = MonotonicClock()
    end: Callable[[str], None] = end_at_once
    telemetry: Telemetry | None = None
    chance: Callable[[int], int] = secrets.randbits  # sim-ok: nobody may be able to repeat it
    credentials: str = ""
    guardian: str = ""


def this_host() -> Host:
    """Return the machine that this process runs on."""
    return Host(notify=os.environ.get(VARIABLE, ""), credentials=os.environ.get(FOLDER, ""))
