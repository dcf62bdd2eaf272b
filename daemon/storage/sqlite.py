"""A ledger in a SQLite file: how it is opened, brought to this version's schema, and copied.

The write-ahead log lets one program write while others read. A file of another program is refused
and left as it was. Every refusal says what, which file, and what to do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

from daemon.domain.chain import GENESIS, Head
from daemon.errors import StoreError
from daemon.storage import migrating
from daemon.storage.codec import Row
from daemon.storage.migrating import RECORDS, SQLITE, Migration, shipped
from daemon.storage.reader import Reader, Select
from daemon.storage.room import require_room
from daemon.storage.sqlite_inserts import inserts
from daemon.storage.sqlite_log import is_orphaned, refuse_orphaned, require_own_log
from daemon.storage.sqlite_refusals import ASIDE, FAILURES, refused, refusing
from daemon.storage.store import Change
from daemon.storage.tables.sqlite import SqliteTables, beside, committed
from daemon.storage.whole import make_for_folder
from daemon.telemetry.redaction import printable

_BUSY_S = 0.25
"""So long whoever reads, or keeps what is beside the records, waits for the file's lock."""
_BATCH_ROWS = 10_000
_ADVANCE = "UPDATE head SET count = ?, digest = ? WHERE one = 1 AND count = ? AND digest = ?"


class SqliteStore:
    """A file that is, or becomes, a ledger.

    Args:
        path: of the file.
        busy_s: so long whoever writes records waits for the file's lock.

    Attributes:
        name: the path, for people.
        dialect: whose migrations it takes.
    """

    def __init__(self, path: Path, busy_s: float = _BUSY_S) -> None:
        self.name, self.dialect = str(path), SQLITE
        self._path = path
        self._busy_s = busy_s

    def exists(self) -> bool:
        """Say whether anything is there: an empty file is begun as a new one, no strange log is."""
        is_there = self._path.exists() and self._path.stat().st_size > 0
        return is_there or is_orphaned(self._path)

    def missing(self) -> list[Migration]:
        """Return the migrations that the file has yet to take: all where there is no file.

        Raises:
            StoreError: it cannot be read, or took others than those shipped.
        """
        if not self.exists():
            return list(shipped(SQLITE))
        with closing(_connected(self._path)) as db, refusing(self._path, "cannot be read"):
            return _missing(db, self._path)

    def open_to_write(self) -> SqliteWriter:
        """Open the file, made or brought up to date where needed.

        Raises:
            StoreError: it cannot be used.
        """
        return SqliteWriter(open_to_write(self._path, self._busy_s), self._path)

    def open_aside(self) -> SqliteAside:
        """Open what is kept beside the records.

        Raises:
            StoreError: it cannot be used, or is not of this version's schema.
        """
        return SqliteAside(self._path)

    @contextmanager
    def reading(self, *, proven: bool = False) -> Iterator[Reader]:
        """Open the file to read alone, as of one moment.

        Args:
            proven: its own structure is gone through first: who reads on sees all records where
                whoever looks for one by its number may not find it.

        Raises:
            StoreError: it cannot be read, is not of this version's schema, or is damaged.
        """
        with closing(open_to_read(self._path)) as db:
            db.execute("BEGIN")
            if proven:
                _prove(db, self._path)
            yield Reader(_selecting(db, self._path), self.name)

    def copy_to(self, path: Path) -> Head:
        """Copy the file as it stands at one moment, and return the head of what was copied.

        Raises:
            StoreError: it cannot be read, the copy not be written, or there is no room for it.
        """
        with closing(open_to_read(self._path)) as db, refusing(self._path, "cannot be read"):
            db.execute("BEGIN")  # head and copy are of one moment
            head = Reader(_selecting(db, self._path), self.name).head()
            ((pages,),) = db.execute("PRAGMA page_count")
            ((page_bytes,),) = db.execute("PRAGMA page_size")
            require_room(path, pages * page_bytes)
            with refusing(path, "could not be written"), closing(sqlite3.connect(path)) as to:
                db.backup(to)
                _of_one_file(to)
        return head

    def tables(self, name: str) -> SqliteTables:
        """Open the file of a group of tables, beside this one.

        Raises:
            StoreError: it cannot be opened.
        """
        return SqliteTables(beside(self._path, name))

    def tables_there(self, name: str) -> SqliteTables | None:
        """Open the file of a group of tables, to read alone; None: it is not there.

        Raises:
            StoreError: it cannot be opened.
        """
        path = beside(self._path, name)
        return SqliteTables(path, to_read=True) if path.exists() else None


class SqliteWriter:
    """A file that is open to be written to.

    Args:
        db: the connection, for any thread.
        path: of the file.

    Attributes:
        reader: what is stored.
    """

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self.reader = Reader(_selecting(db, path), str(path))
        self._db = db
        self._path = path

    def store(self, rows: Sequence[Row], before: Head, head: Head) -> bool:
        """Make rows durable and move the head, both or neither; say whether it was done.

        Raises:
            StoreError: nothing was done.
        """
        places = (head.count, head.digest, before.count, before.digest)
        try:
            return committed(self._db, inserts(rows), (_ADVANCE, [places]))
        except FAILURES as error:
            raise refused(error, self._path, "could not be written") from error

    def settled_head(self) -> Head:
        """Return the head; what was not done is undone by then."""
        return self.reader.head()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


