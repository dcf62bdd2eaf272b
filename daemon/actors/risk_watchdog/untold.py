"""Stops that a fill had armed and a crash kept out of the record.

Whoever folds the record arms them again, fill by fill. What a stop had followed between two fills
is not known to him, so an arming is known by its fill, and not by where the stop stood.
"""

from __future__ import annotations

from collections.abc import Iterable

from daemon.domain.risk.moves import LevelMoved, Move


class Untold:
    """The armings of fills that the record has no word of."""

    def __init__(self) -> None:
        self._by_fill: dict[tuple[str, str, int], list[LevelMoved]] = {}

    def armed(self, moves: Iterable[LevelMoved]) -> None:
        """Take what a recorded fill armed."""
        for moved in moves:
            self._by_fill.setdefault(_fill_of(moved), []).append(moved)

    def recorded(self, moved: LevelMoved) -> None:
        """Take that an arming stands in the record: it is the oldest of its fill."""
        armed = self._by_fill.get(_fill_of(moved)) if moved.move is Move.ARMED else None
        if armed:
            del armed[0]

    def take(self) -> tuple[LevelMoved, ...]:
        """Return what is untold, oldest first; it is told now."""
        left = tuple(moved for moves in self._by_fill.values() for moved in moves)
        self._by_fill.clear()
        return left


def _fill_of(moved: LevelMoved) -> tuple[str, str, int]:
    return moved.strategy_id, moved.leg_id, moved.at_ns
