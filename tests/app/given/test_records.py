"""The records of a daemon: how long their disk may take is set."""

from __future__ import annotations

from threading import Event

import pytest

from daemon.app.given.records import Told, records
from daemon.errors import SettingsError
from daemon.messages import Fact
from daemon.storage import stored, verified
from daemon.storage.codec import decode_fact
from daemon.storage.ledger import StoredLedger
from daemon.storage.migrating import POSTGRES, SQLITE
from daemon.storage.sqlite import SqliteStore
from tests.kit.facts import NOW


@pytest.mark.parametrize("flush_ms", [50, 80])
def test_a_disk_that_takes_longer_than_is_set_has_failed(tmp_path, monkeypatch, flush_ms):
    answers, said = Event(), []

    def flush(_: StoredLedger) -> None:
        answers.wait(30)

    store = SqliteStore(tmp_path / "ledger.sqlite")
    with records(tmp_path, store, "me", Told(said.append), flush_ms) as kept:
        monkeypatch.setattr(StoredLedger, "flush", flush)
        kept.ledger.flush()
        answers.set()
        monkeypatch.undo()
    assert [f"a flush took over {flush_ms} ms" in sentence for sentence in said] == [True]


def test_a_start_says_of_a_mark_that_is_not_of_its_ledger_that_all_is_verified(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(verified, "AT_ONCE", 0)
    store = SqliteStore(tmp_path / "ledger.sqlite")
    (tmp_path / "verified").write_text("spoilt")
    told = []
    for _ in range(3):
        with records(tmp_path, store, "me", Told(told.append), 5_000) as kept:
            kept.ledger.begin_epoch(NOW)
            told.append(kept.recovered)

    assert told[0] == told[2] == ()
    assert "verified, is spoilt: all of its 1 records are verified now" in told[1][0]


def test_records_of_another_owner_are_refused_by_both_names_and_left_as_they_were(tmp_path):
    """Of what he holds nothing would be known, and his strategies would enter once more."""
    store = SqliteStore(tmp_path / "ledger.sqlite")
    with records(tmp_path, store, "me", Told(print), 5_000) as kept:
        kept.ledger.begin_epoch(NOW)
    with (
        pytest.raises(SettingsError, match=r'owner me, and .* owner asha, .* "me" again'),
        records(tmp_path, store, "asha", Told(print), 5_000),
    ):
        pass
    with records(tmp_path, store, "me", Told(print), 5_000) as kept:
        assert kept.ledger.head.count == 1


def test_each_fact_is_read_once_by_a_start_however_often_it_goes_through_them(
    tmp_path, monkeypatch
):
    """A record of years is read in many seconds, while nobody guards what is held."""
    store, went_on, read = SqliteStore(tmp_path / "ledger.sqlite"), [], []

    def decoded(body: bytes) -> Fact:
        read.append(body)
        return decode_fact(body)

    monkeypatch.setattr(stored, "decode_fact", decoded)
    with records(tmp_path, store, "me", Told(print), 5_000) as kept:
        for number in (1, 2, 3):
            assert kept.ledger.begin_epoch(NOW) == number
    read.clear()
    with records(tmp_path, store, "me", Told(print, lambda: went_on.append(1)), 5_000) as kept:
        before = kept.ledger.facts()
        first = next(before)
        kept.ledger.begin_epoch(NOW)
        assert [first, *before] == list(kept.ledger.facts())[:3] == list(kept.ledger.facts())[:3]
        assert (len(read), len(list(kept.ledger.facts()))) == (4, 4)
        assert len(went_on) > len(read)
        kept.forget()
        assert (len(list(kept.ledger.facts())), len(read)) == (4, 8)


@pytest.mark.parametrize(("dialect", "told"), [(SQLITE, ""), (POSTGRES, "it is away")])
def test_a_server_that_has_failed_is_not_read_any_more_and_a_file_is(tmp_path, dialect, told):
    store = SqliteStore(tmp_path / "ledger.sqlite")
    with records(tmp_path, store, "me", Told(print), 5_000) as kept:
        store.dialect = dialect
        assert kept.unread() == ""
        kept.ledger.failed_because = "it is away"
        assert kept.unread() == told
        kept.ledger.failed_because = ""
