"""What the daemon was given of prices, and how long they live by the pace of its feed.

The pace is counted anew in each life of a daemon, over the frames that its feed took: by the rule
that the daemon keeps, and apart from the daemon's own reckoning.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from daemon.domain.market.frames import Frame

_FRAMES_KEPT, _GAPS_KEPT, _GAPS_TELL = 8, 20, 5
_GAPS_BORNE = 3
"""So many of the usual steps of a feed may pass until its prices are stale."""


class Prices:
    """The newest frames that the daemon was given.

    Args:
        fresh_ns: how old the newest of them may be at a feed in its pace.
    """

    def __init__(self, fresh_ns: int) -> None:
        self._fresh_ns = fresh_ns
        self._frames: deque[Frame] = deque(maxlen=_FRAMES_KEPT)
        self._gaps_ns: deque[int] = deque(maxlen=_GAPS_KEPT)
        self._beat_ns: int | None = None

    def begins(self) -> None:
        """Take that a life of the daemon begins, which knows no price and no pace."""
        self._frames.clear()
        self._gaps_ns.clear()
        self._beat_ns = None

    def given(self, frame: Frame) -> None:
        """Take that the daemon was given a frame."""
        self._frames.append(frame)

    def taken(self, frame: Frame) -> None:
        """Take that the daemon's feed went by a frame; one that was never given has no pace."""
        if frame not in self._frames:
            return
        if self._beat_ns is not None:
            self._gaps_ns.append(frame.at_ns - self._beat_ns)
        self._beat_ns = frame.at_ns

    def fresh(self, at_ns: int) -> list[Frame]:
        """Return the frames that may be priced by at an instant, oldest first."""
        lives_ns = self._fresh_ns
        if len(self._gaps_ns) >= _GAPS_TELL:
            lives_ns = max(lives_ns, _GAPS_BORNE * int(median(self._gaps_ns)))
        return [frame for frame in self._frames if at_ns - frame.at_ns <= lives_ns]
