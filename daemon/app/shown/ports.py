"""The ports of a running daemon: the control port with its streams and its page, and the socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from daemon.actors.alert_keeper import conditions
from daemon.app.at_brokers.accounts import logins
from daemon.app.given.assignment import Assignment
from daemon.app.machine.outcome import outcome
from daemon.app.machine.telemetry import Telemetry
from daemon.app.machine.works import called_off
from daemon.app.shown.outbox import Outboxes
from daemon.control import Control
from daemon.control.local import LocalSocket
from daemon.errors import SettingsError
from daemon.messages import AccountSeen, Beat, CodeLoaded, DayOpened, FactRecorded, PnlFrame
from daemon.messages.modes import Modes
from daemon.runtime.clock import MonotonicClock, SteadyClock, WallClock
from daemon.runtime.words import Lane
from daemon.storage.announcing import Recorded
from daemon.web.house import Health, House
from daemon.web.page_files import Page
from daemon.web.server import Served, serve
from daemon.web.streaming.hub import Caps, Hub
from daemon.web.streaming.streams import Streams

_STREAMS_MAY_FALL = 5


class Doors(Struct, frozen=True):
    """What the ports need to know of the daemon behind them.

    Attributes:
        control: the verbs.
        given: what it runs.
        ready: whether recovery is complete.
        health: how the daemon is.
        passing_ns: market time as a clock on the wall shows it.
        code: what decides in this run.
        modes: whose money each account trades with.
        telemetry: takes lines, figures and spans.
        outbox: the sinks, which are told of what was recorded too.
    """

    control: Control
    given: Assignment
    ready: Callable[[], bool]
    health: Callable[[], Health]
    passing_ns: Callable[[], int]
    code: CodeLoaded
    modes: Modes
    telemetry: Telemetry
    outbox: Outboxes


class Ports:
    """Serves a daemon to people and programs on this machine.

    Args:
        doors: what is behind them.
        say: tells people something.
    """

    def __init__(self, doors: Doors, say: Callable[[str], None]) -> None:
        self._doors = doors
        self._say = say
        self._wall = WallClock()
        self._log = doors.telemetry.log
        caps = Caps(pnl_hz=doors.given.settings.web.pnl_hz)
        self.hub = Hub(self._beat, self._wall.now_ns, doors.modes, self._log, caps)

    def show(self, view: object) -> bool:
        """Bring what an actor shows to whom it concerns; return whether it was for a port."""
        if isinstance(view, PnlFrame):
            # Between two events market time stands still; on the page its clock goes on.
            risk = replace(view.risk, at_ns=max(view.risk.at_ns, self._doors.passing_ns()))
            self.hub.show(replace(view, risk=risk))
            return True
        return self._doors.control.line.shown(view)

    def record(self, facts: Sequence[Any]) -> None:
        """Tell of what was recorded."""
        self.hub.record(facts)

    def hear(self, recorded: Sequence[Recorded], failed_because: str) -> None:
        """Tell of what has just become durable, and have people alerted by it.

        Args:
            recorded: what that is.
            failed_because: why the ledger had failed by then; empty: it has not.
        """
        facts = [each.fact for each in recorded]
        self._doors.outbox.hear(self.hub.record(facts), failed_because)
        line = self._doors.control.line
        if any(isinstance(fact, DayOpened) for fact in facts):
            self._doors.outbox.begin_day()
        for fact in facts:
            if isinstance(fact, conditions.HEARS):
                line.tell(line.names.keeper, FactRecorded(fact), Lane.FACTS)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Served | None]:
        """Keep the ports open until the block ends; None: there is no control port.

        Where something is held its guard goes before the page: a control port that cannot be
        listened on is gone without, and that is told.

        Raises:
            SettingsError: it cannot be, and nothing is held; or the local socket cannot be opened.
        """
        doors, control = self._doors, self._doors.control
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(
                LocalSocket(doors.given.state_dir, control.brakes, control.reads)
            )
            if not doors.given.settings.web.enabled:
                yield None
                return
            streams = Streams(self.hub)
            house = House(
                control=control,
                settings=doors.given.settings.web,
                state_dir=doors.given.state_dir,
                host=SteadyClock(self._wall, MonotonicClock()),
                log=self._log,
                brokers=dict(logins(doors.given.settings)),
                ready=doors.ready,
                health=doors.health,
                code=doors.code,
                metrics=doors.telemetry.metrics,
                tracer=doors.telemetry.tracer,
                replay=doors.outbox.replay,
                wall=self._wall,
                asks=self.hub.asking.stands,
                passing_ns=doors.passing_ns,
                left_out=doors.given.left_out,
            )
            serving = serve(house, (*streams.routes, *Page().routes))
            served = await self._served(stack, serving)
            stack.push_async_callback(streams.close)
            await stack.enter_async_context(self._streaming())
            yield served

    async def _served(
        self, stack: AsyncExitStack, serving: AbstractAsyncContextManager[Served]
    ) -> Served | None:
        """Open the control port; None: that cannot be, and what is held is guarded all the same.

        Raises:
            SettingsError: it cannot be, and nothing is held, or on its way.
        """
        try:
            return await stack.enter_async_context(serving)
        except SettingsError as error:
            accounts = await self._doors.control.reads.accounts()
            if not any(map(_is_at_stake, accounts)):
                raise
            self._log.critical("no control port", because=str(error))
            self._say(f"ALERT what is held is guarded without page and control port: {error}")
            return None

    def _beat(self, *, force: bool) -> None:
        line = self._doors.control.line
        line.tell(line.names.broadcaster, Beat(force), Lane.FACTS)

    @asynccontextmanager
    async def _streaming(self) -> AsyncIterator[None]:
        """Keep the streams going beside the block."""
        task = asyncio.get_running_loop().create_task(self._keep_streaming(), name="streams")
        try:
            yield
        finally:
            await called_off({task}, self._log.error)

    async def _keep_streaming(self) -> None:
        """Begin the streams anew when they fall; a defect of theirs costs nobody his guard."""
        for _ in range(_STREAMS_MAY_FALL + 1):
            self._log.error("streams fell", exc_info=await outcome(self.hub.serve()))
        self._log.error("streams are left out: they fell too often")


def _is_at_stake(seen: AccountSeen) -> bool:
    """Say whether an account holds something, or may: before its first reading nobody knows."""
    held = any(leg.net_quantity for leg in seen.held)
    return held or bool(seen.working or seen.exits_owed)
