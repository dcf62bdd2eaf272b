"""A ledger's store of each kind, and how somebody alters it behind the ledger's back."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from daemon.storage.audit import AuditReport, verify
from daemon.storage.ledger import StoredLedger
from daemon.storage.postgres import PostgresStore, _numbered
from daemon.storage.postgres_link import Address, Link
from daemon.storage.sqlite import SqliteStore
from daemon.storage.store import Store
from tests.kit.servers import PostgresServer

_SCHEMAS = count(1)
_BYTES = re.compile(r"x'([0-9a-f]*)'")
"""Bytes as SQLite writes them."""


class Kept(Protocol):
    """A place for one ledger of a test.

    Attributes:
        store: the place.
    """

    store: Store

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Have a statement done as its owner may, and return its rows."""

    def unlock(self) -> None:
        """Take away what stops slips of our own."""

    def clear(self) -> None:
        """Take away all that is kept there."""

    def cast(self, kind: str) -> str:
        """Return how a value is written that takes the place of a cell."""


class InFile:
    """A SQLite file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = SqliteStore(path)

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as db, db:
            return db.execute(statement, values).fetchall()

    def unlock(self) -> None:
        self.execute("DROP TRIGGER records_are_not_altered")
        self.execute("DROP TRIGGER records_are_not_removed")

    def clear(self) -> None:
        self.path.unlink()

    def cast(self, kind: str) -> str:
        return "CAST(? AS TEXT)" if kind == "text" else "?"


class InSchema:
    """A schema of a PostgreSQL, made for it."""

    def __init__(self, server: PostgresServer) -> None:
        name = f"test_{next(_SCHEMAS)}"
        _asked(server.url(), f"CREATE SCHEMA {name}", ())
        self.port = server.port
        self.url = f"{server.url()}?search_path={name}"
        self.store = PostgresStore(Address(self.url))

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return _asked(self.url, _BYTES.sub(r"'\\x\1'::bytea", statement), values)

    def unlock(self) -> None:
        self.execute("DROP TRIGGER records_are_not_altered ON records")
        self.execute("DROP TRIGGER records_are_not_removed ON records")

    def clear(self) -> None:
        name = self.url.rpartition("=")[2]
        self.execute(f"DROP SCHEMA {name} CASCADE")
        self.execute(f"CREATE SCHEMA {name}")

    def cast(self, kind: str) -> str:
        return "?"


def ledger_of(kept: Kept, owner_id: str = "owner", **options: Any) -> StoredLedger:
    """Return the ledger that is kept there."""
    return StoredLedger(kept.store, owner_id, **options)


def audited(kept: Kept) -> AuditReport:
    """Return what an audit finds there."""
    return verify(kept.store)


def rows_of(kept: Kept, columns: str) -> list[tuple[Any, ...]]:
    """Return some columns of every record."""
    return kept.execute(f"SELECT {columns} FROM records ORDER BY number")


def killed(ledger: StoredLedger) -> None:
    """End a ledger as a kill does: nothing is flushed any more."""
    ledger._writer.close()


def _asked(url: str, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    with closing(Link(Address(url), {})) as link:
        return list(map(tuple, link.call(lambda db: db.fetch(_numbered(statement), *values))))
