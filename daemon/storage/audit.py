"""The audit: is every record of a ledger as it was written?

It reads the store as it is and changes nothing, also beside a daemon that writes to it. Every
column of every row is linked, its type included, so any altered byte that a reader would see is
found.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any, Final

import orjson
from msgspec import Struct

from daemon.domain import chain
from daemon.domain.chain import GENESIS, Broken, Head
from daemon.errors import StoreError
from daemon.runtime.telling import silent, telling
from daemon.storage.codec import Row, linked
from daemon.storage.migrating import POSTGRES
from daemon.storage.reader import Reader
from daemon.storage.store import Store

_IN_FILE: Final = (
    "keep it aside and restore a copy out of backups/, or move it and the file `emergency` away to"
    " begin anew (-wal and -shm, where they lie beside it, go with it)"
)
_ON_SERVER: Final = (
    "keep it aside and go on with a copy: one out of backups/, which is a file that [ledger] url ="
    ' "sqlite:PATH" names, or a dump of your own in another database; or name an empty database and'
    " move the file `emergency` away to begin anew"
)
"""What to do about a record that is altered."""
_TYPES = (int, str, int, str, str, int, int, bytes, bytes)


class AuditReport(Struct, frozen=True):
    """What an audit found.

    Attributes:
        count: how many records the table has.
        broken: where they first contradict each other or the head; None where they never do.
        head: the head that is kept beside them.
    """

    count: int
    broken: Broken | None
    head: Head


def verify(
    store: Store, since: Head = GENESIS, goes_on: Callable[[], object] = silent
) -> AuditReport:
    """Read a ledger, one record at a time, and report whether it is sound.

    Args:
        store: of the ledger.
        since: a head that its chain once had; what came after it is read, or all.
        goes_on: is told while records are read.

    Raises:
        StoreError: it cannot be read at all, or, of all of it, its own structure is damaged.
    """
    with store.reading(
        proven=since == GENESIS
    ) as reader:  # one snapshot, whatever is written meanwhile
        head = reader.head()
        # No name holds the rows: what is left unread of them ends before the store is closed.
        broken = chain.verify(_links(telling(reader.cells(since.count), goes_on)), head, since)
        return AuditReport(reader.count(), broken, head)


def require_whole(store: Store) -> None:
    """Let nothing be decided by a record that is not as it was written.

    Raises:
        StoreError: it is not, or cannot be read; with what to do.
    """
    refuse_broken(store, verify(store))


def refuse_broken(store: Store, report: AuditReport) -> None:
    """Go on only where an audit found nothing.

    Raises:
        StoreError: it did; with what to do.
    """
    broken = report.broken
    if broken is not None:
        raise StoreError(
            f"the ledger {store.name} is not as it was written: record {broken.number} is"
            f" {broken.how}; {_ON_SERVER if store.dialect == POSTGRES else _IN_FILE}: what the"
            " broker holds then stands in no book of ours and is not guarded, and entries in that"
            " account wait for an `ordo rearm`",
            "ledger_altered",
        )


def exported(reader: Reader) -> Generator[bytes, None, None]:
    """Yield a whole ledger as lines of JSON, for whoever keeps or reads it elsewhere.

    First the head, then a line for each record, in order: its columns by their names, the body as
    it was linked, and the link in hexadecimal.

    Args:
        reader: of a ledger that was verified.
    """
    head = reader.head()
    yield orjson.dumps({"records": head.count, "head": head.digest.hex()})
    for cells in reader.cells():
        told = Row(*cells)._asdict() | {"body": orjson.Fragment(cells[-2]), "link": cells[-1].hex()}
        yield orjson.dumps(told)


def _links(records: Iterator[tuple[Any, ...]]) -> Iterator[Any]:
    for cells in records:
        sound = tuple(map(type, cells)) == _TYPES
        # What was never written by us has no encoding; the chain takes it for altered.
        yield cells[0], linked(Row(*cells)) if sound else None, cells[-1]
