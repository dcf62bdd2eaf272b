"""The exchange's own file: what it would remember if our daemon died this instant.

Each call on the exchange is one transaction: either its orders, trades, messages and counters are
all there or none of them is. The file belongs to the exchange alone; nothing of ours is read from
it or written to it. It outlives the end of the process; a power cut may take the last calls along.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import starmap
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Struct

from daemon.errors import StoreError
from daemon.twin.words import INTRADAY, OrderReport, Trade, TwinOrder

_FAILURES = (sqlite3.Error, UnicodeDecodeError)
"""Whatever SQLite and its client say no with: a damaged file names things in bytes, not in text."""
VERSION = 2
_EARLIER = 1
"""It knew no products; what it holds is intraday."""
_TAKEN_UP = (0, _EARLIER, VERSION)
"""What an exchange goes on with; one without a version is begun."""
_BUSY_MS = 250
_WORTHS = """
CREATE TABLE IF NOT EXISTS worths (symbol TEXT PRIMARY KEY, price_e4 INTEGER NOT NULL) STRICT;
"""
"""Added to the file of a version that passes over it, and goes by quotes of its own alone."""
_SCHEMA = f"""
CREATE TABLE orders (
    order_id TEXT PRIMARY KEY, client_id TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL,
    quantity INTEGER NOT NULL, order_type TEXT NOT NULL, price_e4 INTEGER NOT NULL,
    trigger_e4 INTEGER NOT NULL, decided_ns INTEGER NOT NULL, arrived_ns INTEGER NOT NULL,
    at_ns INTEGER NOT NULL, status TEXT NOT NULL, filled_quantity INTEGER NOT NULL,
    filled_value_e4 INTEGER NOT NULL, triggered INTEGER NOT NULL, resting INTEGER NOT NULL,
    priority INTEGER NOT NULL, reason TEXT, text TEXT NOT NULL, product TEXT NOT NULL) STRICT;
CREATE TABLE trades (
    trade_id TEXT PRIMARY KEY, order_id TEXT NOT NULL, client_id TEXT NOT NULL,
    symbol TEXT NOT NULL, side TEXT NOT NULL, quantity INTEGER NOT NULL,
    price_e4 INTEGER NOT NULL, at_ns INTEGER NOT NULL, settlement INTEGER NOT NULL,
    product TEXT NOT NULL) STRICT;
