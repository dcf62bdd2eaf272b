"""Calm: a run of frames of which nothing is to be said, at a fraction of the price of judging each.

Almost every frame follows the one before in good time, in the session, with news. Such a frame is
told by a few comparisons and only noted down; the intake takes the notes in before anything else is
asked of it. Whatever is not plainly calm goes to the decision table, so both ways agree.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from msgspec.structs import replace

from daemon.domain.market.freshness import (
    GAP_FLOOR_NS,
    GAP_INTERVALS,
    GAPS_KEPT,
    STALE_FLOOR_NS,
    STALE_INTERVALS,
    Link,
)
from daemon.domain.market.intake import Intake

_MOST_NOTED = 512


class Calm:
    """The intake of one feed, with the calm frames that it has yet to take in.

    Attributes:
        stale_ns: before so long after its last frame the link is surely alive.
    """

    __slots__ = (
        "_ends_ns",
        "_gap_ns",
        "_intake",
        "_last_ns",
        "_least_ns",
        "_noted",
        "_seen",
        "stale_ns",
    )

    def __init__(self, intake: Intake) -> None:
        self._noted: list[int] = []
        self._seen: deque[int] = deque()
        self._intake = intake
        self._last_ns = self._ends_ns = 0
        self.settle(intake)

    def settle(self, intake: Intake) -> None:
        """Go on from an intake; what was noted before must have been taken in."""
        link = intake.link
        self._intake = intake
        self._noted.clear()
        self._last_ns = intake.last_ns
        # Until a frame of this session was taken the decision table must see the next one.
        calm = intake.dropping is None and not intake.stale_told and intake.last_ns == link.last_ns
        self._ends_ns = intake.session[1] if calm and link.beating else 0
        self._seen = deque(intake.seen, maxlen=intake.memory)
        self._expect(_least_ns(link))

    def is_usual(self, at_ns: int, fingerprint: int) -> bool:
        """Note a frame down and return True, where it is plainly to be taken without a word."""
        silence_ns = at_ns - self._last_ns
        if not 0 < silence_ns < self._gap_ns or at_ns > self._ends_ns:
            return False
        if fingerprint:
            if fingerprint in self._seen:
                return False
            self._seen.append(fingerprint)
        if silence_ns < self._least_ns:
            self._expect(max(silence_ns, _FLOOR_NS))
        self._last_ns = at_ns
        noted = self._noted
        noted.append(at_ns)
        if len(noted) >= _MOST_NOTED:
            self.intake()
        return True

    def _expect(self, least_ns: int) -> None:
        """Take a span that the expected interval is not below, and what silences follow from it."""
        self._least_ns = least_ns
        self._gap_ns = GAP_INTERVALS * least_ns
        self.stale_ns = max(STALE_FLOOR_NS, STALE_INTERVALS * least_ns) + 1

    def intake(self) -> Intake:
        """Return the intake with everything that was noted taken in."""
        noted, before = self._noted, self._intake
        if not noted:
            return before
        link = before.link
        gaps_ns = link.gaps_ns
        if not link.configured_ns:
            instants = (link.last_ns, *noted)[-GAPS_KEPT - 1 :]
            gaps_ns = (*gaps_ns, *(later - earlier for earlier, later in pairwise(instants)))
            gaps_ns = gaps_ns[-GAPS_KEPT:]
        last_ns = noted[-1]
        beaten = Link(link.declared_ns, link.configured_ns, last_ns, gaps_ns, beating=True)
        taken = replace(before, link=beaten, last_ns=last_ns, seen=tuple(self._seen))
        self.settle(taken)
        return taken

    def may_die_ns(self) -> int:
        """Return the first instant at which the link might be dead; 0: nothing is known of it."""
        if not self._ends_ns:
            return 0
        return self._last_ns + self.stale_ns


_FLOOR_NS = -(-GAP_FLOOR_NS // GAP_INTERVALS)
"""Below this no interval is told from another: a silence of under two seconds is never a gap."""


def _least_ns(link: Link) -> int:
    """Return a span that the expected interval is not below, however the next gaps come."""
    if link.configured_ns:
        return max(link.configured_ns, _FLOOR_NS)
    return max(min((*link.gaps_ns, link.declared_ns or _FLOOR_NS)), _FLOOR_NS)
