"""A day is run and recorded; then one thing in the record is altered, and the audit names it."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from daemon.feeds.sample import sample_path
from tests.kit.commands import Told, told

UNGUARDED = ("DROP TRIGGER records_are_not_altered", "DROP TRIGGER records_are_not_removed")
WHERE = "state/replay/0001/ledger.sqlite"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    """The folder of a finished run over the small day that comes with Ordo."""
    folder = tmp_path_factory.mktemp("ran")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("ORDO_WEB__ENABLED", "false")
        assert told("run", "--speed", "max", "--data", sample_path()).code == 0
    return folder


@pytest.fixture
def here(recorded, tmp_path, monkeypatch) -> Path:
    """A copy of that folder, to be altered, as the working folder."""
    shutil.copytree(recorded, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / WHERE


def altered(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        for statement in (*UNGUARDED, *statements):
            db.execute(statement)


def audited() -> Told:
    return told("audit", "verify", "--json")


def count(file: Path) -> int:
    with closing(sqlite3.connect(file)) as db:
        return db.execute("SELECT count(*) FROM records").fetchone()[0]


def test_an_untouched_record_is_whole(here):
    """Exit code 0, every record counted, and the head told."""
    done = audited()
    document = json.loads(done.out)

    assert (done.code, done.err) == (0, "")
    assert document["whole"] is True
    assert document["broken"] is None
    assert document["records"] == count(here) > 10
    assert (document["ledger"], len(document["head"])) == (WHERE, 64)


def test_a_person_is_told_in_one_line(here):
    done = told("audit", "verify")

    assert done.code == 0
    assert f"{WHERE}: {count(here):,} records, whole; head " in done.out


def flip(file: Path, number: int, at: int) -> None:
    """Flip one bit of a record's body where it lies in the file, past all of SQLite."""
    with closing(sqlite3.connect(file)) as db:
        query = "SELECT body FROM records WHERE number = ?"
        (body,) = db.execute(query, (number,)).fetchone()
    whole = file.read_bytes()
    assert whole.count(body) == 1
    place = whole.index(body) + at % len(body)
    file.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << at % 8]) + whole[place + 1 :])


@pytest.mark.parametrize("seed", range(8))
def test_any_flipped_bit_of_a_body_names_its_record(here, seed):
    chance = random.Random(seed)
    number = chance.randint(1, count(here))
    flip(here, number, chance.randrange(10_000))
    done = audited()

    assert done.code == 1
    assert json.loads(done.out)["broken"]["number"] == number


def cut(file: Path, last: int) -> None:
    altered(file, f"DELETE FROM records WHERE number = {last}")


def remove(file: Path, _: int) -> None:
    altered(file, "DELETE FROM records WHERE number = 7")


def swap(file: Path, _: int) -> None:
    altered(
        file,
        "UPDATE records SET number = -1 WHERE number = 7",
        "UPDATE records SET number = 7 WHERE number = 8",
        "UPDATE records SET number = 8 WHERE number = -1",
    )


def insert(file: Path, last: int) -> None:
    columns = "owner_id, at_ns, kind, actor, message, cause, body, link"
    altered(
        file,
        f"INSERT INTO records SELECT {last + 1}, {columns} FROM records WHERE number = {last}",
    )


@pytest.mark.parametrize(
    ("alter", "names"),
    [
        (cut, lambda last: last),
        (remove, lambda last: 7),
        (swap, lambda last: 7),
        (insert, lambda last: last + 1),
    ],
    ids=["cut", "removed", "swapped", "inserted"],
)
def test_any_other_alteration_is_named_with_its_place(
    here, alter: Callable[[Path, int], None], names: Callable[[int], int]
):
    last = count(here)
    alter(here, last)
    done = told("audit", "verify")

    assert done.code == 1
    assert f"{WHERE}: record {names(last)} is " in done.out
    assert "do not trust what follows it" in done.out


def test_a_file_that_is_damaged_as_a_whole_is_refused(here):
    here.write_bytes(b"no ledger at all" * 64)
    done = audited()

    assert (done.code, json.loads(done.out)["error"]["code"]) == (1, "ledger_foreign")
    assert done.err.startswith("ordo: ")
