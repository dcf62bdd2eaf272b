"""The latch folder and the record, held against each other while the daemon runs.

A latch that appears in the folder, because a command found nobody to talk to, is taken up. One that
has stood in this very folder, and whose file a person removed, is released. Any other that lacks a
file is written until it stands: the disk had refused it, or the folder is another than the one that
it was pulled in, or is gone. What lacks a file is looked at twice, for it may be released, or its
file written, at this very moment. A folder that cannot be read counts as a kill of everything,
which a person releases by name; until then nothing else is released, for it is only out of sight.
Where the machine is too short of files or memory to look, nobody knows anything: entries wait.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from daemon import kill
from daemon.control.brakes import as_latch, as_latched
from daemon.messages import (
    FreeEntries,
    HeldBy,
    HoldEntries,
    Latched,
    PullLatch,
    ReleaseLatch,
)

_BY = "the latch folder"
_MEND = "see what takes so many files or so much memory, or allow more"


class LatchWatch:
    """Watches the folder for one router.

    Args:
        state_dir: whose folder.
        account: of the router; what cannot reach it is passed over.
        tell: brings a message to the router.
        now_ns: market time.
    """

    def __init__(
        self,
        state_dir: Path,
        account: str,
        tell: Callable[[Any], None],
        now_ns: Callable[[], int],
    ) -> None:
        self._state_dir = state_dir
        self._account = account
        self._tell = tell
        self._now_ns = now_ns
        self._lacking: set[str] = set()
        self._holds = False

    def begin(self, recorded: tuple[Latched, ...]) -> None:
        """Hold the folder against what was recorded before this start."""
        self._lacking = {latched.latch_id for latched in recorded}
        self.look(recorded)

    def look(self, recorded: tuple[Latched, ...]) -> None:
        """Take up what is new in the folder, release what is gone, write what never stood.

        Args:
            recorded: the latches that the router goes by.
        """
        try:
            standing, stood = kill.looked(self._state_dir), kill.have_stood(self._state_dir)
        except OSError as error:
            self._hold(f"nobody can look for latches: {error.strerror}; {_MEND}")
            return
        self._free()
        there = {latch.latch_id: latch for latch in standing if latch.reaches(self._account)}
        known = {latched.latch_id: latched for latched in recorded}
        for latch_id, latch in there.items():
            if latch_id not in known:
                self._tell(PullLatch(as_latched(latch, self._now_ns())))
        if kill.FOLDER in there:
            return
        for latch_id in there.keys() - stood:
            kill.keep_stood(self._state_dir, latch_id)
        lacking = known.keys() - there.keys() - {kill.FOLDER}
        for latch_id in sorted(lacking & self._lacking):
            if latch_id in stood:
                self._tell(ReleaseLatch(latch_id, _BY))
            else:
                with suppress(kill.LatchUnwritten):  # who pulled it was told; it is tried again
                    kill.pull(self._state_dir, as_latch(known[latch_id]))
        self._lacking = lacking

    def _hold(self, because: str) -> None:
        """Let entries wait while nobody can look, and tell that once."""
        if not self._holds:
            self._holds = True
            self._tell(HoldEntries(HeldBy.LATCH_FOLDER, because))

    def _free(self) -> None:
        """Let entries go on, as far as they waited for a look."""
        if self._holds:
            self._holds = False
            self._tell(FreeEntries(HeldBy.LATCH_FOLDER))
