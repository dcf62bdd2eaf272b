"""The records of a daemon: how long their disk may take is set."""

from __future__ import annotations

from threading import Event

import pytest

from daemon.app.records import records
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore


@pytest.mark.parametrize("flush_ms", [50, 80])
def test_a_disk_that_takes_longer_than_is_set_has_failed(tmp_path, monkeypatch, flush_ms):
    answers, said = Event(), []

    def flush(_: StoredLedger) -> None:
        answers.wait(30)

    store = SqliteStore(tmp_path / "ledger.sqlite")
    with records(tmp_path, store, "me", said.append, flush_ms) as kept:
        monkeypatch.setattr(StoredLedger, "flush", flush)
        kept.ledger.flush()
        answers.set()
        monkeypatch.undo()
    assert [f"a flush took over {flush_ms} ms" in sentence for sentence in said] == [True]
