"""How a run lets go of its brokers."""

from __future__ import annotations

import asyncio

import pytest

from daemon.app.at_brokers import connections
from daemon.app.at_brokers.connections import let_go
from daemon.app.machine.telemetry import bare


class Lines:
    """A log that remembers."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def error(self, event: str, **fields: object) -> None:
        self.told.append((event, str(fields["account"])))


async def test_each_connection_is_closed_once_the_run_is_over():
    closed: list[str] = []

    async def close() -> None:
        closed.append("one")

    async with let_go({"one": close}, bare().log):
        assert closed == []
    assert closed == ["one"]


async def test_it_is_closed_though_the_run_failed_and_nothing_need_be_closed_at_all():
    closed: list[str] = []

    async def close() -> None:
        closed.append("one")

    with pytest.raises(ValueError, match="no"):
        async with let_go({}, bare().log), let_go({"one": close}, bare().log):
            raise ValueError("no")
    assert closed == ["one"]


async def test_one_that_cannot_be_closed_is_told_of_and_keeps_no_other_open(monkeypatch):
    monkeypatch.setattr(connections, "GOODBYE_S", 0.01)
    log, closed = Lines(), []

    async def falls() -> None:
        raise OSError("reset")

    async def hangs() -> None:
        await asyncio.Event().wait()

    async def called_off() -> None:
        raise asyncio.CancelledError

    async def closes() -> None:
        closed.append("fine")

    ways = {"falls": falls, "hangs": hangs, "called off": called_off, "fine": closes}
    async with let_go(ways, log):
        pass
    assert closed == ["fine"]
    assert sorted(log.told) == [
        ("connection left behind", "hangs"),
        ("connection not closed", "falls"),
    ]
