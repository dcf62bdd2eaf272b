"""The ledger without a file, for backtests and tests: it ends with the run.

Its records are linked and its journal is kept as in the ledger on disk; the rows themselves are
let go, and only the facts are held, for an actor that is built again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from daemon.domain.chain import Head
from daemon.messages import EpochBegan, Fact
from daemon.runtime.words import Origin
from daemon.storage.codec import LEDGER, Row
from daemon.storage.recorder import TICKS_IN_BLOCK, Recorder


class MemoryLedger:
    """Holds every fact in a list.

    Args:
        owner_id: whose records these are.
        block_limit: how many ticks are chained as one block at most.
    """

    def __init__(self, owner_id: str, block_limit: int = TICKS_IN_BLOCK) -> None:
        self._facts: list[Fact] = []
        self._epoch = 0
        self._recorder = Recorder(owner_id, _let_go, block_limit=block_limit)
        self.take = self._recorder.take  # the path of every tick: not one call more

    def append(self, facts: Sequence[Fact], origin: Origin, at_ns: int) -> None:
        """Enter facts.

        Raises:
            StoreError: one of them cannot be recorded; then none is.
        """
        self._recorder.append(facts, origin, at_ns)
        self._facts.extend(facts)

    def flush(self) -> None:
        """End the block of ticks that a minute has ended, as on disk; nothing is durable."""
        self._recorder.end_minute()

    def facts(self) -> Iterable[Fact]:
        """Return every fact so far, oldest first; later ones do not join."""
        return tuple(self._facts)

    def begin_epoch(self, at_ns: int) -> int:
        """Record that a run begins, and return its number: 1 for the first."""
        self._epoch += 1
        self.append((EpochBegan(self._epoch, at_ns),), LEDGER, at_ns)
        return self._epoch

    @property
    def head(self) -> Head:
        """Where the chain ends."""
        return self._recorder.head

    def journal_sha256(self) -> str:
        """Return the hash of the journal so far, in hexadecimal."""
        return self._recorder.journal_sha256()


def _let_go(_: Row) -> None:
    """Hold no row."""
