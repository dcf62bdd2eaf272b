"""What a run is made from, and what became of it."""

from __future__ import annotations

from msgspec import Struct

from daemon.simulation.faults import Struck


class Given(Struct, frozen=True):
    """What one run is made from.

    Attributes:
        seed: of all its chance.
        without: faults that are taken out.
        crash_at: crash at this gap, counted over the whole run, and then soon after starts; the
            run takes seconds, not minutes. None: as chance has it.
        days: how many it plays a part of: one, or two with the night between them.
    """

    seed: int
    without: frozenset[Struck] = frozenset()
    crash_at: int | None = None
    days: int = 1


class Outcome(Struct, frozen=True):
    """What became of a run.

    Attributes:
        given: what it was made from.
        trace: the digest over its steps.
        steps: how many there were.
        busy: how many of them before the quiet while.
        struck: what went wrong by plan, in order.
        lives: how often the daemon was started.
        killed: a kill was pulled.
        orders: how many orders the exchange has met.
        parked: how many orders were parked in its records.
        rested: how many stops that rested at the broker have filled there.
        violated: the invariant that does not hold; empty: all do.
        sentence: what was seen.
        last: the newest events before that.
    """

    given: Given
    trace: str
    steps: int
    busy: int
    struck: tuple[Struck, ...]
    lives: int
    killed: bool
    orders: int
    parked: int
    rested: int = 0
    violated: str = ""
    sentence: str = ""
    last: tuple[str, ...] = ()
