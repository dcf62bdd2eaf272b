"""The records of one daemon: its ledger with the emergency file beside it, and its exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from msgspec import Struct

from daemon.storage.audit import require_whole
from daemon.storage.emergency import GuardedLedger
from daemon.storage.ledger import SqliteLedger
from daemon.twin.file import SqliteFile


class Records(Struct, frozen=True):
    """What outlives the process.

    Attributes:
        ledger: everything that was recorded.
        reached_ns: the newest instant of market time in it; 0: it is new.
        recovered: what was taken over from the emergency file, a sentence each.
        exchange: the book of the exchange on paper.
    """

    ledger: GuardedLedger
    reached_ns: int
    recovered: tuple[str, ...]
    exchange: SqliteFile


@contextmanager
def records(folder: Path, owner: str, on_failure: Callable[[str], None]) -> Iterator[Records]:
    """Open the records of a folder, taking over first what an emergency left behind.

    Args:
        folder: where they are kept.
        owner: whose they are.
        on_failure: is told once when the ledger fails, in whichever thread finds out.

    Raises:
        StoreError: one of the files cannot be used, or the ledger is not as it was written.
    """
    path = folder / "ledger.sqlite"
    inner = SqliteLedger(path, owner)
    with closing(GuardedLedger(inner, folder / "emergency", on_failure)) as ledger:
        require_whole(path)
        recovered = ledger.recover()
        with closing(SqliteFile(folder / "exchange.sqlite")) as exchange:
            yield Records(ledger, inner.reached_ns(), recovered, exchange)
