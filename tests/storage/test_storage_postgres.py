"""What only a PostgreSQL can do to a ledger: go, come back, hang, refuse, and lose an answer."""

from __future__ import annotations

import ssl
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import date

import asyncpg
import pytest

from daemon.errors import StoreError
from daemon.messages import DayEnded
from daemon.storage import postgres_link
from daemon.storage.ledger import StoredLedger
from daemon.storage.postgres import PostgresStore
from daemon.storage.postgres_link import Address, Link, passwords, refused
from daemon.storage.store import AWAY, UNKNOWN
from tests.kit.facts import NOW, ORIGIN
from tests.kit.fault_proxy import FaultProxy, fault_proxy
from tests.kit.fault_ways import Fault, Then
from tests.kit.handed import handed_over
from tests.kit.servers import GUEST, free_port
from tests.kit.stores import InSchema, audited, killed

ENDED = tuple(DayEnded(date(2025, 8, day), NOW + day) for day in range(1, 30))
SECRET = "correct-horse"
LOST = Fault(after_bytes=0, then=Then.CUTS)
SWALLOWED = Fault(after_bytes=0, then=Then.SWALLOWS)


@pytest.fixture
def kept(postgres) -> InSchema:
    return InSchema(postgres)


@pytest.fixture
def wire(postgres):
    with fault_proxy(postgres.port) as made:
        yield made


def over(wire: FaultProxy, kept: InSchema, limit_s: float = 10.0) -> StoredLedger:
    """Return the ledger, reached over a wire that may fail."""
    near = kept.url.replace(f":{kept.port}/", f":{wire.at}/")
    return StoredLedger(PostgresStore(Address(near, limit_s=limit_s)), "owner")


@pytest.mark.parametrize("lost", ["asks", "tells"])
def test_a_commit_whose_connection_went_is_looked_for_and_done_once(kept, wire, lost):
    """Whether the server did it or never heard of it: nobody can tell from here."""
    ledger = over(wire, kept)
    ledger.append(ENDED[:2], ORIGIN, NOW)
    ledger.flush()
    wire.tell(**{lost: LOST}, later=False)
    ledger.append(ENDED[2:5], ORIGIN, NOW)
    ledger.flush()
    ledger.append(ENDED[5:6], ORIGIN, NOW)
    ledger.close()

    report = audited(kept)
    assert (report.count, report.broken, report.head) == (6, None, ledger.head)


def test_a_commit_that_was_done_and_not_answered_in_time_is_found_by_the_next_flush(kept, wire):
    ledger = over(wire, kept, limit_s=0.5)
    wire.tell(tells=SWALLOWED, later=False)
    ledger.append(ENDED[:2], ORIGIN, NOW)
    ledger.flush()
    ledger.append(ENDED[2:3], ORIGIN, NOW)
    ledger.close()

    assert (audited(kept).count, audited(kept).broken) == (3, None)


def test_a_backend_that_was_ended_between_two_flushes_is_no_matter(kept):
    ledger = StoredLedger(kept.store, "owner")
    ledger.append(ENDED[:2], ORIGIN, NOW)
    ledger.flush()
    pid = ledger._writer._link.call(lambda db: db.fetchval("SELECT pg_backend_pid()"))
    kept.execute("SELECT pg_terminate_backend(?, 10000)", pid)
    ledger.append(ENDED[2:4], ORIGIN, NOW)
    ledger.close()

    assert (audited(kept).count, audited(kept).broken) == (4, None)


def test_who_is_beside_the_records_goes_on_when_his_backend_was_ended(kept):
    """A server that was started anew, or an idle connection that was cut, silences no sink."""
    StoredLedger(kept.store, "owner").close()
    with closing(kept.store.open_aside()) as aside:
        pid = aside._link.call(lambda db: db.fetchval("SELECT pg_backend_pid()"))
        kept.execute("SELECT pg_terminate_backend(?, 10000)", pid)
        with pytest.raises(StoreError, match="cannot be read"):
            aside.rows("SELECT count FROM head")

        assert aside.rows("SELECT count FROM head") == [(0,)]
        assert aside.reader.head().count == 0


