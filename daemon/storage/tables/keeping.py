"""Tables that are folded from something in order, each batch with the place that it reached.

Rows and place go in one transaction, which is done only where the place stands where the batch
begins. So a crash leaves all of a batch or nothing, and of two that write the late one is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import sha256
from typing import Any

from msgspec import Struct

from daemon.domain.instants import day_of
from daemon.errors import StoreError
from daemon.storage.migrating import POSTGRES
from daemon.storage.tables.statements import (
    PARTS,
    made,
    of_day,
    part_of,
    unmade,
    without_days,
    written,
)
from daemon.storage.tables.words import Cells, Changes, Database, Statement, Table

_PLACES = """
    CREATE TABLE IF NOT EXISTS projections (
        name TEXT NOT NULL, owner_id TEXT NOT NULL, number BIGINT NOT NULL, link TEXT NOT NULL,
        home TEXT NOT NULL, form TEXT NOT NULL, tables TEXT NOT NULL, PRIMARY KEY (name, owner_id)
    )
"""
_FORMS = "SELECT form, tables FROM projections WHERE name = ?"
_FORGET = "DELETE FROM projections WHERE name = ?"
_BEGIN = """
    INSERT INTO projections VALUES (?, ?, 0, '', '', ?, ?) ON CONFLICT (name, owner_id) DO NOTHING
"""
_ANY_PLACE = "SELECT number, link, home FROM projections WHERE name = ? AND owner_id = ?"
_PLACE = f"{_ANY_PLACE} AND form = ?"
_MOVE = """
    UPDATE projections SET number = ?, link = ? WHERE name = ? AND owner_id = ? AND number = ?
"""
_RESET = """
    UPDATE projections SET number = 0, link = '', home = ? WHERE name = ? AND owner_id = ?
