from __future__ import annotations

import sqlite3
from contextlib import closing, nullcontext
from datetime import date
from pathlib import Path
from threading import Timer

import pytest

from daemon.errors import StoreError
from daemon.messages import DayEnded
from daemon.storage.audit import verify
from daemon.storage.ledger import StoredLedger
from daemon.storage.migrating import SQLITE, Migration, shipped
from daemon.storage.sqlite import SqliteStore, open_to_read, open_to_write
from daemon.storage.sqlite_refusals import refusing
from daemon.storage.stores import store_of
from tests.kit.facts import NOW, ORIGIN
from tests.kit.settings_file import loaded
from tests.kit.stores import killed

ENDED = tuple(DayEnded(date(2025, 8, day), NOW + day) for day in range(1, 30))


def a_folder(path: Path) -> None:
    path.mkdir()


def in_no_folder(path: Path) -> None:
    path.parent.rmdir()


def no_database(path: Path) -> None:
    path.write_bytes(b"a letter to the broker\n" * 100)


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE songs (title TEXT)")


def of_another_program_that_migrates(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE migrations (id INT, migration TEXT, batch INT)")


def of_a_newer_version(path: Path) -> None:
    changed(path, "INSERT INTO migrations VALUES (9, '0009_more.sql', 'ab')")


def of_other_statements(path: Path) -> None:
    changed(path, "UPDATE migrations SET sha256 = 'ab'")


def without_a_head(path: Path) -> None:
    changed(path, "DELETE FROM head")


def with_a_short_head(path: Path) -> None:
    changed(path, "UPDATE head SET digest = x'00'")


def held_by_another(path: Path) -> None:
    StoredLedger(SqliteStore(path), "owner").close()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("BEGIN IMMEDIATE")
    HELD.append(db)


HELD: list[sqlite3.Connection] = []


def changed(path: Path, statement: str) -> None:
    StoredLedger(SqliteStore(path), "owner").close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(statement)


@pytest.fixture
def path(tmp_path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    yield folder / "ledger.db"
    while HELD:
        HELD.pop().close()


REFUSALS = [
    (a_folder, "cannot be opened: unable to open .*; its folder must exist"),
    (in_no_folder, "cannot be opened: unable to open .*; its folder must exist"),
    (no_database, "file is not a database; it is no ledger"),
    (of_another_program, "belongs to another program; name another file"),
    (of_another_program_that_migrates, "belongs to another program; name another file"),
    (of_a_newer_version, "was written by a newer version; run that one"),
    (of_other_statements, "was not made by 0001_records.sql as shipped"),
    (without_a_head, "the head of the ledger .* was altered"),
    (with_a_short_head, "the head of the ledger .* was altered"),
    (held_by_another, "is locked; another program is writing to it"),
]


@pytest.mark.parametrize(
    ("made", "told"), REFUSALS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_file_that_is_no_ledger_is_refused_with_its_name_and_what_to_do(path, made, told):
    made(path)

    with pytest.raises(StoreError, match=told) as refused:
        StoredLedger(SqliteStore(path), "owner")
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("made", [no_database, of_another_program])
def test_a_refused_file_is_left_as_it_was(path, made):
    made(path)
    before = path.read_bytes()
    with pytest.raises(StoreError):
        open_to_write(path)

    assert (path.read_bytes(), [entry.name for entry in path.parent.iterdir()]) == (
        before,
        [path.name],
    )


def test_a_file_that_may_not_be_written_is_told_with_what_to_do(path):
    StoredLedger(SqliteStore(path), "owner").close()

    with (
        closing(open_to_read(path)) as db,
        pytest.raises(StoreError, match="readonly database; let this user write"),
        refusing(path, "could not be written"),
    ):
        db.execute("DELETE FROM head")


def test_where_no_write_ahead_log_can_be_kept_there_is_no_ledger(tmp_path, monkeypatch):
    """SQLite answers with another mode, and without an error."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="must lie on a disk that allows SQLite's WAL mode"):
        open_to_write(Path(":memory:"))


@pytest.mark.parametrize("content", [None, b""])
def test_reading_makes_no_ledger_where_there_is_none(path, content):
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StoreError, match=r"cannot be read|not a ledger"):
        open_to_read(path)

    assert path.exists() == (content is not None)


def test_opening_again_applies_nothing_twice(path):
    open_to_write(path).close()
    with closing(open_to_write(path)) as db:
        taken = db.execute("SELECT number, name, sha256 FROM migrations").fetchall()

    assert taken == [(step.number, step.name, step.sha256) for step in shipped(SQLITE)]


def test_a_failed_migration_leaves_the_file_without_any_of_it(path, monkeypatch):
    """It is one transaction."""
    broken = Migration(1, "0001_x.sql", "CREATE TABLE head (one); CREATE NONSENSE;")
    monkeypatch.setattr("daemon.storage.sqlite.shipped", lambda _: (broken,))
    with pytest.raises(StoreError, match="syntax error"):
        open_to_write(path)

    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)


@pytest.fixture
def ledger(path):
    ledger = StoredLedger(SqliteStore(path), "owner")
    yield ledger
    killed(ledger)


def test_a_flush_that_failed_can_be_tried_again(path, ledger):
    """What waits still waits, also for an actor that is built again meanwhile."""
    ledger.append(ENDED[:2], ORIGIN, NOW)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another program is writing to it"):
        ledger.flush()
    assert tuple(ledger.facts()) == ENDED[:2]
    other.execute("ROLLBACK")
    other.close()
    ledger.flush()

    again = StoredLedger(SqliteStore(path), "owner")
    assert (tuple(again.facts()), verify(SqliteStore(path)).broken) == (ENDED[:2], None)
    killed(again)


def test_a_flush_waits_for_the_lock_of_another_program_as_long_as_is_set(tmp_path):
    """A backup that holds the file for a second fails no ledger that has five."""
    for flush_ms, fails in ((5_000, False), (50, True)):
        folder = tmp_path / str(flush_ms)
        folder.mkdir()
        settings = loaded(f'[daemon]\nstate_dir = "{folder}"\n[ledger]\nflush_ms = {flush_ms}')
        ledger = StoredLedger(store_of(settings, folder), "owner")
        ledger.append(ENDED[:2], ORIGIN, NOW)
        other = sqlite3.connect(
            folder / "ledger.sqlite", isolation_level=None, check_same_thread=False
        )
        other.execute("BEGIN IMMEDIATE")
        done = Timer(0.6, other.execute, ("ROLLBACK",))
        done.start()
        with pytest.raises(StoreError, match="is locked") if fails else nullcontext():
            ledger.flush()
        done.join()
        other.close()
        killed(ledger)
        assert verify(SqliteStore(folder / "ledger.sqlite")).count == (0 if fails else 2)


def test_a_full_disk_is_told_and_stores_nothing_of_the_flush(path, ledger):
    ledger.append(ENDED[:1], ORIGIN, NOW)
    ledger.flush()
    (pages,) = ledger._writer._db.execute("PRAGMA page_count").fetchone()
    ledger._writer._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    ledger.append(ENDED * 100, ORIGIN, NOW)
    with pytest.raises(StoreError, match=r"ledger\.db could not be written: .*; make room"):
        ledger.flush()

    assert (verify(SqliteStore(path)).count, verify(SqliteStore(path)).broken) == (1, None)


def test_it_waits_for_the_disk_at_every_flush(ledger):
    """WAL with a full sync: what was flushed outlives a power cut."""
    db = ledger._writer._db

    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA synchronous").fetchone() == (2,)


@pytest.mark.untraced
def test_a_torn_last_flush_leaves_the_ledger_as_it_was_before_it(tmp_path, path, ledger):
    """Wherever the write-ahead log is cut inside the last transaction."""
    ledger.append(ENDED[:2], ORIGIN, NOW)
    ledger.flush()
    log = path.with_name("ledger.db-wal")
    whole_before, head = log.stat().st_size, ledger.head
    ledger.append(ENDED[2:], ORIGIN, NOW)
    ledger.flush()
    database, logged = path.read_bytes(), log.read_bytes()
    torn = tmp_path / "torn.db"
    outcomes = set()
    for size in (*range(whole_before, len(logged), 97), len(logged) - 1):
        torn.write_bytes(database)
        torn.with_name("torn.db-wal").write_bytes(logged[:size])
        again = StoredLedger(SqliteStore(torn), "owner")
        outcomes.add((again.head, tuple(again.facts()), verify(SqliteStore(torn)).broken))
        killed(again)

    assert outcomes == {(head, ENDED[:2], None)}


def test_what_no_file_is_to_blame_for_is_not_called_damage(path):
    db = sqlite3.connect(path)
    db.close()

    with pytest.raises(StoreError, match="closed database") as told, refusing(path, "is not read"):
        db.execute("SELECT 1")

    assert told.value.code == "ledger_unusable"
    assert "damaged" not in str(told.value)


def test_who_stops_reading_half_way_stops_in_order_also_once_the_file_is_closed(path, ledger):
    ledger.append(ENDED, ORIGIN, NOW)
    ledger.flush()
    with SqliteStore(path).reading() as reader:
        cells = reader.cells()
        next(cells)

    cells.close()
    assert list(cells) == []
