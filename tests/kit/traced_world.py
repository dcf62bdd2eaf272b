"""A generated session with everything traced: run step by step, left, and entered again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from daemon import kill
from daemon.app import Past, Run, build
from daemon.app.watching.latch_watch import LatchWatch
from daemon.cli.engine import accounts_for, find_plan
from daemon.messages import Ask, Told
from daemon.runtime.clock import VirtualClock
from daemon.runtime.pump import Pump
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.words import Lane, Surroundings
from daemon.settings import Settings
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore
from daemon.twin.exchange import Exchange
from daemon.twin.faults import Fault, Faults
from daemon.twin.file import SqliteFile
from daemon.worlds import Step, begins_ns
from tests.kit.acting import clock
from tests.kit.generated import SPEED, preset_market, twin
from tests.kit.trace import Event, Trace, TracedLedger

DAY = Settings().feed.first_day
ROUTER = "router:paper"
at = partial(clock, day=DAY)


def _stands(request: Any) -> bool:
    return False


class TracedWorld:
    """One run in a folder, which may hold what an earlier one left.

    Args:
        folder: of its ledger, its exchange and its latches.
        strategy: the one that runs, of those that come with the daemon.
        faults: what goes wrong at the exchange.
    """

    def __init__(self, folder: Path, strategy: str, *faults: Fault) -> None:
        market, plans = preset_market(), [find_plan(strategy, Settings())]
        self.folder = folder
        self.trace = Trace()
        self.falls: Callable[[Any], bool] = _stands
        self._ledger = StoredLedger(SqliteStore(folder / "ledger.sqlite"), "owner")
        self._file = SqliteFile(folder / "exchange.sqlite")
        self._clock = now = VirtualClock()
        accounts = accounts_for(Settings(), plans)
        begins = begins_ns(plans, SPEED, next(market.days()))
        self.found = tuple(self._ledger.facts())
        run = Run(
            market,
            (),
            self._ledger.begin_epoch(0),
            {"paper": self._file},
            state_dir=folder,
            past=Past(self.found, self._ledger.stored.reached_ns(), begins),
            served=True,
        )
        app = build(accounts, plans, run, now.now_ns, self._shown)
        self.exchange: Exchange = twin(app)
        self.exchange._terms = replace(self.exchange._terms, faults=Faults(faults))
        now.set(app.at_ns)
        self._steps, self._next = app.world.steps(), None
        self._answers: dict[int, Any] = {}
        ports = {
            name: self.trace.port(port, now.now_ns, self._falls)
            for name, port in app.around.ports.items()
        }
        ledger = TracedLedger(self._ledger, self.trace)
        specs = self.trace.actors(app.specs)
        around = Surroundings(ports, app.around.show, self.trace.outside(app.around.outside))
        if self.found:
            self.trace.happened(
                ("app", build.__module__),
                f"builds every actor from the {len(self.found)} facts of the ledger, under a new "
                "epoch; the exchange opens its own file",
                self.now_ns,
            )
        self.pump = Pump(Supervisor(specs, ledger), ledger, around, now)

    @property
    def now_ns(self) -> int:
        """Market time."""
        return self._clock.now_ns()

    def facts(self, *kinds: type) -> list[Any]:
        """Return every fact of these types in the ledger."""
        return [fact for fact in self._ledger.facts() if isinstance(fact, kinds)]

    def run(self, goes_on: Callable[[Step], bool]) -> None:
        """Let the market come until a step is not wanted; it is kept for the next time."""
        while True:
            step = self._next or next(self._steps)
            if not goes_on(step):
                self._next = step
                return
            self._next = None
            self.pump.tell(step.to, step.message, step.at_ns)

    def run_until(self, at_ns: int) -> None:
        """Let the market come up to and including an instant, and every alarm up to there."""
        self.run(lambda step: step.at_ns <= at_ns)
        self.pump.run_until(at_ns)

    def ask(self, to: str, about: Any) -> Any:
        """Ask an actor, as the line from outside does; return what it answers at once."""
        asked = Ask(len(self._answers) + 1, about)
        self.pump.tell(to, asked, self.now_ns)
        return self._answers[asked.number]

    def latch_without_the_daemon(self, latch: kill.Latch) -> Event:
        """Write a latch as a command does that finds nobody to talk to; then the daemon looks."""
        kill.pull(self.folder, latch)
        written = self.trace.happened(
            ("kill", kill.__name__),
            f"writes the latch `{latch.latch_id}` into the folder `{kill.FOLDER}` of the state "
            "folder, and returns once file and folder are durable",
            self.now_ns,
        )
        told: list[Any] = []
        LatchWatch(self.folder, "paper", told.append, self._clock.now_ns).look(())
        for message in told:
            sentence = "finds a latch in the folder that is not in the record, and tells the router"
            who = ("latch watch", LatchWatch.__module__)
            self.trace.happened(who, sentence, self.now_ns, message).cause = written
            self.pump.tell(ROUTER, message, self.now_ns, Lane.CONTROL)
        return written

    def close(self) -> None:
        """Leave the folder to whoever comes next."""
        self._ledger.close()
        self._file.close()

    def _falls(self, request: Any) -> bool:
        return self.falls(request)

    def _shown(self, view: Any) -> None:
        if isinstance(view, Told):
            self._answers[view.number] = view.answer
