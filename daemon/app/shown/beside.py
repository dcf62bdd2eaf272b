"""What is kept beside a running daemon for others to query: projections, and the prices' history.

Both have a thread of their own, which nobody awaits. What has become durable is folded, and frames
are taken as they come. Folding takes the interpreter that decisions need too, so it lets go of it
after every few records; what fails is told once and tried again, and costs nobody more than a
table that is behind.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from msgspec.structs import replace

from daemon.app.given.assignment import Assignment
from daemon.app.machine.own_thread import OwnThread
from daemon.app.machine.telemetry import Telemetry
from daemon.app.shown.mirror import Outside
from daemon.domain.market.frames import Frame
from daemon.errors import StoreError
from daemon.jobs.history import History
from daemon.jobs.projections.keeper import Projections
from daemon.runtime.words import Surroundings
from daemon.settings.history import Prices

EVERY_S: Final = 1.0
AGAIN_S: Final = 10.0
"""How long a store that failed is left alone."""
FRAMES: Final = 2_000
"""So many wait at most; of more the oldest are lost to history, and that is told."""
_PAGE: Final = 100
_LAST_PAGES: Final = 30
_AT_ONCE: Final = 4
"""Records, a quarter of a millisecond, after which the interpreter is let go of."""
_BREATH_S: Final = 0.001
GOODBYE_S: Final = 5.0
"""A store that hangs keeps the daemon from its end for no longer."""


class Beside:
    """Keeps both for one daemon.

    Args:
        given: what it runs.
        telemetry: takes what goes wrong.
        prices: they come no faster than they can be kept; of a market without a pace there would
            be holes.
    """

    def __init__(self, given: Assignment, telemetry: Telemetry, *, prices: bool = True) -> None:
        self._folder = _Folder(given)
        self._log = telemetry.log
        self._frames: deque[Frame] = deque(maxlen=FRAMES)
        self._lost = False
        self._due = True
        is_replay = given.folder != given.state_dir
        wanted = given.settings.history.prices is not Prices.NONE
        self._sees = prices and wanted and not is_replay

    def seeing(self, outside: Outside) -> Outside:
        """Return how the rest of the world sees each frame, with frames kept for the history."""
        if not self._sees:
            return outside
        frames = self._frames

        def see(message: Any, at_ns: int) -> Sequence[tuple[str, Any]]:
            if type(message) is Frame:
                self._lost = self._lost or len(frames) == FRAMES
                frames.append(message)
            return outside(message, at_ns)

        return see

    def around(self, around: Surroundings) -> Surroundings:
        """Return the surroundings of actors, with frames kept for the history."""
        return replace(around, outside=self.seeing(around.outside))

    def wake(self) -> None:
        """Take that there are more records to fold; from any thread."""
        self._due = True

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Keep both beside the block.

        At its end what came last is taken too, unless that is more than takes a moment, or the
        store fails.
        """
        loop, folder = asyncio.get_running_loop(), self._folder
        thread = OwnThread("beside")
        keeping = loop.create_task(self._keep(thread), name="beside")
        keeping.add_done_callback(self._ended)
        try:
            yield
        finally:
            folder.stopping = True
            keeping.cancel()
            last = thread.do(partial(folder.end, self._taken()))
            last.add_done_callback(self._ended)
            thread.close()
            await asyncio.wait({keeping, last}, timeout=GOODBYE_S)
            last.cancel()  # a store that hangs is left behind

    async def _keep(self, thread: OwnThread) -> None:
        told = ""
        while True:
            frames = self._taken()
            if self._due or frames:
                self._due = False
                fault = await thread.do(partial(self._folder.fold, frames))
                if fault and fault != told:
                    self._log.error("tables beside the ledger stand still", because=fault)
                elif told and not fault:
                    self._log.warning("tables beside the ledger go on")
                self._due, told = self._due or bool(fault), fault
            await asyncio.sleep(AGAIN_S if told else EVERY_S)

    def _taken(self) -> list[Frame]:
        """Return the frames that came since."""
        if self._lost:
            self._lost = False
            self._log.warning("frames came too fast for the history; some are not in it")
        frames = list(self._frames)
        self._frames.clear()
        return frames

    def _ended(self, work: asyncio.Future[Any]) -> None:
        """Tell of a defect; it costs nobody more than tables that are behind."""
        error = None if work.cancelled() else work.exception()
        if error is not None:
            self._log.error("tables beside the ledger fell, and stay behind", exc_info=error)


class _Folder:
    """Folds, within one thread.

    Args:
        given: what the daemon runs.

    Attributes:
        stopping: no page is begun any more.
    """

    def __init__(self, given: Assignment) -> None:
        self.stopping = False
        self._given = given
        self._projections: Projections | None = None
        self._history: History | None = None
        self._taken = 0
        self._fails = False

    def fold(self, frames: Sequence[Frame], pages: int = sys.maxsize) -> str:
        """Fold all records that there are, or so many pages of them, and these frames.

        Returns:
            Why something could not be folded; empty: all was.
        """
        faults = list[str]()
        for work in (partial(self._fold_records, pages), partial(self._fold_frames, frames)):
            if self.stopping and faults:
                break
            try:
                work()
            except StoreError as error:
                faults.append(str(error))
        self._fails = bool(faults)
        return "; ".join(faults)

    def end(self, frames: Sequence[Frame]) -> None:
        """Fold what came last, and let go of the tables."""
        if not self._fails:  # else each try may take as long as a store is waited for
            self.stopping = False
            self.fold(frames, _LAST_PAGES)
        for each in (self._projections, self._history):
            if each is not None:
                each.close()

    def _fold_records(self, pages: int) -> None:
        if self._projections is None:
            home = self._given.accounts[0]
            self._projections = Projections(
                self._given.store, home.owner, home.id, self._breathe, _PAGE
            )
        while pages and not self.stopping and self._projections.fold_on():
            pages -= 1

    def _fold_frames(self, frames: Sequence[Frame]) -> None:
        if not frames:
            return
        if self._history is None:
            wanted, owner = self._given.settings.history, self._given.accounts[0].owner
            ticks = wanted.prices is Prices.TICKS
            self._history = History(
                self._given.store, owner, wanted.keep_days, self._rest, ticks=ticks
            )
        try:
            self._history.write(frames)
        except StoreError:
            history, self._history = self._history, None  # the next one looks what was written
            history.close()
            raise

    def _breathe(self) -> None:
        self._taken += 1
        if self._taken % _AT_ONCE == 0:
            self._rest()

    def _rest(self) -> None:
        time.sleep(_BREATH_S)  # sim-ok: a thread of the live daemon lets others go first
