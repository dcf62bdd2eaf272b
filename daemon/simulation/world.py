"""One simulated run: a daemon that lives, crashes and lives again, in a world that goes on.

The same actors as everywhere, wired by the same composition, over the seeded driver. The exchange,
its network, the market and the disk lie outside and outlive every crash; a start is recovery from
what they hold. Once the faults are over a quiet while follows, after which all must be well.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from daemon import kill
from daemon.actors.timekeeper import DayBegins
from daemon.app.latch_watch import LatchWatch
from daemon.app.wiring import Run, actors
from daemon.brokers.door import Door
from daemon.brokers.paper import Paper
from daemon.brokers.paper_exchange import exchange
from daemon.control.brakes import as_latched
from daemon.domain.instants import SECOND_NS, at
from daemon.domain.orders.words import OrderUpdated
from daemon.messages import (
    AccountSeen,
    Ask,
    DayOpened,
    FrameArrived,
    PullLatch,
    RiskSeen,
    SeeAccount,
    SeeRisk,
    Told,
)
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.words import Lane, Surroundings
from daemon.simulation import scenario
from daemon.simulation.dice import Dice
from daemon.simulation.faults import Call, Fates, Kind, Struck, faultless
from daemon.simulation.feed import Feed
from daemon.simulation.judge import Judge, Measures, Violated
from daemon.simulation.ledger import SimulatedLedger
from daemon.simulation.market import FRAME_NS, Piece
from daemon.simulation.network import Network
from daemon.simulation.pump import SLOWEST_NS, SimulatedPump, Trace
from daemon.simulation.sink import SimulatedSink, every_event_is_told
from daemon.simulation.timeline import Timeline
from daemon.simulation.verdict import judge_end
from daemon.twin import faults as twin

QUIET_NS = 330 * SECOND_NS
_FRESH_NS = 3 * FRAME_NS
_BUNCHED_NS = 2 * SLOWEST_NS
"""A write waits for the disk while it finishes one batch and writes the next."""
_DOWN_NS = (0, 120 * SECOND_NS)
_KEPT_EVENTS = 200
_ACCOUNT, _RISK = 1, 2
"""The numbers of what is asked at every start."""
_MOST_LIVES = 6


class Given(Struct, frozen=True):
    """What one run is made from.

    Attributes:
        seed: of all its chance.
        without: faults that are taken out.
        crash_at: crash at this gap, counted over the whole run, and at no other; None: as chance
            has it.
    """

    seed: int
    without: frozenset[Struck] = frozenset()
    crash_at: int | None = None


class Outcome(Struct, frozen=True):
    """What became of a run.

    Attributes:
        given: what it was made from.
        trace: the digest over its steps.
        steps: how many there were.
        busy: how many of them before the quiet while.
        struck: what went wrong by plan, in order.
        lives: how often the daemon was started.
        killed: a kill was pulled.
        orders: how many orders the exchange has met.
        parked: how many orders were parked in its records.
        violated: the invariant that does not hold; empty: all do.
        sentence: what was seen.
        last: the newest events before that.
    """

    given: Given
    trace: str
    steps: int
    busy: int
    struck: tuple[Struck, ...]
    lives: int
    killed: bool
    orders: int
    parked: int
    violated: str = ""
    sentence: str = ""
    last: tuple[str, ...] = ()


def play(given: Given, folder: Path) -> Outcome:
    """Play one run to its end, or to the first invariant that does not hold.

    Args:
        given: what it is made from.
        folder: an empty one, for the latches.
    """
    return World(given, folder).run()


class _Planned(twin.Faults, frozen=True, kw_only=True):
    """What goes wrong inside the exchange, as the fates of the run have it."""

    fates: Fates

    def of(self, call: twin.Call, number: int) -> twin.Fault | None:  # noqa: ARG002
        """Return what strikes a call."""
        if call is twin.Call.PLACE and self.fates.of(Call.REJECT):
            return twin.Fault(call, twin.FaultKind.REJECT_LATER)
        if call is twin.Call.CANCEL and self.fates.of(Call.REST):
            return twin.Fault(call, twin.FaultKind.FILL_AFTER_CANCEL)
        return None


class World:
    """One run.

    Args:
        given: what it is made from.
        folder: where its latches are kept.
    """

    def __init__(self, given: Given, folder: Path) -> None:
        self._given, self._folder = given, folder
        self._dice = dice = Dice(given.seed)
        self._fates = Fates(dice, given.without)
        self._account, self._plans = scenario.account(), scenario.plans()
        self._piece = Piece(dice, scenario.DAY)
        planned = {
            leg: units
            for plan in self._plans
            for leg, units in scenario.planned(plan, self._piece.lot).items()
        }
        self._judge = Judge(Measures(self._account.windows, planned, _FRESH_NS, _BUNCHED_NS))
        self._judge.killed = self._is_killed
        self._ledger = SimulatedLedger(self._account.owner, self._judge.entered)
        self._judge.is_durable = self._ledger.is_durable
        begins_ns = at(scenario.DAY, scenario.BEGINS)
        self._timeline = Timeline(dice, begins_ns)
        self._sink = SimulatedSink(self._ledger.rows, dice, self._fates, begins_ns)
        self._ledger.stored = lambda: self._sink.wake(self._timeline.now_ns())
        self._trace = Trace(_KEPT_EVENTS)
        twin_faults = _Planned(fates=self._fates)
        account = self._account
        self._exchange = exchange(account.cash_e4, type(account.latency)(), None, twin_faults)
        paper = Paper(self._exchange, self._timeline.now_ns)
        self._network = Network(paper, self._timeline, self._fates, self._judge, self._news)
        self._pump: SimulatedPump | None = None
        self._lives = self._busy = 0
        self._feed = Feed(self._timeline, self._fates, self._judge, self._tell_feed)
        self._quiet_ns = at(scenario.DAY, scenario.ENDS)
        self._latch: kill.Latch | None = None
        self._kill_at = _kill_at(dice)
        self._crash_at = -1
        self._crash_deed = -1

    def run(self) -> Outcome:
        """Play until all is quiet, and judge what is left."""
        violated = sentence = ""
        try:
            self._timeline.after(0, self._market)
            self._start()
            self._play()
            count = self._sink.settle(self._timeline.now_ns())
            judge_end(self._judge.known, self._exchange, self._ledger, self._latch)
            every_event_is_told(self._sink, count)
        except Violated as objection:
            violated, sentence = objection.invariant, str(objection)
        except AssertionError as defect:
            violated, sentence = "assertion", f"a defect of our own: {defect}"
        return Outcome(
            given=self._given,
            trace=self._trace.hexdigest(),
            steps=self._trace.steps,
            busy=self._busy,
            struck=tuple(self._fates.struck),
            lives=self._lives,
            killed=self._latch is not None,
            orders=len(self._exchange.orders()),
            parked=len(self._judge.known.parked),
            violated=violated,
            sentence=sentence,
            last=tuple(self._trace.last) if violated else (),
        )

    def _play(self) -> None:
        while True:
            if self._trace.steps == self._kill_at:
                self._press()
            pump = self._pump
            self._sink.catch_up(self._timeline.now_ns())
            if pump is not None and pump.is_ready():
                if self._crashes(pump):
                    self._crash(pump)
                else:
                    pump.step()
            elif not self._timeline.go_on(self._quiet_ns + QUIET_NS):
                return

    def _start(self) -> None:
        """Begin a life: recovery from what is durable, whether there is anything or not."""
        now_ns = self._timeline.now_ns()
        self._lives += 1
        epoch = self._ledger.begin_epoch(now_ns)
        facts = tuple(self._ledger.facts())
        self._judge.begins(facts)
        run = Run(self._piece, (scenario.DAY,), epoch, state_dir=self._folder, served=True)
        account = self._account
        specs = actors([account], self._plans, run, shown=True)
        latched = partial(kill.forbids, self._folder)
        door = Door(self._network, self._timeline.now_ns, latched)
        around = Surroundings({account.terms.broker: door.ask}, self._shown)
        supervisor = Supervisor(specs, self._ledger)
        pump = SimulatedPump(supervisor, self._ledger, around, self._timeline, self._trace)
        self._pump = pump
        pump.tell(account.router, Ask(_ACCOUNT, SeeAccount()), Lane.CONTROL)
        pump.tell("watchdog", Ask(_RISK, SeeRisk()), Lane.CONTROL)
        if not any(isinstance(fact, DayOpened) for fact in facts):
            pump.tell("timekeeper", DayBegins(scenario.DAY, FRAME_NS))
        self._feed.begin()
        self._sink.begin(now_ns)
        self._choose_crash()

    def _choose_crash(self) -> None:
        """Let chance say whether this life ends, and at which of its gaps."""
        self._crash_at = self._crash_deed = -1
        if self._given.crash_at is not None or faultless(self._dice):
            return
        if self._lives > _MOST_LIVES:
            return
        call = Call.LIFE if self._lives == 1 else Call.REBIRTH
        if self._fates.of(call) is None:
            return
        dice, number = self._dice, self._lives
        if number > 1 and dice.below(2, "early", number):
            self._crash_at = dice.between(1, 40, "crash at", number)
        elif dice.below(2, "by step", number):
            self._crash_at = dice.between(1, 2_000, "crash at", number)
        else:
            self._crash_deed = dice.between(1, 80, "crash deed", number)

    def _crashes(self, pump: SimulatedPump) -> bool:
        if self._given.crash_at is not None:
            return self._lives == 1 and self._trace.steps == self._given.crash_at
        if self._timeline.now_ns() >= self._quiet_ns:
            return False
        return pump.steps == self._crash_at or 0 < self._crash_deed <= pump.deeds

    def _crash(self, pump: SimulatedPump) -> None:
        """End a life at once: nothing is finished, and what was not durable is gone."""
        pump.over = True
        self._pump = None
        self._sink.crash(self._timeline.now_ns())
        written = self._fates.of(Call.WRITE) is Kind.COMMIT_UNKNOWN
        self._ledger.crash(written=written)
        self._trace.step(self._timeline.now_ns(), "world", f"crash {self._lives}")
        down_ns = self._dice.between(*_DOWN_NS, "down", self._lives)
        down_ns //= (1, 10, 1_000)[self._dice.below(3, "how long", self._lives)]
        self._timeline.after(down_ns, self._start)
        self._quiet_ns = max(self._quiet_ns, self._timeline.now_ns() + down_ns)

    def _market(self) -> None:
        """Bring a frame: the exchange always sees it, the daemon unless something is in the way."""
        now_ns = self._timeline.now_ns()
        quiet = self._fates.quiet = now_ns >= self._quiet_ns
        if not quiet:
            self._busy = self._trace.steps
        self._timeline.after(2 * FRAME_NS if quiet else FRAME_NS, self._market)
        frame = self._piece.next(now_ns, thin=self._fates.of(Call.DEPTH) is Kind.THIN)
        self._network.on_frame(frame)
        self._feed.bring(frame)

    def _tell_feed(self, arrived: FrameArrived) -> bool:
        if self._pump is not None:
            self._pump.tell("feed", arrived)
        return self._pump is not None

    def _news(self, update: OrderUpdated) -> None:
        if self._pump is not None:
            self._pump.tell(self._account.router, update)

    def _shown(self, view: Any) -> None:
        """Hold the folder of latches against what the router goes by, as every start does."""
        match view:
            case Told(_, RiskSeen()):
                self._judge.stands(view.answer)
            case Told(_, AccountSeen(latches=latches)):
                tell = partial(self._tell_router, self._pump)
                account, now_ns = self._account.id, self._timeline.now_ns
                LatchWatch(self._folder, account, tell, now_ns).begin(latches)

    def _tell_router(self, pump: SimulatedPump | None, message: Any) -> None:
        if pump is not None:
            pump.tell(self._account.router, message, Lane.CONTROL)

    def _press(self) -> None:
        """Pull a kill: the latch first, then whoever is there is told."""
        self._kill_at = -1
        now_ns = self._timeline.now_ns()
        self._quiet_ns = max(self._quiet_ns, now_ns)
        one = self._dice.below(3, "kill one") == 0
        scope, name = (kill.STRATEGY, self._plans[0].id) if one else (kill.ALL, "")
        self._latch = latch = kill.Latch("kill-1", kill.KILL, scope, name, "drill", "drill", now_ns)
        kill.pull(self._folder, latch)
        self._trace.step(now_ns, "world", f"kill {scope}")
        self._tell_router(self._pump, PullLatch(as_latched(latch, now_ns)))

    def _is_killed(self, strategy_id: str) -> bool:
        latch = self._latch
        return latch is not None and latch.covers(self._account.id, strategy_id)


def _kill_at(dice: Dice) -> int:
    """Return the step before which a kill is pulled, often before an entry; -1: none is."""
    if dice.below(10, "kill") not in range(4):
        return -1
    return dice.below((100, 2_500)[dice.below(2, "kill late")], "kill at")
