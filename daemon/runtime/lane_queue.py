"""An inbox of lanes that can be waited on, as the tasks of the live driver do."""

from __future__ import annotations

import asyncio
from typing import Any

from daemon.runtime.inbox import Inbox
from daemon.runtime.words import Lane

Item = tuple[Any, int, int]
"""A message, its number, and the number of the one that caused it."""


class LaneQueue(asyncio.Queue[Any]):
    """An asyncio queue whose storage is an inbox of lanes."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        super().__init__()

    def _init(self, maxsize: int) -> None:
        assert maxsize == 0, "the lanes bound themselves"

    def qsize(self) -> int:
        """Return how many messages are unread."""
        return self.inbox.unread

    def empty(self) -> bool:
        """Return whether nothing is unread."""
        return not self.inbox.unread

    def _put(self, item: tuple[Lane, Item]) -> None:
        self.inbox.put(item[0], item[1])

    def _get(self) -> Item:
        return self.inbox.get()
