"""The simulated machine's wall clock, which is set now and then, and the watch that notices.

Trading goes by market time, which no wall sets; what a jump means for it comes through the watch
alone, as where market time is the wall's.
"""

from __future__ import annotations

from collections.abc import Callable

from daemon.app.machine.clock_watch import ClockWatch, Wall, jump_sentence
from daemon.domain.instants import SECOND_NS
from daemon.messages import FreeEntries, HeldBy, HoldEntries
from daemon.simulation.dice import Dice
from daemon.simulation.faults import Call, Fates

_MOST_S = 180


class SimulatedWall:
    """Outlives every crash; the watch is that of the daemon which lives.

    Args:
        dice: the chance of the run.
        fates: says when it is set.
        tell: brings what follows to the router.
    """

    def __init__(
        self, dice: Dice, fates: Fates, tell: Callable[[HoldEntries | FreeEntries], None]
    ) -> None:
        self._dice, self._fates, self._tell = dice, fates, tell
        self._ahead_ns = self._jumps = 0
        self._watch: ClockWatch | None = None

    def begin(self, now_ns: int) -> None:
        """A life begins, with a watch of its own."""
        self._watch = ClockWatch(now_ns + self._ahead_ns, now_ns)

    def look(self, now_ns: int) -> None:
        """Set it, or not, and let whoever lives look at it."""
        if self._fates.of(Call.WALL):
            self._jumps += 1
            seconds = self._dice.between(1, _MOST_S, "wall by", self._jumps)
            back = self._dice.below(2, "wall back", self._jumps)
            self._ahead_ns += seconds * SECOND_NS * (-1 if back else 1)
        if self._watch is None:
            return
        looked = self._watch.look(now_ns + self._ahead_ns, now_ns)
        if looked.wall is Wall.JUMPED:
            self._tell(HoldEntries(HeldBy.CLOCK, jump_sentence(looked.by_ns)))
        elif looked.wall is Wall.STEADY:
            self._tell(FreeEntries(HeldBy.CLOCK))
