from __future__ import annotations

import os
import random
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from daemon.domain.chain import GENESIS, Broken, Head, How
from daemon.errors import StoreError
from daemon.messages import DayEnded
from daemon.storage.audit import require_whole, verify
from daemon.storage.migrating import POSTGRES
from daemon.storage.sqlite import SqliteStore
from tests.kit.facts import NOW, ORIGIN, tick
from tests.kit.stores import InFile, Kept, audited, ledger_of, rows_of

pytestmark = pytest.mark.untraced

COLUMNS = ("number", "owner_id", "at_ns", "kind", "actor", "message", "cause", "body", "link")
TEXTS = {"owner_id", "kind", "actor"}
DAYS = tuple(DayEnded(date(2025, 8, day), NOW + day) for day in range(1, 5))


def fill(kept: Kept) -> Kept:
    """Make a ledger of five records: a block of ticks and four facts."""
    ledger = ledger_of(kept)
    ledger.take(tick(1))
    ledger.append(DAYS, ORIGIN, NOW)
    ledger.close()
    return kept


@pytest.fixture
def whole(kept) -> Kept:
    return fill(kept)


@pytest.fixture
def path(tmp_path) -> Path:
    """The same in a file of small pages."""
    path = tmp_path / "small.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA page_size = 512")
        db.execute("VACUUM")
    fill(InFile(path))
    return path


def tampered(kept: Kept, *statements: str, values: tuple = ()) -> Broken | None:
    """What the audit says of a ledger on which somebody has run statements."""
    kept.unlock()
    for statement in statements:
        kept.execute(statement, *values)
    return audited(kept).broken


def content(path: Path) -> list:
    """All that any reader sees of records and head; an error where nothing can be read."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        db.text_factory = lambda raw: ("text", raw)
        records = db.execute(f"SELECT {', '.join(COLUMNS)} FROM records ORDER BY number")
        return [*records.fetchall(), db.execute("SELECT count, digest FROM head").fetchall()]


def flips(value: int | str | bytes) -> list[int | bytes]:
    """A cell's value with each of its bytes altered in turn, in one bit."""
    match value:
        case int():
            return [value ^ (1 << (8 * place + place % 8)) for place in range(7)]
        case str():
            return flips(value.encode())
    altered = []
    for place in range(len(value)):
        cell = bytearray(value)
        cell[place] ^= 1 << place % 8
        altered.append(bytes(cell))
    return altered


def plain_flips(value: int | str | bytes) -> list[int | str | bytes]:
    """The same, of texts that stay texts."""
    if isinstance(value, str):
        return [value[:at] + chr(ord(each) ^ 1) + value[at + 1 :] for at, each in enumerate(value)]
    return flips(value)


def test_a_ledger_as_it_was_written_is_sound(whole):
    report = audited(whole)

    assert (report.count, report.broken, report.head.count) == (5, None, 5)


def test_an_empty_ledger_is_sound(kept):
    ledger_of(kept).close()
    report = audited(kept)

    assert (report.count, report.broken, report.head) == (0, None, GENESIS)


@pytest.mark.parametrize("column", COLUMNS)
def test_any_altered_byte_of_any_column_is_found(whole, column):
    """Every byte of every row, be it text that is no UTF-8 any more; put back it is sound again.

    A server is slower to ask and lets no such text in, so there it is every byte of one row.
    """
    is_file = isinstance(whole, InFile)
    place = whole.cast("text" if column in TEXTS else "other")
    statement = f"UPDATE records SET {column} = {place} WHERE number = ?"
    whole.unlock()
    found = []
    for number, cell in rows_of(whole, f"number, {column}"):
        for altered in flips(cell) if is_file else plain_flips(cell) if number == 3 else ():
            if column == "number" and altered in range(1, 6):
                continue
            whole.execute(statement, altered, number)
            found.append((number, altered, audited(whole).broken))
            whole.execute(statement, cell, altered if column == "number" else number)

    assert found
    assert audited(whole).broken is None
    assert [(number, altered) for number, altered, broken in found if broken is None] == []
    if column not in {"number", "link"}:
        assert {(number, broken) for number, _, broken in found} == {
            (number, Broken(number, How.ALTERED)) for number, *_ in found
        }


@pytest.mark.parametrize(
    ("statements", "broken"),
    [
        (["DELETE FROM records WHERE number = 2"], Broken(2, How.MISSING)),
        (["DELETE FROM records WHERE number = 1"], Broken(1, How.MISSING)),
        (["DELETE FROM records WHERE number = 5"], Broken(5, How.CUT)),
        (["DELETE FROM records WHERE number > 2"], Broken(3, How.CUT)),
        (["DELETE FROM records"], Broken(1, How.CUT)),
        (
            [
                "UPDATE records SET number = 9 WHERE number = 2",
                "UPDATE records SET number = 2 WHERE number = 4",
                "UPDATE records SET number = 4 WHERE number = 9",
            ],
            Broken(2, How.SWAPPED),
        ),
        (
            [
                "UPDATE records SET number = -number WHERE number > 2",
                "UPDATE records SET number = 1 - number WHERE number < 0",
                "INSERT INTO records SELECT 3, '', 0, '', '', 0, 0, x'', x'' FROM records LIMIT 1",
            ],
            Broken(3, How.INSERTED),
        ),
        (
            ["INSERT INTO records VALUES (6, 'owner', 0, 'Noted', 'x', 0, 0, x'7b7d', x'00')"],
            Broken(6, How.INSERTED),
        ),
        ([f"UPDATE head SET digest = x'{GENESIS.digest.hex()}'"], Broken(5, How.REWRITTEN)),
        (["UPDATE head SET count = 4"], Broken(4, How.REWRITTEN)),
        (["UPDATE head SET count = 6"], Broken(6, How.CUT)),
    ],
)
def test_what_was_removed_swapped_inserted_or_cut_is_found(whole, statements, broken):
    assert tampered(whole, *statements) == broken


