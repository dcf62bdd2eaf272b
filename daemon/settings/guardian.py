"""`[guardian]`: how long the guardian waits for a daemon, and where it hears of its beat."""

from __future__ import annotations

from typing import Annotated, Final

from daemon.settings.kinds import Whole
from daemon.settings.tables import Table

SOCKET: Final = "beat.sock"
"""In the state folder: a daemon tells each beat there, where somebody listens. Its name is as long
as that of the kill socket, so in whatever folder a daemon can run it can also be heard."""
LOCK: Final = "guardian.lock"
"""Beside it: one guardian has it, and says in it what it goes by."""

BEAT: Final = "WATCHDOG=1"
"""What it tells there once it guards."""
READS: Final = "READING=1"
"""What it tells there while it starts and goes on reading its record; nobody guards yet."""


class Guardian(Table, frozen=True):
    """`[guardian]`: when it takes over what is open.

    Attributes:
        silence_s: seconds without a beat. A daemon that hangs ends by itself after 10, its manager
            ends it after 20 at the latest, and it is back within three.
        stopped_s: seconds in which a daemon that was stopped in order may be started again.
    """

    silence_s: Annotated[int, Whole(2, 3_600, "seconds")] = 30
    stopped_s: Annotated[int, Whole(2, 86_400, "seconds")] = 300
