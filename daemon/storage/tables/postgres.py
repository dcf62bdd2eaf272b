"""Tables in the database of a ledger, beside its records and in the same schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

import asyncpg

from daemon.storage.migrating import POSTGRES
from daemon.storage.postgres_link import Address, Link, numbered, refusing
from daemon.storage.tables.words import Statement

_READING: Final = {"default_transaction_read_only": "on"}
_WRITING: Final = {
    "synchronous_commit": "off",  # what is lost with a power cut is folded anew
    "idle_in_transaction_session_timeout": "10s",
}
_HAS = "SELECT 1 WHERE to_regclass(?::text) IS NOT NULL"
_MAKING_LOCK = 0x6F726476


class PostgresTables:
    """A database that tables are kept in.

    Args:
        address: of the database.
        to_read: nothing is written to it.

    Attributes:
        name: the address, for people.
    """

    dialect = POSTGRES
    lock = f"SELECT pg_advisory_xact_lock({_MAKING_LOCK})"

    def __init__(self, address: Address, *, to_read: bool = False) -> None:
        self.name = address.name
        self._link = Link(address, _READING if to_read else _WRITING)

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
        with self._link.mended(), refusing(self.name, "cannot be read", "projections_unusable"):
            rows = self._link.call(lambda db: db.fetch(numbered(query), *values))
        yield from map(tuple, rows)

    def commit(self, statements: Sequence[Statement], guard: Statement | None = None) -> bool:
        """Do all of them or none, in one transaction; say whether it was done.

        Raises:
            StoreError: nothing is known to be done.
        """
        wrong = refusing(self.name, "cannot be written", "projections_unusable")
        with self._link.mended(), wrong:
            return self._link.call(partial(committed, statements=statements, guard=guard))

    def close(self) -> None:
        """Let go of the connection."""
        self._link.close()


async def committed(
    db: asyncpg.Connection, statements: Sequence[Statement], guard: Statement | None
) -> bool:
    """Do all statements or none; say whether it was done, or the guard has changed no row."""
    async with db.transaction():
        if guard is not None:
            statement, (values,) = guard
            done = await db.execute(numbered(statement), *values)
            if str(done).rpartition(" ")[2] != "1":
                return False
        for statement, each in statements:
            if each == [()]:
                await db.execute(statement)
            else:
                await db.executemany(numbered(statement), each)
    return True
