"""What tables beside the chain are kept in: what goes wrong there is a sentence."""

from __future__ import annotations

from contextlib import closing

import pytest
from msgspec.structs import replace

from daemon.errors import StoreError
from daemon.storage.tables.keeping import Group, Place, Tables, place_in
from daemon.storage.tables.words import Changes, Kind, Table
from tests.kit.stores import InFile

NOTES = Table("notes", {"id": Kind.TEXT, "text": Kind.TEXT, "read": Kind.FLAG}, ("id",))
GROUP = Group("projections", (NOTES,))


def begun(kept, group: Group = GROUP) -> Tables:
    return Tables(kept.store.tables(group.name), group, "owner")


def noted(*texts: str) -> Changes:
    changes = Changes()
    for text in texts:
        changes.put(NOTES, {"id": text[0], "text": text})
    return changes


def rows(kept: Tables) -> list[tuple]:
    return list(kept.select("SELECT id, text, read FROM notes ORDER BY id"))


def test_rows_and_place_move_together_or_not_at_all(kept):
    with closing(begun(kept)) as tables:
        assert tables.place() == Place(0, "", "")
        assert tables.write(noted("a", "b"), 0, 7, "ab")
        assert tables.place() == Place(7, "ab", "")

        assert not tables.write(noted("c"), 0, 9)
        assert tables.place().number == 7
        assert [each[0] for each in rows(tables)] == ["a", "b"]


def test_a_row_keeps_what_it_is_not_given_anew(kept):
    with closing(begun(kept)) as tables:
        tables.write(noted("a1"), 0, 1)
        more = Changes()
        more.put(NOTES, {"id": "a", "read": True})
        tables.write(more, 1, 2)

        assert rows(tables) == [("a", "a1", True)]


def test_the_newest_of_a_batch_stands(kept):
    with closing(begun(kept)) as tables:
        tables.write(noted("a1", "a2"), 0, 1)

        assert rows(tables) == [("a", "a2", None)]


def test_how_far_they_are_is_read_without_making_them(kept):
    found = kept.store.tables_there("projections")
    if found is not None:  # a database is there before its tables
        assert place_in(found, "projections", "owner") is None
        found.close()
    begun(kept).close()
    with closing(kept.store.tables_there("projections")) as there:
        assert place_in(there, "projections", "owner") == Place(0, "", "")
        assert place_in(there, "projections", "nobody") is None
        with pytest.raises(StoreError, match=r"read-?only"):
            there.commit([("DELETE FROM notes", [()])])


def test_who_finds_them_made_anew_by_another_version_is_told(kept):
    with closing(begun(kept)) as tables:
        begun(kept, replace(GROUP, form=2)).close()

        with pytest.raises(StoreError, match="made anew by another version") as told:
            tables.place()
        assert told.value.code == "projections_unusable"


def test_a_table_that_is_no_more_goes_with_its_form(kept):
    old = Table("scraps", {"id": Kind.TEXT}, ("id",))
    begun(kept, replace(GROUP, tables=(NOTES, old))).close()
    with closing(begun(kept)) as tables:
        with pytest.raises(StoreError, match="scraps"):
            list(tables.select("SELECT * FROM scraps"))
        assert rows(tables) == []


def test_after_a_failure_the_next_call_goes_through(kept):
    with closing(begun(kept)) as tables:
        for _ in range(2):
            with pytest.raises(StoreError):
                list(tables.select("SELECT nothing FROM nowhere"))
        assert tables.write(noted("a"), 0, 1)


def test_a_file_that_is_no_database_is_named_with_what_to_do(tmp_path):
    kept = InFile(tmp_path / "ledger.db")
    path = tmp_path / "ledger.projections.db"
    path.write_bytes(b"no database" * 1_000)

    with pytest.raises(StoreError, match="move it away: it is begun anew") as told:
        begun(kept)
    assert str(path) in str(told.value)
    assert told.value.code == "projections_unusable"
