"""A ledger in a database of PostgreSQL: how it is opened, made one of this version, and refused.

Rows and head go in one statement, so one round trip makes them durable, and there is no moment
between them. Where the answer to it is lost, nobody knows yet whether they are stored: the head is
then read behind a lock that waits for whatever is still under way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from daemon.domain.chain import Head
from daemon.errors import StoreError
from daemon.storage import migrating
from daemon.storage.codec import Row
from daemon.storage.migrating import POSTGRES, RECORDS, Migration, shipped
from daemon.storage.postgres_link import FAILURES, Address, Link, refused, refusing
from daemon.storage.postgres_link import numbered as _numbered
from daemon.storage.reader import Reader
from daemon.storage.sqlite import write_copy
from daemon.storage.store import UNKNOWN, Change
from daemon.storage.tables.postgres import PostgresTables, committed

_WRITING: Final = {
    "synchronous_commit": "on",  # whatever the server presets
    # A connection that was cut lets go of its locks.
    "idle_in_transaction_session_timeout": "10s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
}
_ASIDE: Final = {"synchronous_commit": "off", "idle_in_transaction_session_timeout": "10s"}
_READING: Final = {"default_transaction_read_only": "on"}
_MIGRATION_LOCK = 0x6F72646F
_PAGE_ROWS = 1_000
_MOVED = """
    WITH moved AS (
        UPDATE head SET count = $1, digest = $2 WHERE count = $3 AND digest = $4 RETURNING one
    )
    INSERT INTO records
