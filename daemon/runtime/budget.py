"""A budget of calls: a sliding log over several windows, with slots kept back for exits.

A call taken at `t` counts in a window of span `s` while `now - t < s`, so it weighs in the
half-open stretch `[t, t + s)` and its slot is free again at `t + s` exactly. Hence no stretch of
length `s`, wherever it is laid, holds more calls than the window's limit: a bucket that refills
would let nearly twice as many through at its start. Instants are those of leaving; what the way
to the peer bunches together is met by limits below the peer's own.

The budget keeps no queue. Who waits, and who goes first among those who wait, is the caller's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import StrEnum
from itertools import takewhile

from msgspec import Struct

_NO_LIMIT = 2**63


class Priority(StrEnum):
    """How much of a window a call may use."""

    EXIT = "exit"
    """All of it."""
    ENTRY = "entry"
    """What leaves the reserved slots free, so that an exit never stands behind entries."""


class Window(Struct, frozen=True):
    """At most so many calls in any stretch of that length.

    Attributes:
        limit: calls, of both lanes together.
        span_ns: the length of the stretch.
        reserved: how many of them an entry must leave free; below the limit.
        binds_exits: where not, an exit counts in it and is never held up by it.
    """

    limit: int
    span_ns: int
    reserved: int = 0
    binds_exits: bool = True

    def __post_init__(self) -> None:
        """Refuse a window that could never grant, or never an entry."""
        assert self.span_ns > 0, f"a window needs a length; {self.span_ns} ns is none"
        assert 0 <= self.reserved < self.limit, (
            f"of {self.limit} slots {self.reserved} cannot be reserved: one must be left to entries"
        )

    def slots(self, lane: Priority) -> int:
        """Return how many calls may stand in the window once one of this lane has joined."""
        if lane is Priority.ENTRY:
            return self.limit - self.reserved
        return self.limit if self.binds_exits else _NO_LIMIT


class Granted(Struct, frozen=True):
    """The call may leave; its slot is taken.

    Attributes:
        at_ns: the instant it is counted at, which `restore` wants back after a restart.
    """

    at_ns: int


class Wait(Struct, frozen=True):
    """The call may not leave yet; nothing was taken.

    Attributes:
        until_ns: the first instant at which it is granted, if nobody takes a slot before.
    """

    until_ns: int


class Budget:
    """The calls one account may make, in all its windows at once.

    Time is what the caller says. A clock that steps back by less than the shortest span is waited
    out at the latest instant seen, so that nothing more is granted. One that steps back further
    was wrong before: the log is moved along, as if no time had passed, so that an exit never waits
    longer than a window for a clock that was set by an hour.

    Args:
        windows: at least one.
    """

    def __init__(self, windows: Iterable[Window]) -> None:
        self._windows = tuple(windows)
        assert self._windows, "a budget without a window would grant everything"
        spans = [window.span_ns for window in self._windows]
        self._shortest_ns, self._longest_ns = min(spans), max(spans)
        # No verdict looks further back than the largest limit, whatever is restored.
        self._taken: deque[int] = deque(maxlen=max(window.limit for window in self._windows))
        self._seen_ns: int | None = None

    def take(self, now_ns: int, lane: Priority) -> Granted | Wait:
        """Take a slot in every window, or in none.

        Args:
            now_ns: the present instant.
            lane: `EXIT` may use every slot, `ENTRY` leaves the reserved ones.
        """
        at_ns = self._reckon(now_ns)
        until_ns = self._free_in_all(lane, at_ns)
        if until_ns > at_ns:
            return Wait(until_ns)
        self._taken.append(at_ns)
        return Granted(at_ns)

    def room(self, now_ns: int, lane: Priority) -> int:
        """Return how many calls of a lane could leave at once at this instant."""
        at_ns = self._reckon(now_ns)
        rooms = (window.slots(lane) - self._standing(window, at_ns) for window in self._windows)
        return max(0, min(rooms))

    def free_ns(self, now_ns: int, lane: Priority) -> int:
        """Return the first instant, from the present one on, at which a call of a lane could leave.

        Nothing is taken, so somebody else may be there before.
        """
        return self._free_in_all(lane, self._reckon(now_ns))

    def snapshot(self) -> tuple[int, ...]:
        """Return the instants that still count or lately did, in ns, rising."""
        return tuple(self._taken)

    def restore(self, instants: Iterable[int]) -> None:
        """Put a log in place of the present one.

        Args:
            instants: what was granted before a restart, in ns, in any order.
        """
        self._taken.clear()
        self._taken.extend(sorted(instants))
        self._seen_ns = self._taken[-1] if self._taken else None

    def _standing(self, window: Window, at_ns: int) -> int:
        """Return how many calls stand in a window; a day holds thousands, so the newest go first.

        Calls are in the order of their instants, and what the longest window forgets is gone.
        """
        if window.span_ns == self._longest_ns:
            return len(self._taken)
        newest = takewhile(lambda taken: at_ns - taken < window.span_ns, reversed(self._taken))
        return sum(1 for _ in newest)

    def _free_in_all(self, lane: Priority, at_ns: int) -> int:
        return max(self._free_at(window, lane, at_ns) for window in self._windows)

    def _free_at(self, window: Window, lane: Priority, at_ns: int) -> int:
        """Return when the window has a slot: when the oldest call that fills it drops out."""
        slots = window.slots(lane)
        if len(self._taken) < slots:
            return at_ns
        return max(at_ns, self._taken[-slots] + window.span_ns)

    def _reckon(self, now_ns: int) -> int:
        """Return the instant to count at, and forget the calls that count no more."""
        behind_ns = 0 if self._seen_ns is None else self._seen_ns - now_ns
        if behind_ns >= self._shortest_ns:
            moved = [at_ns - behind_ns for at_ns in self._taken]
            self._taken.clear()
            self._taken.extend(moved)
            behind_ns = 0
        self._seen_ns = now_ns + max(0, behind_ns)
        while self._taken and self._seen_ns - self._taken[0] >= self._longest_ns:
            self._taken.popleft()
        return self._seen_ns
