from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from daemon.domain.chain import GENESIS
from daemon.errors import StoreError
from daemon.messages import DayEnded, EpochBegan
from daemon.storage.audit import verify
from daemon.storage.codec import decode
from daemon.storage.journal import Journal
from daemon.storage.ledger import SqliteLedger
from tests.kit.facts import NOW, ORIGIN, tick

ENDED = tuple(DayEnded(date(2025, 8, day), NOW + day) for day in range(1, 30))


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path):
    ledger = SqliteLedger(path, "owner")
    yield ledger
    ledger._db.close()


def rows_of(path: Path, columns: str) -> list[tuple]:
    with sqlite3.connect(path) as db:
        found = db.execute(f"SELECT {columns} FROM records ORDER BY number").fetchall()
    db.close()
    return found


def test_a_new_ledger_is_empty_and_sound(path, ledger):
    assert (list(ledger.facts()), ledger.head) == ([], GENESIS)
    assert verify(path).broken is None


def test_what_was_flushed_is_there_again(path, ledger):
    ledger.append(ENDED[:2], ORIGIN, NOW)
    ledger.flush()
    ledger.append(ENDED[2:], ORIGIN, NOW)

    assert tuple(SqliteLedger(path, "owner").facts()) == ENDED[:2]


def test_facts_are_read_back_flushed_or_not(ledger):
    """An actor that is built again in the middle of a run finds all of them, once each."""
    ledger.append(ENDED[:2], ORIGIN, NOW)
    ledger.flush()
    ledger.take(tick(1))
    ledger.append(ENDED[2:4], ORIGIN, NOW)
    ledger.take(tick(2))
    reading = ledger.facts()
    ledger.append(ENDED[4:], ORIGIN, NOW)
    ledger.flush()

    assert tuple(reading) == ENDED[:4]


def test_more_facts_than_are_read_at_once_come_back_in_order(ledger):
    """They are read page by page."""
    facts = [EpochBegan(number, NOW) for number in range(2_500)]
    ledger.append(facts, ORIGIN, NOW)
    ledger.flush()

    assert list(ledger.facts()) == facts


def test_an_owner_reads_his_own_facts_alone(path, ledger):
    ledger.append(ENDED[:1], ORIGIN, NOW)
    ledger.close()
    other = SqliteLedger(path, "another")
    other.append(ENDED[1:2], ORIGIN, NOW)
    other.flush()

    assert (tuple(other.facts()), verify(path).broken) == (ENDED[1:2], None)
    assert rows_of(path, "owner_id") == [("owner",), ("another",)]


def test_a_row_tells_where_its_fact_comes_from(path, ledger):
    ledger.take(tick(1))
    ledger.append(ENDED[:1], ORIGIN, NOW)
    ledger.flush()

    assert rows_of(path, "number, owner_id, at_ns, kind, actor, message, cause") == [
        (1, "owner", NOW + 1, "TicksTaken", "feed", 0, 0),
        (2, "owner", NOW, "DayEnded", ORIGIN.actor, ORIGIN.message, ORIGIN.cause),
    ]


def test_ticks_without_a_fact_behind_them_are_chained_by_the_flush(path, ledger):
    ledger.take(tick(1))
    ledger.flush()
    ledger.flush()

    assert rows_of(path, "number, kind") == [(1, "TicksTaken")]


def test_the_newest_instant_is_that_of_facts_and_ticks_and_never_of_an_epoch(path, ledger):
    """An epoch is stamped by whoever begins it; and another owner's records tell nothing."""
    assert ledger.reached_ns() == 0
    ledger.begin_epoch(NOW + 99)
    assert ledger.reached_ns() == 0
    ledger.append(ENDED[:1], ORIGIN, NOW)
    assert ledger.reached_ns() == 0  # it is not durable yet
    ledger.flush()
    assert ledger.reached_ns() == NOW
    ledger.take(tick(7))
    ledger.close()
    assert SqliteLedger(path, "owner").reached_ns() == NOW + 7
    assert SqliteLedger(path, "another").reached_ns() == 0


def test_every_start_has_an_epoch_of_its_own_that_is_durable_at_once(path, ledger):
    """Other facts between them make no difference."""
    epochs = [ledger.begin_epoch(NOW), ledger.begin_epoch(NOW)]
    ledger.append(ENDED, ORIGIN, NOW)
    ledger.close()
    for _ in range(2):
        again = SqliteLedger(path, "owner")
        epochs.append(again.begin_epoch(NOW))
        again._db.close()  # as a kill does: nothing is flushed any more

    assert epochs == [1, 2, 3, 4]


def test_a_chain_is_continued_over_restarts(path):
    for day in range(4):
        ledger = SqliteLedger(path, "owner")
        ledger.take(tick(day))
        ledger.append(ENDED[day : day + 1], ORIGIN, NOW)
        ledger.close()

    report = verify(path)
    assert (report.count, report.broken, report.head) == (8, None, ledger.head)


