"""What a watchdog knows of the link that its prices come through."""

from __future__ import annotations

from daemon.domain.market.freshness import STALE_FLOOR_NS, Link, lives_ns
from daemon.messages import DayOpened, LinkRevived, PaceLearnt


class FeedLink:
    """Whether prices may be acted on: while their link lives, and so long after they came.

    Attributes:
        alive: the feed has not told that it is dead.
        interval_ns: how far apart frames of this day are declared to be; 0: not known.
    """

    __slots__ = ("_lives_ns", "alive", "interval_ns")

    def __init__(self) -> None:
        self.alive = True
        self.interval_ns = 0
        self._lives_ns = STALE_FLOOR_NS

    def begin_day(self, opened: DayOpened) -> None:
        """Go by what is declared of a day, until the feed has learnt its pace."""
        self.interval_ns = opened.interval_ns
        self._lives_ns = lives_ns(Link(opened.interval_ns))

    def hear(self, told: LinkRevived | PaceLearnt) -> None:
        """Take in what the feed says."""
        if isinstance(told, LinkRevived):
            self.alive = True
        else:
            self._lives_ns = told.lives_ns

    def keeps(self, at_ns: int, now_ns: int) -> bool:
        """Say whether what came at an instant is read before it has died of its age."""
        return now_ns - at_ns <= self._lives_ns
