"""What the live driver holds of one actor."""

from __future__ import annotations

import asyncio

from daemon.runtime.inbox import Inbox
from daemon.runtime.lane_queue import LaneQueue
from daemon.runtime.supervisor import Child


class Runner:
    """An actor's queue, and how much of what it decided waits for the disk.

    Attributes:
        child: the actor under supervision.
        entered: the number of the newest commit that it entered.
        gone: it was dismissed, and reads nothing any more.
        queue: what it has not read.
        task: hands it one message after the other, once it has begun.
        waiting: how many of its turns wait for the disk.
    """

    __slots__ = ("child", "entered", "gone", "queue", "task", "waiting")
    task: asyncio.Task[None]

    def __init__(self, child: Child) -> None:
        spec = child.spec
        self.child = child
        self.gone = False
        self.queue = LaneQueue(Inbox(spec.name, spec.facts_limit, spec.merge))
        self.entered = self.waiting = 0

    def is_crowded(self) -> bool:
        """Say whether what comes from outside has to wait before it is put in."""
        return not self.gone and self.queue.inbox.is_crowded
