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


class Inbox:
    """The unread messages of one actor, each with its number and cause.

    Attributes:
        superseded: how many messages of the newest lane were joined into a later one.
    """

    __slots__ = ("_control", "_facts", "_limit", "_merge", "_newest", "name", "superseded")

    def __init__(
        self, name: str, limit: int, merge: Callable[[Any, Any], Any] | None = None
    ) -> None:
        self.name = name
        self.superseded = 0
        self._limit = limit
        self._merge = merge
        self._control: deque[tuple[Any, int, int]] = deque()
        self._facts: deque[tuple[Any, int, int]] = deque()
        self._newest: tuple[Any, int, int] | None = None

    def __len__(self) -> int:
        return len(self._control) + len(self._facts) + (self._newest is not None)

    def put(self, lane: Lane, item: tuple[Any, int, int]) -> bool:
        """Add (message, number, cause); return whether the inbox was empty before.

        Raises:
            InboxFull: the lane of facts has no room left.
        """
        was_empty = not (self._control or self._facts or self._newest)
        if lane is Lane.NEWEST:
            unread = self._newest
            if unread is not None and self._merge is not None:
                item = (self._merge(unread[0], item[0]), item[1], item[2])
            self.superseded += unread is not None
            self._newest = item
        elif lane is Lane.CONTROL:
            self._control.append(item)
        elif len(self._facts) >= self._limit:
            raise InboxFull(
                f"{self.name}: {self._limit} unread facts; the actor does not keep up with them"
            )
        else:
            self._facts.append(item)
        return was_empty

    def get(self) -> tuple[Any, int, int]:
        """Remove and return the first message of the first lane that has one.

        Raises:
            IndexError: the inbox is empty.
        """
        if self._control:
            return self._control.popleft()
        if self._facts:
            return self._facts.popleft()
        item = self._newest
        if item is None:
            raise IndexError(f"{self.name}: the inbox is empty")
        self._newest = None
        return item
