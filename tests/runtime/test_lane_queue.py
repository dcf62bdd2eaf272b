from __future__ import annotations

import asyncio

import pytest

from daemon.errors import InboxFull
from daemon.runtime.inbox import Inbox
from daemon.runtime.lane_queue import LaneQueue
from daemon.runtime.words import Lane


def item(text: str) -> tuple[str, int, int]:
    return (text, 1, 0)


async def test_who_waits_gets_the_first_message_of_the_first_lane():
    queue = LaneQueue(Inbox("router", 10))
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    for lane, text in ((Lane.NEWEST, "frame"), (Lane.FACTS, "fill"), (Lane.CONTROL, "halt")):
        queue.put_nowait((lane, item(text)))

    assert [await waiting, await queue.get(), await queue.get()] == [
        item("halt"),
        item("fill"),
        item("frame"),
    ]


async def test_it_is_as_long_as_its_inbox_is_unread():
    queue = LaneQueue(Inbox("router", 10))
    assert (queue.qsize(), queue.empty()) == (0, True)
    queue.put_nowait((Lane.FACTS, item("fill")))

    assert (queue.qsize(), queue.empty()) == (1, False)


async def test_its_lanes_bound_themselves():
    queue = LaneQueue(Inbox("router", 1))
    queue.put_nowait((Lane.FACTS, item("fill")))
    with pytest.raises(InboxFull):
        queue.put_nowait((Lane.FACTS, item("another")))
    assert queue.qsize() == 1
