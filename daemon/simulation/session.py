"""The session at the broker: it may end in mid-day, and nobody is let in again for a while.

From then on all that is asked is refused, until a log-in is answered with another one. Whoever is
refused is told so by the client of the broker, as in `app/at_brokers`: the keeper is to renew it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.simulation.faults import Call, Fates
from daemon.simulation.timeline import Timeline

_SHUT_NS = (0, 20 * SECOND_NS)
"""For so long no log-in brings another one."""
_WAY_NS = 20 * MILLISECOND_NS


class Session:
    """The session of one account; it stands as a run begins, and outlives every daemon.

    Args:
        timeline: virtual time.
        fates: what goes wrong.
        refused: is told which generation was refused.
    """

    def __init__(self, timeline: Timeline, fates: Fates, refused: Callable[[int], None]) -> None:
        self._timeline = timeline
        self._fates = fates
        self._refused = refused
        self._stands = True
        self._generation = self._ends = self._shut_ns = 0

    def look(self) -> None:
        """Let chance end it."""
        if self._fates.of(Call.SESSION):
            self._ends += 1
            shut_ns = self._timeline.dice.between(*_SHUT_NS, "session shut", self._ends)
            self._stands, self._shut_ns = False, self._timeline.now_ns() + shut_ns

    def expire(self) -> None:
        """End it, as that of every day ends; whoever logs in is given another one."""
        self._stands = False

    def refuses(self) -> bool:
        """Say whether what is asked now is refused; the keeper hears of that."""
        if not self._stands:
            self._timeline.after(_WAY_NS, partial(self._refused, self._generation))
        return not self._stands

    def lets_in(self, generation: int) -> bool:
        """Say whether a log-in brings a session."""
        if self._stands or self._timeline.now_ns() >= self._shut_ns:
            self._stands, self._generation = True, generation
        return self._stands