def test_the_journal_is_the_one_that_the_rows_tell(path, ledger):
    ledger.begin_epoch(NOW)
    for number in range(5):
        ledger.take(tick(number))
        ledger.append(ENDED[number : number + 1], ORIGIN, NOW)
        if number % 2:
            ledger.flush()
    ledger.take(tick(9))
    ledger.flush()
    journal = Journal()
    for (body,) in rows_of(path, "body"):
        journal.feed(decode(body))

    assert ledger.journal_sha256() == journal.sha256()


def test_flushing_in_another_thread_loses_nothing_and_keeps_the_order(path):
    """Ticks and facts go on being entered while rows are written."""
    ledger = SqliteLedger(path, "owner", block_limit=50)
    facts = [EpochBegan(number, NOW) for number in range(1_000)]
    with ThreadPoolExecutor(1) as disk:
        flushes = []
        for number, fact in enumerate(facts):
            ledger.take(tick(number))
            ledger.append((fact,), ORIGIN, NOW)
            flushes += [disk.submit(ledger.flush)] if number % 7 == 0 else []
        for flushed in flushes:
            flushed.result()
    ledger.close()

    again = SqliteLedger(path, "owner")
    assert (list(again.facts()), verify(path).broken) == (facts, None)
    assert again.head == ledger.head


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

    assert (tuple(SqliteLedger(path, "owner").facts()), verify(path).broken) == (ENDED[:2], None)


def test_a_full_disk_is_told_and_stores_nothing_of_the_flush(path, ledger):
    ledger.append(ENDED[:1], ORIGIN, NOW)
    ledger.flush()
    (pages,) = ledger._db.execute("PRAGMA page_count").fetchone()
    ledger._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    ledger.append(ENDED * 100, ORIGIN, NOW)
    with pytest.raises(StoreError, match=r"ledger\.db could not be written: .*; make room"):
        ledger.flush()

    assert (verify(path).count, verify(path).broken) == (1, None)


def test_a_second_writer_is_told_at_its_first_flush(path, ledger):
    """Two daemons over one ledger: the one that comes late may not begin."""
    late = SqliteLedger(path, "owner")
    ledger.begin_epoch(NOW)
    with pytest.raises(StoreError, match="another program has written"):
        late.begin_epoch(NOW)

    assert (verify(path).count, verify(path).broken) == (1, None)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER records_are_not_removed; DELETE FROM records WHERE number = 2",
        "DROP TRIGGER records_are_not_removed; DELETE FROM records WHERE number = 3",
        "UPDATE head SET count = 2",
        "UPDATE head SET digest = zeroblob(32)",
        "DROP TRIGGER records_are_not_altered; UPDATE records SET link = body WHERE number = 3",
        "INSERT INTO records SELECT 4, '', 0, '', '', 0, 0, body, link FROM records LIMIT 1",
    ],
)
def test_a_ledger_that_does_not_end_as_its_head_says_is_not_opened(path, ledger, statement):
    ledger.append(ENDED[:3], ORIGIN, NOW)
    ledger.close()
    with sqlite3.connect(path) as db:
        db.executescript(statement)
    db.close()

    with pytest.raises(StoreError, match=r"was altered: .*; run `ordo audit verify`"):
        SqliteLedger(path, "owner")


@pytest.mark.parametrize("statement", ["UPDATE records SET cause = 9", "DELETE FROM records"])
def test_the_table_itself_refuses_a_slip_of_ours(path, ledger, statement):
    ledger.append(ENDED[:3], ORIGIN, NOW)
    ledger.close()
    with (
        sqlite3.connect(path) as db,
        pytest.raises(sqlite3.IntegrityError, match="a record is never"),
    ):
        db.execute(statement)
    db.close()


@pytest.mark.parametrize("body", [b"{}", b'{"type":"DayOpened"}', b"\xff"])
def test_a_fact_that_this_version_does_not_know_ends_the_reading(path, ledger, body):
    """Recovery by half the facts would be worse than none."""
    ledger.append(ENDED[:1], ORIGIN, NOW)
    ledger.flush()
    ledger._db.execute("DROP TRIGGER records_are_not_altered")
    ledger._db.execute("UPDATE records SET body = ?", (body,))

    with pytest.raises(StoreError, match="no record that this version knows"):
        list(ledger.facts())


def test_a_block_of_ticks_among_the_facts_is_not_taken_for_one(path, ledger):
    ledger.take(tick(1))
    ledger.flush()
    ledger._db.execute("DROP TRIGGER records_are_not_altered")
    ledger._db.execute("UPDATE records SET kind = 'DayEnded'")

    with pytest.raises(StoreError, match="a block of ticks stands where a fact should"):
        list(ledger.facts())


def test_a_closed_ledger_says_so(ledger):
    ledger.close()
    ledger.append(ENDED[:1], ORIGIN, NOW)
    with pytest.raises(StoreError, match="closed database"):
        ledger.flush()


def test_it_waits_for_the_disk_at_every_flush(ledger):
    """WAL with a full sync: what was flushed outlives a power cut."""
    pragmas = ("journal_mode", "synchronous")

    assert [ledger._db.execute(f"PRAGMA {name}").fetchone() for name in pragmas] == [("wal",), (2,)]


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
        again = SqliteLedger(torn, "owner")
        outcomes.add((again.head, tuple(again.facts()), verify(torn).broken))
        again._db.close()

    assert outcomes == {(head, ENDED[:2], None)}
