"""The wall clock, held against the host's running time, which never steps.

Timers go by running time, so a wall that jumps rings none of them early. What goes by the wall
(tokens, sessions, request ids, and market time where the market is a real one) goes wrong with it:
people are told, and where market time is the wall nothing is entered until it has run evenly again
for a while.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.runtime.forward import STANDS_NS

LOOK_S = 0.5
JUMP_NS = 500 * MILLISECOND_NS
STEADY_NS = 60 * SECOND_NS


class Wall(Enum):
    """What a look at the wall clock found."""

    EVEN = "even"
    JUMPED = "jumped"
    STEADY = "steady"


class Looked(Struct, frozen=True):
    """What a look found, and by how much the wall is ahead of where it should be."""

    wall: Wall
    by_ns: int = 0


class ClockWatch:
    """Judges two clocks, look by look.

    A clock that is set right bit by bit, as time services do, moves too little in `STEADY_NS` to
    count; by then it is judged anew from where it is.

    Args:
        wall_ns: what the wall clock shows.
        running_ns: the host's running time.
    """

    def __init__(self, wall_ns: int, running_ns: int) -> None:
        self._wall_ns = wall_ns
        self._running_ns = running_ns
        self._uneven = False

    def look(self, wall_ns: int, running_ns: int, ahead_ns: int = 0) -> Looked:
        """Return what readings at one moment say.

        Args:
            wall_ns: what the wall clock shows.
            running_ns: the host's running time.
            ahead_ns: so far market time stands ahead of a wall that it is to follow; a wall that
                was uneven is not steady before both agree.
        """
        passed_ns = running_ns - self._running_ns
        by_ns = wall_ns - self._wall_ns - passed_ns
        if abs(by_ns) > JUMP_NS:
            self._wall_ns, self._running_ns, self._uneven = wall_ns, running_ns, True
            return Looked(Wall.JUMPED, by_ns)
        if passed_ns < STEADY_NS:
            return Looked(Wall.EVEN)
        self._wall_ns, self._running_ns = wall_ns, running_ns
        if not self._uneven or ahead_ns > JUMP_NS:
            return Looked(Wall.EVEN)
        self._uneven = False
        return Looked(Wall.STEADY)


def jump_sentence(by_ns: int, ahead_ns: int = 0, *, trades: bool = True) -> str:
    """Return what to tell a person of a wall clock that jumped.

    Args:
        by_ns: so far; below zero back.
        ahead_ns: so far market time stands ahead of it, where it is to follow it.
        trades: the exchange trades at the market time that it has then.
    """
    way = "forward" if by_ns > 0 else "back"
    jumped = (
        f"the machine's clock jumped {way} by {abs(by_ns) / SECOND_NS:,.1f} s; "
        "see to chrony or systemd-timesyncd"
    )
    if ahead_ns <= STANDS_NS:
        return jumped
    goes_on = f"{jumped}; market time goes on {ahead_ns / SECOND_NS:,.1f} s ahead of it"
    if not trades:
        return (
            f"{goes_on}, and by that the market is closed: nothing is guarded and nothing is left; "
            "see that the clock is right and start the daemon again now: then it goes by the clock"
        )
    return (
        f"{goes_on}, with stops and exits, and no entry is made until both agree; once the clock "
        "is right, start the daemon again, before the market closes by the time that it has now: "
        "then it goes by the clock"
    )
