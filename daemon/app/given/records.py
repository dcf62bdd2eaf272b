"""The records of one daemon: its ledger with the emergency file beside it, and its exchanges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from msgspec import Struct

from daemon.runtime.telling import silent
from daemon.storage.emergency import GuardedLedger
from daemon.storage.ledger import StoredLedger
from daemon.storage.left_behind import EMERGENCY
from daemon.storage.migrating import POSTGRES
from daemon.storage.owned import require_owner
from daemon.storage.patience import Patience
from daemon.storage.store import Store
from daemon.storage.verified import Verified
from daemon.twin.file import SqliteFile, name_of
from daemon.twin.late_file import LateFile


class Told(Struct, frozen=True):
    """Who is told of what becomes of records.

    Attributes:
        failed: hears once when the ledger fails, in whichever thread finds out.
        reads: hears that a start goes on while it reads them.
    """

    failed: Callable[[str], object]
    reads: Callable[[], object] = silent


class Records(Struct, frozen=True):
    """What outlives the process.

    Attributes:
        ledger: everything that was recorded.
        reached_ns: the newest instant of market time in it; 0: it is new.
        recovered: what a person should know of the start, a sentence each: what was taken over
            from the emergency file, and a mark of the audit that is not of this ledger.
        folder: where it is kept, all but what the ledger's store keeps.
        store: where the ledger is kept.
        open: keeps what is opened until the records are closed.
        forget: lets go of the facts that the start read, which until then are read but once.
    """

    ledger: GuardedLedger
    reached_ns: int
    recovered: tuple[str, ...]
    folder: Path
    store: Store
    open: ExitStack
    forget: Callable[[], None]

    def unread(self) -> str:
        """Return why the ledger is not read any more; empty: it is.

        A server that has failed answers late or never, and whoever waits for it guards nothing.
        """
        return self.ledger.failed_because if self.store.dialect == POSTGRES else ""

    def exchanges(
        self, accounts: Sequence[str], home: str, on_failure: Callable[[str], object]
    ) -> dict[str, LateFile]:
        """Open the book that the exchange on paper keeps of each account.

        Args:
            accounts: whose.
            home: the one that the records began with.
            on_failure: is told when a book can no longer be saved.

        Raises:
            StoreError: one of the files cannot be used.
        """
        return {
            account: self.open.enter_context(
                closing(LateFile(SqliteFile(self.folder / name), on_failure))
            )
            for account in accounts
            for name in (name_of("" if account == home else account),)
        }


@contextmanager
def records(folder: Path, store: Store, owner: str, told: Told, flush_ms: int) -> Iterator[Records]:
    """Open the records of a daemon, taking over first what an emergency left behind.

    Args:
        folder: where the emergency file and the exchanges are.
        store: where the ledger is kept.
        owner: whose they are.
        told: who is told of what becomes of them.
        flush_ms: how long its disk may take.

    Raises:
        StoreError: one of the files cannot be used, or the ledger is not as it was written.
        SettingsError: it goes on with the records of another owner, which nobody would guard.
    """
    inner = StoredLedger(store, owner)
    stored = inner.stored
    stored.keep(told.reads)
    patience = Patience(flush_ms / 1_000)
    with closing(GuardedLedger(inner, folder / EMERGENCY, told.failed, patience)) as ledger:
        amiss = Verified(folder).require_whole(store, told.reads)
        require_owner(store, owner)
        recovered = (*amiss, *ledger.recover())
        with ExitStack() as held:
            reached_ns = stored.reached_ns()
            yield Records(ledger, reached_ns, recovered, folder, store, held, stored.forget)
