"""An inbox of three lanes.

*Control* (halts, exits) is read first. *Facts* (fills, answers) are kept in order, bounded and
never dropped: a full lane is an incident. *Newest* (frames) holds one message: an unread one is
joined with its successor, so a reader that lags sees the latest prices and loses no extreme.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from daemon.errors import InboxFull
from daemon.runtime.words import Lane

_CONTROL, _NEWEST = Lane.CONTROL, Lane.NEWEST  # looked up once: every message asks


class Inbox:
    """The unread messages of one actor, each with its number and cause.

    Attributes:
        unread: how many messages are waiting.
        superseded: how many messages of the newest lane were joined into a later one.
    """

    __slots__ = (
        "_control",
        "_facts",
        "_limit",
        "_merge",
        "_newest",
        "name",
        "superseded",
        "unread",
    )

    def __init__(
        self, name: str, limit: int, merge: Callable[[Any, Any], Any] | None = None
    ) -> None:
        self.name = name
        self.superseded = self.unread = 0
        self._limit = limit
        self._merge = merge
        self._control: deque[tuple[Any, int, int]] = deque()
        self._facts: deque[tuple[Any, int, int]] = deque()
        self._newest: tuple[Any, int, int] | None = None

    @property
    def is_crowded(self) -> bool:
        """Whether three quarters of the lane of facts are taken; the rest is for those inside."""
        return 4 * len(self._facts) >= 3 * self._limit

    def put(self, lane: Lane, item: tuple[Any, int, int]) -> bool:
        """Add (message, number, cause); return whether the inbox was empty before.

        Raises:
            InboxFull: the lane of facts has no room left.
        """
        if lane is _NEWEST:
            waiting = self._newest
            self._newest = item
            if waiting is not None:
                self.superseded += 1
                if self._merge is not None:
                    self._newest = (self._merge(waiting[0], item[0]), item[1], item[2])
                return False
        elif lane is _CONTROL:
            self._control.append(item)
        elif len(self._facts) >= self._limit:
            raise InboxFull(
                f"{self.name}: {self._limit} unread facts; the actor does not keep up with them"
            )
        else:
            self._facts.append(item)
        self.unread += 1
        return self.unread == 1

    def get(self) -> tuple[Any, int, int]:
        """Remove and return the first message of the first lane that has one.

        Raises:
            IndexError: the inbox is empty.
        """
        if not self.unread:
            raise IndexError(f"{self.name}: the inbox is empty")
        self.unread -= 1
        if self._control:
            return self._control.popleft()
        if self._facts:
            return self._facts.popleft()
        item, self._newest = self._newest, None
        assert item is not None, "what is counted as unread is in a lane"
        return item
