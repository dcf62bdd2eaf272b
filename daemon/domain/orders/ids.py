"""Client order ids: bound to the run's epoch, so that no id is ever given twice.

An id is `OR`, nine digits of the epoch and seven of a count, both in base 32. Every start of the
daemon takes a new epoch from the ledger, hence a count that begins again never makes an old id.
Ids sort in the order they were made, and one that a broker reports can be told from a stranger's.

Another ledger knows nothing of ours, and its first epoch would be ours as well. So where a broker
keeps orders of both in one book, which it does for a day, epochs begin at one that is drawn: days,
then chance. Another run of that day has the same one once in 500 million.
"""

from __future__ import annotations

import re

from msgspec import Struct

from daemon.domain.instants import DAY_NS

_MARK = "OR"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
_EPOCH_WIDTH, _COUNT_WIDTH = 9, 7
_FORM = re.compile(rf"{_MARK}([0-9A-V]{{{_EPOCH_WIDTH}}})([0-9A-V]{{{_COUNT_WIDTH}}})", re.ASCII)
MOST_EPOCHS = 32**_EPOCH_WIDTH
MOST_IN_ONE_EPOCH = 32**_COUNT_WIDTH
CHANCE_BITS = 29
_MOST_DAYS: int = MOST_EPOCHS >> CHANCE_BITS
"""Until 2149."""


class IntentId(Struct, frozen=True):
    """An id taken apart.

    Attributes:
        epoch: the run that made it.
        count: which of that run's, from 1.
    """

    epoch: int
    count: int

    def __str__(self) -> str:
        """Return it as the broker sees it: 18 characters of A to Z and 0 to 9."""
        return _MARK + _base32(self.epoch, _EPOCH_WIDTH) + _base32(self.count, _COUNT_WIDTH)


class IntentIds:
    """The ids of one run."""

    def __init__(self, epoch: int) -> None:
        assert 0 < epoch < MOST_EPOCHS, "an epoch is above zero and fits nine digits of base 32"
        self._begins = _MARK + _base32(epoch, _EPOCH_WIDTH)
        self._count = 0

    def next(self) -> str:
        """Return an id that was never returned before, in this epoch or any other."""
        self._count += 1
        assert self._count < MOST_IN_ONE_EPOCH, "this run has used up its order ids"
        return self._begins + _base32(self._count, _COUNT_WIDTH)


def drawn(now_ns: int, chance: int) -> int:
    """Return an epoch that no other run has on that day, but for a chance in 500 million.

    Args:
        now_ns: an instant of the day.
        chance: `CHANCE_BITS` bits that nobody can foresee.
    """
    assert 0 <= chance < 1 << CHANCE_BITS, "so many bits of chance, and no more"
    return max(now_ns // DAY_NS % _MOST_DAYS, 1) << CHANCE_BITS | chance


def parse(text: str) -> IntentId | None:
    """Take an id apart; None where it is not one of ours."""
    found = _FORM.fullmatch(text)
    return IntentId(int(found[1], 32), int(found[2], 32)) if found else None


def _base32(number: int, width: int) -> str:
    shifts = range(5 * (width - 1), -1, -5)
    return "".join([_DIGITS[number >> shift & 31] for shift in shifts])
