"""Requests that nobody was let in for: so many lines of log are written of them, and no more.

Whoever reaches the port may ask, and so may any page in its owner's browser. A line for each of
them would let a stranger fill the disk, and a full disk stops entries.
"""

from __future__ import annotations

from typing import Final

from daemon.domain.instants import SECOND_NS
from daemon.runtime.budget import Budget, Granted, Priority, Window

LINES: Final = Window(100, 50 * SECOND_NS)
"""A browser that loads the page asks for some twenty files at once."""


class Strangers:
    """Says of which of these requests a line is written."""

    def __init__(self) -> None:
        self._lines = Budget((LINES,))
        self._left_out = 0

    def take(self, now_ns: int) -> int | None:
        """Return how many lines were left out since the last one; None: this one is as well.

        Args:
            now_ns: the present instant, of a clock that only rises.
        """
        if not isinstance(self._lines.take(now_ns, Priority.EXIT), Granted):
            self._left_out += 1
            return None
        left_out, self._left_out = self._left_out, 0
        return left_out
