"""Where the records of a ledger are kept: the port, and what every store behind it promises.

A store waits and decides nothing. What is written to it is written by one `Writer`; whoever reads
it does so beside that one, as of one moment, and takes no lock that it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, Protocol

from daemon.domain.chain import Head
from daemon.storage.codec import Row
from daemon.storage.migrating import Migration
from daemon.storage.reader import Reader
from daemon.storage.tables.words import Database

UNKNOWN: Final = "commit_unknown"
"""The code of an error after which nobody knows yet whether rows were stored."""
AWAY: Final = "ledger_away"
"""The code of the error of a server that cannot be reached, or takes nobody in as yet."""


class Writer(Protocol):
    """A store that is open to be written to; one call at a time, from any thread."""

    @property
    def reader(self) -> Reader:
        """What is stored."""
        ...

    def store(self, rows: Sequence[Row], before: Head, head: Head) -> bool:
        """Make rows durable and move the head, both or neither; say whether it was done.

        Args:
            rows: what follows upon `before` and ends in `head`.
            before: where the head must stand; where it does not, nothing is done.
            head: where it stands then.

        Raises:
            StoreError: nothing was done; or, where its code is `UNKNOWN`, it may have been.
        """
        ...

    def settled_head(self) -> Head:
        """Return the head as no earlier `store` can move it any more.

        Raises:
            StoreError: that cannot be said now.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


Change = tuple[str, Sequence[Any]]
"""A statement with `?` for each of its values."""


class Aside(Protocol):
    """What is kept beside the records and follows from them, such as how far a reader has come.

    One call at a time, from any thread. It waits for no disk, so whoever writes records waits for
    it as good as never; after a power cut it may be as of a little earlier, whole, and never ahead
    of the records.

    Attributes:
        reader: the records.
    """

    reader: Reader

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what a query finds.

        Raises:
            StoreError: it cannot be read.
        """
        ...

    def change(self, changes: Sequence[Change]) -> bool:
        """Make changes, all or none; say whether they were made.

        Args:
            changes: the first is of one row, named by its key; where it finds none, nothing is
                done.

        Raises:
            StoreError: they could not be made; after a cut connection they may have been.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Store(Protocol):
    """A place for the records of a ledger."""

    @property
    def name(self) -> str:
        """What people are told of it; no secret is in it."""
        ...

    @property
    def dialect(self) -> str:
        """Whose migrations it takes."""
        ...

    def exists(self) -> bool:
        """Say whether anything is there.

        Raises:
            StoreError: it cannot be looked at.
        """
        ...

    def missing(self) -> list[Migration]:
        """Return the migrations that it has yet to take.

        Raises:
            StoreError: it cannot be read, or took others than those shipped.
        """
        ...

    def open_to_write(self) -> Writer:
        """Open it, made or brought up to date where needed.

        Raises:
            StoreError: it cannot be used.
        """
        ...

    def open_aside(self) -> Aside:
        """Open what is kept beside the records, while somebody may be writing these.

        Raises:
            StoreError: it cannot be used, or is not of this version's schema.
        """
        ...

    def reading(self, *, proven: bool = False) -> AbstractContextManager[Reader]:
        """Open it to read alone, as of one moment.

        Args:
            proven: where it is a file, its own structure is gone through first.

        Raises:
            StoreError: it cannot be read, is not of this version's schema, or is damaged.
        """
        ...

    def copy_to(self, path: Path) -> Head:
        """Write a ledger of one file with all of its records, and return the head of these.

        Args:
            path: an empty file.

        Raises:
            StoreError: it cannot be read, or the file not be written.
        """
        ...

    def tables(self, name: str) -> Database:
        """Open what a group of tables is kept in, beside the records.

        Args:
            name: of the group.

        Raises:
            StoreError: it cannot be opened.
        """
        ...

    def tables_there(self, name: str) -> Database | None:
        """Open what a group of tables is kept in, to read alone; None: there is nothing yet.

        Raises:
            StoreError: it cannot be opened.
        """
        ...
