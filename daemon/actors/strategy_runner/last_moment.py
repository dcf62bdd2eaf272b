"""The last moment of an entry that waits: with its window it is over for the day, and that is told.

An alarm sees to it, for no frame need come then. It is set where an entry waits, and nowhere else.
"""

from __future__ import annotations

from msgspec import Struct

from daemon.actors.strategy_runner.entry_window import Window
from daemon.actors.strategy_runner.fan_out import FanOut
from daemon.actors.turn import Turn
from daemon.domain.instants import wall_of
from daemon.runtime.words import Alarm


class WindowOver(Struct, frozen=True):
    """The window of an entry that waits is over, where it was not moved."""


class LastMoment:
    """Ends the entries of a strategy that still wait when their window is over.

    Args:
        fan_out: knows in which accounts one waits.
    """

    def __init__(self, fan_out: FanOut) -> None:
        self._fan_out = fan_out
        self._rings_ns = 0

    def watch(self, turn: Turn, window: Window | None, now_ns: int) -> None:
        """See to it that what waits now ends with its window; where that is over, it ends now.

        Args:
            turn: what is done.
            window: when it may be entered; None: there is no entry any more.
            now_ns: the present instant.
        """
        if window is None:
            return
        over_ns = window.closes_ns + 1
        ends = self._fan_out.end_waits(f"{wall_of(over_ns):%H:%M:%S}")
        if now_ns >= over_ns:
            turn.do(*ends)
        elif ends and self._rings_ns != over_ns:
            self._rings_ns = over_ns
            turn.do(Alarm(over_ns, WindowOver()))
