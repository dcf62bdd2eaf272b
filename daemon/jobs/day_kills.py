"""The kills and pauses of a day, as its report tells them: who, how far, and what came of it."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from daemon.domain.instants import day_of, wall_of
from daemon.messages import KillStaged, Latched, Released


class _Kill(Struct):
    """One latch, with what became of it."""

    latched: Latched
    staged: KillStaged | None = None
    released: Released | None = None


class DayKills:
    """Folds the kills and pauses of a day, and those of before that still stand on it.

    Args:
        day: which day.
    """

    def __init__(self, day: date) -> None:
        self._day = day
        self._kills: dict[str, _Kill] = {}

    def take(self, fact: Latched | KillStaged | Released) -> None:
        """Take one fact in."""
        if isinstance(fact, Latched):
            self._kills.setdefault(fact.latch_id, _Kill(fact))
            return
        kill = self._kills.get(fact.latch_id)
        if kill is None:
            return  # it was pulled before anything that is known
        if isinstance(fact, KillStaged):
            kill.staged = fact
        elif day_of(fact.at_ns) < self._day:
            del self._kills[fact.latch_id]
        else:
            kill.released = fact

    def lines(self) -> list[str]:
        """Return what is told."""
        told = [f"  {self._line(each)}" for each in self._kills.values()]
        return ["", "kills", *told] if told else []

    def _line(self, kill: _Kill) -> str:
        latched, staged, released = kill.latched, kill.staged, kill.released
        whose = f"{latched.scope.value} {latched.id}".rstrip()
        line = f"{self._when(latched.at_ns)} {latched.latch_id}, {latched.kind.value} of {whose}"
        line += f" by {latched.by}" + (f", {latched.reason}" if latched.reason else "")
        if staged is not None:
            line += f": {staged.stage.value} at {self._when(staged.at_ns)}"
            line += f", left {'; '.join(staged.left)}" if staged.left else ""
        if released is None:
            return f"{line}, stands"
        return f"{line}, released at {self._when(released.at_ns)} by {released.by}"

    def _when(self, at_ns: int) -> str:
        return when(at_ns, self._day)


def when(at_ns: int, day: date) -> str:
    """Return an instant as a report tells it: the time; of another day than its own with the date.

    Args:
        at_ns: the instant.
        day: of the report.
    """
    clock = wall_of(at_ns).isoformat(timespec="seconds")
    return clock if day_of(at_ns) == day else f"{day_of(at_ns)} {clock}"
