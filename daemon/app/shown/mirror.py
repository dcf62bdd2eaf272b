"""The mirror: the state of risk as others may read it, written behind all decisions.

A few times a second the watchdogs are asked how things stand, as by everybody who only looks. Their
answer leaves behind their commits, so nothing is mirrored that a crash could undo. What changed
goes out in one batch, and nobody who decides waits for it. What a store has lost is written anew
from that answer; while it cannot be had, everything goes on from memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from daemon.app.machine.meter import Meter
from daemon.app.machine.telemetry import Telemetry
from daemon.app.machine.works import called_off
from daemon.control import Control, Refusal
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Frame, Quote
from daemon.errors import HotStateError
from daemon.messages import FreeEntries, HeldBy, HoldEntries
from daemon.runtime.words import Lane, Surroundings
from daemon.storage.hot.codec import documents, prices
from daemon.storage.hot.words import Batch, HotStore, Kept

EVERY_S = 0.25
_AGAIN_S = 1.0
_FALLEN = "the hot state is looked after no more: a defect of its own; the log tells which"
Outside = Callable[[Any, int], Sequence[tuple[str, Any]]]


class Mirror:
    """Keeps a mirror of the state of risk.

    Args:
        store: where it is kept.
        kept: what stood there at the start; None: it could not be read.
        telemetry: measures the round trip.
        say: tells people something.
        pauses: entries wait while it is lost.

    Attributes:
        kind: of the store.
        lost_because: why it cannot be had; empty: it can.
        round_trip_ns: of the last batch, in host time; None: there was none.
    """

    def __init__(
        self,
        store: HotStore,
        kept: Kept | None,
        telemetry: Telemetry,
        say: Callable[[str], None],
        *,
        pauses: bool = False,
    ) -> None:
        self.kind = store.kind
        self.lost_because = ""
        self.round_trip_ns: int | None = None
        self._store = store
        self._stand: dict[str, bytes] | None = None
        if kept is not None:
            self._stand = dict.fromkeys(kept.values, b"")
        self._telemetry = telemetry
        self._say = say
        self._pauses = pauses
        self._quotes: dict[str, Quote] = {}
        self._quoted_ns = 0

    def seeing(self, outside: Outside) -> Outside:
        """Return how the rest of the world sees each frame, with its prices kept for the mirror."""
        if not self._store.publishes:
            return outside

        def see(message: Any, at_ns: int) -> Sequence[tuple[str, Any]]:
            if type(message) is Frame:
                self._quotes.update(message.quotes)
                self._quoted_ns = message.at_ns
            return outside(message, at_ns)

        return see

    def lose(self, error: HotStateError) -> None:
        """Take that it cannot be had, and tell a person once."""
        if not self.lost_because:
            self._say(f"ALERT {error}; every position stays guarded, from memory")
            self._telemetry.log.error("hot state lost", because=str(error))
        self.lost_because = str(error)

    @asynccontextmanager
    async def kept(self, control: Control) -> AsyncIterator[None]:
        """Keep it beside the block, whatever befalls it."""
        task = asyncio.get_running_loop().create_task(self._keep(control), name="hot state")
        task.add_done_callback(lambda ended: self._ended(control, ended))
        try:
            yield
        finally:
            await called_off({task}, self._say)

    async def beat(self, control: Control) -> None:
        """Write what has changed since the last batch."""
        try:
            risk = await control.reads.risk()
        except Refusal:  # who is busy goes on guarding, and is asked again
            return
        wanted = documents(risk, control.line.names.marked)
        try:
            if self._stand is None:  # what an earlier run left there is to go as well
                self._stand = dict.fromkeys((await self._store.read()).values, b"")
        except HotStateError as error:
            self._lose_to(control, error)
            return
        stand, (quotes, self._quotes) = self._stand, (self._quotes, {})
        batch = Batch(
            changed={key: value for key, value in wanted.items() if stand.get(key) != value},
            gone=stand.keys() - wanted.keys(),
            standing=wanted.keys(),
            news=prices(quotes, self._quoted_ns) if quotes else b"",
        )
        began_ns = self._telemetry.host.now_ns()
        try:
            whole = await self._store.write(batch)
        except HotStateError as error:
            self._stand = dict.fromkeys((*stand, *wanted), b"")  # nobody knows what stands
            self._lose_to(control, error)
            return
        self._measure(self._telemetry.host.now_ns() - began_ns)
        self._stand = wanted if whole else dict.fromkeys(wanted, b"")
        if not whole:
            self._telemetry.log.warning("hot state lost keys; it is written anew")
        self._have(control)

    async def _keep(self, control: Control) -> None:
        if self.lost_because:
            self._pause(control)
        while True:
            await self.beat(control)
            await asyncio.sleep(_AGAIN_S if self.lost_because else EVERY_S)

    def _lose_to(self, control: Control, error: HotStateError) -> None:
        is_news = not self.lost_because
        self.lose(error)
        if is_news:
            self._pause(control)

    def _pause(self, control: Control) -> None:
        if self._pauses:
            _tell(control, HoldEntries(HeldBy.HOT_STATE, self.lost_because))

    def _have(self, control: Control) -> None:
        if self.lost_because:
            self.lost_because = ""
            self._say("the hot state is there again, and is written anew")
            if self._pauses:
                _tell(control, FreeEntries(HeldBy.HOT_STATE))

    def _measure(self, took_ns: int) -> None:
        self.round_trip_ns = took_ns
        self._telemetry.metrics.hot_state_round_trip.observe(took_ns / SECOND_NS)

    def _ended(self, control: Control, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._telemetry.log.error("hot state fell", exc_info=error)
            self._lose_to(control, HotStateError(_FALLEN))


def surrounded(around: Surroundings, meter: Meter, mirror: Mirror | None) -> Surroundings:
    """Return what the driver finds around the actors, measured and mirrored."""
    measured = replace(around, meter=meter)
    return measured if mirror is None else replace(measured, outside=mirror.seeing(around.outside))


def _tell(control: Control, message: HoldEntries | FreeEntries) -> None:
    for router in control.line.names.routers.values():
        control.line.tell(router, message, Lane.CONTROL)
