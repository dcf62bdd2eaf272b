"""Patience with a disk: a flush is waited for so long, and no longer.

The flush runs in a thread of its own, which is left behind where the disk never answers: nothing
waits for it, not even the end of the process.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread

from daemon.errors import StoreError

FLUSH_S = 0.25
"""A ledger that takes longer has failed."""


class Patience:
    """Runs one flush at a time.

    Args:
        limit_s: how long each is waited for.
    """

    def __init__(self, limit_s: float = FLUSH_S) -> None:
        self.limit_s = limit_s
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._outcomes: SimpleQueue[StoreError | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="flush", daemon=True)  # sim-ok: a real disk
        self._late = False

    def in_time(self, flush: Callable[[], None]) -> bool:
        """Run a flush, and say whether it ended in time; after one that did not, run none.

        Raises:
            StoreError: it ended in time, and failed.
        """
        assert not self._late, "an earlier flush is still under way"
        if self._thread.ident is None:
            self._thread.start()
        self._jobs.put(flush)
        try:
            outcome = self._outcomes.get(timeout=self.limit_s)
        except Empty:
            self._late = True
            return False
        if outcome is not None:
            raise outcome
        return True

    @property
    def idle(self) -> bool:
        """Whether no flush is under way, the late one included."""
        return not self._late or not self._outcomes.empty()

    def close(self) -> None:
        """Let the thread end, once its flush has."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (flush := self._jobs.get()) is not None:
            outcome: StoreError | None = StoreError(
                "the flush fell over a defect of its own; the traceback is on standard error"
            )
            try:
                flush()
                outcome = None
            except StoreError as error:
                outcome = error
            finally:
                self._outcomes.put(outcome)
