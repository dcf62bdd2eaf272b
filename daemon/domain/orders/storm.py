"""Storms: what happens more often than it may within a while is stopped, until a person has looked.

A strategy that decides its entry again and again, or whose orders are refused again and again for
one reason, is not trading as it was meant to; neither mends itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from msgspec import Struct

from daemon.domain.instants import SECOND_NS


class Rate(Struct, frozen=True):
    """How often something may happen.

    Attributes:
        most: times within any such while; once more is a storm.
        within_ns: the while.
    """

    most: int
    within_ns: int


REPEATS = Rate(10, 3_600 * SECOND_NS)
"""How often a strategy may decide an entry.

Source: Article 15 of (EU) 2017/589: repeated automated execution is throttled until a person
enables it again.
"""
REFUSALS = Rate(2, 10 * SECOND_NS)
"""How often a strategy may be refused for one reason."""


class Storm:
    """Counts what happened of late, each matter by itself.

    Args:
        rate: how often each may happen.
    """

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._seen: dict[tuple[Hashable, ...], deque[tuple[int, str]]] = {}

    def hit(self, matter: tuple[Hashable, ...], what: str, at_ns: int) -> bool:
        """Count one more of a matter; one that was counted is not counted again.

        Returns:
            Whether that is once too often.
        """
        seen = self._seen.setdefault(matter, deque())
        while seen and seen[0][0] <= at_ns - self._rate.within_ns:
            seen.popleft()
        if all(known != what for _, known in seen):
            seen.append((at_ns, what))
        return len(seen) > self._rate.most

    def take_back(self, matter: tuple[Hashable, ...], what: str) -> None:
        """Count one of a matter no more: it did not come about."""
        for each in [each for each in self._seen.get(matter, ()) if each[1] == what]:
            self._seen[matter].remove(each)

    def calm(self, first: Hashable) -> None:
        """Forget every matter that begins so: a person has looked."""
        for matter in [matter for matter in self._seen if matter[0] == first]:
            del self._seen[matter]
