"""The ledger with an emergency file beside it: nothing decided is lost, and a kill goes on.

While the ledger works, all goes through to it. Once it refuses a flush, or takes too long over one,
it has failed until the next start: what waits and what comes later is made durable in the emergency
file instead. At the next start that file is read first and its facts are entered into the ledger,
where they are not there yet: a flush that was only late has stored them after all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, Protocol

from daemon.domain.chain import Head
from daemon.errors import StoreError
from daemon.messages import LEDGER_FAILED, Fact
from daemon.runtime.words import Ledger, Origin
from daemon.storage import left_behind
from daemon.storage.emergency_file import (
    BECAUSE_LETTERS,
    SIZE_BYTES,
    Batch,
    EmergencyFile,
    Written,
    weight_bytes,
)
from daemon.storage.ledger import EPOCH_OVER
from daemon.storage.patience import Patience
from daemon.storage.reserve import GONE_BY, Needs, needs, room_bytes
from daemon.storage.stored import Stored


class Guarded(Ledger, Protocol):
    """A ledger on disk."""

    @property
    def stored(self) -> Stored:
        """What its file holds."""
        ...

    @property
    def head(self) -> Head:
        """Where the chain ends, with all that was entered."""
        ...

    def begin_epoch(self, at_ns: int, least: int = 1) -> int:
        """Record durably that a run begins, and return its number, which is `least` or above."""
        ...

    def journal_sha256(self) -> str:
        """Return the hash of the journal since this ledger was opened."""
        ...

    def end_block(self) -> None:
        """Chain the ticks that were taken."""
        ...

    def close(self) -> None:
        """Flush, and let go of the file."""
        ...


class _Entered(NamedTuple):
    """A batch, and where the chain ended with it; None: the ledger was not given it.

    What goes by is held in memory alone.
    """

    batch: Batch
    head: Head | None
    goes_by: bool = False


class GuardedLedger:
    """A ledger on disk and its emergency file; `recover` comes before all else.

    Args:
        inner: the ledger.
        path: the emergency file; it is made now, at its full size.
        on_failure: is told once, in a sentence, that the ledger has failed, and once that facts
            go by; in whichever thread finds it out, after what waited is safe.
        patience: how a flush is waited for.
        size_bytes: of the emergency file.

    Attributes:
        failed_because: why the ledger counts as failed; empty: it works.
        gone_by: how many facts a restart will not know, for the emergency file is too full; what is
            kept of requests aside.

    Raises:
        StoreError: the emergency file cannot be made or opened.
    """

    def __init__(
        self,
        inner: Guarded,
        path: Path,
        on_failure: Callable[[str], object],
        patience: Patience | None = None,
        size_bytes: int = SIZE_BYTES,
    ) -> None:
        self.failed_because = ""
        self._inner = inner
        self._path = path
        self._on_failure = on_failure
        self._patience = patience or Patience()
        self._limit = size_bytes
        self._file = EmergencyFile(path, size_bytes)
        self.gone_by = 0
        self._recovered = False
        self._told = [False, False]  # that it failed, and that facts go by
        self._durable = inner.head
        self._waiting: list[_Entered] = []  # what the ledger is not known to have stored
        self._written = 0  # of these, how many are in the emergency file
        self._owed_bytes = 0  # at most, of those that are not
        self._entering = Lock()  # held for moments: what waits, and whether the ledger works
        self._flushing = Lock()

    def recover(self) -> tuple[str, ...]:
        """Enter into the ledger what the emergency file holds, and empty it; say what was done.

        Whenever it is cut short, it can be done again: what is in the ledger is not entered twice.

        Raises:
            StoreError: the file is damaged or belongs to another ledger, or the ledger fails.
        """
        records, torn = self._file.read()
        told = [self._enter(records)] if records else []
        if torn:
            told.append(
                f"the last record of {self._path} was half written and is dropped: nothing was "
                "done because of it"
            )
        if told:
            self._file.renew()
        self._durable = self._inner.head
        self._recovered = True
        return tuple(told)

    def take(self, tick: Any) -> None:
        """Enter a tick; none is taken once the ledger has failed."""
        if not self.failed_because:
            self._inner.take(tick)

    def append(self, facts: Sequence[Fact], origin: Origin, at_ns: int) -> None:
        """Enter facts; they are durable once `flush` has returned.

        Raises:
            StoreError: one of them cannot be recorded, or there is no more room for such facts.
        """
        assert self._recovered, "what the last run left behind comes first"
        batch = Batch(tuple(facts), origin.actor, origin.message, origin.cause, at_ns)
        with self._entering:
            if not self._passed_on(batch, origin):
                goes_by = not self._reserve(batch)
                self._waiting.append(_Entered(batch, None, goes_by))

    def flush(self) -> None:
        """Make everything entered durable, in the ledger or in the emergency file.

        Raises:
            StoreError: neither could be written, or a newer run has begun.
        """
        with self._flushing:
            if not self.failed_because:
                self._flush_inner()
            if self.failed_because:
                self._write()
        self._tell()

    def facts(self) -> Iterator[Fact]:
        """Return every fact so far, oldest first; later ones do not join.

        Raises:
            StoreError: the ledger's file cannot be read.
        """
        with self._entering:
            until, waiting = self._durable.count, self._waiting.copy()
        return self._read(until, waiting)

    def begin_epoch(self, at_ns: int, least: int = 1) -> int:
        """Record durably that a run begins, and return its number: `least`, or a higher one.

        Raises:
            StoreError: it could not be recorded in the ledger; the run must not begin.
        """
        assert self._recovered, "what the last run left behind comes first"
        self.flush()
        if self.failed_because:
            raise StoreError(f"no run can begin, the ledger failed: {self.failed_because}")
        epoch = self._inner.begin_epoch(at_ns, least)
        self._durable = self._inner.head
        return epoch

    @property
    def head(self) -> Head:
        """Where the chain ends, with all that was entered into the ledger."""
        return self._inner.head

    def journal_sha256(self) -> str:
        """Return the hash of the journal since this ledger was opened, in hexadecimal."""
        return self._inner.journal_sha256()

    def close(self) -> None:
        """Flush, and let go of both files; a ledger that still hangs is left behind.

        Raises:
            StoreError: not all could be stored; the files are let go all the same.
        """
        try:
            if not self.failed_because:
                self._inner.end_block()
            self.flush()
        finally:
            self.let_go()
            if not self.failed_because:
                self._inner.close()
            elif self._patience.idle:
                with suppress(StoreError):  # it was told; what it lacks is in the emergency file
                    self._inner.close()

    def let_go(self) -> None:
        """Let go of the emergency file, with nothing written that waits, as a kill would."""
        self._file.close()
        self._patience.close()

    def _passed_on(self, batch: Batch, origin: Origin) -> bool:
        """Give a batch to the ledger, and say whether it took it."""
        if self.failed_because:
            return False
        try:
            self._inner.append(batch.facts, origin, batch.at_ns)
        except StoreError as error:
            weight_bytes(batch)  # raises where the fault is the facts' own
            self._fail(str(error))
            return False
        self._waiting.append(_Entered(batch, self._inner.head))
        return True

    def _flush_inner(self) -> None:
        with self._entering:
            count = len(self._waiting)
        because = f"a flush took over {self._patience.limit_s * 1_000:.0f} ms"
        try:
            if self._patience.in_time(self._inner.flush):
                because = ""
        except StoreError as error:
            if error.code == EPOCH_OVER:
                raise  # what is open is the newer run's affair, and so are exits
            because = str(error)
        with self._entering:
            if because:
                self._fail(because)
                return
            for entered in self._waiting[:count][-1:]:
                self._durable = entered.head or self._durable
            del self._waiting[:count]

    def _fail(self, because: str) -> None:
        self.failed_because = self.failed_because or because
        self._owed_bytes = sum(weight_bytes(each.batch) for each in self._waiting)

    def _tell(self) -> None:
        with self._entering:
            now = [bool(self.failed_because), bool(self.gone_by)]
            fresh = [holds and not told for holds, told in zip(now, self._told, strict=True)]
            self._told = now
        failed = (
            f"{self.failed_because}; what is decided is kept in {self._path}, entries stop, and a "
            "restart takes it over"
        )
        goes_by = f"{self._path} is so full that {GONE_BY}"
        for sentence, is_fresh in zip((failed, goes_by), fresh, strict=True):
            if is_fresh:
                self._on_failure(f"{LEDGER_FAILED}: {sentence}")

    def _reserve(self, batch: Batch) -> bool:
        """Keep room for a batch, or say that it goes by; the last of it is for what ends risk."""
        weight, need = weight_bytes(batch), needs(batch.facts)
        if self._file.end + self._owed_bytes + weight > room_bytes(self._limit, need):
            if need is Needs.LITTLE:
                self.gone_by += len(batch.facts)
            if need.goes_by:
                return False
            raise StoreError(
                f"the emergency file {self._path} has no room left for "
                f"{type(batch.facts[0]).__name__}; the ledger failed: {self.failed_because}",
                "emergency_full",
            )
        self._owed_bytes += weight
        return True

    def _write(self) -> None:
        with self._entering:
            fresh = self._waiting[self._written :]
            owed_bytes = self._owed_bytes
        batches = tuple(entered.batch for entered in fresh if not entered.goes_by)
        if batches:
            because = self.failed_because[:BECAUSE_LETTERS]
            self._file.write(Written(self._durable, because, batches))
        with self._entering:
            self._written += len(fresh)
            self._owed_bytes -= owed_bytes

    def _read(self, until: int, waiting: Sequence[_Entered]) -> Iterator[Fact]:
        yield from self._inner.stored.facts(until)
        for entered in waiting:
            yield from entered.batch.facts

    def _enter(self, records: Sequence[Written]) -> str:
        """Enter the facts of these records that the ledger lacks, in one flush."""
        batches = [batch for record in records for batch in record.batches]
        lacking = left_behind.lacking(records, self._inner.stored, self._path)
        for batch in lacking:
            origin = Origin(batch.actor, batch.message, batch.cause)
            self._inner.append(batch.facts, origin, batch.at_ns)
        self._inner.flush()
        entered, held = (sum(len(batch.facts) for batch in many) for many in (lacking, batches))
        return (
            f"{entered} of {held} facts in {self._path} were missing in the ledger and are entered "
            f"now; it had failed: {records[0].because}"
        )
