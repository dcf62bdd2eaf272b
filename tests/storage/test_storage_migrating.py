"""Migrations of both dialects: in order, whole, and those that were shipped."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest

from daemon.errors import StoreError
from daemon.storage.migrating import POSTGRES, SQLITE, Migration, missing, shipped
from tests.kit.stores import InSchema, ledger_of

STEPS = tuple(
    Migration(number, f"000{number}_step.sql", f"CREATE TABLE step_{number} (one BIGINT);")
    for number in (3, 4)
)
SHIPPED = {
    SQLITE: {
        "0001_records.sql": "4cc86dd1c426a02151ebd1dbdf92671928b13331aa0d35b09f1aad6d207892de",
        "0002_outbox.sql": "cd4a198333d12ad3e13f50500834dfea76f2c287f6d9497829f920719aa0eb5f",
    },
    POSTGRES: {
        "0001_records.sql": "d3aefb95291c5604f21a62b35ddfbe4f1180a874a2e3e8340628e5a9f1a82d94",
        "0002_outbox.sql": "1b3adc2d957ddbc802421dcf27091d0439d9d953fcccefa38ea9896ff38645f5",
    },
}
"""The digest of each migration, which stores that are there were made with."""


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRES])
def test_migrations_are_numbered_from_one_without_a_gap(dialect):
    steps = shipped(dialect)

    assert [step.number for step in steps] == list(range(1, len(steps) + 1))


def test_both_dialects_have_the_same_steps():
    """So the number of the newest tells of either."""
    assert [step.name for step in shipped(SQLITE)] == [step.name for step in shipped(POSTGRES)]


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRES])
def test_a_step_that_was_shipped_never_changes(dialect):
    steps = shipped(dialect)

    assert {step.name: step.sha256 for step in steps} == SHIPPED[dialect]
    assert all(step.sha256 == sha256(step.script.encode()).hexdigest() for step in steps)


def test_what_is_missing_is_what_comes_after_what_was_taken():
    taken = [(each.number, each.name, each.sha256) for each in STEPS]

    assert missing([], STEPS, "x") == list(STEPS)
    assert missing(taken[:1], STEPS, "x") == list(STEPS[1:])
    assert missing(taken, STEPS, "x") == []


def test_a_store_that_took_other_steps_is_refused():
    number, name, digest = (3, STEPS[0].name, STEPS[0].sha256)
    for row in [(1, name, digest), (number, "other", digest), (number, name, "ab")]:
        with pytest.raises(StoreError, match=r"x was not made by 0003_step\.sql as shipped"):
            missing([row], STEPS, "x")
    with pytest.raises(StoreError, match="x was written by a newer version"):
        missing([(number, name, digest)] * 3, STEPS, "x")


def later(kept, monkeypatch, *more: Migration) -> None:
    """Ship more migrations."""
    steps = (*shipped(kept.store.dialect), *more)
    monkeypatch.setattr(f"daemon.storage.{kept.store.dialect}.shipped", lambda _: steps)


def test_a_ledger_of_an_earlier_version_takes_the_steps_since_and_keeps_its_records(
    kept, monkeypatch
):
    ledger = ledger_of(kept)
    ledger.begin_epoch(1)
    ledger.close()
    assert kept.store.missing() == []
    later(kept, monkeypatch, *STEPS)
    assert kept.store.missing() == list(STEPS)
    with pytest.raises(StoreError, match="is not a ledger of this version"):
        kept.store.open_aside()
    with kept.store.reading() as reader:  # its records are read as they are
        assert reader.checked_head() == ledger.head
    again = ledger_of(kept)

    assert kept.store.missing() == []
    assert (again.head, len(list(again.facts()))) == (ledger.head, 1)
    assert kept.execute("SELECT count(*) FROM step_4") == [(0,)]
    again.close()


def test_a_step_that_fails_leaves_nothing_of_itself(kept, monkeypatch):
    ledger_of(kept).close()
    later(kept, monkeypatch, Migration(3, "0003_x.sql", "CREATE TABLE x (one BIGINT); NONSENSE;"))
    with pytest.raises(StoreError, match=r"cannot be opened: .*syntax error"):
        ledger_of(kept)
    monkeypatch.undo()

    ledger_of(kept).close()
    taken = [name for (name,) in kept.execute("SELECT name FROM migrations")]
    assert taken == list(SHIPPED[kept.store.dialect])
    with pytest.raises(Exception, match=r"no such table|does not exist"):
        kept.execute("SELECT one FROM x")


def test_several_that_open_a_new_postgres_at_once_make_it_once(postgres):
    kept = InSchema(postgres)
    with ThreadPoolExecutor(4) as pool:
        writers = list(pool.map(lambda _: kept.store.open_to_write(), range(4)))
    for writer in writers:
        writer.close()

    assert kept.execute("SELECT number FROM migrations") == [(1,), (2,)]