"""
_STORE_ONE = f"{_MOVED} SELECT $5, $6, $7, $8, $9, $10, $11, $12, $13 FROM moved"  # noqa: S608
_STORE = f"""
    {_MOVED} SELECT waiting.* FROM moved, unnest(
        $5::bigint[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::bigint[],
        $11::bigint[], $12::bytea[], $13::bytea[]
    ) AS waiting
"""  # noqa: S608  our own
_SETTLE = "SELECT count FROM head FOR UPDATE"
_TABLES = """
    SELECT relname FROM pg_class JOIN pg_namespace AS space ON space.oid = relnamespace
    WHERE nspname = current_schema() AND relkind IN ('r', 'p')
"""


class PostgresStore:
    """A database, or a schema of one, that is or becomes a ledger.

    Args:
        address: of the database.

    Attributes:
        name: the address without what is only for the connection, for people.
        dialect: whose migrations it takes.
    """

    def __init__(self, address: Address) -> None:
        self.name, self.dialect = address.name, POSTGRES
        self._address = address

    def exists(self) -> bool:
        """Say whether any migration was taken there.

        Raises:
            StoreError: it cannot be looked at.
        """
        return len(self.missing()) < len(shipped(POSTGRES))

    def missing(self) -> list[Migration]:
        """Return the migrations that it has yet to take.

        Raises:
            StoreError: it cannot be read, or took others than those shipped.
        """
        with self._linked(_READING) as link, refusing(self.name, "cannot be read"):
            return link.call(partial(_missing, name=self.name))

    def open_to_write(self) -> PostgresWriter:
        """Open it, made or brought up to date where needed.

        Raises:
            StoreError: it cannot be used.
        """
        link = Link(self._address, _WRITING)
        try:
            with refusing(self.name, "cannot be opened"):
                link.call(partial(_migrate, name=self.name))
        except StoreError:
            link.close()
            raise
        return PostgresWriter(link, self.name)

    def open_aside(self) -> PostgresAside:
        """Open what is kept beside the records.

        Raises:
            StoreError: it cannot be used, or is not of this version's schema.
        """
        migrating.require(self.missing(), self.name, shipped(POSTGRES)[-1].number)
        return PostgresAside(Link(self._address, _ASIDE), self.name)

    @contextmanager
    def reading(self, *, proven: bool = False) -> Iterator[Reader]:  # noqa: ARG002  a server's is
        """Open it to read alone, as of one moment.

        Args:
            proven: a server keeps its own structure, and says where it could not.

        Raises:
            StoreError: it cannot be read, or is not of this version's schema.
        """
        with self._linked(_READING) as link:
            with refusing(self.name, "cannot be read"):
                link.call(_begin)
                lacking = link.call(partial(_missing, name=self.name))
            migrating.require(lacking, self.name, RECORDS)
            yield Reader(partial(_pages, link, self.name), self.name)

    def copy_to(self, path: Path) -> Head:
        """Write its records as they stand at one moment to an empty file.

        Raises:
            StoreError: it cannot be read, or the file not be written.
        """
        with self.reading() as reader:
            return write_copy(reader, path)

    def tables(self, name: str) -> PostgresTables:  # noqa: ARG002  one database holds all of them
        """Return where tables are kept beside its records: in the same schema."""
        return PostgresTables(self._address)

    def tables_there(self, name: str) -> PostgresTables:  # noqa: ARG002  likewise
        """Return where tables are kept beside its records, to read alone."""
        return PostgresTables(self._address, to_read=True)

    def _linked(self, session: dict[str, str]) -> closing[Link]:
        return closing(Link(self._address, session))


class PostgresWriter:
    """A database that is open to be written to.

    Args:
        link: the connection.
        name: of the store, for people.

    Attributes:
        reader: what is stored.
    """

    def __init__(self, link: Link, name: str) -> None:
        self.reader = Reader(partial(_whole, link, name), name)
        self._link = link
        self._name = name
        self._prepared: tuple[asyncpg.Connection, PreparedStatement] | None = None

    def store(self, rows: Sequence[Row], before: Head, head: Head) -> bool:
        """Make rows durable and move the head, both or neither; say whether it was done.

        Raises:
            StoreError: nothing was done; or, where its code is `UNKNOWN`, it may have been.
        """
        places = (head.count, head.digest, before.count, before.digest)
        try:
            if len(rows) == 1:
                done = self._link.call(partial(self._store_one, values=(*places, *rows[0])))
            else:
                columns = map(list, zip(*rows, strict=True))
                done = self._link.call(lambda db: db.execute(_STORE, *places, *columns))
        except FAILURES as error:
            raise refused(error, self._name, "could not be written", UNKNOWN) from error
        return str(done) == f"INSERT 0 {len(rows)}"

    def settled_head(self) -> Head:
        """Return the head as no earlier `store` can move it any more.

        What is under way holds a lock on the head until it is done or undone; what arrives later
        finds another head than it was to follow upon, or one that somebody has to wait for.

        Raises:
            StoreError: that cannot be said now.
        """
        self._link.drop()
        with refusing(self._name, "cannot be read", UNKNOWN):
            self._link.call(lambda db: db.execute(_SETTLE))
        return self.reader.head()

    def close(self) -> None:
        """Let go of the connection."""
        self._link.close()

    async def _store_one(self, db: asyncpg.Connection, values: Sequence[Any]) -> str:
        """Store a single row, as most often: prepared and without arrays it is a fifth quicker."""
        if self._prepared is None or self._prepared[0] is not db:
            self._prepared = db, await db.prepare(_STORE_ONE)
        statement = self._prepared[1]
        await statement.fetch(*values)
        return str(statement.get_statusmsg())


class PostgresAside:
    """What is kept in a database beside the records, on a connection of its own.

    Args:
        link: the connection, which waits for no disk.
        name: of the store, for people.

    Attributes:
        reader: the records.
    """

    def __init__(self, link: Link, name: str) -> None:
        self.reader = Reader(partial(_whole, link, name), name)
        self._link = link
        self._name = name

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what a query finds.

        Raises:
            StoreError: it cannot be read.
        """
        return list(_whole(self._link, self._name, query, values))

    def change(self, changes: Sequence[Change]) -> bool:
        """Make changes, all or none, if the first changes one row; say whether they were made.

        Raises:
            StoreError: they could not be made; after a cut connection they may have been.
        """
        guard, *rest = [(statement, [values]) for statement, values in changes]
        with self._link.mended(), refusing(self._name, "could not be written"):
            return self._link.call(partial(committed, statements=rest, guard=guard))

    def close(self) -> None:
        """Let go of the connection."""
        self._link.close()


async def _migrate(db: asyncpg.Connection, name: str) -> None:
    encoding = await db.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise StoreError(f"the ledger {name} keeps texts as {encoding}; make the database as UTF8")
    async with db.transaction():
        await db.execute(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        for step in await _missing(db, name):
            await db.execute(step.statements)


async def _missing(db: asyncpg.Connection, name: str) -> list[Migration]:
    tables = [row[0] for row in await db.fetch(_TABLES)]
    text = f"{name} belongs to another program; name another database, or ?search_path=SCHEMA"
    if tables and "migrations" not in tables:
        raise StoreError(text, "ledger_foreign")
    try:
        taken = await db.fetch(migrating.TAKEN) if tables else []
    except asyncpg.UndefinedColumnError as error:  # many a program calls a table so
        raise StoreError(text, "ledger_foreign") from error
    return migrating.missing(list(map(tuple, taken)), shipped(POSTGRES), name)


async def _begin(db: asyncpg.Connection) -> None:
    await db.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _pages(link: Link, name: str, query: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query, some at a time, within the transaction that is under way."""
    with refusing(name, "cannot be read"):
        cursor = link.call(lambda db: db.cursor(_numbered(query), *values))
        while found := link.call(lambda _: cursor.fetch(_PAGE_ROWS)):
            yield from map(tuple, found)


def _whole(link: Link, name: str, query: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query that has few."""
    with link.mended(), refusing(name, "cannot be read"):
        yield from map(tuple, link.call(lambda db: db.fetch(_numbered(query), *values)))