def test_a_backend_that_is_ended_in_the_middle_of_a_commit_stores_all_or_nothing_once(kept):
    """It waits for a lock when it is ended; the rows are there once all the same."""
    ledger = StoredLedger(kept.store, "owner")
    ledger.append(ENDED[:2], ORIGIN, NOW)
    pid = ledger._writer._link.call(lambda db: db.fetchval("SELECT pg_backend_pid()"))
    with closing(Link(Address(kept.url), {})) as other:
        other.call(lambda db: db.execute("BEGIN; SELECT one FROM head FOR UPDATE"))
        flushed = threading.Thread(target=ledger.flush)
        flushed.start()
        waits = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'"
        while not other.call(lambda db: db.fetchval(waits, pid)):
            pass
        other.call(lambda db: db.execute(f"SELECT pg_terminate_backend({pid})"))
        other.call(lambda db: db.execute("ROLLBACK"))
        flushed.join()
    ledger.close()

    assert (audited(kept).count, audited(kept).broken) == (2, None)


def test_a_server_that_gives_no_answer_is_told_and_what_waits_is_stored_when_it_does(kept):
    store = PostgresStore(Address(kept.url, limit_s=0.3))
    ledger = StoredLedger(store, "owner")
    ledger.append(ENDED[:2], ORIGIN, NOW)
    with closing(Link(Address(kept.url), {})) as other:
        other.call(lambda db: db.execute("BEGIN; SELECT one FROM head FOR UPDATE"))
        with pytest.raises(StoreError, match="it gave no answer in time; see that it") as told:
            ledger.flush()
        assert tuple(ledger.facts()) == ENDED[:2]  # reading waits for no lock
        other.call(lambda db: db.execute("ROLLBACK"))
    ledger.append(ENDED[2:3], ORIGIN, NOW)
    ledger.close()

    assert told.value.code == UNKNOWN
    assert (audited(kept).count, audited(kept).broken) == (3, None)


def test_a_server_that_is_gone_for_a_while_goes_on_with_the_same_ledger(kept, wire):
    ledger = over(wire, kept)
    ledger.append(ENDED[:2], ORIGIN, NOW)
    ledger.flush()
    wire.refuse()
    wire.cut()
    ledger.append(ENDED[2:3], ORIGIN, NOW)
    with pytest.raises(StoreError, match="see that it runs") as told:
        ledger.flush()
    wire.heal()
    ledger.close()

    assert told.value.code == UNKNOWN
    assert (audited(kept).count, audited(kept).broken) == (3, None)


def test_a_server_that_never_says_goodbye_is_left(kept, wire, monkeypatch):
    monkeypatch.setattr(postgres_link, "_GOODBYE_S", 0.05)
    ledger = over(wire, kept)
    ledger.append(ENDED[:2], ORIGIN, NOW)
    ledger.flush()
    wire.tell(SWALLOWED, SWALLOWED)
    ledger.close()

    assert audited(kept).count == 2


def test_every_flush_waits_for_the_disk_whatever_the_server_presets(kept):
    ledger = StoredLedger(kept.store, "owner")
    kept.execute("ALTER ROLE ordo SET synchronous_commit = off")
    again = StoredLedger(kept.store, "owner")
    shown = [
        each._writer._link.call(lambda db: db.fetchval("SHOW synchronous_commit"))
        for each in (ledger, again)
    ]
    kept.execute("ALTER ROLE ordo RESET synchronous_commit")
    killed(ledger)
    killed(again)

    assert shown == ["on", "on"]


def changed(statement: str):
    def change(kept: InSchema) -> str:
        StoredLedger(kept.store, "owner").close()
        kept.execute(statement)
        return kept.url

    return change


