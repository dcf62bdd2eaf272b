"""A file as the hot state: a disk that hangs, and a file that another program holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from threading import Event
from typing import Any

import pytest

from daemon.errors import HotStateError
from daemon.storage.hot import sqlite as module
from daemon.storage.hot.sqlite import SqliteHot
from daemon.storage.hot.words import Batch

ONE = Batch(changed={"strategy:s:pnl": b"{}"}, standing={"strategy:s:pnl"})


async def test_a_disk_that_hangs_is_given_up_and_asked_nothing_more_until_it_has_answered(
    tmp_path, monkeypatch
):
    store, goes_on = SqliteHot(tmp_path / "hot.sqlite"), Event()
    await store.write(ONE)
    reach = store._reach
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)

    def hanging(work: Callable[[sqlite3.Connection], Any]) -> Any:
        assert goes_on.wait(60)
        return reach(work)

    monkeypatch.setattr(store, "_reach", hanging)
    with pytest.raises(HotStateError, match="has not answered within"):
        await store.write(ONE)
    with pytest.raises(HotStateError, match="has not answered yet"):
        await store.read()
    await store.close()
    assert store._db is not None, "the disk is still at it"
    goes_on.set()
    monkeypatch.setattr(module, "PATIENCE_S", 60)
    await store.close()
    assert store._db is None


async def test_what_hung_is_left_behind_by_a_start_that_ends(tmp_path, monkeypatch):
    """Whatever becomes of it, nobody waits for it, and its error is no news to anybody."""
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    store, goes_on = SqliteHot(tmp_path), Event()  # a folder, which is no file

    def hanging(work: Callable[[sqlite3.Connection], Any]) -> Any:
        assert goes_on.wait(60)
        return SqliteHot._reach(store, work)

    monkeypatch.setattr(store, "_reach", hanging)
    with pytest.raises(HotStateError, match="has not answered within"):
        await store.read()
    goes_on.set()
    await store.close()


async def test_a_file_that_another_program_holds_is_a_sentence_and_then_serves_again(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "PATIENCE_S", 0.2)
    path = tmp_path / "hot.sqlite"
    store = SqliteHot(path)
    await store.write(ONE)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(HotStateError, match=r"is locked|has not answered"):
            await store.write(ONE)
        other.execute("ROLLBACK")
    monkeypatch.setattr(module, "PATIENCE_S", 60)
    await store.close()

    again = SqliteHot(path)
    assert await again.write(ONE)
    await again.close()


async def test_a_damaged_file_is_a_sentence_with_what_to_do(tmp_path):
    path = tmp_path / "hot.sqlite"
    path.write_bytes(b"no store at all, and longer than a header is " * 9)
    store = SqliteHot(path)
    with pytest.raises(HotStateError, match="move it away: it is made anew"):
        await store.read()
    await store.close()

    assert path.read_bytes().startswith(b"no store at all")
