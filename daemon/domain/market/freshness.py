"""Freshness: whether a feed link is alive, told by its beats alone.

A beat is a frame that brought something new. A link lives for max(3 s, 3 x its interval) after its
last beat and is dead one nanosecond later; a price of a dead link is stale. The interval is what
the settings say, else the median of the last 20 gaps between beats, else (fewer than 5 gaps known)
what the source declares. A beat costs one small tuple; the median is worked out only when asked.
"""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.instants import SECOND_NS

GAPS_KEPT = 20
GAPS_NEEDED = 5
STALE_FLOOR_NS = 3 * SECOND_NS
STALE_INTERVALS = 3
GAP_FLOOR_NS = 2 * SECOND_NS
GAP_INTERVALS = 2


class Link(Struct, frozen=True, gc=False):
    """The state of one feed link.

    Attributes:
        declared_ns: the interval that the source claims.
        configured_ns: the interval that the settings demand; 0: learn it.
        last_ns: the last beat, or the opening where none has come since.
        gaps_ns: the last gaps between beats, oldest first.
        beating: a beat has come since the opening, so the next one ends a gap.
    """

    declared_ns: int
    configured_ns: int = 0
    last_ns: int = 0
    gaps_ns: tuple[int, ...] = ()
    beating: bool = False


def opened(link: Link, at_ns: int) -> Link:
    """Return the link based anew at a session's start, so the night counts as no gap."""
    return Link(link.declared_ns, link.configured_ns, at_ns, link.gaps_ns)


def beat(link: Link, at_ns: int) -> Link:
    """Return the link after a frame that brought something new.

    Args:
        link: its state before.
        at_ns: when the frame came; never before the last beat.
    """
    gap_ns = at_ns - link.last_ns
    assert gap_ns >= 0, "a link never beats backwards"
    gaps_ns = link.gaps_ns
    if link.beating and not link.configured_ns:
        gaps_ns = (*gaps_ns[1 - GAPS_KEPT :], gap_ns)
    return Link(link.declared_ns, link.configured_ns, at_ns, gaps_ns, beating=True)


def interval_ns(link: Link) -> int:
    """Return how far apart beats are expected, in ns."""
    if link.configured_ns:
        return link.configured_ns
    known = len(link.gaps_ns)
    if known < GAPS_NEEDED:
        return link.declared_ns
    ordered = sorted(link.gaps_ns)
    return (ordered[(known - 1) // 2] + ordered[known // 2]) // 2


def lives_ns(link: Link) -> int:
    """Return how old the newest price may be that is still acted on, in ns, by the pace of now."""
    return max(STALE_FLOOR_NS, STALE_INTERVALS * interval_ns(link))


def dies_at_ns(link: Link) -> int:
    """Return the first instant at which the link is dead unless it beats before."""
    return link.last_ns + lives_ns(link) + 1


def alive(link: Link, now_ns: int) -> bool:
    """Return whether a price of this link may be acted on."""
    # Most links beat far inside the floor, so most answers need no median.
    return now_ns - link.last_ns <= STALE_FLOOR_NS or now_ns < dies_at_ns(link)


def is_gap(link: Link, silence_ns: int) -> bool:
    """Return whether so long a silence between two frames deserves a remark: max(2 s, 2 x)."""
    return silence_ns >= GAP_FLOOR_NS and silence_ns >= GAP_INTERVALS * interval_ns(link)
