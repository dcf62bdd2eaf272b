"""Who runs the publisher of one sink, on a driver of its own in host time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

from daemon.actors.outbox_publisher import OutboxPublisher
from daemon.domain.instants import SECOND_NS
from daemon.messages.outbox import Unrecorded
from daemon.runtime.words import Alarm, Call, Port, Started

_MOST_PAST = 400


class Courier:
    """Runs the publisher of one sink: its messages in turn, what it asks of ports beside that.

    Args:
        publisher: makes it, as it is at a start.
        ports: by name.
        now_ns: host time.
    """

    def __init__(
        self,
        publisher: Callable[[], OutboxPublisher],
        ports: Mapping[str, Port],
        now_ns: Callable[[], int],
    ) -> None:
        self._made = publisher
        self._ports = ports
        self._now_ns = now_ns
        self._unread: deque[object] = deque()
        self._woken = asyncio.Event()
        self._past: deque[Unrecorded] = deque(maxlen=_MOST_PAST)
        self.publisher = publisher()

    def tell(self, message: object) -> None:
        """Bring a message to the publisher; waits for nothing."""
        self._unread.append(message)
        self._woken.set()

    def tell_past(self, message: Unrecorded) -> None:
        """Bring what no record tells to the publisher, and to each that is made after it."""
        if message.events:
            self._past.append(message)
        self.tell(message)

    async def keep(self) -> None:
        """Run a new publisher until cancelled, or until it or a port falls over a defect."""
        self.publisher = self._made()
        self._unread.clear()
        self.tell(Started())
        for told in self._past:
            self.tell(told)
        async with asyncio.TaskGroup() as under_way:
            while True:
                await self._woken.wait()
                self._woken.clear()
                while self._unread:
                    message = self._unread.popleft()
                    for effect in self.publisher.handle(message, self._now_ns()):
                        under_way.create_task(self._carry_out(effect))
                    await asyncio.sleep(0)

    async def _carry_out(self, effect: object) -> None:
        match effect:
            case Call(port, request):
                for answer in await self._ports[port](request):
                    self.tell(answer)
            case Alarm(at_ns, message):
                while (left_ns := at_ns - self._now_ns()) > 0:  # noqa: ASYNC110  a timer may ring early
                    await asyncio.sleep(left_ns / SECOND_NS)
                self.tell(message)
            case _:
                raise AssertionError(f"a publisher only calls and waits, but not {effect!r}")
