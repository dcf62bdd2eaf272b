"""Tables in a SQLite file of their own beside the ledger's.

A file takes one writer at a time, so tables in the ledger's own would hold up its commits. What is
lost with a power cut is folded anew, so no commit waits for the disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daemon.errors import StoreError
from daemon.storage.migrating import SQLITE
from daemon.storage.tables.words import Statement
from daemon.storage.whole import make_for_folder

_HAS = "SELECT 1 FROM sqlite_schema WHERE name = ?"
_BUSY_S = 10.0  # nobody who decides waits for it


def beside(path: Path, name: str) -> Path:
    """Return the file of a group of tables, beside that of a ledger."""
    return path.with_suffix(f".{name}{path.suffix}")


def committed(
    db: sqlite3.Connection, statements: Sequence[Statement], guard: Statement | None = None
) -> bool:
    """Do all statements or none; say whether it was done, or the guard has changed no row."""
    if guard is not None and not statements:
        # In one call, so no other thread holds it up while it has the lock.
        return db.executemany(*guard).rowcount == 1
    cursor = db.cursor()  # one for all: each call on the connection itself makes another
    try:
        cursor.execute("BEGIN IMMEDIATE")
        if guard is not None and cursor.executemany(*guard).rowcount != 1:
            return False
        for statement, values in statements:
            cursor.executemany(statement, values)
        cursor.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
    return True


class SqliteTables:
    """A file that tables are kept in, for any thread.

    Args:
        path: made where it does not exist.
        to_read: it is there, and nothing is written to it.

    Attributes:
        name: the path, for people.

    Raises:
        StoreError: it cannot be opened.
    """

    dialect = SQLITE
    lock = ""

    def __init__(self, path: Path, *, to_read: bool = False) -> None:
        self.name = str(path)
        if not to_read:
            make_for_folder(path)
        uri = f"{path.absolute().as_uri()}?mode={'ro' if to_read else 'rwc'}"
        with self._refusing("cannot be opened"):
            self._db = sqlite3.connect(
                uri, _BUSY_S, isolation_level=None, check_same_thread=False, uri=True
            )
        try:
            if not to_read:
                with self._refusing("cannot be opened"):
                    self._db.execute("PRAGMA journal_mode = WAL")
                    self._db.execute("PRAGMA synchronous = NORMAL")
        except StoreError:
            self._db.close()
            raise

    def has(self, table: str) -> bool:
        """Say whether a table is there.

        Raises:
            StoreError: it cannot be read.
        """
        return any(True for _ in self.select(_HAS, (table,)))

    def select(self, query: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query.

        Raises:
            StoreError: they cannot be read.
        """
        with self._refusing("cannot be read"):
            yield from self._db.execute(query, values)

    def commit(self, statements: Sequence[Statement], guard: Statement | None = None) -> bool:
        """Do all of them or none, in one transaction; say whether it was done.

        Raises:
            StoreError: nothing was done.
        """
        with self._refusing("cannot be written"):
            return committed(self._db, statements, guard)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def _refusing(self, what: str) -> Iterator[None]:
        try:
            yield
        # A damaged file names its tables, and SQLite its errors, in bytes that are no text.
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise StoreError(
                f"the file {self.name} {what}: {error}; see its disk and who may write to it, or"
                " move it away: it is begun anew",
                "projections_unusable",
            ) from error
