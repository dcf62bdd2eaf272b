"""What is kept beside a running daemon for others to query: projections, and the prices' history.

They share a thread of their own, which nobody awaits, and neither hangs on how the other fares.
What has become durable is folded, and frames are taken as they come. Folding takes the interpreter
that decisions need too, so it lets go of it after every few records; what fails is told once and
tried again, and costs nobody more than a table that is behind.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
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
from daemon.jobs.history import HISTORY, History
from daemon.jobs.projections.keeper import Projections
from daemon.jobs.projections.schema import PROJECTIONS
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
        self._records = _Records(given)
        self._prices = _Prices(given)
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
        loop, thread = asyncio.get_running_loop(), OwnThread("beside")
        turns = {PROJECTIONS.name: self._fold_records, HISTORY.name: self._write_prices}
        keeping = [
            loop.create_task(self._keep(name, partial(turn, thread)), name=f"beside {name}")
            for name, turn in turns.items()
        ]
        for each in keeping:
            each.add_done_callback(self._ended)
        try:
            yield
        finally:
            self._records.stopping = True
            for each in keeping:
                each.cancel()
            await self._end(thread, keeping)

    async def _end(self, thread: OwnThread, keeping: list[asyncio.Task[None]]) -> None:
        """Have what came last taken, for a moment; prices first, for no start makes them good."""
        await asyncio.wait(keeping)
        frames = self._taken()
        written = thread.do(partial(self._prices.end, frames))
        last = (written, thread.do(self._records.end))
        for each in last:
            each.add_done_callback(self._ended)
        thread.close()
        _, late = await asyncio.wait(last, timeout=GOODBYE_S)
        for each in late:
            each.cancel()
        self._lost = self._lost or self._prices.behind or (bool(frames) and written in late)
        self._tell_lost()

    async def _keep(self, name: str, turn: Callable[[], Awaitable[str | None]]) -> None:
        """Keep one of them.

        Args:
            name: of its tables.
            turn: has what is waiting taken, and returns why that failed; empty: it did not; None:
                nothing waited.
        """
        told = ""
        while True:
            fault = await turn()
            if fault is not None:
                if fault and fault != told:
                    self._log.error(
                        "tables beside the ledger stand still", tables=name, because=fault
                    )
                elif told and not fault:
                    self._log.warning("tables beside the ledger go on", tables=name)
                told = fault
            await asyncio.sleep(AGAIN_S if told else EVERY_S)

    async def _fold_records(self, thread: OwnThread) -> str | None:
        if not self._due:
            return None
        self._due = False
        fault = await thread.do(self._records.fold)
        self._due = self._due or bool(fault)
        return fault

    async def _write_prices(self, thread: OwnThread) -> str | None:
        frames = self._taken()
        if not frames:
            return None
        try:
            fault = await thread.do(partial(self._prices.write, frames))
        except asyncio.CancelledError:
            self._put_back(frames)  # perhaps it never had its turn; what is written is not again
            raise
        if fault:
            self._put_back(frames)
        else:
            self._tell_lost()
        return fault

    def _taken(self) -> list[Frame]:
        """Return the frames that came since."""
        frames = list(self._frames)
        self._frames.clear()
        return frames

    def _put_back(self, frames: list[Frame]) -> None:
        """Let frames that were not written wait before those that came since."""
        waiting = [*frames, *self._taken()]
        self._lost = self._lost or len(waiting) > FRAMES
        self._frames.extend(waiting)  # of more than it takes the oldest go

    def _tell_lost(self) -> None:
        if self._lost:
            self._lost = False
            self._log.warning("more frames came than the history could take; some are not in it")

    def _ended(self, work: asyncio.Future[Any]) -> None:
        """Tell of a defect; it costs nobody more than tables that are behind."""
        error = None if work.cancelled() else work.exception()
        if error is not None:
            self._log.error("tables beside the ledger fell, and stay behind", exc_info=error)


class _Records:
    """Folds the records, within the thread.

    Args:
        given: what the daemon runs.

    Attributes:
        stopping: no page is begun any more.
    """

    def __init__(self, given: Assignment) -> None:
        self.stopping = False
        self._given = given
        self._projections: Projections | None = None
        self._taken = 0
        self._fails = False

    def fold(self, pages: int = sys.maxsize) -> str:
        """Fold all that there are, or so many pages of them.

        Returns:
            Why they could not be folded; empty: they were.
        """
        self._fails = True  # until it is known that they do not
        try:
            self._fold(pages)
        except StoreError as error:
            return str(error)
        self._fails = False
        return ""

    def end(self) -> None:
        """Fold what came last, and let go of the tables."""
        if not self._fails:  # else each try may take as long as a store is waited for
            self.stopping = False
            self.fold(_LAST_PAGES)
        if self._projections is not None:
            self._projections.close()

    def _fold(self, pages: int) -> None:
        if self._projections is None:
            home = self._given.accounts[0]
            self._projections = Projections(
                self._given.store, home.owner, home.id, self._breathe, _PAGE
            )
        while pages and not self.stopping and self._projections.fold_on():
            pages -= 1

    def _breathe(self) -> None:
        self._taken += 1
        if self._taken % _AT_ONCE == 0:
            _rest()


class _Prices:
    """Writes frames to the history, within the thread.

    Args:
        given: what the daemon runs.

    Attributes:
        behind: the last frames that it was given are not known to be written.
    """

    def __init__(self, given: Assignment) -> None:
        self.behind = False
        self._given = given
        self._history: History | None = None

    def write(self, frames: Sequence[Frame]) -> str:
        """Write frames, all or none.

        Returns:
            Why they could not be written; empty: they were.
        """
        self.behind = True
        try:
            self._write(frames)
        except StoreError as error:
            return str(error)
        self.behind = False
        return ""

    def end(self, frames: Sequence[Frame]) -> None:
        """Write what came last, and let go of the tables."""
        if frames and not self.behind:  # else each try may take as long as a store is waited for
            self.write(frames)
        if self._history is not None:
            self._history.close()

    def _write(self, frames: Sequence[Frame]) -> None:
        if self._history is None:
            wanted, owner = self._given.settings.history, self._given.accounts[0].owner
            ticks = wanted.prices is Prices.TICKS
            self._history = History(self._given.store, owner, wanted.keep_days, _rest, ticks=ticks)
        try:
            self._history.write(frames)
        except StoreError:
            history, self._history = self._history, None  # the next one looks what was written
            history.close()
            raise


def _rest() -> None:
    time.sleep(_BREATH_S)  # sim-ok: a thread of the live daemon lets others go first
