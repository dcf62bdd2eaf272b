"""A kill by a signal: its latch is written at once, and actors are told once there are some."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from daemon import kill
from daemon.app.machine.kill_signal import KillBySignal
from daemon.app.machine.telemetry import bare
from daemon.messages import Scope


class Told:
    """Verbs that remember what they were asked for."""

    def __init__(self) -> None:
        self.kills: list[tuple[object, ...]] = []
        self.brakes: Any = SimpleNamespace(kill=self._kill)

    async def _kill(self, *asked: object) -> None:
        self.kills.append(asked)


@pytest.fixture
def told() -> Any:
    return Told()


@pytest.fixture
def by_signal(tmp_path) -> KillBySignal:
    return KillBySignal(tmp_path, pytest.fail, bare().log)


async def test_while_nobody_can_be_told_the_latch_is_pulled_once_and_a_person_is_told(
    tmp_path, by_signal, capfd
):
    for _ in range(2):
        by_signal.latch()
        by_signal.act()
    (latch,) = kill.standing(tmp_path)
    assert (latch.kind, latch.scope, latch.by) == ("kill", "all", "signal")
    assert f"ordo: killed by signal USR1: {latch.latch_id} is latched" in capfd.readouterr().err


async def test_actors_are_told_while_there_are_some(tmp_path, by_signal, told, capfd):
    with by_signal.through(told):
        by_signal.latch()
        by_signal.act()
        await asyncio.sleep(0)
    by_signal.act()
    await asyncio.sleep(0)
    assert told.kills == [(Scope.ALL, "", "signal USR1", "signal")]
    assert len(kill.standing(tmp_path)) == 1
    assert capfd.readouterr().err == ""


async def test_a_kill_whose_latch_was_refused_before_there_were_actors_is_made_good_with_them(
    tmp_path, by_signal, told, capfd
):
    (tmp_path / kill.FOLDER).write_text("in the way")
    by_signal.latch()
    assert "the kill by signal does not stand" in capfd.readouterr().err
    with by_signal.through(told):
        await asyncio.sleep(0)
    assert len(told.kills) == 1