def test_a_cell_of_another_type_is_found_though_its_bytes_are_equal(tmp_path):
    """A table without types would take text for bytes."""
    loose = "CREATE TABLE loose AS SELECT * FROM records"
    swap = ["DROP TABLE records", "ALTER TABLE loose RENAME TO records"]
    made = iter(fill(InFile(tmp_path / f"{number}.db")) for number in range(3))
    found = [
        tampered(next(made), loose, f"UPDATE loose SET {column} = CAST({column} AS {other})", *swap)
        for column, other in (("body", "TEXT"), ("kind", "BLOB"))
    ]

    assert tampered(next(made), loose, *swap) is None
    assert found == [Broken(1, How.ALTERED)] * 2


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM head", "UPDATE head SET digest = x'00'", "UPDATE head SET count = -1"],
)
def test_without_a_head_there_is_nothing_to_audit_against(whole, statement):
    with pytest.raises(StoreError, match=r"the head of the ledger .* was altered"):
        tampered(whole, statement)


def test_no_altered_byte_of_the_file_changes_what_is_read_unseen(path):
    """Each byte once: the audit tells of it or cannot read the file; else all read the same.

    The last holds for bytes that say nothing of records and head: free space, counters, the
    wording of the schema, the number that SQLite keeps beside a row and not in it.
    """
    whole, before = path.read_bytes(), content(path)
    chance = random.Random(20250829)
    copy = path.with_name("flipped.db")
    copy.write_bytes(whole)
    unseen = []
    found = 0
    with copy.open("r+b") as file:  # in place: a file that is written anew waits for the disk
        for place, byte in enumerate(whole):
            os.pwrite(file.fileno(), bytes([byte ^ 1 << chance.randrange(8)]), place)
            try:
                sound = verify(SqliteStore(copy)).broken is None
            except StoreError:
                sound = False
            found += not sound
            if sound and content(copy) != before:
                unseen.append(place)
            os.pwrite(file.fileno(), bytes([byte]), place)

    assert (unseen, found > 500, copy.read_bytes()) == ([], True, whole)


def test_it_reads_beside_a_daemon_that_writes_and_leaves_the_ledger_alone(whole):
    ledger = ledger_of(whole)
    ledger.append(DAYS, ORIGIN, NOW)
    ledger.flush()
    ledger.append(DAYS, ORIGIN, NOW)
    report = audited(whole)
    ledger.flush()

    assert (report.count, report.broken, audited(whole).count) == (9, None, 13)
    ledger.close()


def test_the_report_names_the_head_that_is_kept_beside_the_records(whole):
    digest = bytes(range(32))
    whole.execute("UPDATE head SET digest = ?", digest)

    assert audited(whole).head == Head(5, digest)


@pytest.mark.parametrize("content", [None, b"", b"no database" * 500])
def test_what_is_no_ledger_cannot_be_audited(tmp_path, content):
    path = tmp_path / "other.db"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(StoreError, match=r"other\.db"):
        verify(SqliteStore(path))


def test_nothing_is_decided_by_a_ledger_that_is_not_as_it_was_written(whole):
    require_whole(whole.store)
    whole.unlock()
    whole.execute("UPDATE records SET at_ns = at_ns + 1 WHERE number = 3")
    with pytest.raises(StoreError, match="record 3 is altered; keep it aside") as refused:
        require_whole(whole.store)

    assert refused.value.code == "ledger_altered"
    assert "`ordo rearm`" in str(refused.value)
    on_server = whole.store.dialect == POSTGRES
    assert ('[ledger] url = "sqlite:PATH"' in str(refused.value)) is on_server
    assert ("-wal" in str(refused.value)) is not on_server


def found_by_number(path: Path) -> int:
    """How many records whoever looks for each by its number finds."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        ask = "SELECT count(*) FROM records WHERE number = ?"
        return sum(db.execute(ask, (number,)).fetchone()[0] for number in range(1, 41))


def test_a_page_that_leads_a_search_elsewhere_than_a_walk_is_found(path):
    """An audit walks over all records; recovery looks for some, and entered anew what it missed."""
    ledger = ledger_of(InFile(path))
    for n in range(35):
        ledger.append((DayEnded(date(2025, 8, 1), NOW + n),), ORIGIN, NOW + n)
    ledger.close()
    with closing(sqlite3.connect(path)) as db:
        ((page,),) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'records'")
    sound, seen, misled = path.read_bytes(), content(path), 0
    assert (len(seen[:-1]), found_by_number(path)) == (40, 40)
    for at in range(page * 512 - 100, page * 512):  # the keys lie at its end
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        try:
            is_misled = content(path) == seen and found_by_number(path) < 40
        except sqlite3.Error:
            continue
        if is_misled:
            misled += 1
            with pytest.raises(StoreError, match=r"is damaged: .*; keep it aside and restore"):
                verify(SqliteStore(path))
    assert misled
