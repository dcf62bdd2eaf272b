"""Chance that follows from a seed alone: a pure function of what is asked and how often.

No state is kept, so a fault that is taken out of a run moves no other, and every machine throws
alike.
"""

from __future__ import annotations

from hashlib import blake2b


class Dice:
    """The chance of one run.

    Args:
        seed: equal seeds, equal throws.
    """

    def __init__(self, seed: int) -> None:
        self._seeded = blake2b(digest_size=8, key=seed.to_bytes(8, "big", signed=True))

    def below(self, limit: int, label: str, number: int = 0) -> int:
        """Return a whole number from 0 up to a limit, which is not among them.

        Args:
            limit: above zero.
            label: what is thrown for.
            number: which throw of that kind.
        """
        thrown = self._seeded.copy()
        thrown.update(f"{label}:{number}".encode())
        return int.from_bytes(thrown.digest(), "big") % limit

    def between(self, low: int, high: int, label: str, number: int = 0) -> int:
        """Return a whole number from `low` to `high`, both among them."""
        return low + self.below(high - low + 1, label, number)
