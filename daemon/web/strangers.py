"""Requests that nobody was let in for: so many lines of log are written of them, and no more.

Whoever reaches the port may ask, and so may any page in its owner's browser. A line for each of
them would let a stranger fill the disk, and a full disk stops entries.
"""

from __future__ import annotations

from daemon.domain.instants import SECOND_NS

MOST = 200
"""So many at once: a browser that loads the page asks for some twenty files."""
_EVERY_NS = SECOND_NS // 2
"""Then one in so long."""


class Strangers:
    """Says of which of these requests a line is written."""

    def __init__(self) -> None:
        self._full_ns = self._left_out = 0

    def take(self, now_ns: int) -> int | None:
        """Return how many lines were left out since the last one; None: this one is as well.

        Args:
            now_ns: the present instant, of a clock that only rises.
        """
        full_ns = max(self._full_ns, now_ns) + _EVERY_NS
        if full_ns - now_ns > MOST * _EVERY_NS:
            self._left_out += 1
            return None
        self._full_ns = full_ns
        left_out, self._left_out = self._left_out, 0
        return left_out
