"""One simulated run: a daemon that lives, crashes and lives again, in a world that goes on.

The same actors as everywhere, wired by the same composition, over the seeded driver. The exchange,
its network, the market and the disk lie outside and outlive every crash; a start is recovery from
what they hold. Once the faults are over a quiet while follows, after which all must be well.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from daemon import kill
from daemon.actors.timekeeper import DayBegins
from daemon.app.given.runs import Run
from daemon.app.given.wiring import actors
from daemon.app.watching.latch_watch import LatchWatch
from daemon.brokers.door import Door
from daemon.brokers.paper import Paper
from daemon.domain.instants import SECOND_NS, at, day_of
from daemon.domain.market.frames import Frame
from daemon.domain.orders.reconcile import EXTERNAL
from daemon.domain.orders.words import OrderUpdated
from daemon.errors import OrdoError
from daemon.messages import (
    AccountSeen,
    Ask,
    FreeEntries,
    HoldEntries,
    PauseEntries,
    PnlFrame,
    PullLatch,
    ReleaseLatch,
    RenewSession,
    RiskSeen,
    SeeAccount,
    SeeRisk,
    Told,
)
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.words import Lane, Surroundings
from daemon.simulation import scenario
from daemon.simulation.crashes import Crashes
from daemon.simulation.dice import Dice
from daemon.simulation.faults import Call, Fates, Kind
from daemon.simulation.feed import OPENED_NS, Feed
from daemon.simulation.judging.deadlines import Deadlines
from daemon.simulation.judging.heard import Heard
from daemon.simulation.judging.judge import Judge, Violated
from daemon.simulation.judging.secrecy import nothing_secret_is_shown, nothing_secret_was_told
from daemon.simulation.kills import Kills
from daemon.simulation.ledger import LATE_NS, SimulatedLedger
from daemon.simulation.market import FRAME_NS, Piece
from daemon.simulation.mirror import SimulatedMirror
from daemon.simulation.network import Network, Planned
from daemon.simulation.night import Night, exchange
from daemon.simulation.outcome import Given, Outcome
from daemon.simulation.people import People
from daemon.simulation.pump import SimulatedPump, Trace
from daemon.simulation.raising import raising
from daemon.simulation.session import Session
from daemon.simulation.sink import SimulatedSink, every_event_is_told
from daemon.simulation.timeline import Timeline
from daemon.simulation.verdict import is_heard, is_settled, judge_end, objected
from daemon.simulation.wall import SimulatedWall

QUIET_NS, _LAST_NS = 330 * SECOND_NS, 30 * SECOND_NS
"""How long nothing goes wrong, and how long the end may then wait for people to have seen it."""
_KEPT_EVENTS = 200
_ACCOUNT, _RISK = 1, 2
"""The numbers of what is asked at every start."""
_PLAYED_OUT = 16
"""One in so many runs that are crashed at a named gap is played to the end of its quiet while."""


def play(given: Given, folder: Path) -> Outcome:
    """Play one run to its end, or to the first invariant that does not hold.

    Args:
        given: what it is made from.
        folder: an empty one, for the latches.
    """
    return World(given, folder).run()


class World:
    """One run.

    Args:
        given: what it is made from.
        folder: where its latches are kept.
    """

    def __init__(self, given: Given, folder: Path) -> None:
        self._given, self._folder = given, folder
        self._dice = dice = Dice(given.seed)
        self._fates = Fates(dice, given.without, crashed=given.crash_at is not None)
        self._crashes = Crashes(dice, self._fates, given.crash_at)
        self._scenario = scenario.chosen(dice, given)
        self._night = Night(dice, self._scenario)
        self._account = account = scenario.account()
        self._plans, self._piece = self._scenario.plans, Piece(dice, self._scenario.days)
        self._judge = Judge(scenario.measures(self._plans, self._piece.lot))
        self._heard = Heard()
        begins_ns = at(self._scenario.days[0], self._scenario.begins)
        self._timeline = Timeline(dice, begins_ns)
        self._ledger = SimulatedLedger(
            self._account.owner, folder, self._timeline, self._fates, self._judge.entered
        )
        self._judge.is_durable = self._ledger.intents.__contains__
        self._ledger.failed, self._ledger.tears = self._pause, self._tear
        self._sink = SimulatedSink(self._ledger.disk.rows, dice, self._fates, begins_ns)
        self._ledger.stored = lambda: self._sink.wake(self._timeline.now_ns())
        self._trace = Trace(_KEPT_EVENTS)
        self._exchange = exchange(account, Planned(fates=self._fates))
        self._judge.trades = self._exchange.trades
        paper = Paper(self._exchange, self._timeline.now_ns)
        self._network = Network(paper, self._timeline, self._fates, self._judge, self._news)
        self._network.session = Session(self._timeline, self._fates, self._refused)
        self._mirror = SimulatedMirror(account, self._fates)
        self._pump: SimulatedPump | None = None
        self._lives = self._busy = 0
        self._deadlines = Deadlines(self._timeline, self._judge, self._life, self._plans)
        self._ledger.hangs, self._ledger.taken = self._deadlines.hangs, self._judge.prices.taken
        self._wall = SimulatedWall(dice, self._fates, self._hold)
        self._feed = Feed(self._timeline, self._fates, self._given_frame, self._tell)
        self._people = People(self._timeline, self._judge.allow, self._heard, self._tell)
        self._people.wakes_ns = self._night.wakes_ns
        self._kills = Kills(self._timeline, folder, self._scenario, self._brake)
        self._kills.pulled, self._deadlines.stands = self._deadlines.pulled, self._stands
        self._judge.killed = self._kills.cover
        self._quiet_ns = at(self._scenario.days[-1], self._scenario.ends)
        self._settled = False
        self._rested: int | None = None

    def run(self) -> Outcome:
        """Play until all is quiet, and judge what is left."""
        violated = sentence = ""
        try:
            self._timeline.after(0, self._market)
            days_ns = self._night.days_ns(self._timeline.now_ns(), self._quiet_ns)
            self._people.plan(self._account, self._piece, days_ns)
            self._start()
            self._play()
            self._ledger.end()
            count = self._sink.settle(self._timeline.now_ns())
            judge_end(self._judge.known, self._exchange, self._ledger, self._kills.standing)
            self._heard.judge_end(self._judge.known)
            every_event_is_told(self._sink, count)
            nothing_secret_was_told(self._ledger.disk.rows, self._sink.taken)
        except (Violated, AssertionError, OrdoError) as ended:
            violated, sentence = objected(ended)
        return Outcome(
            given=self._given,
            trace=self._trace.hexdigest(),
            steps=self._trace.steps,
            busy=self._busy,
            struck=tuple(self._fates.struck),
            lives=self._lives,
            killed=self._kills.count > 0,
            orders=len(self._exchange.orders()),
            parked=len(self._judge.known.parked),
            rested=self._judge.known.rested,
            violated=violated,
            sentence=sentence,
            last=tuple(self._trace.last) if violated else (),
        )

    def _play(self) -> None:
        self._sink.catch_up(self._timeline.now_ns())
        while not self._settled:
            self._kills.look(self._trace.steps)
            pump = self._pump
            if pump is not None and (ready := pump.ready()):
                if not self._is_due(pump):
                    pump.step(ready)
                    continue
                self._crash(pump)
            elif not self._timeline.go_on(self._quiet_ns + QUIET_NS + _LAST_NS):
                return
            self._sink.catch_up(self._timeline.now_ns())  # a step makes nothing durable

    def _start(self) -> None:
        """Begin a life: recovery from what is durable, whether there is anything or not."""
        now_ns = self._timeline.now_ns()
        self._lives += 1
        self._ledger.begin()
        self._judge.begins(self._ledger.facts())
        self._mirror.begin(self._ledger, now_ns)
        epoch = self._ledger.begin_epoch(now_ns)
        run = Run(self._piece, self._scenario.days, epoch, state_dir=self._folder, served=True)
        account = self._account
        specs = [
            raising(spec, self._fates) for spec in actors([account], self._plans, run, shown=True)
        ]
        latched = partial(kill.forbids, self._folder)
        door = Door(self._network, self._timeline.now_ns, latched)
        around = Surroundings({account.terms.broker: door.ask}, self._shown)
        supervisor = Supervisor(specs, self._ledger)
        pump = SimulatedPump(supervisor, self._ledger, around, self._timeline, self._trace)
        self._pump = pump
        pump.tell(account.router, Ask(_ACCOUNT, SeeAccount()), Lane.CONTROL)
        pump.tell("watchdog", Ask(_RISK, SeeRisk()), Lane.CONTROL)
        today = day_of(now_ns)
        if opens := self._judge.known.day != today:
            pump.tell("timekeeper", DayBegins(today, FRAME_NS))
        if anew := opens and today != self._scenario.days[0]:
            self._network.opens_ns = now_ns + OPENED_NS
        self._feed.begin(opens=anew)
        self._wall.begin(now_ns)
        self._sink.begin(now_ns)
        self._crashes.begin(self._lives)

    def _is_due(self, pump: SimulatedPump) -> bool:
        """Say whether the daemon crashes now; in an evening and the quiet while it never does."""
        now_ns = self._timeline.now_ns()
        if now_ns >= self._quiet_ns or self._night.is_evening(now_ns):
            return False
        return self._crashes.is_due(self._trace.steps, pump.steps, pump.deeds)

    def _tear(self) -> None:
        """Crash in the midst of a write to the emergency file."""
        if self._pump is not None:
            self._crash(self._pump, torn=True)

    def _crash(self, pump: SimulatedPump, *, torn: bool = False) -> None:
        """End a life at once: nothing is finished, and what was not durable is gone."""
        pump.over = True
        self._pump = None
        self._people.cut()
        self._sink.crash(self._timeline.now_ns())
        written = self._fates.of(Call.WRITE) is Kind.COMMIT_UNKNOWN
        self._ledger.crash(written=written, torn=torn)
        self._trace.step(self._timeline.now_ns(), "world", f"crash {self._lives}")
        starts_ns = self._night.starts_ns(self._timeline.now_ns() + self._crashes.down_ns())
        self._timeline.at(starts_ns, self._start)
        self._quiet_ns = max(self._quiet_ns, starts_ns + self._crashes.lives_on_ns)

    def _market(self) -> None:
        """Bring a frame: the exchange always sees it, the daemon unless something is in the way."""
        now_ns = self._timeline.now_ns()
        quiet = now_ns >= self._quiet_ns
        self._fates.quiet = quiet or self._night.is_evening(now_ns)
        if not quiet:
            self._busy = self._trace.steps
        else:
            self._people.calm(now_ns)
            self._network.calm(closes=not self._kills.cover(EXTERNAL))
            self._look_whether_settled(now_ns)
        if self._settled:
            return
        self._await_night(now_ns)
        next_ns = self._night.wakes_ns(now_ns + (2 * FRAME_NS if quiet else FRAME_NS))
        self._timeline.at(next_ns, self._market)
        if self._night.falls(now_ns):
            return
        frame = self._piece.next(now_ns, thin=self._fates.of(Call.DEPTH) is Kind.THIN)
        self._network.on_frame(frame)
        self._wall.look(now_ns)
        self._feed.bring(frame)

    def _await_night(self, now_ns: int) -> None:
        """Let night fall, with which the daemon ends, once it has heard of all that was traded."""
        if not self._night.is_evening(now_ns):
            return
        self._network.calm(closes=False)
        is_still = not self._judge.travelling and is_heard(self._judge.known, self._exchange)
        if (pump := self._pump) is not None and pump.is_at_rest() and is_still:
            self._night.fall(self._timeline, self._exchange, self._network)
            self._crash(pump)

    def _look_whether_settled(self, now_ns: int) -> None:
        """End a run, a long one after its quiet while, once all is done and people have seen it."""
        named = self._given.crash_at
        if now_ns < self._quiet_ns + QUIET_NS and (named is None or named % _PLAYED_OUT == 0):
            return
        before, self._rested = self._rested, None
        if self._is_settled(now_ns):
            self._rested = len(self._ledger.sure)
            self._settled = self._rested == before
            self._people.look()

    def _is_settled(self, now_ns: int) -> bool:
        if now_ns < at(self._scenario.days[-1], self._scenario.over) or self._judge.travelling:
            return False
        at_rest = self._pump is not None and self._pump.is_at_rest()
        return at_rest and is_settled(self._judge.known, self._exchange, self._kills.standing)

    def _life(self) -> int:
        return self._lives if self._pump is not None else 0

    def _tell(self, to: str, message: Any, lane: Lane = Lane.FACTS) -> bool:
        """Bring a message to the daemon that is there, if one is."""
        if self._pump is not None:
            self._pump.tell(to, message, lane)
        return self._pump is not None

    def _given_frame(self, frame: Frame) -> None:
        self._judge.prices.given(frame)
        self._deadlines.given(frame)

    def _news(self, update: OrderUpdated) -> None:
        self._tell(self._account.router, update)

    def _refused(self, generation: int) -> None:
        """The session was refused: its keeper is told, as by the client of a broker."""
        self._tell(f"session_keeper:{self._account.id}", RenewSession(self._account.id, generation))

    def _shown(self, view: Any) -> None:
        """Hold the folder of latches against what the router goes by, as every start does."""
        self._people.shown(view)
        if isinstance(view, Told):
            nothing_secret_is_shown(view)
        match view:
            case PnlFrame(risk=risk):
                self._mirror.write(risk)
            case Told(_, RiskSeen()):
                self._judge.stands(view.answer)
            case Told(_, AccountSeen(latches=latches)):
                account, now_ns = self._account.id, self._timeline.now_ns
                LatchWatch(self._folder, account, self._tell_router, now_ns).begin(latches)

    def _hold(self, message: HoldEntries | FreeEntries) -> None:
        """The wall clock jumped, or has run evenly for a while: entries wait, or go on."""
        if self._pump is not None:
            self._tell_router(message)
            freed = isinstance(message, FreeEntries)
            self._judge.held_ns = None if freed else self._timeline.now_ns()

    def _pause(self, sentence: str) -> None:
        """The ledger has failed: entries stop, and a write may have waited long for that."""
        if self._tell(self._account.router, PauseEntries(sentence), Lane.CONTROL):
            self._judge.unrecorded(self._timeline.now_ns(), LATE_NS)

    def _tell_router(self, message: Any) -> None:
        self._tell(self._account.router, message, Lane.CONTROL)

    def _brake(self, what: str, message: PullLatch | ReleaseLatch) -> None:
        """A kill was pulled or released: whoever is there is told; until now all may go wrong."""
        now_ns = self._timeline.now_ns()
        self._quiet_ns = max(self._quiet_ns, now_ns)
        self._trace.step(now_ns, "world", what)
        self._tell_router(message)

    def _stands(self, latch: kill.Latch) -> bool:
        return latch in self._kills.standing
