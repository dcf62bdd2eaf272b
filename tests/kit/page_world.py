"""A daemon as the page sees it: the real port, streams and page over scripted actors."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from daemon.domain.instants import SECOND_NS
from daemon.domain.money import e4
from daemon.domain.orders.arming import Mode
from daemon.messages import (
    AccountSeen,
    AcknowledgeAlert,
    AlertAcknowledged,
    AlertSeen,
    Done,
    KillStaged,
    PullLatch,
    ReleaseLatch,
    RiskSeen,
    SeeAccount,
    SeeAlerts,
    SeeKill,
    SeeRisk,
    SeeStrategy,
    Stage,
    StrategySeen,
    TakeEntries,
    TakeNoEntries,
)
from daemon.messages.arming import SeeSession
from daemon.messages.modes import Modes
from daemon.telemetry.log import make_log
from daemon.web.house import Health
from daemon.web.page_files import Page
from daemon.web.problems import Problem
from daemon.web.streaming.hub import Hub
from daemon.web.streaming.streams import Streams
from daemon.web.table import Raw, Route
from tests.kit.acting import clock
from tests.kit.browser import Tab, browsing
from tests.kit.control_port import Port, open_port
from tests.kit.watched import LEG, OTHER_LEG, frame, risk, watch

HOLD_S = 5
"""So long is waited at most for a hold to take."""

ACCOUNT = AccountSeen(
    account="paper",
    broker="paper",
    reconciled=True,
    paused="",
    latches=(),
    held=(),
    differing=(),
    exits_owed=(),
    working=0,
)


class RenewedPage(Page):
    """The page of a daemon that may become another.

    Attributes:
        loaded: a document has begun to load its scripts.
    """

    def __init__(self) -> None:
        super().__init__()
        self.loaded = asyncio.Event()

    async def send(self, request: Any, who: Any) -> Any:
        """Send a file."""
        if request.path == "/page.js":
            self.loaded.set()
        return await super().send(request, who)

    def renew(self) -> None:
        """Be that of a daemon with other files."""
        self._etag = "another"


class World:
    """What the scripted daemon shows.

    Args:
        modes: `paper` or `live` of each account.

    Attributes:
        risk: what the broadcaster answers each beat with, and the watchdog whoever asks.
        taking: whether the strategy takes entries.
        opted_in: it may trade at live brokers.
        session: the state of each account's.
        health: of the daemon; None: nobody says.
        alerts: that are known.
        account: as its router knows it.
        stage: of a kill.
        left: by a kill.
        mute: the broadcaster answers nothing.
        slow_s: so long is each message on its way, by the instant that it was made at.
        shut: nobody is let in to a stream.
        page: of the daemon.
        port: of the daemon, once it is open.
    """

    port: Port

    def __init__(self, modes: Mapping[str, Mode] = MappingProxyType({"paper": "paper"})) -> None:
        self.risk: RiskSeen = risk(watch(legs=(LEG, OTHER_LEG)))
        self.taking, self.opted_in = True, False
        self.session = "NEEDS_LOGIN"
        self.health: Health | None = None
        self.alerts: tuple[AlertSeen, ...] = ()
        self.account = ACCOUNT
        self.stage = Stage.CANCELLING
        self.left: tuple[str, ...] = ("4 orders are working",)
        self.mute = self.shut = False
        self.slow_s = 0
        log = make_log(io.StringIO(), lambda: 0)
        self.hub = Hub(self._beat, self._made_ns, Modes(modes), log)
        self.streams = Streams(self.hub)
        self.page = RenewedPage()

    @property
    def routes(self) -> tuple[Route, ...]:
        """The rows of streams and page."""
        gated = [replace(row, raw=partial(self._enter, row.raw)) for row in self.streams.routes]
        return (*gated, *self.page.routes)

    @property
    def answers(self) -> dict[type, Any]:
        """What the scripted actors answer."""
        return {
            SeeAccount: lambda _: self.account,
            SeeSession: lambda _: self.session,
            SeeRisk: lambda _: self.risk,
            SeeStrategy: lambda _: self._strategy(),
            SeeKill: lambda about: self._staged(about.latch_id),
            TakeEntries: lambda _: self._take(True),
            TakeNoEntries: lambda _: self._take(False),
            ReleaseLatch: lambda _: Done(),
            SeeAlerts: lambda _: self.alerts,
            AcknowledgeAlert: lambda about: self._acknowledge(about.by),
        }

    @property
    def kills(self) -> list[PullLatch]:
        """The kills that reached a router."""
        return self.port.actors.told(PullLatch)

    def earn(self, rupees: str) -> None:
        """Let profit stand elsewhere."""
        seen = self.risk.watches[0]
        profit_e4 = e4(rupees)
        seen = replace(seen, pnl_e4=profit_e4, unrealised_e4=profit_e4, today_e4=profit_e4)
        self.risk = replace(self.risk, watches=(seen,))

    def go_on(self, stage: Stage, *left: str) -> None:
        """Let a kill come to a stage, and record it."""
        self.stage, self.left = stage, left
        self.hub.record([self._staged(self.kills[0].latched.latch_id)])

    async def cut(self) -> None:
        """Send everybody away, and let nobody in."""
        self.shut = True
        await self.streams.close()

    def mend(self) -> None:
        """Let people in again."""
        self.shut = False

    async def _enter(self, raw: Raw, request: Any, who: Any) -> Any:
        if self.shut:
            raise Problem("not_ready", "nobody is let in now")
        return await raw(request, who)

    def _beat(self, *, force: bool) -> None:
        if not self.mute:
            self.hub.show(frame(self.risk))

    def _made_ns(self) -> int:
        return time.time_ns() - self.slow_s * SECOND_NS

    def _staged(self, latch_id: str) -> KillStaged:
        return KillStaged(latch_id, self.stage, self.left, 0, clock("10:00:00"))

    def _acknowledge(self, by: str) -> Done:
        (alert,) = self.alerts
        seen = AlertAcknowledged(alert.raised.alert_id, by, clock("10:00:01"))
        self.alerts = (replace(alert, acknowledged=seen),)
        return Done()

    def _strategy(self) -> StrategySeen:
        return StrategySeen("straddle", self.taking, "waits for 09:20:00", self.opted_in)

    def _take(self, taking: bool) -> Done:
        self.taking = taking
        return Done()


@asynccontextmanager
async def page_open(
    state_dir: Path, world: World | None = None
) -> AsyncIterator[tuple[Tab, World]]:
    """Open the page of a scripted daemon in a browser that comes in with a code."""
    world = world or World()
    told = world.health
    health = None if told is None else lambda: told
    async with (
        open_port(state_dir, world.answers, more=world.routes, health=health) as port,
        browsing() as tab,
    ):
        world.port = port
        serving = asyncio.create_task(world.hub.serve())
        await tab.navigate(port.served.ready_url)
        await tab.wait_for("document.body.dataset.link === 'live'")
        yield tab, world
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
        await tab.navigate("about:blank")


@asynccontextmanager
async def opened(state_dir: Path, world: World | None = None) -> AsyncIterator[tuple[Tab, World]]:
    """Open the page; what the browser says against it fails the test, refused requests apart."""
    async with page_open(state_dir, world) as (tab, shown_world):
        yield tab, shown_world
        assert [told for told in tab.told if not told.startswith("network:")] == []


def shown(selector: str) -> str:
    """Return the text of an element, as an expression for the page."""
    return f"document.querySelector({selector!r}).textContent"


async def hold(tab: Tab) -> None:
    """Hold the kill button until it takes."""
    at = await tab.press("#kill")
    await tab.wait_for("document.querySelector('#kill').classList.contains('sent')", HOLD_S)
    await tab.release(at)
