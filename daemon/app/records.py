"""The records of one daemon: its ledger with the emergency file beside it, and its exchanges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from msgspec import Struct

from daemon.storage.audit import require_whole
from daemon.storage.emergency import GuardedLedger
from daemon.storage.ledger import SqliteLedger
from daemon.twin.file import SqliteFile

LEDGER_FILE = "ledger.sqlite"
"""The name of the ledger in the folder of a daemon's records."""


class Records(Struct, frozen=True):
    """What outlives the process.

    Attributes:
        ledger: everything that was recorded.
        reached_ns: the newest instant of market time in it; 0: it is new.
        recovered: what was taken over from the emergency file, a sentence each.
        folder: where it is kept.
        open: keeps what is opened until the records are closed.
    """

    ledger: GuardedLedger
    reached_ns: int
    recovered: tuple[str, ...]
    folder: Path
    open: ExitStack

    def exchanges(self, accounts: Sequence[str], home: str) -> dict[str, SqliteFile]:
        """Open the book that the exchange on paper keeps of each account.

        Raises:
            StoreError: one of the files cannot be used.
        """
        return {
            account: self.open.enter_context(
                closing(SqliteFile(self.folder / _file(account, home)))
            )
            for account in accounts
        }


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
    path = folder / LEDGER_FILE
    inner = SqliteLedger(path, owner)
    with closing(GuardedLedger(inner, folder / "emergency", on_failure)) as ledger:
        require_whole(path)
        recovered = ledger.recover()
        with ExitStack() as held:
            yield Records(ledger, inner.reached_ns(), recovered, folder, held)


def _file(account: str, home: str) -> str:
    return "exchange.sqlite" if account == home else f"exchange.{account}.sqlite"
