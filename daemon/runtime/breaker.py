"""A circuit breaker for one class of calls to one peer: a dead link is asked once, not in a herd.

After a run of link failures nobody is let through until a cool-down has passed; then exactly one
call, the probe, finds out whether the link is back. Only the link is judged: a peer that answers
no has answered, so its refusal is told as a success.

Each permission carries the turn it was given in. What is told of an earlier turn is no evidence
about the present one and changes nothing, so a call that was slow to fail cannot end a probe.

An exit does not stand behind a breaker: its caller asks as everybody does, and where it is refused
sends all the same and tells nothing. That is the caller's choice and not known here.
"""

from __future__ import annotations

from enum import StrEnum, auto
from types import MappingProxyType
from typing import Final

from msgspec import Struct

_SECOND_NS = 1_000_000_000


class Phase(StrEnum):
    """What the breaker believes of the link."""

    CLOSED = auto()
    """It works: everybody passes."""
    OPEN = auto()
    """It is dead: nobody passes until the cool-down is over."""
    HALF_OPEN = auto()
    """One probe is out; nobody else passes until it is told of, or is too late."""


class Event(StrEnum):
    """What moves the breaker."""

    TRIPPED = auto()
    """One failure too many in a row."""
    WAITED = auto()
    """Somebody asked after the cool-down, or after the probe's time-out."""
    SUCCEEDED = auto()
    FAILED = auto()


TRANSITIONS: Final = MappingProxyType(
    {
        (Phase.CLOSED, Event.TRIPPED): Phase.OPEN,
        (Phase.OPEN, Event.WAITED): Phase.HALF_OPEN,
        (Phase.HALF_OPEN, Event.WAITED): Phase.HALF_OPEN,
        (Phase.HALF_OPEN, Event.SUCCEEDED): Phase.CLOSED,
        (Phase.HALF_OPEN, Event.FAILED): Phase.OPEN,
    }
)
"""Where each event leads; each entry begins a new turn. What is absent moves nothing."""


class BreakerPolicy(Struct, frozen=True):
    """When to open, and how long to wait.

    Attributes:
        failures: link failures in a row that open it.
        cool_down_ns: how long nobody passes after it opened.
        probe_timeout_ns: how long a probe may stay silent before another takes its place; longer
            than the time-out of the call itself, or two probes may be on the wire.
    """

    failures: int = 5
    cool_down_ns: int = 30 * _SECOND_NS
    probe_timeout_ns: int = 10 * _SECOND_NS


DEFAULT: Final = BreakerPolicy()


class Allowed(Struct, frozen=True):
    """The call may be made; its outcome is told with this.

    Attributes:
        turn: the stretch between two transitions that it was allowed in.
    """

    turn: int


class Refused(Struct, frozen=True):
    """The call may not be made.

    Attributes:
        until_ns: when to ask again: the first instant at which somebody may pass.
    """

    until_ns: int


class Breaker:
    """One link, as one class of calls sees it; a caller keeps one per peer and class.

    Ask it last, when the call is surely made: a probe that never leaves is waited for. `now_ns` is
    host time that does not step; where it steps back nevertheless, no wait grows longer by it.

    Args:
        policy: when to open, and how long to wait.
    """

    def __init__(self, policy: BreakerPolicy = DEFAULT) -> None:
        self._waits_ns = {
            Phase.OPEN: policy.cool_down_ns,
            Phase.HALF_OPEN: policy.probe_timeout_ns,
        }
        self._enough = policy.failures
        self._phase = Phase.CLOSED
        self._failures = 0
        self._since_ns = 0
        self._turn = 0

    @property
    def phase(self) -> Phase:
        """What it believes of the link."""
        return self._phase

    def restore(self, phase: Phase, since_ns: int) -> None:
        """Take what was believed of the link before a restart, and since when."""
        self._phase, self._since_ns = phase, since_ns
        self._turn += 1

    def admits(self, now_ns: int) -> bool:
        """Return whether a call would be let through now; nothing is moved by asking."""
        if self._phase is Phase.CLOSED:
            return True
        return now_ns >= min(self._since_ns, now_ns) + self._waits_ns[self._phase]

    def allow(self, now_ns: int) -> Allowed | Refused:
        """Return whether a call may be made now; a call let through in `OPEN` is the probe."""
        if self._phase is not Phase.CLOSED:
            self._since_ns = min(self._since_ns, now_ns)
            until_ns = self._since_ns + self._waits_ns[self._phase]
            if now_ns < until_ns:
                return Refused(until_ns)
            self._move(Event.WAITED, now_ns)
        return Allowed(self._turn)

    def succeeded(self, now_ns: int, call: Allowed) -> None:
        """Hear that the peer answered, be it yes or no."""
        if call.turn == self._turn:
            self._failures = 0
            self._move(Event.SUCCEEDED, now_ns)

    def failed(self, now_ns: int, call: Allowed) -> None:
        """Hear that the link failed: no connection, no answer in time, or a gateway's error."""
        if call.turn == self._turn:
            self._failures += 1
            tripped = self._phase is Phase.CLOSED and self._failures >= self._enough
            self._move(Event.TRIPPED if tripped else Event.FAILED, now_ns)

    def _move(self, event: Event, now_ns: int) -> None:
        target = TRANSITIONS.get((self._phase, event))
        if target is not None:
            self._phase, self._since_ns = target, now_ns
            self._turn += 1
