"""Works beside each other end together, whatever becomes of the word that calls them off."""

from __future__ import annotations

import asyncio

import pytest

from daemon.app.machine import works
from daemon.app.machine.works import called_off, first_of
from daemon.control import Line, Names, Refusal
from daemon.control.reads import Reads
from daemon.errors import OrdoError
from daemon.messages import Declined, Told


async def hangs() -> None:
    await asyncio.Event().wait()


async def test_the_first_that_ends_ends_them_all():
    ended = []

    async def waits() -> None:
        try:
            await hangs()
        finally:
            ended.append("waits")

    async def is_over() -> None:
        ended.append("over")

    await first_of({"waits": waits(), "over": is_over()}, ended.append)
    assert ended == ["over", "waits"]


async def test_what_one_of_them_fell_over_is_raised_once_all_have_ended():
    ended = []

    async def falls() -> None:
        raise OrdoError("the market is gone", "internal")

    async def waits() -> None:
        try:
            await hangs()
        finally:
            ended.append("waits")

    with pytest.raises(OrdoError, match="the market is gone"):
        await first_of({"waits": waits(), "falls": falls()}, ended.append)
    assert ended == ["waits"]


async def test_a_work_that_is_told_of_a_refusal_in_place_of_its_end_ends_all_the_same(
    tmp_path, monkeypatch
):
    """Of two routers one declines in the very moment: whoever asked both hears of that alone."""
    monkeypatch.setattr(works, "AGAIN_S", 0)
    routers = {"one": "router:one", "other": "router:other"}
    line = Line(lambda *_: None, lambda: 0, Names(tmp_path, routers, {}, {}))
    reads, refused = Reads(line), []

    async def keep() -> None:
        while True:
            try:
                await reads.accounts()
            except Refusal as refusal:
                refused.append(refusal.code)

    keeping = asyncio.create_task(keep())
    while len(line._waiting) < len(routers):  # noqa: ASYNC110  nobody tells of it
        await asyncio.sleep(0)
    line.shown(Told(1, Declined("busy", "not now")))
    await asyncio.sleep(0)
    await called_off([keeping], pytest.fail)

    assert keeping.cancelled()
    assert refused == ["busy"], "the first word never reached it"


async def test_a_work_that_heeds_no_word_is_told_of_and_keeps_nobody(monkeypatch):
    monkeypatch.setattr(works, "AGAIN_S", 0)
    release, said = asyncio.Event(), []

    async def deaf() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    work = asyncio.create_task(deaf(), name="the market")
    await asyncio.sleep(0)
    await called_off([work], said.append)
    release.set()
    await work

    assert said == ["ALERT the market does not end, and is left behind"]


async def test_where_all_have_ended_nobody_is_called_off():
    work = asyncio.create_task(asyncio.sleep(0))
    await work
    await called_off([work], pytest.fail)
    await called_off([], pytest.fail)

    assert not work.cancelled()
