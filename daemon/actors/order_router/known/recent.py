"""Recent intents: what left a moment ago, so that one that repeats it is known."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from daemon.domain.orders.words import Intent, IntentRecorded, OrderRefused, Refusal

_MOST: Final = 64
"""More than the message budget lets out within the window in which equal orders are looked for."""


class RecentIntents:
    """The newest intents, oldest first."""

    def __init__(self) -> None:
        self._kept: deque[Intent] = deque(maxlen=_MOST)

    def __iter__(self) -> Iterator[Intent]:
        return iter(self._kept)

    def apply(self, fact: object) -> None:
        """Take one recorded fact in; what never left is repeated by nothing."""
        match fact:
            case IntentRecorded(intent):
                self._kept.append(intent)
            case OrderRefused(intent_id, Refusal.UNSENT):
                for intent in [each for each in self._kept if each.intent_id == intent_id]:
                    self._kept.remove(intent)
            case _:
                pass
