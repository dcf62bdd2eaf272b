"""How a sink is treated, and an event on its way to one."""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.instants import SECOND_NS
from daemon.messages.outbox import Event

MOST_AFTER_NS = 300 * SECOND_NS
"""No receiver is left alone for longer because he asks to be: a person may have to be paged."""


class Conduct(Struct, frozen=True):
    """How a sink is treated.

    Attributes:
        tries: so often a no is heard to an event at most.
        pause_ns: between the first two tries, in host time; each later pause is twice as long.
        longest_pause_ns: no pause is longer.
        batch: so many records are looked at at once.
        held: so many events are held at most.
        at_once: so many are given at once, each of another key.
        settle_ns: the cursor is not moved more often than that, for who writes records has to wait
            while it is.
    """

    tries: int
    pause_ns: int
    longest_pause_ns: int
    batch: int = 100
    held: int = 400
    at_once: int = 4
    settle_ns: int = SECOND_NS // 4

    def pause_after_ns(self, attempts: int) -> int:
        """Return the pause after so many tries."""
        doubled = min(attempts - 1, 62)
        return min(self.pause_ns << doubled, self.longest_pause_ns)


class Held(Struct, frozen=True):
    """An event on its way.

    Attributes:
        event: which.
        attempts: so often it was given.
        because: why it was not taken the last time.
        due_ns: before it, it is not given again.
        out: it is being given now.
        earlier: so often it was given before it was a dead letter.
        noes: so often the receiver would not have it, as far as one can tell.
        taken: so many others he had taken by the last try.
    """

    event: Event
    attempts: int = 0
    because: str = ""
    due_ns: int = 0
    out: bool = False
    earlier: int = 0
    noes: int = 0
    taken: int = 0
