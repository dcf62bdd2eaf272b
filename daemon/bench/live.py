"""A live daemon for benches: the whole service over a made market, with a watch at its doors.

What leaves for the exchange, what the watchdog decides and when, and how far a kill has come is
noted by host time; nothing else differs from `ordo run`.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from daemon.actors.timekeeper import DayBegins
from daemon.app import Account, App, Past, account_of
from daemon.app.given.assignment import Assignment, Time
from daemon.app.given.records import Records
from daemon.app.service import Service
from daemon.bench.live_market import LiveMarket
from daemon.bench.live_marks import Leaving, Marks, watching
from daemon.bench.rig import condor_legs
from daemon.control import Brakes, Control, Line
from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.words import OrderRefused
from daemon.domain.plans.parsing import parse
from daemon.errors import OrdoError
from daemon.messages import (
    BasketEnded,
    Cancel,
    FrameArrived,
    KillStaged,
    Latched,
    Place,
    Scope,
)
from daemon.runtime.budget import Window
from daemon.runtime.clock import Clock, MonotonicClock
from daemon.runtime.pace import Pace
from daemon.runtime.tasks import Tasks
from daemon.runtime.words import Ledger, Origin
from daemon.settings import Daemon, Settings
from daemon.settings.web import Web
from daemon.storage.emergency import GuardedLedger
from daemon.twin.faults import Faults

CONDOR = (
    """
id = "condor"
underlying = "NIFTY"
[entry]
at = "09:20:00"
[exit]
at = "15:20:00"
"""
    + condor_legs(
        hedges=("exact = 24900", "exact = 24100"), shorts=("exact = 24700", "exact = 24300")
    )
    + """
