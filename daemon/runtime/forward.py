"""A clock that is read forward only, though what it is read from may be set back.

Back by a few seconds, and the newest instant stands until the source has caught up. By more, as
where a machine that took its hardware's local time for UTC is put right, and standing would hold up
whoever waits in it for hours. It then goes on by running time, slower than its source, until that
has caught up: nothing that is counted in windows counts twice, and nothing that is owed stands.
"""

from __future__ import annotations

from fractions import Fraction

from daemon.runtime.clock import Clock, PacedClock

STANDS_NS = 5_000_000_000
"""So far behind it the source may be before it goes on by itself."""
SLOWED = Fraction(2, 3)
"""How fast it goes on then, of its pace: half a day's time zone, as India's, is caught up between
a close and the next opening, and an interval of a second takes a second and a half."""


class Forward:
    """Shows what its source shows, and never an instant before one that it has shown.

    Attributes:
        source: what it is read from: the wall, or a clock that runs at a pace.

    Args:
        source: that.
        running: the host's running time, which never steps.
        speed: how many of the source's seconds pass in one of the host's.
    """

    def __init__(self, source: Clock, running: Clock, speed: Fraction = Fraction(1)) -> None:
        self.source = source
        self._running = running
        self._slowed = speed * SLOWED
        self._beyond_ns = 0
        self._newest_ns = source.now_ns()
        self._alone: PacedClock | None = None

    def now_ns(self) -> int:
        """Return the present instant, in ns, which is never before one that was read."""
        shown_ns = self.shown_ns()
        if self._alone is not None:
            self._newest_ns = self._alone.now_ns()
        if shown_ns >= self._newest_ns:
            self._newest_ns, self._alone = shown_ns, None
        elif self._alone is None and self._newest_ns - shown_ns > STANDS_NS:
            self._alone = PacedClock(self._running, self._newest_ns, self._slowed)
        return self._newest_ns

    def shown_ns(self) -> int:
        """Return what the source shows, in ns: before the present instant once it was set back."""
        return self.source.now_ns() + self._beyond_ns

    def begin_anew(self) -> None:
        """Show what the source shows from now on, though it be earlier; nobody remembers more."""
        self._newest_ns, self._alone = self.shown_ns(), None

    def jump(self, at_ns: int) -> None:
        """Go on from a later instant, whatever the source shows."""
        if at_ns > self.now_ns():
            self._beyond_ns = at_ns - self.source.now_ns()
