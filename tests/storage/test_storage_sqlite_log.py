"""A write-ahead log that lies beside a ledger's file: whose it is, and what is done about it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from daemon.errors import StoreError
from daemon.messages import DayEnded
from daemon.storage import sqlite_log
from daemon.storage.audit import verify
from daemon.storage.backup import back_up
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore, open_to_read, open_to_write
from daemon.storage.sqlite_log import is_orphaned, require_own_log
from tests.kit.facts import NOW, ORIGIN
from tests.kit.stores import killed

FACTS = tuple(DayEnded(date(2025, 8, day), NOW + day) for day in range(1, 30))
STRANGE = r"-wal belongs to the ledger that was moved away: move it there too, and ledger\.sqlite-s"


def beside(path: Path, end: str) -> Path:
    return path.with_name(f"{path.name}{end}")


def left_by_a_kill(path: Path, to: Path) -> None:
    """Leave in a folder what a ledger that is killed now would leave."""
    for each in (path, beside(path, "-wal")):
        if each.exists():
            shutil.copy(each, to / each.name)


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def has_a_log(path: Path) -> bool:
    return path.read_bytes()[18:20] == b"\2\2"


@pytest.fixture
def path(tmp_path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path / "state" / "ledger.sqlite"


@pytest.fixture
def copy(path, tmp_path) -> Path:
    """A copy of a ledger that has gone on since, and was killed."""
    copy = tmp_path / "backups" / "ledger-2025-08-05.sqlite"
    ledger = StoredLedger(SqliteStore(path), "owner")
    ledger.append(FACTS[:5], ORIGIN, NOW)
    ledger.flush()
    back_up(SqliteStore(path), copy)
    ledger.append(FACTS[5:] * 40, ORIGIN, NOW)
    ledger.flush()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint")
    ledger.append(FACTS[5:] * 3, ORIGIN, NOW)
    ledger.flush()
    (tmp_path / "killed").mkdir()
    left_by_a_kill(path, tmp_path / "killed")
    killed(ledger)
    for each in path.parent.iterdir():
        each.unlink()
    shutil.copytree(tmp_path / "killed", path.parent, dirs_exist_ok=True)
    return copy


def test_a_copy_is_not_spoilt_by_the_log_of_the_ledger_whose_place_it_takes(path, copy):
    shutil.copy(copy, path)
    before = path.read_bytes(), beside(path, "-wal").read_bytes()

    with pytest.raises(StoreError, match=STRANGE) as told:
        StoredLedger(SqliteStore(path), "owner")
    assert told.value.code == "ledger_log_strange"
    assert (path.read_bytes(), beside(path, "-wal").read_bytes()) == before

    for end in ("-wal", "-shm"):
        beside(path, end).rename(path.parent.parent / f"moved{end}")
    again = StoredLedger(SqliteStore(path), "owner")
    assert (tuple(again.facts()), verify(SqliteStore(path)).broken) == (FACTS[:5], None)
    killed(again)


@pytest.mark.parametrize("empty", [False, True])
def test_a_ledger_that_was_moved_away_keeps_the_newest_facts_that_its_log_alone_holds(
    path, copy, empty
):
    path.rename(path.with_suffix(".aside"))
    if empty:
        path.touch()
    before = bytes_in(path.parent)
    store = SqliteStore(path)

    assert store.exists()
    for use in (open_to_write, open_to_read, lambda _: store.missing()):
        with pytest.raises(StoreError, match=STRANGE):
            use(path)
    assert bytes_in(path.parent) == before


def test_a_ledger_that_was_killed_goes_on_with_its_log(path, copy):
    again = StoredLedger(SqliteStore(path), "owner")

    assert has_a_log(path)
    assert len(tuple(again.facts())) == 5 + 43 * len(FACTS[5:])
    killed(again)


def test_a_start_goes_on_wherever_the_first_one_was_killed(path, tmp_path, monkeypatch):
    """From the empty file on, through each migration, to the first facts in the log alone."""
    places = 0

    def taken(statement: str) -> None:
        nonlocal places
        places += 1
        (tmp_path / f"{places:03}").mkdir()
        left_by_a_kill(path, tmp_path / f"{places:03}")

    connect = sqlite3.connect

    def traced(*args, **more):
        db = connect(*args, **more)
        db.set_trace_callback(taken)
        return db

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", traced)
        ledger = StoredLedger(SqliteStore(path), "owner")
    for count in (1, 2, 3):
        ledger.append(FACTS[count - 1 : count], ORIGIN, NOW)
        ledger.flush()
    taken("the end")
    killed(ledger)

    kept = []
    for place in range(1, places + 1):
        again = StoredLedger(SqliteStore(tmp_path / f"{place:03}" / path.name), "owner")
        kept.append(tuple(again.facts()))
        killed(again)
    assert (kept[0], kept[-1]) == ((), FACTS[:3])
    assert sorted(kept, key=len) == kept


def test_an_empty_log_is_nobodys(path, copy):
    shutil.copy(copy, path)
    beside(path, "-wal").write_bytes(b"")
    assert not is_orphaned(path)

    StoredLedger(SqliteStore(path), "owner").close()
    path.unlink()
    beside(path, "-wal").touch()
    assert not SqliteStore(path).exists()
    StoredLedger(SqliteStore(path), "owner").close()


def test_a_log_that_says_nothing_yet_or_has_every_page_hinders_no_start(path, tmp_path):
    """A commit that its file alone does not know of is none that another file lacks."""
    log = beside(path, "-wal")
    whole = tmp_path / "whole.sqlite"
    with closing(sqlite3.connect(whole, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE told (fact)")
        logged = beside(whole, "-wal").read_bytes()
    for content in (b"torn", logged[:32], logged[:50], logged, logged + b"\0" * 24):
        path.write_bytes(b"")
        log.write_bytes(content)
        assert not is_orphaned(path)
        StoredLedger(SqliteStore(path), "owner").close()
        path.unlink()


def test_a_copy_that_is_whole_with_the_log_beside_it_has_that_log(path, copy, tmp_path):
    """SQLite says in the file that it has one with a checkpoint, which there was none of yet."""
    shutil.copy(copy, path)
    beside(path, "-wal").unlink()
    ledger = StoredLedger(SqliteStore(path), "owner")
    ledger.append(FACTS[5:7], ORIGIN, NOW)
    ledger.flush()
    (tmp_path / "again").mkdir()
    left_by_a_kill(path, tmp_path / "again")
    killed(ledger)
    left = tmp_path / "again" / path.name
    with left.open("r+b") as file:
        file.seek(18)
        file.write(b"\1\1")

    again = StoredLedger(SqliteStore(left), "owner")
    assert tuple(again.facts()) == FACTS[:7]
    killed(again)


def test_a_change_of_the_file_that_was_cut_short_is_left_to_sqlite_to_undo(path, copy):
    shutil.copy(copy, path)
    store = SqliteStore(path)
    with pytest.raises(StoreError, match=STRANGE):
        require_own_log(path, store)
    beside(path, "-journal").write_bytes(b"a journal")

    require_own_log(path, store)
    assert path.read_bytes() == copy.read_bytes()


@pytest.mark.parametrize("code", ["two_writers", "ledger_altered"])
def test_a_file_that_another_holds_is_told_as_that(path, copy, monkeypatch, code):
    def refused(_: object) -> None:
        raise StoreError("it is refused", code)

    shutil.copy(copy, path)
    monkeypatch.setattr(sqlite_log, "verify", refused)

    with pytest.raises(StoreError) as told:
        open_to_write(path)
    assert told.value.code == {"ledger_altered": "ledger_log_strange"}.get(code, code)