def of_another_program(kept: InSchema) -> str:
    kept.execute("CREATE TABLE songs (title TEXT)")
    return kept.url


def of_another_program_that_migrates(kept: InSchema) -> str:
    kept.execute("CREATE TABLE migrations (id INT, migration TEXT, batch INT)")
    return kept.url


def in_no_schema(kept: InSchema) -> str:
    return f"{kept.url}_gone"


def in_no_database(kept: InSchema) -> str:
    return kept.url.replace("/postgres?", "/gone?")


def of_a_stranger(kept: InSchema) -> str:
    return kept.url.replace("ordo@", "stranger@")


def of_one_who_may_not(kept: InSchema) -> str:
    name = kept.url.rpartition("=")[2]
    kept.execute(f"CREATE ROLE {name}_guest LOGIN")
    kept.execute(f"GRANT USAGE ON SCHEMA {name} TO {name}_guest")
    return kept.url.replace("ordo@", f"{name}_guest@")


def with_nobody_there(kept: InSchema) -> str:
    return kept.url.replace(f":{kept.port}/", f":{free_port()}/")


def with_a_word_for_tls_that_is_none(kept: InSchema) -> str:
    return f"{kept.url}&sslmode=sometimes"


def in_another_encoding(kept: InSchema) -> str:
    kept.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    return kept.url.partition("?")[0].replace("/postgres", "/latin")


REFUSALS = [
    (of_another_program, "ledger_foreign", "belongs to another program; name another database"),
    (of_another_program_that_migrates, "ledger_foreign", "belongs to another program; name "),
    (
        changed("INSERT INTO migrations VALUES (9, '0009_more.sql', 'ab')"),
        "ledger_newer",
        "was written by a newer version; run that one",
    ),
    (
        changed("UPDATE migrations SET sha256 = 'ab'"),
        "ledger_altered",
        "was not made by 0001_records.sql as shipped",
    ),
    (changed("DELETE FROM head"), "ledger_altered", "the head of the ledger .* was altered"),
    (in_no_schema, "ledger_unusable", "no schema .*; make that schema"),
    (in_no_database, "ledger_unusable", 'database "gone" does not exist; make that database'),
    (of_a_stranger, "ledger_unusable", 'role "stranger" does not exist; let that user in'),
    (of_one_who_may_not, "ledger_unusable", "permission denied .*; let that user make tables"),
    (with_nobody_there, "ledger_away", "; see that it runs, and that"),
    (with_a_word_for_tls_that_is_none, "ledger_unusable", "sslmode.*; see that"),
    (in_another_encoding, "ledger_unusable", "keeps texts as LATIN1; make the database as UTF8"),
]


@pytest.mark.parametrize(
    ("made", "code", "told"), REFUSALS, ids=lambda each: getattr(each, "__name__", "")
)
def test_what_is_no_ledger_is_refused_with_its_address_and_what_to_do(kept, made, code, told):
    url = made(kept)

    with pytest.raises(StoreError, match=told) as refused:
        StoredLedger(PostgresStore(Address(url)), "owner")
    assert refused.value.code == code
    assert url.partition("?")[0] in str(refused.value)


def test_a_database_of_another_program_is_left_as_it_was(kept):
    of_another_program(kept)
    with pytest.raises(StoreError):
        kept.store.open_to_write()

    assert kept.execute(
        "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
    ) == [("songs",)]


def test_reading_makes_no_ledger_where_there_is_none(kept):
    assert not kept.store.exists()
    with pytest.raises(StoreError, match="is not a ledger of this version"), kept.store.reading():
        pass
    assert not kept.store.exists()


@pytest.fixture
def guest(kept) -> Iterator[str]:
    """The address, for one who has a password."""
    kept.execute(f"CREATE ROLE {GUEST} LOGIN SUPERUSER PASSWORD '{SECRET}'")
    yield kept.url.replace("ordo@", f"{GUEST}@")
    kept.execute(f"DROP OWNED BY {GUEST}")
    kept.execute(f"DROP ROLE {GUEST}")


