"""A kill: how far it has come, as a table from stage and sight to stage.

What is done in a stage is the closing machine's and the router's; here stands only what follows
from what they see. CANCELLING and CLOSING overlap, for an exit does not wait for a cancellation
that is none of its business; the stage tells what is still to be seen to. A kill that is flat goes
on looking while its latch stands: what turns up later is closed as well. One that is pulled again
is proven anew.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Stage(StrEnum):
    """How far a kill has come."""

    CANCELLING = "cancelling"
    CLOSING = "closing"
    VERIFYING = "verifying"
    FLAT = "flat"
    INCOMPLETE = "incomplete"


class Sight(StrEnum):
    """What is seen of a kill's scope, the most pressing first."""

    WORKING = "orders rest that could still open something"
    HELD = "something is held, or an exit of it is on its way"
    DOUBTFUL = "nothing is held, and an order in doubt may still fill"
    QUIET = "nothing is held or on its way, as far as we know"
    VERIFIED = "the broker's book has shown the same twice"
    OVERDUE = "its time is over"
    ASKED_AGAIN = "it is pulled again, and what was seen before may be so no longer"


TABLE: dict[Stage, dict[Sight, Stage]] = {
    Stage.CANCELLING: {
        Sight.HELD: Stage.CLOSING,
        Sight.DOUBTFUL: Stage.VERIFYING,
        Sight.QUIET: Stage.VERIFYING,
        Sight.OVERDUE: Stage.INCOMPLETE,
    },
    Stage.CLOSING: {
        Sight.DOUBTFUL: Stage.VERIFYING,
        Sight.QUIET: Stage.VERIFYING,
        Sight.OVERDUE: Stage.INCOMPLETE,
    },
    Stage.VERIFYING: {
        Sight.WORKING: Stage.CLOSING,
        Sight.HELD: Stage.CLOSING,
        Sight.VERIFIED: Stage.FLAT,
        Sight.OVERDUE: Stage.INCOMPLETE,
    },
    Stage.INCOMPLETE: {
        Sight.VERIFIED: Stage.FLAT,
        Sight.ASKED_AGAIN: Stage.VERIFYING,
    },
    Stage.FLAT: {
        Sight.WORKING: Stage.CLOSING,
        Sight.HELD: Stage.CLOSING,
        Sight.ASKED_AGAIN: Stage.VERIFYING,
    },
}
"""From stage and sight to the next stage; a sight that is not in the row changes nothing."""
_ENDED = (Stage.FLAT, Stage.INCOMPLETE)


class Progress(Struct, frozen=True):
    """How far a kill has come.

    Attributes:
        stage: where it stands.
        attempts: how often its closing began anew because more was found.
        began_ns: when it began, when more was found after it was flat, or when it was pulled again.
    """

    stage: Stage
    attempts: int
    began_ns: int


def begun(before: Progress | None, stage: Stage, attempts: int, at_ns: int) -> Progress:
    """Return how far a kill has come by what was recorded of it.

    Args:
        before: by what was recorded before; None: nothing was.
        stage: as recorded.
        attempts: as recorded.
        at_ns: when.
    """
    if before is None or (before.stage in _ENDED and stage not in _ENDED):
        return Progress(stage, attempts, at_ns)
    return Progress(stage, attempts, before.began_ns)


def after(progress: Progress, sight: Sight, now_ns: int) -> Progress:
    """Return how far a kill has come once this is seen too."""
    stage = TABLE[progress.stage].get(sight, progress.stage)
    again = stage is Stage.CLOSING and progress.stage in (Stage.VERIFYING, Stage.FLAT)
    return begun(progress, stage, progress.attempts + again, now_ns)


class Proof(Struct):
    """Two readings that show a scope flat, far enough apart.

    Attributes:
        first_ns: the first of the readings in a row that did; None: there was none.
        given: the second was seen too.
    """

    first_ns: int | None = None
    given: bool = False

    def take(self, at_ns: int, apart_ns: int, *, is_flat: bool) -> None:
        """Take a reading in; one that shows more undoes those before it.

        Args:
            at_ns: when the book was read.
            apart_ns: how far two readings must lie apart, longer than a request may be late.
            is_flat: what it shows.
        """
        if not is_flat:
            self.first_ns, self.given = None, False
        elif self.first_ns is None:
            self.first_ns = at_ns
        elif at_ns - self.first_ns >= apart_ns:
            self.given = True

    def lose(self) -> None:
        """Begin anew: something moved."""
        self.first_ns, self.given = None, False
