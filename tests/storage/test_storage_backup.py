"""A copy of a ledger that is written to: whole, verified, private; and old ones removed."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from datetime import date
from types import SimpleNamespace

import pytest

from daemon.domain.chain import Broken, Head, How
from daemon.errors import StoreError
from daemon.messages import DayEnded
from daemon.storage import backup, room, sqlite
from daemon.storage.audit import AuditReport, verify
from daemon.storage.backup import back_up, backup_path, forget, oldest_kept
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore
from tests.kit.facts import NOW, ORIGIN, tick
from tests.kit.stores import InFile, InSchema, audited, ledger_of, rows_of

DAY = date(2026, 3, 9)
FACTS = tuple(DayEnded(date(2025, 8, day), NOW + day) for day in range(1, 5))


@pytest.fixture
def ledger(kept):
    with closing(ledger_of(kept)) as ledger:
        ledger.append(FACTS, ORIGIN, NOW)
        ledger.flush()
        yield ledger


def test_a_copy_holds_what_was_stored_and_is_a_ledger_of_its_own(tmp_path, kept, ledger):
    copy = backup_path(tmp_path / "backups", DAY)
    ledger.append(FACTS, ORIGIN, NOW)  # not yet stored
    head = back_up(kept.store, copy)

    assert (head.count, verify(SqliteStore(copy))) == (4, AuditReport(4, None, head))
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert list(copy.parent.iterdir()) == [copy]
    ledger.flush()
    with closing(StoredLedger(SqliteStore(copy), "owner")) as again:
        assert list(again.facts()) == list(FACTS)
    assert ledger.head.count == 8


def test_a_ledger_of_any_store_has_the_same_copy(tmp_path, postgres):
    """Record by record, links and head included: a server's may go on as a file."""
    copies = []
    for number, kept in enumerate((InFile(tmp_path / "ledger.db"), InSchema(postgres))):
        with closing(ledger_of(kept)) as ledger:
            ledger.begin_epoch(NOW)
            ledger.take(tick(1))
            ledger.append(FACTS, ORIGIN, NOW)
        copies.append(InFile(tmp_path / f"copy-{number}"))
        back_up(kept.store, copies[-1].path)

    assert rows_of(copies[0], "*") == rows_of(copies[1], "*")
    assert audited(copies[0]) == audited(copies[1])


def test_more_records_than_are_copied_at_once_are_all_copied(tmp_path, kept, monkeypatch):
    monkeypatch.setattr(sqlite, "_BATCH_ROWS", 3)
    with closing(ledger_of(kept)) as ledger:
        ledger.append(FACTS * 2, ORIGIN, NOW)

    assert back_up(kept.store, tmp_path / "copy").count == 8


def test_a_copy_is_made_while_a_writer_has_begun(tmp_path):
    kept, copy = InFile(tmp_path / "ledger.db"), backup_path(tmp_path, DAY)
    with closing(ledger_of(kept)) as ledger:
        ledger.append(FACTS, ORIGIN, NOW)
    with closing(sqlite3.connect(kept.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert back_up(kept.store, copy).count == 4
        writer.execute("ROLLBACK")


def test_what_was_altered_is_not_copied(tmp_path, kept, ledger):
    kept.unlock()
    kept.execute("UPDATE records SET cause = 9 WHERE number = 2")

    with pytest.raises(StoreError, match="is not what it was made of"):
        back_up(kept.store, backup_path(tmp_path / "copies", DAY))
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_copy_that_is_not_sound_does_not_replace_the_one_that_is_there(
    tmp_path, kept, ledger, monkeypatch
):
    copy = backup_path(tmp_path, DAY)
    good = back_up(kept.store, copy)
    broken = AuditReport(4, Broken(2, How.ALTERED), Head(4, b"x" * 32))
    monkeypatch.setattr(backup, "verify", lambda _: broken)

    with pytest.raises(StoreError, match="is not what it was made of"):
        back_up(kept.store, copy)
    assert verify(SqliteStore(copy)).head == good
    assert not list(tmp_path.glob(".*"))


def test_a_draft_of_a_run_that_was_cut_short_is_no_hindrance(tmp_path, kept, ledger):
    copy = backup_path(tmp_path, DAY)
    copy.with_name(f".{copy.name}.new").write_text("half")

    assert back_up(kept.store, copy).count == 4


def test_a_disk_that_refuses_is_told_with_the_file(tmp_path, kept, ledger):
    (tmp_path / "backups").write_text("in the way")

    with pytest.raises(StoreError, match=r"2026-03-09.sqlite cannot be written"):
        back_up(kept.store, backup_path(tmp_path / "backups", DAY))


def test_where_the_copy_would_crowd_the_ledger_none_is_made_and_the_old_ones_stay(
    tmp_path, kept, ledger, monkeypatch
):
    copy = backup_path(tmp_path / "copies", DAY)
    back_up(kept.store, copy)
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: SimpleNamespace(free=99 * 2**20))

    with pytest.raises(StoreError, match=r"no room for .*: 99 MiB are free .* 100 MiB stay free"):
        back_up(kept.store, copy)
    assert list(copy.parent.iterdir()) == [copy]
    ledger.append(FACTS, ORIGIN, NOW)
    ledger.flush()


def test_a_copy_that_cannot_be_written_is_told_by_its_own_name_and_nothing_is_left_beside(
    tmp_path, monkeypatch
):
    kept, copy = InFile(tmp_path / "ledger.db"), backup_path(tmp_path / "copies", DAY)
    ledger_of(kept).close()

    def full(_: object) -> None:
        for left in ("-journal", "-wal"):
            (copy.parent / f".{copy.name}.new{left}").write_text("left")
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(sqlite, "_of_one_file", full)
    with pytest.raises(StoreError, match=r"copies/.*could not be written: database or disk is"):
        back_up(kept.store, copy)
    assert list(copy.parent.iterdir()) == []


def test_a_ledger_that_is_not_there_is_told(tmp_path):
    with pytest.raises(StoreError, match="cannot be read"):
        back_up(SqliteStore(tmp_path / "none.sqlite"), backup_path(tmp_path, DAY))


def test_the_copies_of_so_many_days_are_kept_and_nothing_else_is_touched(tmp_path):
    first = oldest_kept(DAY, 3)
    for day in range(5, 10):
        backup_path(tmp_path, date(2026, 3, day)).write_text("a copy")
    (tmp_path / "ledger-of-mine.sqlite").write_text("another's")

    assert first == date(2026, 3, 7)
    assert forget(tmp_path, first) == ("ledger-2026-03-05.sqlite", "ledger-2026-03-06.sqlite")
    assert len(list(tmp_path.iterdir())) == 4
    assert forget(tmp_path / "none", first) == ()


def test_a_copy_that_cannot_be_removed_is_told(tmp_path):
    backup_path(tmp_path, DAY).mkdir()

    with pytest.raises(StoreError, match="cannot be removed"):
        forget(tmp_path, date(2027, 1, 1))
