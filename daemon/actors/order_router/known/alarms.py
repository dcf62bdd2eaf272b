"""What the router has itself told later, and which of these alarms it still waits for.

For each matter at most one alarm is waited for. One that was moved, or was set before a fall, still
rings; it is known by its instant and passed over, so alarms never multiply.
"""

from __future__ import annotations

from msgspec import Struct

from daemon.actors.turn import Turn
from daemon.runtime.words import Alarm


class Due(Struct, frozen=True):
    """Something to be looked at again.

    Attributes:
        what: the id of the matter.
        at_ns: when it was to ring.
    """

    what: str
    at_ns: int


class BasketDue(Due, frozen=True):
    """A basket's limits have rested long enough, its time is up, or its rest is to be recalled."""


class ClosingDue(Due, frozen=True):
    """Look at a closing again."""


class ExitLate(Due, frozen=True):
    """An exit should have been finished by now."""


class LookUpDue(Due, frozen=True):
    """Ask again what became of an order."""


class ReadDue(Due, frozen=True):
    """See whether the broker's book is to be read again."""


class SilenceDue(Due, frozen=True):
    """The feed may have been silent for too long."""


class KillDue(Due, frozen=True):
    """Look at a kill again."""


class ResidentDue(Due, frozen=True):
    """See again whether a stop can rest at the broker."""


class DelayOver(Due, frozen=True):
    """A strategy whose entry did not get as far as the broker may try again."""


class AnswerDue(Due, frozen=True):
    """Whoever asked for an order has waited long enough for the broker's answer."""


class Wakes:
    """The alarms that are waited for, by kind and matter."""

    def __init__(self) -> None:
        self._pending: dict[tuple[type[Due], str], int] = {}

    def wake(self, turn: Turn, due: Due) -> None:
        """Have the router told this at its instant, unless it will be told the same before."""
        key = (type(due), due.what)
        pending_ns = self._pending.get(key)
        if pending_ns is None or due.at_ns < pending_ns:
            self._pending[key] = due.at_ns
            turn.do(Alarm(due.at_ns, due))

    def rings(self, due: Due) -> bool:
        """Say whether an alarm is the one that is waited for; it is waited for no longer."""
        key = (type(due), due.what)
        if self._pending.get(key) != due.at_ns:
            return False
        del self._pending[key]
        return True