def test_a_password_is_taken_from_its_file_and_told_to_nobody(guest, tmp_path):
    """Nor is the wrong one, where the server refuses it."""
    url, passfile = guest, tmp_path / "pgpass"
    passfile.touch(0o600)
    store = PostgresStore(Address(url, passfile))
    passfile.write_text(f"*:*:*:{GUEST}:{SECRET}\n")
    StoredLedger(store, "owner").close()
    assert store.exists()
    passfile.write_text(f"*:*:*:{GUEST}:{SECRET}-no\n")
    with pytest.raises(StoreError, match="password authentication failed") as refused:
        store.exists()

    assert "PGPASSFILE" in str(refused.value)
    assert SECRET not in str(refused.value) + store.name


@pytest.mark.parametrize("by_list", [True, False], ids=["access list", "its modes"])
def test_a_password_is_taken_from_a_file_that_one_user_is_let_into_by_an_access_list(
    guest, tmp_path, by_list
):
    """PostgreSQL's clients pass over a file whose mode has a bit of the group."""
    files = {"pgpass": f"*:*:*:{GUEST}:{SECRET}\n".encode()}
    passfile = handed_over(tmp_path / "unit", files, by_list=by_list) / "pgpass"
    store = PostgresStore(Address(guest, passfile))
    StoredLedger(store, "owner").close()

    assert store.exists()


def test_a_copy_of_a_file_of_passwords_lies_on_no_disk_and_is_gone_with_the_connecting(tmp_path):
    handed = handed_over(tmp_path / "unit", {"pgpass": b"*:*:*:me:x\n"}, by_list=False) / "pgpass"
    with passwords(handed) as copy:
        assert copy is not None
        assert copy.read_bytes() == handed.read_bytes()
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        assert str(copy.readlink()).startswith("/memfd:pgpass ")
    assert not copy.exists()

    handed.chmod(0o400)
    for as_it_is in (handed, tmp_path / "absent", None):
        with passwords(as_it_is) as given:
            assert given == as_it_is


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://me@host:5432/db?sslmode=require", "postgresql://me@host:5432/db"),
        ("postgres://me:secret@host/db", "postgresql://me@host/db"),
        ("postgresql:///db?host=/run/postgresql", "postgresql:///db"),
    ],
)
def test_what_people_are_told_of_an_address_holds_no_secret(url, name):
    assert PostgresStore(Address(url)).name == name


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (asyncpg.CannotConnectNowError("the database system is starting up"), AWAY),
        (asyncpg.AdminShutdownError("terminating connection"), AWAY),
        (asyncpg.ConnectionDoesNotExistError("connection was closed"), AWAY),
        (ConnectionRefusedError(111, "Connection refused"), AWAY),
        (TimeoutError(), AWAY),
        (FileNotFoundError(2, "no socket of that name yet"), AWAY),
        (OSError("Multiple exceptions: one for each address"), AWAY),
        (PermissionError(13, "the key of the client"), "ledger_unusable"),
        (ssl.SSLCertVerificationError("self-signed"), "ledger_unusable"),
        (asyncpg.exceptions.DatabaseDroppedError("it was dropped"), "ledger_unusable"),
        (asyncpg.ProtocolViolationError("no PostgreSQL"), "ledger_unusable"),
        (asyncpg.TooManyConnectionsError("too many clients"), "ledger_unusable"),
        (asyncpg.QueryCanceledError("canceled"), "ledger_unusable"),
        (asyncpg.InterfaceError("it is closed"), "ledger_unusable"),
    ],
)
def test_a_server_that_is_away_for_a_while_is_told_from_one_that_wants_a_person(error, code):
    assert refused(error, "a server", "cannot be read").code == code
