from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from threading import Event

import pytest

from daemon.errors import DataError
from daemon.worlds import Step
from daemon.worlds.ahead import read_ahead


def numbered(count: int) -> Iterator[Step]:
    return (Step("feed", number, number) for number in range(count))


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 100])
async def test_every_step_comes_once_and_in_order(count):
    assert [step async for step in read_ahead(numbered(count))] == [*numbered(count)]


async def test_the_loop_goes_on_while_a_step_is_read():
    went_on, waited = Event(), []

    def slow() -> Iterator[Step]:
        waited.append(went_on.wait(10))
        yield Step("feed", "late", 1)

    asyncio.get_running_loop().call_soon(went_on.set)
    assert [step.message async for step in read_ahead(slow())] == ["late"]
    assert waited == [True]


async def test_what_was_read_before_a_fault_is_yielded_before_it_is_raised():
    def faulty() -> Iterator[Step]:
        yield from numbered(20)
        raise DataError("row 21 cannot be read")

    came: list[Step] = []

    async def read() -> None:
        async for step in read_ahead(faulty()):
            came.append(step)  # noqa: PERF401  what came before the fault is to be kept

    with pytest.raises(DataError, match="row 21"):
        await read()
    assert came == [*numbered(20)]


async def test_no_more_is_read_ahead_than_a_few_steps():
    read: list[int] = []

    def endless() -> Iterator[Step]:
        for step in numbered(1_000):
            read.append(step.at_ns)
            yield step

    async with aclosing(read_ahead(endless())) as steps:
        await anext(steps)
    assert len(read) == 16


async def test_who_is_cancelled_waits_for_the_reading_that_is_under_way():
    began, go_on, ended = Event(), Event(), []

    def slow() -> Iterator[Step]:
        began.set()
        go_on.wait(10)
        ended.append("read")
        yield Step("feed", "late", 1)

    async def read() -> None:
        async for _ in read_ahead(slow()):
            pass

    loop = asyncio.get_running_loop()
    reading = loop.create_task(read())
    await loop.run_in_executor(None, began.wait, 10)
    reading.cancel()
    await asyncio.sleep(0)
    assert not reading.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert ended == ["read"]