"""
_IN_PARTS = "SELECT 1 FROM pg_class WHERE oid = to_regclass(?::text) AND relkind = 'p'"
_TIMESCALE = "SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'"


class Group(Struct, frozen=True):
    """Tables that are folded together.

    Attributes:
        name: of the group.
        tables: in this version.
        form: another number where rows of the same columns mean something else than before.
        lasting: what they were folded from is gone, so they are never made anew.
    """

    name: str
    tables: tuple[Table, ...]
    form: int = 1
    lasting: bool = False


class Place(Struct, frozen=True):
    """How far an owner's tables were folded.

    Attributes:
        number: of the last that is in them; 0: nothing is.
        link: by which that one is told from any other of its number; empty: by nothing.
        home: the account that they were folded for where a fact names none; empty: nobody's yet.
    """

    number: int
    link: str
    home: str


def place_in(db: Database, name: str, owner_id: str) -> Place | None:
    """Return how far an owner's tables of a group were folded, by any version; None: not at all.

    Raises:
        StoreError: that cannot be read.
    """
    if not db.has("projections"):
        return None
    return next((Place(*row) for row in db.select(_ANY_PLACE, (name, owner_id))), None)


def _made(group: Group, dialect: str, *, timescale: bool) -> list[str]:
    return [each for table in group.tables for each in made(table, dialect, timescale=timescale)]


class Tables:
    """A group of tables for one owner.

    Args:
        db: where they are kept, for this object to close.
        group: the tables.
        owner_id: whose rows.

    Raises:
        StoreError: they cannot be made.
    """

    def __init__(self, db: Database, group: Group, owner_id: str) -> None:
        self._db = db
        self._group = group
        self._name = group.name
        self._tables = {table.name: table for table in group.tables}
        self._owner_id = owner_id
        self._parted: set[tuple[str, date]] = set()
        timescale = db.dialect == POSTGRES and any(True for _ in db.select(_TIMESCALE, ()))
        self._made = _made(group, db.dialect, timescale=timescale)
        # An extension that comes later makes no other tables of those that are there.
        form = [str(group.form), *_made(group, db.dialect, timescale=False)]
        self._form = sha256("\n".join(form).encode()).hexdigest()
        self._make()
        self._in_parts = frozenset(name for name in self._tables if self._is_in_parts(name))

    @property
    def name(self) -> str:
        """Where they are kept, for people."""
        return self._db.name

    def place(self) -> Place:
        """Return how far they were folded.

        Raises:
            StoreError: that cannot be read, or they were made anew by another version.
        """
        for row in self._db.select(_PLACE, (self._name, self._owner_id, self._form)):
            return Place(*row)
        raise StoreError(
            f"the {self._name} in {self.name} were made anew by another version; let one run alone",
            "projections_unusable",
        )

    def write(self, changes: Changes, before: int, after: int, link: str = "") -> bool:
        """Write rows and move the place, both or neither; say whether it was done.

        Args:
            changes: the rows.
            before: where the place must stand; where it does not, nothing is done.
            after: where it stands then.
            link: of what stands there.

        Raises:
            StoreError: nothing is known to be done.
        """
        parts = self._parts(changes)
        statements = [
            *((of_day(self._tables[name], day), [()]) for name, day in parts),
            *(each for name, rows in changes.rows.items() for each in self._written(name, rows)),
        ]
        moved = (_MOVE, [(after, link, self._name, self._owner_id, before)])
        done = self._db.commit(statements, moved)
        if done:
            self._parted.update(parts)
        return done

    def clear(self, home: str) -> None:
        """Take the owner's rows away, so that they are folded anew for a home.

        A table that somebody has dropped is made again.

        Raises:
            StoreError: nothing is known to be done.
        """
        gone = [
            (f"DELETE FROM {name} WHERE owner_id = ?", [(self._owner_id,)])  # noqa: S608  our own
            for name in self._tables
        ]
        reset: Statement = (_RESET, [(home, self._name, self._owner_id)])
        self._db.commit([*self._making(), *gone, reset])

    def forget(self, before_ns: int) -> None:
        """Take the owner's rows of earlier days away, and the parts that are empty then.

        Args:
            before_ns: the instant at which the first day begins that stays.

        Raises:
            StoreError: nothing is known to be done.
        """
        cut = [table for table in self._tables.values() if table.by_day]
        values = (self._owner_id, before_ns)
        self._db.commit([(without_days(each), [values]) for each in cut])
        in_parts = [each for each in cut if each.name in self._in_parts]
        self._db.commit(
            [(part, [()]) for each in in_parts for part in self._empty(each, before_ns)]
        )

    def select(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query with `?` for each of its values."""
        return self._db.select(query, values)

    def digest(self) -> str:
        """Return the SHA-256 over all of the owner's rows, in hexadecimal: one for any dialect."""
        whole = 0  # a sum, for each server sorts texts in its own way
        for table in self._tables.values():
            query = f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE owner_id = ?"  # noqa: S608
            for row in self.select(query, (self._owner_id,)):
                # Flags are whole numbers in one dialect.
                cells = [int(cell) if isinstance(cell, bool) else cell for cell in row]
                one = sha256(repr((table.name, cells)).encode())
                whole += int.from_bytes(one.digest(), "big")
        return sha256(str(whole).encode()).hexdigest()

    def close(self) -> None:
        """Let go of where they are kept."""
        self._db.close()

    def _make(self) -> None:
        """Make the tables where they are not of this version's form."""
        self._db.commit([(_PLACES, [()])])
        found = dict(self._db.select(_FORMS, (self._name,)))
        place = (self._name, self._owner_id, self._form, " ".join(self._tables))
        begun: Statement = (_BEGIN, [place])
        if found.keys() != {self._form}:
            names = {each for tables in found.values() for each in tables.split()}
            if self._group.lasting and found:
                raise StoreError(
                    f"the {self._name} in {self.name} is of another version; move it away: a new"
                    " one is begun",
                    "projections_unusable",
                )
            gone = unmade(sorted(names), self._db.dialect)
            self._db.commit([*self._making(*gone), (_FORGET, [(self._name,)]), begun])
        elif not any(True for _ in self._db.select(_PLACE, place[:3])):
            self._db.commit([begun])

    def _making(self, *before: str) -> list[Statement]:
        """Return what makes the tables that are not there, after some statements."""
        return [(each, [()]) for each in (self._db.lock, *before, *self._made) if each]

    def _written(self, name: str, rows: dict[tuple[Any, ...], Cells]) -> Iterator[Statement]:
        """Yield what writes the rows of a table, those of equal columns together."""
        alike: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
        for cells in rows.values():
            columns = tuple(sorted(cells))
            values = (self._owner_id, *(cells[each] for each in columns))
            alike.setdefault(columns, []).append(values)
        for columns, values_of_each in alike.items():
            yield written(self._tables[name], columns), values_of_each

    def _is_in_parts(self, name: str) -> bool:
        """Say whether the days of a table are kept apart by us."""
        if self._db.dialect != POSTGRES:
            return False
        return any(True for _ in self._db.select(_IN_PARTS, (name,)))

    def _empty(self, table: Table, before_ns: int) -> Iterator[str]:
        """Yield what takes away the parts of earlier days in which nobody's rows are left."""
        first = part_of(table, day_of(before_ns))
        for (part,) in list(self._db.select(PARTS, (table.name,))):
            if part < first and not list(self._db.select(f"SELECT 1 FROM {part} LIMIT 1", ())):  # noqa: S608
                self._parted.clear()
                yield f"DROP TABLE {part}"

    def _parts(self, changes: Changes) -> list[tuple[str, date]]:
        """Return the parts of tables that rows fall into and that may not be there yet."""
        days = {
            (name, day_of(cells[self._tables[name].by_day]))
            for name, rows in changes.rows.items()
            if name in self._in_parts
            for cells in rows.values()
        }
        return sorted(days - self._parted)
