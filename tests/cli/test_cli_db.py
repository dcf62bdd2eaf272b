"""`ordo db`: the schema of a ledger in a file and on a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from daemon.storage.migrating import SQLITE, shipped
from tests.kit.commands import told
from tests.kit.stores import InFile, InSchema, Kept

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
        [f"{kept.store.name} ({kept.store.dialect})", *(f"{each:17} missing" for each in NAMES)],
    )
    migrated = told("db", "migrate")
    assert (migrated.code, migrated.out.splitlines()[1]) == (0, f"{NAMES[0]}  taken")
    assert told("db", "migrate").out == told("db", "status").out == migrated.out


def test_the_document_has_these_names(kept):
    told("db", "migrate")
    document = json.loads(told("db", "status", "--json").out)

    assert list(document) == ["ledger", "dialect", "up_to_date", "migrations"]
    assert list(document["migrations"][0]) == ["number", "name", "sha256", "taken"]


def test_a_ledger_that_was_made_otherwise_is_refused(kept):
    told("db", "migrate")
    kept.execute("UPDATE migrations SET sha256 = 'ab'")
    for verb in ("status", "migrate"):
        done = told("db", verb)
        assert (done.code, done.out) == (1, "")
        assert "was not made by 0001_records.sql as shipped; restore a copy" in done.err


def test_audit_and_why_read_it_wherever_it_is(kept):
    told("db", "migrate")

    audited = told("audit", "verify")
    assert (audited.code, audited.err) == (0, "")
    assert audited.out.startswith(f"{kept.store.name}: 0 records, whole; head 000000")
    assert (told("why", "--list").code, told("why", "--list").out) == (0, "no such order\n")
