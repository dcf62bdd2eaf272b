"""At which gaps a run is crashed, and for how long the daemon is gone then."""

from __future__ import annotations

from daemon.domain.instants import SECOND_NS
from daemon.simulation.dice import Dice
from daemon.simulation.faults import Call, Fates, faultless

_MOST_LIVES, _MOST_NAMED = 6, 16
_DOWN_NS = (0, 120 * SECOND_NS)
_BRIEFLY_NS = (0, 4 * SECOND_NS)
_SOON = (12, 30, 80)
"""Below one of these the step lies after a start at which the daemon is crashed again."""
_LIVES_ON_NS = 3 * SECOND_NS


class Crashes:
    """Says when each life of the daemon ends.

    Args:
        dice: the chance of the run.
        fates: what goes wrong.
        named: the gap of the first crash, counted over the whole run, which is followed by others
            in the recovery from it; None: as chance has it.
    """

    def __init__(self, dice: Dice, fates: Fates, named: int | None) -> None:
        self._dice = dice
        self._fates = fates
        self._named = named
        self._life = 0
        self._gap = self._deed = -1

    def begin(self, life: int) -> None:
        """Let chance say whether a life ends, and at which of its gaps; the first is 1."""
        self._life = life
        self._gap = self._deed = -1
        if self._named is not None:
            if 1 < life <= _MOST_NAMED and self._fates.of(Call.REBIRTH):
                self._gap = self._again(life)
        elif life > _MOST_LIVES:
            return
        elif not faultless(self._dice) and self._fates.of(Call.LIFE if life == 1 else Call.REBIRTH):
            self._choose(life)

    def is_due(self, step: int, gap: int, deeds: int) -> bool:
        """Say whether the daemon crashes now.

        Args:
            step: how many steps the run has taken.
            gap: how many of them in this life.
            deeds: how many commits were entered and ports asked in this life.
        """
        if self._life == 1 and self._named is not None:
            return step == self._named
        return gap == self._gap or 0 < self._deed <= deeds

    def down_ns(self) -> int:
        """Return for how long nobody is there after the crash."""
        dice, life = self._dice, self._life
        briefly = self._named is not None and dice.below(8, "briefly", life) > 0
        down_ns = dice.between(*_BRIEFLY_NS if briefly else _DOWN_NS, "down", life)
        return down_ns // (1, 10, 1_000)[dice.below(3, "how long", life)]

    @property
    def lives_on_ns(self) -> int:
        """How long things go on going wrong after the next start, at least."""
        return _LIVES_ON_NS if self._named is not None else 0

    def _again(self, life: int) -> int:
        label = f"again after {self._named}"
        soon = _SOON[self._dice.below(len(_SOON), label, life)]
        return self._dice.below(soon, f"{label}, at", life)

    def _choose(self, life: int) -> None:
        dice = self._dice
        if life > 1 and dice.below(2, "early", life):
            self._gap = dice.between(1, 40, "crash at", life)
        elif dice.below(2, "by step", life):
            self._gap = dice.between(1, 2_000, "crash at", life)
        else:
            self._deed = dice.between(1, 80, "crash deed", life)