[risk]
stop = { rupees = 6000 }
lock_and_trail = { at = 3000, lock = 1500, every = 500, by = 250 }
"""
)
LEGS = 4
_READ_EVERY_NS = 5 * SECOND_NS
_PATIENCE_S = 60


class Setup(Struct, frozen=True):
    """What is run.

    Attributes:
        market: the frames.
        speed: market seconds in one second; where that is too fast, as fast as it can be worked.
        windows: of the message budget; empty: those of the settings.
        faults: what goes wrong at the exchange.
    """

    market: LiveMarket
    speed: Fraction = Fraction(1)
    windows: tuple[Window, ...] = ()
    faults: Faults = Faults()


class Live(Service):
    """A daemon under watch.

    Args:
        setup: what is run.
        folder: where it keeps everything.
    """

    def __init__(self, setup: Setup, folder: Path) -> None:
        self._host = MonotonicClock()
        self._setup = setup
        self.marks = Marks()
        self.url = ""
        self.entered = asyncio.Event()
        self.over = asyncio.Event()
        self._came = asyncio.Event()
        self._arrived_ns = self._frame_ns = 0
        self._began = (0, 0)
        given = _given(setup, folder)
        super().__init__(given, self, given.played.time(self._host, setup.speed), _unheeded)

    @property
    def control(self) -> Control:
        """The verbs."""
        return self._control

    @property
    def watchers(self) -> int:
        """How many clients follow the stream of profit and loss."""
        return len(self._ports.hub.pnl.watchers)

    async def pass_by(self, seconds: float) -> None:
        """Wait until so much market time has passed."""
        until_ns = self._pace.now_ns() + round(seconds * SECOND_NS)
        while self._pace.now_ns() < until_ns:
            await self.next_frame()

    async def next_frame(self) -> None:
        """Wait until a frame has come."""
        self._came.clear()
        await self._came.wait()

    def end(self) -> None:
        """Ask for the end."""
        self._stop.ask(signal.SIGTERM)

    def ready(self, url: str) -> None:
        """Note where the page is."""
        self.url = url

    def show(self, view: object) -> None:
        """Look away: what is shown is for people, and all is on paper."""

    begin = say = show

    def tell(self, fact: object, origin: Origin, at_ns: int) -> None:  # noqa: ARG002
        """Note what was recorded."""
        if isinstance(fact, BasketEnded):
            self.entered.set()
        elif isinstance(fact, KillStaged):
            self.marks.stages.append((self._host.now_ns(), fact))
            if fact.stage in ("flat", "incomplete"):
                self.over.set()

    def accepted(self) -> None:
        """Note that a kill was accepted: its file stands, and who pulled it is answered."""
        self.marks.accepted_ns = self._host.now_ns()

    def decided(self) -> None:
        """Note that the watchdog has decided on the newest frame."""
        now_ns, marks = self._host.now_ns(), self.marks
        host_ns, market_ns = self._began
        due_ns = host_ns + round((self._frame_ns - market_ns) / self._setup.speed)
        marks.due_us.append((now_ns - due_ns) // 1_000)
        marks.arrived_us.append((now_ns - self._arrived_ns) // 1_000)

    def _wired(self, kept: Records) -> App:
        app = super()._wired(kept)
        ports = {name: self._noting(port) for name, port in app.around.ports.items()}
        around = replace(app.around, ports=ports, outside=self._arriving(app.around.outside))
        specs = tuple(
            watching(spec, self.decided) if spec.name == "watchdog" else spec for spec in app.specs
        )
        return replace(app, specs=specs, around=around)

    def _verbs(self, tasks: Tasks) -> Control:
        control = super()._verbs(tasks)
        control.brakes = _Timed(control.line, self.accepted)
        return control

    def _noting(self, port: Callable[[Any], Any]) -> Callable[[Any], Any]:
        async def ask(request: Any) -> Sequence[Any]:
            host_ns = self._host.now_ns()
            answers: Sequence[Any] = await port(request)
            if isinstance(request, Place | Cancel):
                kept = isinstance(answers[0], OrderRefused) and "latched" in answers[0].text
                self.marks.writes.append(Leaving(host_ns, request, kept))
            return answers

        return ask

    def _arriving(self, outside: Callable[[Any, int], Any]) -> Callable[[Any, int], Any]:
        def see(message: Any, at_ns: int) -> Any:
            if type(message) is FrameArrived:
                self._arrived_ns, self._frame_ns = self._host.now_ns(), at_ns
                self._came.set()
            elif type(message) is DayBegins:
                self._began = self._host.now_ns(), at_ns
            return outside(message, at_ns)

        return see


@asynccontextmanager
async def living(setup: Setup, folder: Path) -> AsyncIterator[Live]:
    """Run a daemon whose condor has been entered, until the block ends.

    Raises:
        OrdoError: it did not come that far.
    """
    live = Live(setup, folder)
    running = asyncio.get_running_loop().create_task(live.run(), name="daemon")
    try:
        await within(live.entered, running)
        yield live
    finally:
        live.end()
        await running


async def within(event: asyncio.Event, *running: asyncio.Task[Any]) -> None:
    """Wait for something that a daemon brings about, but not for ever.

    Raises:
        OrdoError: the daemon ended before, or took too long.
    """
    waiting = asyncio.get_running_loop().create_task(event.wait())
    try:
        await asyncio.wait(
            {waiting, *running}, timeout=_PATIENCE_S, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        waiting.cancel()
    if not event.is_set():
        raise OrdoError(f"the daemon did not come so far within {_PATIENCE_S} s")


class _Timed(Brakes):
    """The brakes, which tell when a kill was accepted."""

    def __init__(self, line: Line, accepted: Callable[[], None]) -> None:
        super().__init__(line)
        self._accepted = accepted

    async def kill(self, scope: Scope, name: str, reason: str, by: str) -> Latched:
        latched = await super().kill(scope, name, reason, by)
        self._accepted()
        return latched


class _Made(Struct, frozen=True):
    """The made market as something that a daemon plays once, from its beginning."""

    by_the_wall: ClassVar[bool] = False
    market: LiveMarket

    def time(self, host: Clock, speed: Fraction | None) -> Time:
        return Pace(host, speed)

    def days(self) -> Sequence[Any]:
        return self.market.days()

    def past(self, kept: Records) -> Past | None:  # noqa: ARG002
        return None

    def tell_of(self, ledger: Ledger) -> None:
        pass

    def is_beyond(self, message: object) -> bool:  # noqa: ARG002
        return False


def _given(setup: Setup, folder: Path) -> Assignment:
    settings = Settings(daemon=Daemon(state_dir=folder), web=Web(port=0))
    plan = parse(CONDOR)
    return Assignment(
        settings=settings,
        accounts=(_account(account_of(settings, plan, strict=False), setup),),
        plans=(plan,),
        taking=frozenset({plan.id}),
        played=_Made(setup.market),
        folder=folder,
    )


def _account(account: Account, setup: Setup) -> Account:
    """Return the account as a served one, with the budget that is wanted."""
    terms = replace(account.terms, reconcile_ns=_READ_EVERY_NS)
    windows = setup.windows or account.windows
    return replace(account, terms=terms, windows=windows, faults=setup.faults)


def _unheeded(ledger: GuardedLedger, asked: signal.Signals | None) -> None:
    """A bench looks into no records at the end."""
