"""Who has the state folder, also where somebody removed the file that says so."""

from __future__ import annotations

import os
from pathlib import Path

from daemon.storage.exclusive import LOCK, Holder, is_held, last_holder


class Known:
    """Remembers who was named last.

    A daemon lays a lock file that was removed anew by itself, but not while it hangs; and a person
    removes one mostly then. It could be ended by nobody otherwise, and keeps the folder.

    Args:
        state_dir: the folder.
    """

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._named: Holder | None = None

    def holder(self) -> Holder | None:
        """Return who holds the folder, or held it last; None: nobody known, or he ended in order.

        Raises:
            OSError: that cannot be read.
        """
        found = last_holder(self._state_dir)
        if found is not None or os.path.lexists(self._state_dir / LOCK):
            self._named = found
            return found
        before = self._named
        is_there = before is not None and before.is_alive() and is_held(self._state_dir)
        return before if is_there else None
