from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from daemon.errors import StoreError
from daemon.storage.ledger import SqliteLedger
from daemon.storage.schema import open_to_read, open_to_write, refusing, shipped


def a_folder(path: Path) -> None:
    path.mkdir()


def in_no_folder(path: Path) -> None:
    path.parent.rmdir()


def no_database(path: Path) -> None:
    path.write_bytes(b"a letter to the broker\n" * 100)


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE songs (title TEXT)")


def of_a_newer_version(path: Path) -> None:
    changed(path, "INSERT INTO migrations VALUES (9, '0009_more.sql', 'ab')")


def of_other_statements(path: Path) -> None:
    changed(path, "UPDATE migrations SET sha256 = 'ab'")


def without_a_head(path: Path) -> None:
    changed(path, "DELETE FROM head")


def with_a_short_head(path: Path) -> None:
    changed(path, "UPDATE head SET digest = x'00'")


def held_by_another(path: Path) -> None:
    SqliteLedger(path, "owner").close()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("BEGIN IMMEDIATE")
    HELD.append(db)


HELD: list[sqlite3.Connection] = []


def changed(path: Path, statement: str) -> None:
    SqliteLedger(path, "owner").close()
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
        SqliteLedger(path, "owner")
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
    SqliteLedger(path, "owner").close()

    with (
        closing(open_to_read(path)) as db,
        pytest.raises(StoreError, match="readonly database; let this user write"),
        refusing(path, "could not be written"),
    ):
        db.execute("DELETE FROM head")


def test_where_no_write_ahead_log_can_be_kept_there_is_no_ledger():
    """SQLite answers with another mode, and without an error."""
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

    assert taken == [(step.number, step.name, step.sha256) for step in shipped()]


def test_a_failed_migration_leaves_the_file_without_any_of_it(path, monkeypatch):
    """It is one transaction."""
    broken = shipped()[0].__class__(1, "0001_x.sql", "CREATE TABLE head (one); CREATE NONSENSE;")
    monkeypatch.setattr("daemon.storage.schema.shipped", lambda: (broken,))
    with pytest.raises(StoreError, match="syntax error"):
        open_to_write(path)

    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)


def test_migrations_are_numbered_from_one_without_a_gap():
    assert [step.number for step in shipped()] == list(range(1, len(shipped()) + 1))
