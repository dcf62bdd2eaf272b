"""`ordo db`: the schema of a ledger in a file and on a server."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from daemon.storage.migrating import SQLITE, shipped
from tests.kit.acting import day_opened, opened, sold
from tests.kit.commands import told
from tests.kit.projected import record
from tests.kit.stores import InFile, InSchema, Kept

NONE_YET = "none yet: a daemon makes them, or `ordo db rebuild`"
NAMES = [step.name for step in shipped(SQLITE)]
"""Of the migrations, in order; those of each dialect have the same."""


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request, tmp_path, monkeypatch) -> Kept:
    """The place that the settings name."""
    monkeypatch.chdir(tmp_path)
    if request.param == "sqlite":
        Path("state").mkdir()
        return InFile(Path("state/ledger.sqlite"))
    made = InSchema(request.getfixturevalue("postgres"))
    monkeypatch.setenv("ORDO_LEDGER__URL", made.url)
    return made


def test_what_is_missing_is_told_and_taken(kept):
    status = told("db", "status")
    assert (status.code, status.out.splitlines()) == (
        1,
        [
            f"{kept.store.name} ({kept.store.dialect})",
            *(f"{each:17} missing" for each in NAMES),
            f"{'projections':17} {NONE_YET}",
        ],
    )
    migrated = told("db", "migrate")
    assert (migrated.code, migrated.out.splitlines()[1]) == (0, f"{NAMES[0]}  taken")
    assert told("db", "migrate").out == told("db", "status").out == migrated.out


def test_the_document_has_these_names(kept):
    told("db", "migrate")
    document = json.loads(told("db", "status", "--json").out)

    assert list(document) == ["ledger", "dialect", "up_to_date", "migrations", "projections"]
    assert list(document["migrations"][0]) == ["number", "name", "sha256", "taken"]
    assert document["projections"] is None
    rebuilt = json.loads(told("db", "rebuild", "--json").out)
    assert list(rebuilt["projections"]) == ["where", "folded", "records", "behind"]


def test_a_ledger_that_was_made_otherwise_is_refused(kept):
    told("db", "migrate")
    kept.execute("UPDATE migrations SET sha256 = 'ab'")
    for verb in ("status", "migrate"):
        done = told("db", verb)
        assert (done.code, done.out) == (1, "")
        assert "was not made by 0001_records.sql as shipped; restore a copy" in done.err


def test_how_far_the_tables_are_behind_is_told_and_made_good(kept):
    assert told("db", "rebuild").code == 1
    told("db", "migrate")
    assert told("db", "status").out.splitlines()[-1].endswith(NONE_YET)
    assert told("db", "rebuild").out.splitlines()[-1].split(maxsplit=1)[1].startswith("0 of 0 re")
    record(kept.store, [day_opened(), opened(), sold("ce")])

    assert "0 of 3 records, 3 behind; " in told("db", "status").out
    rebuilt = told("db", "rebuild")
    assert (rebuilt.code, rebuilt.err) == (0, "")
    assert "3 of 3 records; " in rebuilt.out
    assert told("db", "status").out == rebuilt.out


def test_audit_and_why_read_it_wherever_it_is(kept):
    told("db", "migrate")

    audited = told("audit", "verify")
    assert (audited.code, audited.err) == (0, "")
    assert audited.out.startswith(f"{kept.store.name}: 0 records, whole; head 000000")
    assert (told("why", "--list").code, told("why", "--list").out) == (
        0,
        "no order was recorded yet\n",
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_makes_belongs_to_whom_the_folder_belongs(tmp_path, monkeypatch):
    """So that the daemon of that user can write to it, and to its log."""
    monkeypatch.chdir(tmp_path)
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, 54_321, 54_321)
    assert (told("db", "migrate").code, told("db", "rebuild").code) == (0, 0)

    made = {each.name: each.stat() for each in state.iterdir()}
    assert {"ledger.sqlite", "ledger.projections.sqlite"} <= made.keys()
    assert {(each.st_uid, each.st_gid) for each in made.values()} == {(54_321, 54_321)}
