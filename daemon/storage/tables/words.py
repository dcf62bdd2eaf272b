"""What a table beside the chain is, and what is written to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

from msgspec import Struct


class Kind(StrEnum):
    """What a column holds; any may be empty but those of the key."""

    TEXT = "text"
    WHOLE = "whole"
    FLAG = "flag"


class Table(Struct, frozen=True):
    """A table of one owner's rows each; a row stands under its key once.

    Attributes:
        name: of the table.
        columns: all but `owner_id`, which every table has; instants end in `_ns`.
        key: the columns that tell the owner's rows apart.
        indexes: further columns that rows are looked for by, each behind the owner.
        by_day: the instant by whose day the rows are kept apart; empty: they are not.
    """

    name: str
    columns: Mapping[str, Kind]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    by_day: str = ""


Cells = dict[str, Any]
"""Values by column; what is absent stays as it was."""


class Changes:
    """Rows to be written: the newest value of each column, once for each key.

    Attributes:
        rows: of each table by name, by key.
    """

    def __init__(self) -> None:
        self.rows: dict[str, dict[tuple[Any, ...], Cells]] = {}

    def put(self, table: Table, cells: Cells) -> None:
        """Let a row have these values; those of its key are among them."""
        rows = self.rows.setdefault(table.name, {})
        rows.setdefault(tuple(cells[name] for name in table.key), {}).update(cells)


Statement = tuple[str, Sequence[Sequence[Any]]]
"""A statement with `?` for its values, and the values of each time that it is done."""


class Database(Protocol):
    """What tables are kept in."""

    @property
    def dialect(self) -> str:
        """Of its statements."""
        ...

    @property
    def name(self) -> str:
        """What people are told of it; no secret is in it."""
        ...

    @property
    def lock(self) -> str:
        """A statement by which one waits until nobody else makes tables; empty: not needed."""
        ...

    def has(self, table: str) -> bool:
        """Say whether a table is there.

        Raises:
            StoreError: it cannot be read.
        """
        ...

    def select(self, query: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query with `?` for each of its values.

        Raises:
            StoreError: they cannot be read.
        """
        ...

    def commit(self, statements: Sequence[Statement], guard: Statement | None = None) -> bool:
        """Do all of them or none, in one transaction; say whether it was done.

        Args:
            statements: in order.
            guard: done first, once; where it changes no row, nothing is done.

        Raises:
            StoreError: nothing is known to be done.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
