"""A running daemon, from recovery to its orderly end.

Start-up is recovery: the emergency file is read first, then the ledger, every actor is restored
from its facts, latches that stand on disk are taken up, the broker's book is read, and only then
does the market come; the daemon is ready once the book of every account is read. It ends in stages,
the reverse of how it began: no more of the market is taken, what is under way is finished, the
ports close, the actors stop, the records are closed. Positions stay, and so do their stops: the
next start finds both.
"""

from __future__ import annotations

import asyncio
import signal
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from msgspec.structs import replace

from daemon import kill as latch_files
from daemon.app.at_brokers.accounts import home, traded_in
from daemon.app.at_brokers.connections import let_go
from daemon.app.at_brokers.unknown_orders import UnknownOrders
from daemon.app.given.addresses import names_of
from daemon.app.given.assignment import Assignment, Time, Watcher
from daemon.app.given.declared import take_up
from daemon.app.given.playing import play
from daemon.app.given.records import Records, Told, records
from daemon.app.given.runners import Runners, waits
from daemon.app.given.runs import Run
from daemon.app.given.wiring import App, build, cells_of
from daemon.app.ledger_wait import held_with_ledger
from daemon.app.machine.deployed import code_loaded
from daemon.app.machine.host import Host, this_host
from daemon.app.machine.kill_signal import KillBySignal
from daemon.app.machine.loop_watch import LoopWatch
from daemon.app.machine.meter import Meter
from daemon.app.machine.signals import HangUp, Stop, heard
from daemon.app.machine.telemetry import bare
from daemon.app.machine.works import first_of
from daemon.app.opening import openers_of, require_credentials
from daemon.app.shown import hot_state
from daemon.app.shown.beside import Beside
from daemon.app.shown.health import Physician
from daemon.app.shown.mirror import surrounded
from daemon.app.shown.outbox import outboxes_of
from daemon.app.shown.ports import Doors, Ports
from daemon.app.shown.vault import vault_of
from daemon.app.unit import Unit
from daemon.app.watching.address_watch import AddressWatch
from daemon.app.watching.books import Books
from daemon.app.watching.day_jobs import day_jobs
from daemon.app.watching.housekeeping import Housekeeper
from daemon.app.watching.live import least_epoch, live_terms
from daemon.app.watching.stood_in_for import unlike
from daemon.control import Control, Line
from daemon.domain.instants import SECOND_NS
from daemon.domain.plans.schema import Plan
from daemon.errors import OrdoError, SettingsError
from daemon.jobs.preflight.square_off import late_exits
from daemon.messages import PauseEntries, RenewSession, StrategyDeclared, StrategyRemoved
from daemon.messages.modes import modes_of
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.tasks import Tasks
from daemon.runtime.words import Lane
from daemon.settings.guardian import SOCKET
from daemon.storage import ballast
from daemon.storage.announcing import AnnouncingLedger, Recorded
from daemon.storage.codec import LEDGER
from daemon.storage.emergency import GuardedLedger
from daemon.storage.timed import TimedLedger

_RECALLED = 1_000  # facts of earlier runs, of which whoever looks is told the newest


