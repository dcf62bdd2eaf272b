from __future__ import annotations

import asyncio

import pytest

from daemon.runtime.under_way import UnderWay
from tests.kit.disks import turns


@pytest.mark.parametrize(
    ("left", "waits"),
    [
        ({}, ()),
        ({"asked": 1}, ("settled",)),
        ({"open": 1}, ("idle", "settled")),
        ({"unread": 1}, ("calm", "idle", "settled")),
        ({"open": 1, "asked": 1}, ("idle", "settled")),
    ],
)
async def test_who_waits_for_less_is_woken_by_less(left, waits):
    """Calm: all is read. Idle: and durable. Settled: and answered."""
    under_way = UnderWay()
    for name in ("unread", "open", "asked"):
        setattr(under_way, name, 1)
    waiting = {
        each: asyncio.ensure_future(getattr(under_way, each)())
        for each in ("calm", "idle", "settled")
    }
    await turns()
    for name in ("unread", "open", "asked"):
        setattr(under_way, name, left.get(name, 0))
    under_way.mark()
    await turns()
    assert tuple(each for each, task in waiting.items() if not task.done()) == waits
    under_way.end()
    await asyncio.gather(*waiting.values())


async def test_who_was_woken_too_late_waits_on():
    """Somebody else had the moment."""
    under_way = UnderWay()
    under_way.unread = 1
    waiting = asyncio.ensure_future(under_way.settled())
    await turns()
    under_way.unread = 0
    under_way.mark()
    under_way.asked = 1
    await turns()
    assert not waiting.done()
    under_way.asked = 0
    under_way.mark()
    await waiting


async def test_once_the_tree_has_ended_nobody_waits():
    under_way = UnderWay()
    under_way.unread = under_way.open = under_way.asked = 1
    under_way.end()
    waits = (under_way.calm(), under_way.idle(), under_way.settled())
    assert await asyncio.gather(*waits) == [None, None, None]
