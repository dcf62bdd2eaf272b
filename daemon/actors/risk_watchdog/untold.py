"""Stops that a fill had armed and a crash kept out of the record.

Whoever folds the record arms them again, fill by fill. What a stop had followed between two fills
is not known to him, so an arming is known by its fill, and not by where the stop stood; from where
it moved, and what had been followed by then, the record tells.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from daemon.domain.risk.moves import LevelMoved, Move


class Untold:
    """The armings of fills that the record has no word of."""

    def __init__(self) -> None:
        self._by_fill: dict[tuple[str, str, int], list[LevelMoved]] = {}
        self._newest: dict[tuple[str, str], LevelMoved] = {}

    def armed(self, moves: Iterable[LevelMoved]) -> None:
        """Take what a recorded fill armed."""
        for moved in moves:
            self._by_fill.setdefault(_fill_of(moved), []).append(moved)
            if not moved.from_e4:  # the first fill of an entry: what stood before is of another
                self._newest.pop(_leg_of(moved), None)

    def recorded(self, moved: LevelMoved) -> None:
        """Take that a move stands in the record: an arming is the oldest of its fill."""
        armed = self._by_fill.get(_fill_of(moved)) if moved.move is Move.ARMED else None
        if armed:
            del armed[0]
        self._newest[_leg_of(moved)] = moved

    def take(self) -> tuple[LevelMoved, ...]:
        """Return what is untold, oldest first, each from where the record left its stop."""
        left = tuple(moved for moves in self._by_fill.values() for moved in moves)
        self._by_fill.clear()
        return tuple(self._after_the_newest(moved) for moved in left)

    def _after_the_newest(self, moved: LevelMoved) -> LevelMoved:
        newest = self._newest.get(_leg_of(moved))
        if newest is None:
            return moved
        return replace(moved, from_e4=newest.to_e4, best_e4=newest.best_e4)


def _fill_of(moved: LevelMoved) -> tuple[str, str, int]:
    return moved.strategy_id, moved.leg_id, moved.at_ns


def _leg_of(moved: LevelMoved) -> tuple[str, str]:
    return moved.strategy_id, moved.leg_id