class SqliteAside:
    """What is kept in a file beside the records, on a connection of its own.

    It holds the file's lock for no longer than it takes to write to the system's cache: it waits
    for no disk, and leaves it to who writes records to tidy up the log.

    Args:
        path: of the file.

    Attributes:
        reader: the records.
    """

    def __init__(self, path: Path) -> None:
        open_to_read(path, shipped(SQLITE)[-1].number).close()
        with refusing(path, "cannot be opened"):
            self._db = sqlite3.connect(path, _BUSY_S, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA wal_autocheckpoint = 0")
        self._path = path
        self.reader = Reader(_selecting(self._db, path), str(path))

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what a query finds.

        Raises:
            StoreError: it cannot be read.
        """
        with refusing(self._path, "cannot be read"):
            return self._db.execute(query, values).fetchall()

    def change(self, changes: Sequence[Change]) -> bool:
        """Make changes, all or none, if the first changes one row; say whether they were made.

        Raises:
            StoreError: nothing was done.
        """
        guard, *rest = [(statement, [values]) for statement, values in changes]
        with refusing(self._path, "could not be written"):
            return committed(self._db, rest, guard)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def write_copy(reader: Reader, path: Path) -> Head:
    """Write the records that another store holds to an empty file, and return their head.

    Raises:
        StoreError: the file cannot be written, there is no room for it, or the records do not end
            as their head says.
    """
    head, stored = reader.head(), GENESIS
    with closing(SqliteStore(path).open_to_write()) as writer:
        for rows in _batches(reader.cells()):
            require_room(path)
            reached = Head(rows[-1].number, rows[-1].link)
            writer.store(rows, stored, reached)
            stored = reached
    with closing(sqlite3.connect(path)) as db, refusing(path, "could not be written"):
        _of_one_file(db)
    return head


def open_to_write(path: Path, busy_s: float = _BUSY_S) -> sqlite3.Connection:
    """Open a ledger's file, made or brought up to date where needed; any thread may use it.

    Args:
        path: of the file.
        busy_s: so long is waited for its lock.

    Raises:
        StoreError: it cannot be used.
    """
    require_own_log(path, SqliteStore(path))
    make_for_folder(path)
    with refusing(path, "cannot be opened"):
        db = sqlite3.connect(path, busy_s, isolation_level=None, check_same_thread=False)
    try:
        with refusing(path, "cannot be opened"):
            _migrate(db, path)
            _set_up(db, path)
    except StoreError:
        db.close()
        raise
    return db


def open_to_read(path: Path, number: int = RECORDS) -> sqlite3.Connection:
    """Open a ledger's file as it is; text that is no UTF-8 is read with its bytes escaped.

    Args:
        path: of the file.
        number: of the last migration that it must have taken.

    Raises:
        StoreError: it cannot be read, or has not taken that migration.
    """
    db = _connected(path)
    try:
        with refusing(path, "cannot be read"):
            migrating.require(_missing(db, path), str(path), number)
    except StoreError:
        db.close()
        raise
    return db


def _connected(path: Path) -> sqlite3.Connection:
    """Open a file to read alone."""
    refuse_orphaned(path)
    with refusing(path, "cannot be read"):
        uri = f"{path.absolute().as_uri()}?mode=ro"
        db = sqlite3.connect(uri, _BUSY_S, isolation_level=None, uri=True)
    db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    return db


def _prove(db: sqlite3.Connection, path: Path) -> None:
    """Let nothing be read of a file whose pages lead a search elsewhere than a walk.

    Raises:
        StoreError: it is such a file; with what to do.
    """
    with refusing(path, "cannot be read"):
        ((said,),) = db.execute("PRAGMA quick_check(1)")
    if said != "ok":
        text = f"the ledger {path} is damaged: {printable(said.splitlines()[-1])}"
        raise StoreError(f"{text}; {ASIDE}", "ledger_altered")


def _selecting(db: sqlite3.Connection, path: Path) -> Select:
    def select(query: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        with refusing(path, "cannot be read"):
            # Not the cursor itself, which this would close with whoever stops half way: by then the
            # file mostly is, and the refusal of that is printed from nowhere.
            yield from chain(db.execute(query, values))

    return select


def _batches(cells: Iterator[tuple[Any, ...]]) -> Iterator[list[Row]]:
    while rows := [Row(*each) for each in islice(cells, _BATCH_ROWS)]:
        yield rows


def _of_one_file(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA journal_mode = DELETE")  # whatever the ledger's


def _set_up(db: sqlite3.Connection, path: Path) -> None:
    (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreError(f"the ledger {path} must lie on a disk that allows SQLite's WAL mode")
    db.execute("PRAGMA synchronous = FULL")


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    for step in _missing(db, path):
        db.executescript(f"BEGIN IMMEDIATE;\n{step.statements}\nCOMMIT;")


def _missing(db: sqlite3.Connection, path: Path) -> list[Migration]:
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    columns = {name for (name,) in db.execute("SELECT name FROM pragma_table_info('migrations')")}
    if tables and "sha256" not in columns:  # many a program calls a table so
        text = f"{path} belongs to another program; name another file for the ledger"
        raise StoreError(text, "ledger_foreign")
    taken = db.execute(migrating.TAKEN).fetchall() if tables else []
    return migrating.missing(taken, shipped(SQLITE), str(path))
