"""What the live driver holds of one actor."""

from __future__ import annotations

import asyncio

from daemon.runtime.inbox import Inbox
from daemon.runtime.lane_queue import Item, LaneQueue
from daemon.runtime.supervisor import Child
from daemon.runtime.words import Lane


class Runner:
    """An actor's queue, and how much of what it decided waits for the disk.

    Attributes:
        child: the actor under supervision.
        entered: the number of the newest commit that it entered.
        gone: it was dismissed, and reads nothing any more.
        joins: it is being built, and reads nothing yet.
        queue: what it has not read.
        task: hands it one message after the other, once it has begun.
        waiting: how many of its turns wait for the disk.
    """

    __slots__ = ("child", "entered", "gone", "joins", "queue", "task", "waiting")
    task: asyncio.Task[None]

    def __init__(self, child: Child) -> None:
        spec = child.spec
        self.child = child
        self.gone = self.joins = False
        self.queue = LaneQueue(Inbox(spec.name, spec.facts_limit, spec.merge))
        self.entered = self.waiting = 0

    def put(self, lane: Lane, item: Item) -> None:
        """Add a message to what it has not read."""
        self.queue.put_nowait((lane, item))

    def unread(self) -> int:
        """Return how many messages others wait for it to read: while it is being built, none."""
        return 0 if self.joins else self.queue.qsize()

    def is_crowded(self) -> bool:
        """Say whether what comes from outside has to wait before it is put in."""
        return not self.gone and self.queue.inbox.is_crowded
