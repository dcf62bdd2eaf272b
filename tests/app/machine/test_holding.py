"""A daemon's hold on its folder: another daemon refuses it, a guardian at work is waited for."""

from __future__ import annotations

import asyncio
import fcntl
import os

import pytest

from daemon.app.machine import holding
from daemon.app.machine.holding import WAITS, held
from daemon.errors import SettingsError, StoreError
from daemon.storage.exclusive import DAEMON, GUARDIAN, exclusively, last_holder


async def test_a_guardian_at_work_is_waited_for_and_told_of(tmp_path):
    told: list[str] = []
    guardian = exclusively(tmp_path, GUARDIAN)
    guardian.__enter__()

    def waits(because: str) -> None:
        told.append(because)
        if len(told) == 2:
            guardian.__exit__(None, None, None)

    async with held(tmp_path, waits):
        assert told == [WAITS, WAITS]


async def test_who_is_asked_to_end_waits_no_longer_and_holds_nothing(tmp_path):
    told: list[str] = []
    with exclusively(tmp_path, GUARDIAN):
        async with held(tmp_path, told.append, lambda: bool(told)) as taken:
            assert (taken, last_holder(tmp_path).what) == (False, GUARDIAN)


async def test_another_daemon_is_not_waited_for(tmp_path):
    with exclusively(tmp_path), pytest.raises(StoreError, match=f"process id {os.getpid()} runs"):
        async with held(tmp_path, pytest.fail):
            pytest.fail("it was let in")


async def test_a_folder_that_cannot_be_used_is_told_of_by_whoever_takes_it(tmp_path):
    (tmp_path / "state").write_text("")
    with pytest.raises(SettingsError, match="cannot be used"):
        async with held(tmp_path / "state", pytest.fail):
            pytest.fail("it was let in")


async def test_a_guardian_that_a_lock_names_and_that_holds_nothing_is_not_waited_for(tmp_path):
    """It fell with the machine, and a stranger has its number and its instant now."""
    with exclusively(tmp_path, GUARDIAN):
        left = (tmp_path / "daemon.lock").read_text()
    (tmp_path / "daemon.lock").write_text(left)
    async with held(tmp_path, pytest.fail):
        assert last_holder(tmp_path).what == DAEMON


@pytest.mark.parametrize("named", ["", "guardian 0 0\n", "daemon 2147483647 1\n"])
async def test_whoever_goes_this_moment_or_looks_for_an_instant_is_waited_for(
    tmp_path, monkeypatch, named
):
    """He holds the folder, and nobody who lives is named."""
    (tmp_path / "daemon.lock").write_text(named)
    descriptor = os.open(tmp_path / "daemon.lock", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)

    async def later(_):
        os.close(descriptor)

    monkeypatch.setattr(asyncio, "sleep", later)
    async with held(tmp_path, lambda _: None):
        assert last_holder(tmp_path).pid == os.getpid()


async def test_a_lock_file_that_somebody_removed_is_soon_there_again(tmp_path, monkeypatch):
    monkeypatch.setattr(holding, "_RENEWED_S", 0.01)
    async with held(tmp_path, pytest.fail), asyncio.timeout(10):
        named = last_holder(tmp_path)
        (tmp_path / "daemon.lock").unlink()
        while last_holder(tmp_path) != named:  # noqa: ASYNC110  a file wakes nobody
            await asyncio.sleep(0.01)
    assert last_holder(tmp_path) is None


async def test_whoever_holds_a_folder_for_long_and_is_not_named_is_refused(tmp_path, monkeypatch):
    looks: list[float] = []

    async def later(span_s):
        looks.append(span_s)

    monkeypatch.setattr(asyncio, "sleep", later)
    with exclusively(tmp_path):
        (tmp_path / "daemon.lock").write_text("")
        with pytest.raises(StoreError, match="process id unknown runs"):
            async with held(tmp_path, pytest.fail):
                pytest.fail("it was let in")
    assert 1 <= sum(looks) <= 3