class Service:
    """One daemon.

    Args:
        given: what it runs.
        watcher: sees what it does.
        pace: market time, as the market that is played has it.
        at_end: is shown the records of a run that came to its end, before they are closed, and
            the signal that asked for it.
        host: the machine.
    """

    def __init__(
        self,
        given: Assignment,
        watcher: Watcher,
        pace: Time,
        at_end: Callable[[GuardedLedger, signal.Signals | None], None],
        host: Host | None = None,
    ) -> None:
        self._at_end = at_end
        self._machine = machine = host or this_host()
        self._telemetry = told = machine.telemetry or bare()
        self._meter, self._loop_watch = Meter(told), LoopWatch(told)
        self._given = given
        self._watcher = watcher
        self._pace = pace
        self._stop = Stop()
        self._ready = self._trading = False
        mode = given.settings.daemon.mode
        if given.folder == given.state_dir:  # a replay guards nothing of what is open here
            machine = replace(machine, guardian=str(given.state_dir / SOCKET))
        self._vault = vault_of(given, machine, told)
        self._unit = Unit(machine, watcher.say, self._latch, mode, pace.passing_ns)
        self._hot: hot_state.Opened | None = None
        self._by_signal = KillBySignal(given.state_dir, watcher.say, told.log)
        self._hang_up = HangUp(watcher.say, told.log)

    async def run(self) -> signal.Signals | None:
        """Run until the days are over or somebody asks for the end; return the signal that did.

        Raises:
            OrdoError: it could not start, or could not go on; entries are latched then, unless it
                is a setting that kept it from getting ready.
        """
        given, loop = self._given, asyncio.get_running_loop()
        pause = partial(self._pause, "ledger failed")
        async with AsyncExitStack() as stack:
            stack.enter_context(heard(self._stop, self._by_signal, self._hang_up))
            holding = held_with_ledger(given, self._unit, self._machine, self._stop.is_asked)
            if not await stack.enter_async_context(holding):
                return self._stop.signal
            owner, flush_ms = given.accounts[0].owner, given.settings.ledger.flush_ms
            hears = Told(lambda text: loop.call_soon_threadsafe(pause, text), self._unit.reading)
            kept = stack.enter_context(records(given.folder, given.store, owner, hears, flush_ms))
            for sentence in (*kept.recovered, *ballast.keep_back(given.state_dir), *unlike(given)):
                self._watcher.say(sentence)
            if not self._stop.is_asked():
                await self._run_beside(kept)
            self._at_end(kept.ledger, self._stop.signal)
        return self._stop.signal

    async def _run_beside(self, kept: Records) -> None:
        """Run on the records, with the hot state beside them."""
        given, say = self._given, self._watcher.say
        self._modes = modes_of(given.accounts, home(kept.ledger.facts(), given.accounts))
        self._watcher.begin(self._modes)
        where = hot_state.where_of(given, kept.ledger.facts(), self._machine.chance)
        self._code = code_loaded(given.settings, kept.reached_ns, self._modes.home, where.record_id)
        async with hot_state.opened(where, self._machine, self._telemetry, say) as self._hot:
            await self._run_on(kept)

    async def _run_on(self, kept: Records) -> None:
        """Run until the end, and latch entries where an error makes it."""
        app = self._wired(kept)
        self._pace.jump(app.at_ns)
        await self._pace.reach(app.at_ns)
        try:
            async with let_go(app.closes, self._telemetry.log):
                await self._conduct(app, kept)
        except OrdoError as error:
            self._telemetry.log.critical("daemon ended", because=str(error))
            # What kept it from getting ready is told at the next start as well.
            if self._ready or not isinstance(error, SettingsError):
                self._latch_end(f"the daemon ended: {error}")
            raise

    def _begun(self, kept: Records) -> Run:
        """Return the run that begins now, under an epoch of its own."""
        given, loop = self._given, asyncio.get_running_loop()
        require_credentials(given.settings, self._vault)
        past = given.played.past(kept)  # whoever refuses them leaves no epoch behind
        on_paper = [each.id for each in given.accounts if each.broker == "paper"]
        pause = partial(self._pause, "exchange could not save")
        files = kept.exchanges(on_paper, self._modes.home, lambda text: loop.call_soon(pause, text))
        epoch = kept.ledger.begin_epoch(kept.reached_ns, least_epoch(given, self._machine, files))
        kept.ledger.append((self._code, *(past.anew if past else ())), LEDGER, kept.reached_ns)
        kept.ledger.flush()  # the record knows its id before anything is kept under that
        return Run(
            recording=given.played.market,
            days=given.played.days(),
            epoch=epoch,
            twin_files=files,
            state_dir=given.state_dir,
            taking=given.taking,
            served=True,
            timed=True,
            past=past,
            filed=given.filed(),
            home=self._modes.home,
            jobs=day_jobs(given, kept, self._pace.now_ns, lambda: self._control.line),
            acknowledge_ns=given.settings.alerts.acknowledge_s * SECOND_NS,
            openers=openers_of(
                given, self._vault, self._tell, self._machine.wall, self._watcher.say
            ),
            prices=given.prices,
            clock=self._pace,
        )

    def _wired(self, kept: Records) -> App:
        """Return the actors, wired to the world that they run in."""
        given, every = self._given, [each.id for each in self._given.accounts]
        self._declared = take_up(kept.ledger.facts(), every, given.filed())
        plans = (*given.plans, *self._declared.plans)
        for sentence in (*self._declared.told(), *late_exits(plans, given.settings)):
            self._watcher.say(sentence)
        run = self._begun(kept)
        cells = tuple(zip(given.accounts, cells_of(given.accounts, self._modes.home), strict=True))
        facts, say = kept.ledger.facts(), self._watcher.say
        self._unknown = UnknownOrders(cells, facts, lambda: self._control.brakes, say)
        if (hot := self._hot) is not None:
            hot_state.take_up(hot.believed, cells, kept.ledger, kept.reached_ns, say)
        return build(given.accounts, plans, run, self._pace.now_ns, self._show)

    async def _conduct(self, app: App, kept: Records) -> None:
        given, loop = self._given, asyncio.get_running_loop()

        def durable(facts: Sequence[Recorded]) -> None:
            loop.call_soon_threadsafe(self._ports.hear, facts, kept.ledger.failed_because)
            beside.wake()

        told, meter = self._telemetry, self._meter
        sinks = outboxes_of(given, self._machine, told, self._modes, self._watcher.say)
        beside = Beside(given, told, prices=self._pace.waits)
        timed = TimedLedger(kept.ledger, meter.now_ns, told.metrics.ledger_round_trip.observe)
        ledger = AnnouncingLedger(timed, self._entered, durable)
        supervisor = Supervisor(app.specs, ledger, self._unit.reading, kept.unread)
        mirror = self._hot.mirror if self._hot is not None else None
        around = surrounded(beside.around(self._unknown.around(app.around)), meter, mirror)
        self._tasks = tasks = self._pace.driver(supervisor, ledger, around, self._pace)
        self._trading, self._hear = True, app.hear
        physician = Physician(
            kept, supervisor, tasks, timed, meter, self._loop_watch, told, sinks, mirror
        )
        told.metrics.look(physician.standing)
        control = self._control = self._verbs(tasks)
        waiting = partial(waits, kept.ledger, self._watcher.say)
        self._runners = Runners(tasks, control.line, self._traded, app.runner, waiting)
        self._ports = Ports(
            Doors(
                control=control,
                given=given,
                ready=lambda: self._ready,
                health=physician.health,
                passing_ns=self._pace.passing_ns,
                code=self._code,
                modes=self._modes,
                telemetry=told,
                outbox=sinks,
            ),
            self._watcher.say,
        )
        self._ports.record(deque(kept.ledger.facts(), maxlen=_RECALLED))
        kept.forget()
        given.tell_of(ledger, self._pace.now_ns(), app.world)
        async with sinks.kept(ledger, self._pace.now_ns), beside.kept(), tasks:
            await self._serve(app, Housekeeper(control, ledger, self._watcher.say))

    async def _serve(self, app: App, house: Housekeeper) -> None:
        """Open the ports, get ready, and let the market come until it is over."""
        async with AsyncExitStack() as stack:
            stack.enter_context(self._by_signal.through(self._control))
            served = await stack.enter_async_context(self._ports.opened())
            by_the_wall = self._given.played.by_the_wall
            attended = self._unit.attended(self._tasks, self._control, by_the_wall=by_the_wall)
            await stack.enter_async_context(attended)
            await house.begin()
            if self._hot is not None:
                await stack.enter_async_context(self._hot.mirror.kept(self._control))
            if served is not None and any(each.terms.live for each in self._given.accounts):
                self._watcher.say(f"waiting for the books of the brokers; {served.ready_url}")
            books = Books(self._control, self._tasks, self._pace)
            self._unit.ready()  # a person may be waited for all day, and others trade meanwhile
            await first_of({"books": books.begin(), "stop": self._stop.asked()}, self._watcher.say)
            if not self._stop.is_asked():
                self._pace.jump(self._pace.now_ns())  # what recovery took is not caught up with
                ready = partial(self._get_ready, served.ready_url if served else "")
                await self._play(app, house, books.finish(ready))
            self._unit.stopping()
            await self._tasks.finish()

    def _verbs(self, tasks: Tasks) -> Control:
        """Return what may be asked of these actors."""
        names = names_of(self._given, self._declared, self._modes)
        line = Line(self._meter.traced(tasks.say), self._pace.now_ns, names)
        return Control(line, self._vault, live_terms(self._given, self._pace.now_ns))

    def _get_ready(self, url: str) -> None:
        """Tell that every book was read."""
        self._ready = True
        self._watcher.ready(url)

    async def _play(self, app: App, house: Housekeeper, books: Coroutine[Any, Any, None]) -> None:
        """Let the market come until it is over, or somebody asks for the end."""
        address = AddressWatch(self._given, self._control, self._watcher.say)
        works = {
            "books": books,  # the first: where all were read, that is told before the market comes
            "address": address.keep(),
            "market": play(app, self._given.played, self._pace, self._tasks),
            "stop": self._stop.asked(),
            "actors": self._fail(),
            "house": house.keep(),
            "loop watch": self._loop_watch.keep(),
        }
        await first_of(works, self._watcher.say)

    async def _fail(self) -> None:
        """Wait until the tree of actors has failed, though nobody brings anything in."""
        await self._tasks.failed.wait()
        await self._tasks.caught_up()

    def _traded(self, plan: Plan) -> tuple[str, ...]:
        return tuple(each.id for each in traded_in(plan, self._given.accounts))

    def _show(self, view: object) -> None:
        if isinstance(view, StrategyDeclared | StrategyRemoved):
            self._runners.take(view)
        elif not (self._unit.shown(view) or self._ports.show(view)):
            self._watcher.show(view)

    def _entered(self, recorded: Recorded) -> None:
        self._meter.entered(recorded.fact)
        if self._hear is not None:
            self._hear(recorded.fact)
        self._control.line.hear(recorded.fact)
        self._watcher.tell(recorded.fact, recorded.origin, recorded.at_ns)

    def _tell(self, to: str, word: RenewSession) -> None:
        self._tasks.say(to, word)

    def _pause(self, event: str, sentence: str) -> None:
        """Stop entries where something cannot be written; exits and kills go on all the same."""
        self._telemetry.log.error(event, because=sentence)
        self._watcher.say(f"ALERT {sentence}")
        if not self._trading:  # nobody is there to be told yet, and the start fails by itself
            return
        for account in self._given.accounts:
            self._tasks.say(account.router, PauseEntries(sentence), Lane.CONTROL)

    def _latch_end(self, reason: str) -> None:
        """Latch entries, and tell where that is refused: why the daemon ends is told as well."""
        try:
            self._latch(reason)
        except latch_files.LatchUnwritten as error:
            self._watcher.say(f"ALERT entries could not be latched: {error}")

    def _latch(self, reason: str) -> None:
        """Let nothing be entered after the next start until a person has looked."""
        now_ns = self._pace.now_ns()
        latch = latch_files.Latch(f"pause-{now_ns}", "pause", "all", "", reason, "ordo", now_ns)
        latch_files.pull(self._given.state_dir, latch)
