"""How far a ledger was found whole, so that a long one need not be verified anew by every start.

The mark is a small file beside the daemon's records: a count and the link of that record. What
comes after it is verified by each start, up to the head. What comes before was verified when the
mark was made, and is again by the checks before each open and by each day's copy. A ledger that is
verified in about a second goes by no mark.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from daemon.domain.chain import DIGEST_BYTES, GENESIS, Head
from daemon.runtime.telling import silent
from daemon.storage.audit import AuditReport, refuse_broken, verify
from daemon.storage.store import Store
from daemon.storage.whole import write_whole

AT_ONCE = 100_000
"""A ledger of so many records is verified whole by every start."""
_NAME = "verified"


class Verified:
    """The mark of one ledger.

    Args:
        folder: of the daemon's records.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME

    def require_whole(
        self, store: Store, goes_on: Callable[[], object] = silent
    ) -> tuple[str, ...]:
        """Let nothing be decided by a record that is not as it was written.

        All records are verified; of a long ledger those behind the mark, if that is of this
        ledger, and all if it is not.

        Args:
            store: of the ledger.
            goes_on: is told while records are read.

        Returns:
            what a person should know, a sentence each.

        Raises:
            StoreError: a record is not as it was written, or cannot be read; with what to do.
        """
        mark, amiss = self._mark(store)
        report = verify(store, mark, goes_on)
        if mark == GENESIS or report.broken is not None:
            self.found(report)
        refuse_broken(store, report)
        return amiss

    def found(self, report: AuditReport) -> None:
        """Keep how far a whole ledger goes, or lose the mark of a broken one.

        Args:
            report: on all records.
        """
        if report.broken is not None:
            self.lose()
        else:
            self.keep(report.head)

    def keep(self, head: Head) -> None:
        """Keep that all records were whole; where the disk refuses, the next start takes longer.

        Args:
            head: of a chain that was verified.
        """
        if head.count > AT_ONCE:
            with suppress(OSError):
                write_whole(self._path, _written(head), of_folder=True)

    def lose(self) -> None:
        """Have the next start verify every record."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _mark(self, store: Store) -> tuple[Head, tuple[str, ...]]:
        """Return behind which record to begin, and what is amiss with the mark."""
        with store.reading() as reader:
            head = reader.head()
            if head.count <= AT_ONCE:
                return GENESIS, ()
            try:
                mark = _read(self._path.read_bytes())
            except FileNotFoundError:
                return GENESIS, ()
            except (OSError, msgspec.DecodeError, ValueError):
                return GENESIS, (self._told("is spoilt", head),)
            if mark.count > head.count or not reader.has(mark):
                return GENESIS, (self._told("is not of this ledger", head),)
            return mark, ()

    def _told(self, amiss: str, head: Head) -> str:
        return (
            f"{self._path}, which says how far the ledger was verified, {amiss}: all of its "
            f"{head.count:,} records are verified now"
        )


class _Mark(Struct, forbid_unknown_fields=True):
    """The file: how many records were whole, and the link of the last, in hexadecimal."""

    records: int
    head: str


def _written(head: Head) -> bytes:
    return msgspec.json.encode(_Mark(head.count, head.digest.hex())) + b"\n"


def _read(content: bytes) -> Head:
    """Return the head that a file names.

    Raises:
        msgspec.DecodeError: it is no such file.
        ValueError: it names none.
    """
    mark = msgspec.json.decode(content, type=_Mark)
    digest = bytes.fromhex(mark.head)
    if mark.records < 1 or len(digest) != DIGEST_BYTES:
        raise ValueError(mark.head)
    return Head(mark.records, digest)
