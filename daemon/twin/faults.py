"""What goes wrong by plan: a table of (call, number) to a fault, for tests of what stands above.

The plan is pure: it holds no counters. The exchange numbers its calls from 1 and keeps the numbers
in its file, so a fault strikes once, even across a restart.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from daemon.twin.words import Reason

EVERY = 0
"""As a number: every call of that kind."""


class Call(StrEnum):
    """What a fault strikes; each is numbered on its own."""

    PLACE = "place"
    MODIFY = "modify"
    CANCEL = "cancel"
    REPORT = "report"


class FaultKind(StrEnum):
    """How it goes wrong."""

    REFUSE = "refuse"  # the answer is no, with the reason given
    LOSE = "lose"  # no answer, and it never arrives
    NO_ANSWER = "no_answer"  # no answer, yet it arrived
    LATE = "late"  # no answer, and it arrives `delay_ns` after its time
    REJECT_LATER = "reject_later"  # accepted, then rejected by the report that follows
    FILL_AFTER_CANCEL = "fill_after_cancel"  # reported cancelled, yet it can still match
    DUPLICATE = "duplicate"  # the report is told twice
    OMIT = "omit"  # the report is never told; the book has it


STRIKES: dict[Call, frozenset[FaultKind]] = {
    Call.PLACE: frozenset(
        {
            FaultKind.REFUSE,
            FaultKind.LOSE,
            FaultKind.NO_ANSWER,
            FaultKind.LATE,
            FaultKind.REJECT_LATER,
        }
    ),
    Call.MODIFY: frozenset({FaultKind.REFUSE, FaultKind.LOSE, FaultKind.NO_ANSWER}),
    Call.CANCEL: frozenset(
        {FaultKind.REFUSE, FaultKind.LOSE, FaultKind.NO_ANSWER, FaultKind.FILL_AFTER_CANCEL}
    ),
    Call.REPORT: frozenset({FaultKind.DUPLICATE, FaultKind.OMIT}),
}


class Fault(Struct, frozen=True):
    """One thing that goes wrong.

    Attributes:
        call: what it strikes.
        kind: how; one that `STRIKES` allows for the call.
        number: which call of that kind, from 1; `EVERY`: all of them.
        reason: for `REFUSE` and `REJECT_LATER`.
        delay_ns: for `LATE`.
    """

    call: Call
    kind: FaultKind
    number: int = EVERY
    reason: Reason = Reason.OTHER
    delay_ns: int = 0

    def __post_init__(self) -> None:
        """Refuse a fault that its call cannot have."""
        if self.kind not in STRIKES[self.call]:
            raise ValueError(f"{self.kind} cannot strike {self.call}")


class Faults(Struct, frozen=True):
    """The plan; where several strike one call, the first in the list does."""

    plan: tuple[Fault, ...] = ()

    def of(self, call: Call, number: int) -> Fault | None:
        """Return what strikes that call, if anything does."""
        for fault in self.plan:
            if fault.call == call and fault.number in (EVERY, number):
                return fault
        return None
