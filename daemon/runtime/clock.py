"""Clocks: where the present instant comes from, so that nothing else has to ask the machine.

A decision is handed its `now_ns`; only drivers and ports hold a clock. Every clock here counts in
whole nanoseconds and none of them uses floats, so that market time at sixty times the pace has
not drifted by the evening. The two that read the machine are the only places that do.
"""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Protocol


class Clock(Protocol):
    """Something that tells an instant: market time or host time."""

    def now_ns(self) -> int:
        """Return the present instant, in ns."""
        ...


class MarketTime(Clock, Protocol):
    """The clock that trading goes by, in a world where time can be waited for."""

    async def reach(self, at_ns: int) -> None:
        """Wait until market time is at that instant; never goes back."""
        ...

    def shown_ns(self) -> int:
        """Return what it is read from shows, in ns: less, after that was set back."""
        ...

    async def reach_shown(self, at_ns: int) -> None:
        """Wait until what it is read from shows that instant, and market time with it."""
        ...


class WallClock:
    """Nanoseconds since 1970 in UTC: market time in live and paper. May step, either way."""

    def now_ns(self) -> int:
        """Return the machine's wall time, in ns."""
        return time.time_ns()  # sim-ok: the one reading of the wall; other worlds have other clocks


class MonotonicClock:
    """Nanoseconds since some start of the host's own: for time-outs and watchdogs. Never steps."""

    def now_ns(self) -> int:
        """Return the host's running time, in ns."""
        return time.monotonic_ns()  # sim-ok: the one reading of host time; others have other clocks


class SteadyClock:
    """Wall time as it was at the start, carried on by running time: for whatever expires.

    A wall that is set to another hour neither ends a ticket early nor lets one live on.

    Args:
        wall: read once.
        running: the host's running time.
    """

    def __init__(self, wall: Clock, running: Clock) -> None:
        self._running = running
        self._ahead_ns = wall.now_ns() - running.now_ns()

    def now_ns(self) -> int:
        """Return what the wall would show had nobody set it, in ns."""
        return self._running.now_ns() + self._ahead_ns


class VirtualClock:
    """A clock that moves only when it is told to: market time in replay and in tests.

    Args:
        start_ns: the instant that it shows first.
    """

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """Return the instant last set, in ns."""
        return self._now_ns

    def set(self, at_ns: int) -> None:
        """Move to an instant, which is not before the present one."""
        assert at_ns >= self._now_ns, f"time never goes back: {at_ns} is before {self._now_ns}"
        self._now_ns = at_ns

    def advance(self, by_ns: int) -> None:
        """Move on by a span, which is not negative."""
        self.set(self._now_ns + by_ns)


class PacedClock:
    """Market time that runs at a set multiple of host time, from a set start.

    Each reading is reckoned from the anchor, never from the reading before, so that no rounding
    adds up.

    Args:
        host: host time; a `MonotonicClock` unless in a test.
        start_ns: the market instant at which it starts, now.
        speed: market seconds per host second, above zero.
    """

    def __init__(self, host: Clock, start_ns: int, speed: Fraction = Fraction(1)) -> None:
        _assert_forward(speed)
        self._host = host
        self._host_anchor_ns = host.now_ns()
        self._anchor_ns = start_ns
        self._speed = speed

    def now_ns(self) -> int:
        """Return the market instant, in ns, rounded down."""
        return self._at(self._host.now_ns())

    def delay_until_ns(self, at_ns: int) -> int:
        """Return the shortest host time, in ns, after which the clock shows that instant.

        Args:
            at_ns: a market instant; 0 is returned where it has been reached.
        """
        ahead_ns = at_ns - self._anchor_ns
        due_ns = -(-ahead_ns * self._speed.denominator // self._speed.numerator)
        return max(0, self._host_anchor_ns + due_ns - self._host.now_ns())

    def set_speed(self, speed: Fraction) -> None:
        """Go on from the present instant at another pace."""
        _assert_forward(speed)
        host_ns = self._host.now_ns()
        self._anchor_ns, self._host_anchor_ns = self._at(host_ns), host_ns
        self._speed = speed

    def jump(self, at_ns: int) -> None:
        """Go on from a later instant, such as the eve of the next session."""
        host_ns = self._host.now_ns()
        now_ns = self._at(host_ns)
        assert at_ns >= now_ns, f"time never goes back: {at_ns} is before {now_ns}"
        self._anchor_ns, self._host_anchor_ns = at_ns, host_ns

    def _at(self, host_ns: int) -> int:
        elapsed_ns = host_ns - self._host_anchor_ns
        return self._anchor_ns + elapsed_ns * self._speed.numerator // self._speed.denominator


def _assert_forward(speed: Fraction) -> None:
    assert speed > 0, f"market time only runs forward; a speed of {speed} does not"
