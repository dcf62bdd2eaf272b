"""What an emergency left behind that the ledger lacks; the next start enters it before all else."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from daemon.domain.chain import GENESIS
from daemon.errors import StoreError
from daemon.messages import Fact
from daemon.storage.codec import decode, encode
from daemon.storage.emergency_file import Batch, Written, seen
from daemon.storage.stored import Stored

EMERGENCY = "emergency"
"""The file's name in a state folder."""


def lacking_beside(folder: Path, stored: Stored | None) -> list[Fact]:
    """Return the facts that a start would enter first, read beside whoever writes them.

    Args:
        folder: where the emergency file is, if there is one.
        stored: what the ledger holds; None: there is none yet.

    Raises:
        StoreError: a start would refuse the file, or the ledger cannot be read.
    """
    path = folder / EMERGENCY
    records = seen(path)
    batches = lacking(records, stored, path) if records else []
    return [fact for batch in batches for fact in batch.facts]


def waiting(number: int, folder: Path) -> str:
    """Say that facts lie beside the ledger, to whoever looks at it alone.

    Args:
        number: of the facts that it lacks, at least one.
        folder: where the emergency file is.
    """
    facts = "1 fact waits" if number == 1 else f"{number:,} facts wait"
    return f"{facts} in {folder / EMERGENCY}, which the next start enters"


def lacking(records: Sequence[Written], stored: Stored | None, path: Path) -> list[Batch]:
    """Return what the records of an emergency file hold and the ledger lacks, in order.

    Args:
        records: at least one.
        stored: what the ledger holds; None: there is none yet.
        path: of the emergency file.

    Raises:
        StoreError: the file belongs to another ledger, or the ledger cannot be read.
    """
    base = records[0].head
    is_of_it = stored.has(base) if stored is not None else base == GENESIS
    if not is_of_it:
        raise StoreError(
            f"the emergency file {path} belongs to another ledger, or the ledger lost "
            f"record {base.count}; put the right one back, or move the emergency file away",
            "emergency_damaged",
        )
    batches = (batch for record in records for batch in record.batches)
    rows = stored.rows(base.count) if stored is not None else ()
    return [batch for batch in _lacking(batches, rows) if batch.facts]


def _lacking(batches: Iterable[Batch], rows: Iterable[Any]) -> Iterator[Batch]:
    """Yield what of the batches is not among the rows; both are in the order of their entering.

    What an older version has written may lack a field that this one writes as empty.
    """
    there = deque((r.at_ns, r.actor, r.message, r.cause, encode(decode(r.body))) for r in rows)
    for batch in batches:
        facts = []
        for fact in batch.facts:
            key = (batch.at_ns, batch.actor, batch.message, batch.cause, encode(fact))
            if key in there:
                while there.popleft() != key:
                    pass  # of another run in between
            else:
                facts.append(fact)
        yield Batch(tuple(facts), batch.actor, batch.message, batch.cause, batch.at_ns)
