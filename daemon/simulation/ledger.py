"""The simulated world's ledger: what is durable apart from what a crash takes with it.

The ledger on disk and the emergency file beside it are put together by the piece that does so in
`ordo run`, anew for each life of the daemon. A flush lasts until the driver says that it is over:
it may be refused then, or have taken too long, and what it brought may still stand later. A start
reads facts back from the bytes: what an encoding loses is lost here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.domain.orders.words import IntentRecorded
from daemon.messages import EpochBegan, Fact
from daemon.runtime.words import Origin
from daemon.simulation.disk import Disk, DiskLedger, Wait
from daemon.simulation.faults import Call, Fates, Kind
from daemon.simulation.judging.judge import Violated
from daemon.simulation.timeline import Timeline
from daemon.storage.emergency import GuardedLedger
from daemon.storage.emergency_file import EmergencyFile
from daemon.storage.patience import FLUSH_S
from daemon.storage.whole import write_whole

LATE_NS = int(FLUSH_S * SECOND_NS)
"""How long a flush is waited for that does not end."""
_STANDS_NS = (300 * MILLISECOND_NS, 20 * SECOND_NS)
"""After how long what such a flush brought may stand after all."""
_SIZE_BYTES = 262_144
"""Of the emergency file: a quarter of what a day may need, for it is read at every start."""
_TORN_BYTES = (8, 150)
"""More than pads a record of the emergency file, and fewer than it has."""


class SimulatedLedger:
    """Outlives every crash with what was durable.

    Args:
        owner_id: whose records these are.
        folder: of the emergency file.
        timeline: virtual time.
        fates: what goes wrong.
        entered: sees facts as they are entered, with the market instant.

    Attributes:
        disk: what the ledger itself holds.
        sure: what is durable, there or in the emergency file.
        intents: those among it, by id.
        stored: is called when more stands on the disk.
        hangs: is told until when a flush that does not end is waited for.
        taken: is told each tick that is entered.
        failed: is told, in a sentence, that the ledger has failed.
        tears: is told that the daemon falls while it writes to the emergency file.
    """

    def __init__(
        self,
        owner_id: str,
        folder: Path,
        timeline: Timeline,
        fates: Fates,
        entered: Callable[[Sequence[Fact], int], None],
    ) -> None:
        self.disk = Disk()
        self.sure: list[Fact] = []
        self.intents: set[str] = set()
        self.stored: Callable[[], None] = _nobody
        self.hangs: Callable[[int], None] = _untold
        self.taken: Callable[[Any], None] = _untold
        self.failed: Callable[[str], None] = _untold
        self.tears: Callable[[], None] = _nobody
        self._watch = entered
        self._timeline, self._fates = timeline, fates
        self._path = folder / "emergency"
        self._throws = 0
        self._owner_id = owner_id
        self._wait = Wait()
        self._open: GuardedLedger | None = None
        self._fresh: list[Fact] = []  # entered, and not durable yet
        self._writing: int | None = None  # so many of them are being written
        self._late: int | None = None  # so many hang upon a flush that did not end

    def begin(self) -> None:
        """Begin a life, which reads first what the emergency file holds.

        Raises:
            StoreError: the start is refused.
            Violated: what was durable is not there, or there is more than that.
        """
        left = self._path.read_bytes() if self._wait.fault is not None else b""
        self._recover()
        if not left:
            return
        if self._fates.of(Call.RECOVER):  # it falls before the file is empty, and starts again
            self._let_go()
            write_whole(self._path, left)
            self._recover()
        if list(self.facts()) != self.sure:
            raise Violated("I16", f"{len(self.sure)} facts were durable, and a start finds others")

    def take(self, tick: Any) -> None:
        """Enter a tick; it is chained before the next fact."""
        self._guarded.take(tick)
        self.taken(tick)

    def append(self, facts: Sequence[Fact], origin: Origin, at_ns: int) -> None:
        """Enter facts; they are durable once what holds them was written.

        Raises:
            StoreError: one of them cannot be recorded, or there is no room left; then none is.
        """
        gone_by = self._guarded.gone_by
        self._guarded.append(facts, origin, at_ns)
        if self._guarded.gone_by == gone_by:
            self._fresh += facts
        self._watch(facts, at_ns)

    def flush(self) -> None:
        """Make everything entered durable; nothing more goes wrong with that."""
        self._guarded.flush()
        if self._wait.fault is None:
            self._inner.end_block()
            self._settle()
        self._is_sure(len(self._fresh))

    def begin_write(self) -> int:
        """Begin to write what was entered so far; return how much longer that takes, in ns."""
        self._writing = len(self._fresh)
        guarded = self._guarded
        if guarded.failed_because:
            if self._fresh and self._fates.of(Call.SAVE):
                self._timeline.after(0, partial(self._falls, guarded))
            return 0
        self._wait.fault = fault = self._fates.of(Call.FLUSH)
        if fault is None:
            guarded.flush()
        elif fault is Kind.FLUSH_HANGS:
            self.disk.hand_over()
            self._late = self._writing
            self.hangs(self._timeline.now_ns() + LATE_NS)
            self._timeline.after(self._throw(*_STANDS_NS), partial(self._stands, guarded))
            return LATE_NS
        return 0

    def end_write(self) -> None:
        """What was being written is durable: in the ledger, or in the emergency file."""
        assert self._writing is not None, "something is being written"
        if self._wait.fault is None:
            self._settle()
        else:
            self._save()
        self._is_sure(self._writing)
        self._writing = None

    def facts(self) -> Iterator[Fact]:
        """Return every fact so far, oldest first; later ones do not join."""
        if self._guarded.failed_because:
            return self._guarded.facts()
        return self.disk.facts()

    def begin_epoch(self, at_ns: int) -> int:
        """Record durably that a run begins, and return its number: 1 for the first."""
        epoch = self._guarded.begin_epoch(at_ns)
        began = EpochBegan(epoch, at_ns)
        self._fresh.append(began)
        self._watch((began,), at_ns)
        self._settle()
        self._is_sure(len(self._fresh))
        return epoch

    def crash(self, *, written: bool, torn: bool = False) -> None:
        """Lose what was not durable.

        Args:
            written: what was being written at that moment stands after all.
            torn: it was the emergency file that was written to, and a part of it stands.
        """
        if self._writing is not None and torn:
            self._guarded.flush()
            self._tear()
        elif self._writing is not None and written:
            self.end_write()
        if self._late is not None and self._throw(0, 1):
            self._is_sure(self._late)
            self._settle()
        self._let_go()

    def end(self) -> None:
        """Close the record of a run, with what stands in the emergency file.

        Raises:
            Violated: what was durable is not there, or there is more than that.
        """
        if self._open is not None:
            self.flush()
            self._let_go()
        self.begin()

    @property
    def _guarded(self) -> GuardedLedger:
        assert self._open is not None, "a daemon lives"
        return self._open

    def _recover(self) -> None:
        self.disk.lose()
        self._wait.fault = None
        self._inner = DiskLedger(self._owner_id, self.disk)
        self._open = GuardedLedger(self._inner, self._path, self.failed, self._wait, _SIZE_BYTES)
        self._open.recover()
        self._settle()

    def _let_go(self) -> None:
        self._guarded.let_go()
        self._open, self._writing, self._late = None, None, None
        self._fresh.clear()

    def _save(self) -> None:
        """Write all that waits to the emergency file; a flush that did not end brings no more."""
        self._guarded.flush()
        self._writing = len(self._fresh)
        if self._late is not None:
            self._late = 0

    def _settle(self) -> None:
        self.disk.settle()
        self.stored()

    def _is_sure(self, count: int) -> None:
        facts = self._fresh[:count]
        del self._fresh[:count]
        self.sure += facts
        for fact in facts:
            if isinstance(fact, IntentRecorded):
                self.intents.add(fact.intent.intent_id)

    def _stands(self, guarded: GuardedLedger) -> None:
        """What a flush brought stands, long after nobody waits for it any more."""
        if self._open is guarded and self._late is not None:
            self._late = None
            self._settle()

    def _falls(self, guarded: GuardedLedger) -> None:
        if self._open is guarded:
            self.tears()

    def _tear(self) -> None:
        """Take the end off the last record of the emergency file."""
        file = EmergencyFile(self._path, _SIZE_BYTES)
        file.read()
        file.close()
        content, lost = self._path.read_bytes(), self._throw(*_TORN_BYTES)
        kept = content[: file.end - lost]
        write_whole(self._path, kept.ljust(len(content), b"\0"))

    def _throw(self, low: int, high: int) -> int:
        self._throws += 1
        return self._timeline.dice.between(low, high, "ledger", self._throws)


def _nobody() -> None:
    """Nobody waits for it."""


def _untold(_: Any) -> None:
    """Nobody is told."""
