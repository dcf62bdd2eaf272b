"""Exits that are owed: each as far as it has come."""

from __future__ import annotations

from msgspec import Struct, field

from daemon.domain.orders.flatten import Flatten
from daemon.messages import ExitOwed

LATE, UNREAD, UNSHOWN = "late", "unread", "unshown"
"""Among what was told of a closing: that its time is over, that it left on a book unread, and that
it waits for the broker to show what it is to close."""


class Closing(Struct):
    """One exit that is owed.

    Attributes:
        owed: the obligation.
        machine: what works it.
        short_then: by leg, the units that it had to buy back when it began.
        told: what a person was told of it already.
        held_ns: by leg, when slices of the present attempt began to wait: for the budget, for a
            resident stop or the order before them to be gone, or for shorts to be bought back that
            may yet come; they are as old as slices that do not have to wait.
        withdrawn_ns: by own order in its way, since when the exit waits for it to be gone.
        awaited: legs whose sales a hedge of it waited for: what fills of them it guards as well.
    """

    owed: ExitOwed
    machine: Flatten
    short_then: dict[str, int]
    told: set[str] = field(default_factory=set)
    held_ns: dict[str, int] = field(default_factory=dict)
    withdrawn_ns: dict[str, int] = field(default_factory=dict)
    awaited: set[str] = field(default_factory=set)