CREATE TABLE arrivals (
    due_ns INTEGER NOT NULL, number INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE messages (at_ns INTEGER NOT NULL) STRICT;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
{_WORTHS}
PRAGMA user_version = 2;
"""
_FROM_1 = f"""
ALTER TABLE orders ADD COLUMN product TEXT NOT NULL DEFAULT '{INTRADAY}';
ALTER TABLE trades ADD COLUMN product TEXT NOT NULL DEFAULT '{INTRADAY}';
{_WORTHS}
PRAGMA user_version = 2;
"""
_PUT_ORDER = f"INSERT OR REPLACE INTO orders VALUES ({', '.join('?' * 20)})"  # noqa: S608
_PUT_TRADE = f"INSERT INTO trades VALUES ({', '.join('?' * 10)})"  # noqa: S608

T = TypeVar("T", bound=Struct)


def name_of(mark: str) -> str:
    """Return what the file of an account is called in a state folder; at home it has no mark."""
    return f"exchange.{mark}.sqlite" if mark else "exchange.sqlite"


class Arrival(Struct, frozen=True):
    """A request on its way: sent, not answered, and due at the exchange later."""

    due_ns: int
    number: int
    request: TwinOrder


class Changes(Struct, frozen=True):
    """What one call on the exchange changed.

    Attributes:
        orders: their newest states.
        trades: new ones.
        messages: instants of the messages let in, in ns.
        sent: requests that are on their way now.
        landed: numbers of those that are no longer.
        counters: every counter of the exchange.
        floor_ns: messages before this are of no use any more.
        worths_e4: what each symbol is worth, all of them; None: as it was saved before.
    """

    orders: list[OrderReport]
    trades: list[Trade]
    messages: list[int]
    sent: list[Arrival]
    landed: list[int]
    counters: dict[str, int]
    floor_ns: int
    worths_e4: dict[str, int] | None = None


class Saved(Struct, frozen=True):
    """All that a file holds, each kind oldest first; `worths_e4` as in `Changes`."""

    orders: list[OrderReport]
    trades: list[Trade]
    messages: list[int]
    arrivals: list[Arrival]
    counters: dict[str, int]
    worths_e4: dict[str, int] = {}


class TwinFile(Protocol):
    """Where the exchange keeps its book."""

    def load(self) -> Saved:
        """Return all that was saved."""
        ...

    def save(self, changes: Changes) -> None:
        """Save what one call changed, whole or not at all."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class NoFile:
    """Nothing is kept: for backtests, where the exchange ends with the run."""

    def load(self) -> Saved:
        """Return nothing."""
        return Saved([], [], [], [], {})

    def save(self, changes: Changes) -> None:
        """Keep nothing."""

    def close(self) -> None:
        """Nothing is open."""


class SqliteFile:
    """A SQLite file in WAL mode over one connection.

    Args:
        path: made where it does not exist; readable and writable by this exchange alone.

    Raises:
        StoreError: it is not such a file, or of another version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self._db.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
            elif version == _EARLIER:
                self._db.executescript(f"BEGIN; {_FROM_1} COMMIT;")
            elif version == VERSION:  # a file that cannot be written is told at once
                self._db.execute(f"PRAGMA user_version = {VERSION}")
                self._db.execute(_WORTHS)
        except _FAILURES as error:
            text = (
                f"the exchange's file {path} cannot be used: {error}; look at the file and its disk"
            )
            raise StoreError(text, "exchange_unusable") from error
        self._require(version, _TAKEN_UP)

    def load(self) -> Saved:
        """Return all that was saved; numbers of orders and trades sort as they were given.

        Raises:
            StoreError: what is there cannot be read.
        """
        try:
            return Saved(
                orders=self._rows("orders", OrderReport),
                trades=self._rows("trades", Trade),
                messages=[at for (at,) in self._select("SELECT at_ns FROM messages ORDER BY 1")],
                arrivals=list(
                    starmap(
                        _arrival,
                        self._select("SELECT due_ns, number, body FROM arrivals ORDER BY 1, 2"),
                    )
                ),
                counters=dict(self._select("SELECT name, value FROM counters")),
                worths_e4=self._worths_e4(),
            )
        except (*_FAILURES, msgspec.ValidationError, msgspec.DecodeError) as error:
            text = f"the exchange's file {self._path} is damaged: {error}; restore a copy of it"
            raise StoreError(text, "exchange_unusable") from error

    def save(self, changes: Changes) -> None:
        """Save what one call changed, in one transaction.

        Raises:
            StoreError: nothing of it was saved.
        """
        db = self._db
        try:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(_PUT_ORDER, map(msgspec.structs.astuple, changes.orders))
            db.executemany(_PUT_TRADE, map(msgspec.structs.astuple, changes.trades))
            db.executemany("INSERT INTO messages VALUES (?)", ((at,) for at in changes.messages))
            db.execute("DELETE FROM messages WHERE at_ns < ?", (changes.floor_ns,))
            db.executemany("INSERT INTO arrivals VALUES (?, ?, ?)", map(_row, changes.sent))
            db.executemany(
                "DELETE FROM arrivals WHERE number = ?", ((number,) for number in changes.landed)
            )
            db.executemany(
                "INSERT OR REPLACE INTO counters VALUES (?, ?)", changes.counters.items()
            )
            if changes.worths_e4 is not None:
                db.execute("DELETE FROM worths")
                db.executemany("INSERT INTO worths VALUES (?, ?)", changes.worths_e4.items())
            db.execute("COMMIT")
        except _FAILURES as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            text = f"the exchange could not save to {self._path}: {error}; look at its disk"
            raise StoreError(text, "exchange_unusable") from error

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _require(self, version: int, known: tuple[int, ...]) -> None:
        if version not in known:
            self._db.close()
            text = (
                f"{self._path} has version {version}, not {VERSION}; run the version that made it"
            )
            raise StoreError(text, "exchange_unusable")

    def _select(self, query: str) -> list[tuple[Any, ...]]:
        return self._db.execute(query).fetchall()

    def _worths_e4(self) -> dict[str, int]:
        """Return what was worth what; a file that is only looked at may be from before."""
        if not self._select("SELECT 1 FROM sqlite_master WHERE name = 'worths'"):
            return {}
        return dict(self._select("SELECT symbol, price_e4 FROM worths"))

    def _rows(self, table: str, kind: type[T]) -> list[T]:
        rows = self._db.execute(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608
        names = [name for name, *_ in rows.description]  # an earlier file has fewer
        return [
            msgspec.convert(dict(zip(names, row, strict=True)), kind, strict=False) for row in rows
        ]


class SeenFile(SqliteFile):
    """Such a file as it stands, beside the exchange that has it open; what is saved is dropped.

    Args:
        path: of a file that is there.
        known: the versions that it may have.

    Attributes:
        version: that it has; 0: it is not begun yet, and holds nothing.

    Raises:
        StoreError: it cannot be read, or is of another version.
    """

    def __init__(self, path: Path, known: tuple[int, ...] = (_EARLIER, VERSION)) -> None:
        self._path = path
        try:
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", isolation_level=None, uri=True
            )
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
        except _FAILURES as error:
            text = f"the exchange's file {path} cannot be read: {error}; look at it and its disk"
            raise StoreError(text, "exchange_unusable") from error
        self.version: int = version
        self._require(version, known)

    def save(self, changes: Changes) -> None:
        """Keep nothing: the file is another's."""


def require_usable(path: Path) -> None:
    """Refuse a file that an exchange would not take up; nothing is changed.

    Raises:
        StoreError: it cannot be read, or is of another version.
    """
    with closing(SeenFile(path, _TAKEN_UP)) as file:
        if file.version:
            file.load()


def _row(arrival: Arrival) -> tuple[int, int, str]:
    return arrival.due_ns, arrival.number, msgspec.json.encode(arrival.request).decode()


def _arrival(due_ns: int, number: int, body: str) -> Arrival:
    return Arrival(due_ns, number, msgspec.json.decode(body, type=TwinOrder))
