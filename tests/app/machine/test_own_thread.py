"""Work that may hang is done in a thread of its own, which nothing waits for."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

import pytest

from daemon.app.machine.own_thread import OwnThread
from daemon.errors import StoreError


@pytest.fixture
def own():
    made = OwnThread("own")
    yield made
    made.close()


async def test_work_is_done_in_its_order_in_one_thread_that_no_interpreter_waits_for(own):
    done, threads = [], []

    def note(number: int) -> int:
        done.append(number)
        threads.append(threading.current_thread())
        return number

    told = await asyncio.gather(*(own.do(lambda each=each: note(each)) for each in range(5)))

    assert told == done == list(range(5))
    assert len(set(threads)) == 1
    assert (threads[0].daemon, threads[0].name) == (True, "own")


async def test_what_fails_is_raised_where_it_is_awaited_and_the_next_is_done(own):
    def fails() -> None:
        raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="the disk is full"):
        await own.do(fails)
    assert await own.do(lambda: "next") == "next"


async def test_a_defect_is_raised_and_shown_and_the_next_is_done(own, monkeypatch):
    shown = []
    monkeypatch.setattr(threading, "excepthook", lambda told: shown.append(told.exc_type))
    threads = []

    def falls() -> None:
        threads.append(threading.current_thread())
        raise KeyError("a defect")

    with pytest.raises(KeyError, match="a defect"):
        await own.do(falls)
    assert await own.do(lambda: "next") == "next"
    threads[0].join(60)
    assert shown == [KeyError]


async def test_what_is_called_off_before_its_turn_is_not_done(own):
    go, done = threading.Event(), []
    first, second = own.do(go.wait), own.do(lambda: done.append("second"))
    second.cancel()
    with suppress(asyncio.CancelledError):
        await second
    await asyncio.sleep(0)  # who waits hears of it first
    go.set()
    await first
    await own.do(lambda: done.append("third"))

    assert done == ["third"]


async def test_what_is_closed_does_what_it_was_asked_for_and_takes_no_more():
    own, done = OwnThread("own"), []
    asked = own.do(lambda: done.append("asked"))
    own.close()
    await asked

    assert done == ["asked"]
    with pytest.raises(AssertionError):
        own.do(lambda: done.append("late"))
