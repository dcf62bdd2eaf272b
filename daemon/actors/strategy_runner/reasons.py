"""Why a strategy has not entered: told once a day, and shown for as long as it holds."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.actors.turn import Turn
from daemon.domain.market.notes import NoteKind
from daemon.domain.plans.schema import Plan
from daemon.messages import Noted

_NOT_YET = "no entry yet"


class Reasons:
    """What one strategy tells of entries that it does not make.

    Args:
        plan: the strategy.
        marks: of the accounts that it trades in.

    Attributes:
        standing: why it does not enter now; empty: nothing keeps it.
        is_silence: that is a price which the feed does not tell.
    """

    def __init__(self, plan: Plan, marks: Sequence[str]) -> None:
        self._strategy_id, self._marks = plan.id, marks
        self._bare = f"{_NOT_YET}: no option of {plan.underlying} has been quoted"
        self._is_bare = False
        self._told: set[str] = set()
        self.standing, self.is_silence = "", False

    @property
    def were_told(self) -> bool:
        """Whether an entry was waited for today."""
        return any(said.startswith(_NOT_YET) for said in self._told)

    def recall(self, noted: Noted) -> None:
        """Take in what was told before."""
        self._told.add(_said(noted.text))
        self._is_bare = self._is_bare or noted.text == self._bare
        if noted.text.startswith(_NOT_YET):
            self.stand(noted.text)

    def begin_day(self) -> None:
        """What is told once a day may be told again."""
        self._told.clear()

    def begin_anew(self) -> None:
        """Forget what was told of another strategy under this id."""
        self.stand("")
        self._is_bare = False
        self._told.clear()

    def stand(self, why: str) -> None:
        """Take that this keeps it from an entry from now on; empty: nothing does."""
        self.standing, self.is_silence = why, False

    def refuse(self, turn: Turn, why: str, now_ns: int, *, is_silence: bool = False) -> None:
        """Take, and tell, that this keeps it from an entry."""
        self.stand(f"{_NOT_YET}: {why}")
        self.is_silence = is_silence
        self.note(turn, NoteKind.REFUSED, self.standing, now_ns)

    def look_for_options(self, turn: Turn, now_ns: int, *, lacking: bool) -> bool:
        """Say whether there is nothing to choose from; that is told as often as it begins."""
        begins = lacking and not self._is_bare
        self._is_bare = lacking
        if lacking:
            self.stand(self._bare)
        if begins:
            self.note(turn, NoteKind.REFUSED, self._bare, now_ns)
        return lacking

    def note(self, turn: Turn, kind: NoteKind, text: str, now_ns: int, *marks: str) -> None:
        """Tell something once a day; of refusals of an entry, the first with the same place.

        It is told of the accounts with these marks; without one, of each that it trades in.
        """
        if _said(text) not in self._told:
            self._told.add(_said(text))
            for mark in marks or self._marks:
                turn.record(Noted(kind, text, now_ns, self._strategy_id, mark))


def _said(text: str) -> str:
    """Return what of a text makes it new: figures of a refusal move with every frame."""
    return ": ".join(text.split(": ")[:2]) if text.startswith(_NOT_YET) else text
