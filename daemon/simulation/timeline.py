"""Virtual time: what is to come, whoever brings it; it outlives the daemon that is simulated."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from daemon.runtime.clock import VirtualClock
from daemon.simulation.dice import Dice

_TIE = 1 << 16


class Timeline:
    """Everything that is to happen, in the order of its instants; chance orders equal ones.

    Args:
        dice: the chance of the run.
        start_ns: where time begins.

    Attributes:
        dice: the chance of the run.
        now_ns: tells the present instant.
    """

    def __init__(self, dice: Dice, start_ns: int) -> None:
        self.dice = dice
        self._clock = VirtualClock(start_ns)
        self.now_ns = self._clock.now_ns
        self._count = 0
        self._coming: list[tuple[int, int, int, Callable[[], None]]] = []

    def at(self, at_ns: int, what: Callable[[], None]) -> None:
        """Let something happen at an instant, or now where that has passed."""
        self._count += 1
        tie = self.dice.below(_TIE, "tie", self._count)
        heappush(self._coming, (max(at_ns, self.now_ns()), tie, self._count, what))

    def after(self, by_ns: int, what: Callable[[], None]) -> None:
        """Let something happen after a while."""
        self.at(self.now_ns() + by_ns, what)

    def go_on(self, until_ns: int) -> bool:
        """Let the next thing happen, unless that lies beyond an instant; return whether it did."""
        if not self._coming or self._coming[0][0] > until_ns:
            return False
        at_ns, _, _, what = heappop(self._coming)
        self._clock.set(at_ns)
        what()
        return True
