"""What a ledger holds, as whoever has it open sees it.

The queries are the same for every store; what differs is who answers them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from daemon.domain.chain import DIGEST_BYTES, Head
from daemon.errors import StoreError
from daemon.messages import EpochBegan
from daemon.storage.codec import Row, TicksTaken, decode

ALL = 2**63 - 1
"""More than any ledger has."""
Select = Callable[[str, Sequence[Any]], Iterator[tuple[Any, ...]]]
"""Answers a query with `?` for each of its values."""

_COLUMNS = ", ".join(Row._fields)


class Wanted(Struct, frozen=True):
    """Which records are looked for; where nothing is said, all are.

    Attributes:
        kinds: of one of these types.
        without: of none of these types.
        first: from this number on.
        last: up to and including this number.
        mentions: what the body holds somewhere.
        owner_id: whose they are.
        message: recorded while its actor handled this message.
        around: recorded while its actor handled this message, or one that it caused.
        newest_first: not in the order of the ledger, but from its end on.
        most: so many of them.
    """

    kinds: tuple[type, ...] = ()
    without: tuple[type, ...] = ()
    first: int = 1
    last: int = ALL
    mentions: bytes = b""
    owner_id: str = ""
    message: int = 0
    around: int = 0
    newest_first: bool = False
    most: int = ALL

    def query(self, columns: str) -> tuple[str, list[Any]]:
        """Return the query for some columns, and its values."""
        clauses, values = ["number >= ?", "number <= ?"], list[Any]((self.first, self.last))
        if self.kinds:
            clauses.append(f"kind IN ({_named(self.kinds)})")
        if self.without:
            clauses.append(f"kind NOT IN ({_named(self.without)})")
        for clause, value in (
            ("owner_id = ?", self.owner_id),
            ("instr(body, ?) > 0", self.mentions),
            ("message = ?", self.message),
            ("(message = ? OR cause = ?)", self.around),
        ):
            if value:
                clauses.append(clause)
                values += [value] * clause.count("?")
        order = "DESC" if self.newest_first else "ASC"
        query = f"""
            SELECT {columns} FROM records WHERE {" AND ".join(clauses)}
            ORDER BY number {order} LIMIT ?
        """  # noqa: S608  all our own
        return query, [*values, self.most]


class Reader:
    """Reads the records of a ledger, and the head that is kept beside them.

    Args:
        select: answers queries.
        name: of the store, for people.
    """

    def __init__(self, select: Select, name: str) -> None:
        self._select = select
        self._name = name

    def head(self) -> Head:
        """Return the head that is kept beside the records.

        Raises:
            StoreError: there is none that could be one.
        """
        match list(self._select("SELECT count, digest FROM head", ())):
            case [(int(count), bytes(digest))] if count >= 0 and len(digest) == DIGEST_BYTES:
                return Head(count, digest)
        text = f"the head of the ledger {self._name} was altered; restore a copy of it"
        raise StoreError(text, "ledger_altered")

    def checked_head(self) -> Head:
        """Return the head, if the records end as it says; the audit looks at all that is before.

        Raises:
            StoreError: they do not.
        """
        head, count = self.head(), self.count()
        last = [row.link for row in self.find(Wanted(newest_first=True, most=1, first=-ALL))]
        if count != head.count or (count and last != [head.digest]):
            raise StoreError(
                f"the ledger {self._name} was altered: it has {count} records and its head counts"
                f" {head.count}, or they end in another link; run `ordo audit verify`",
                "ledger_altered",
            )
        return head

    def count(self) -> int:
        """Return how many records there are."""
        ((count,),) = self._select("SELECT count(*) FROM records", ())
        return int(count)

    def cells(self, after: int = 0) -> Iterator[tuple[Any, ...]]:
        """Yield every record as it stands there, whoever wrote it, in the order of numbers.

        Args:
            after: those with a number above it; 0: all there are, whatever their number.
        """
        behind, values = ("WHERE number > ?", [after]) if after else ("", [])
        query = f"SELECT {_COLUMNS} FROM records {behind} ORDER BY number"  # noqa: S608  our own
        yield from self._select(query, values)

    def find(self, wanted: Wanted) -> Iterator[Row]:
        """Yield the records that are looked for."""
        for cells in self._select(*wanted.query(_COLUMNS)):
            yield Row(*cells)

    def bodies(self, wanted: Wanted) -> Iterator[bytes]:
        """Yield the bodies alone of the records that are looked for: in half the time."""
        for (body,) in self._select(*wanted.query("body")):
            yield body

    def has(self, head: Head) -> bool:
        """Say whether the chain has, or once had, this head."""
        found = self.find(Wanted(first=head.count, last=head.count))
        return any(row.link == head.digest for row in found)

    def ticked_ns(self) -> int:
        """Return the instant of the newest tick; 0: there is none."""
        found = self.find(Wanted((TicksTaken,), newest_first=True, most=1))
        return next((row.at_ns for row in found), 0)

    def reached_ns(self, owner_id: str) -> int:
        """Return the newest instant of market time in one's records, ticks included; 0: none.

        An epoch is stamped by whoever begins it, and tells nothing of the market.
        """
        query = f"""
            SELECT coalesce(max(at_ns), 0) FROM records
            WHERE owner_id = ? AND kind <> '{EpochBegan.__name__}'
        """  # noqa: S608  our own
        ((at_ns,),) = self._select(query, (owner_id,))
        return int(at_ns)

    def last_epoch(self) -> int:
        """Return the number of the run that began last; 0: none has."""
        found = self.find(Wanted((EpochBegan,), newest_first=True, most=1))
        began = [decode(row.body) for row in found]
        return next((each.epoch for each in began if isinstance(each, EpochBegan)), 0)


def _named(kinds: Sequence[type]) -> str:
    return ", ".join(f"'{kind.__name__}'" for kind in kinds)
