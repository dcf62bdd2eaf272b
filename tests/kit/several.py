"""Several accounts on one generated morning: run through the pump, felled, and begun again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from daemon.app import App, Past, Run, build
from daemon.app.at_brokers.accounts import Account, home
from daemon.app.given.wiring import cells_of
from daemon.cli.engine import accounts_for
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.book import Book
from daemon.domain.orders.words import OrderFact
from daemon.domain.plans.schema import Plan
from daemon.messages import Ask, Noted, Told
from daemon.messages.cells import Cell
from daemon.runtime.clock import VirtualClock
from daemon.runtime.pump import Pump
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.words import Actor, ActorSpec, Effect, Lane, Origin
from daemon.settings import Account as AccountSettings
from daemon.settings import Settings
from daemon.storage.emergency import GuardedLedger
from daemon.storage.ledger import StoredLedger
from daemon.storage.patience import Patience
from daemon.storage.sqlite import SqliteStore
from daemon.twin.exchange import Exchange
from daemon.twin.faults import Fault, Faults
from daemon.twin.file import SqliteFile
from daemon.worlds import Step
from tests.kit.acting import clock
from tests.kit.generated import preset_market
from tests.kit.plans import SHIPPED, parse

DAY = date(2026, 3, 9)
at = partial(clock, day=DAY)
NAMES = ("alpha", "beta", "gamma")
(STRADDLE,) = [parse(file.read_bytes()) for file in SHIPPED if file.stem == "nifty_short_straddle"]
EVERYWHERE = replace(STRADDLE, accounts=NAMES)
_LONG_S = 60


def settings(names: Sequence[str] = NAMES, **multipliers: int) -> Settings:
    """Settings with these accounts, each with ten millions."""
    return Settings(
        accounts=tuple(
            AccountSettings(
                id=name,
                broker="paper",
                cash_e4=100_000_000_000,
                lots_multiplier=multipliers.get(name, 1),
            )
            for name in names
        )
    )


class Several:
    """One run of several accounts in a folder, which may hold what an earlier one left.

    Args:
        folder: of the ledger, the exchanges and the latches.
        plans: what trades; the shipped straddle in every account where none is given.
        faults: what goes wrong at the exchange of an account, by its name.
        made: the settings.
        guarded: an emergency file stands beside the ledger, whose disk can be made full.
        every_ns: how far apart frames are; 0: a second.

    Attributes:
        alarmed: what was told of a guarded ledger, a sentence each.
    """

    def __init__(
        self,
        folder: Path,
        plans: Sequence[Plan] = (EVERYWHERE,),
        faults: Mapping[str, Sequence[Fault]] | None = None,
        made: Settings | None = None,
        guarded: bool = False,
        every_ns: int = 0,
    ) -> None:
        self.folder = folder
        self.alarmed: list[str] = []
        self._stored = stored = StoredLedger(SqliteStore(folder / "ledger.sqlite"), "owner")
        self._ledger = self._beside_emergency(stored) if guarded else stored
        self._clock = VirtualClock()
        struck = {name: Faults(tuple(plan)) for name, plan in (faults or {}).items()}
        self.accounts: tuple[Account, ...] = tuple(
            replace(account, faults=struck.get(account.id, Faults()))
            for account in accounts_for(made or settings(), plans)
        )
        self._files = {
            account.id: SqliteFile(folder / f"{account.id}.sqlite") for account in self.accounts
        }
        found = tuple(self._ledger.facts())
        self.home = home(found, self.accounts)
        run = Run(
            preset_market(every_ns),
            (),
            self._ledger.begin_epoch(0),
            self._files,
            state_dir=folder,
            past=Past(found, stored.stored.reached_ns(), at("09:19:50")),
            served=True,
            home=self.home,
        )
        self.deaf: set[str] = set()
        app = build(self.accounts, plans, run, self._clock.now_ns, self._shown)
        self.app: App = replace(app, specs=tuple(map(self._hearing, app.specs)))
        self._clock.set(self.app.at_ns)
        self._steps = self.app.world.steps()
        self._next: Step | None = None
        self._answers: dict[int, Any] = {}
        self.shown: list[Any] = []
        self.pump = Pump(
            Supervisor(self.app.specs, self._ledger), self._ledger, self.app.around, self._clock
        )

    @property
    def now_ns(self) -> int:
        """Market time."""
        return self._clock.now_ns()

    def run_until(self, wall: str) -> Several:
        """Let the market come up to and including a time of day."""
        until_ns = at(wall)
        while (step := self._next or next(self._steps)).at_ns <= until_ns:
            self._next = None
            self.pump.tell(step.to, step.message, step.at_ns)
        self._next = step
        self.pump.run_until(until_ns)
        return self

    def ask(self, to: str, about: Any) -> Any:
        """Ask an actor, as the line from outside does; return what it answers at once."""
        asked = Ask(len(self._answers) + 1, about)
        self.pump.tell(to, asked, self.now_ns)
        return self._answers.get(asked.number)

    def tell(self, to: str, message: Any) -> None:
        """Tell an actor something before all else."""
        self.pump.tell(to, message, self.now_ns, Lane.CONTROL)

    def facts(self, *kinds: type) -> list[Any]:
        """Return every fact of these types."""
        return [fact for fact in self._ledger.facts() if isinstance(fact, kinds)]

    def cell(self, account: str) -> Cell:
        """Return the cell of an account."""
        return next(c for c in cells_of(self.accounts, self.home) if c.account == account)

    def exchange(self, account: str) -> Exchange:
        """Return the exchange of an account."""
        return self.app.world._papers[f"router:{account}"].exchange

    def held(self, account: str) -> dict[str, int]:
        """Return what our book of an account holds; it is what its exchange says, or no test ends.

        Units by symbol, without what is flat.
        """
        book = Book()
        for fact in self.cell(account).facts(self._ledger.facts()):
            if isinstance(fact, OrderFact):
                book.apply(fact)
        ours = {symbol: book.net(symbol) for symbol in book.symbols() if book.net(symbol)}
        theirs = {
            held.symbol: held.net_quantity
            for held in self.exchange(account).positions()
            if held.net_quantity
        }
        assert ours == theirs, f"the books of {account} differ"
        return ours

    def fill_disk(self) -> None:
        """Let the file of a guarded ledger grow no further, and write until that is noticed."""
        (pages,) = self._stored._writer._db.execute("PRAGMA page_count").fetchone()
        self._stored._writer._db.execute(f"PRAGMA max_page_count = {pages}")
        line = Noted(NoteKind.GAP, "one line more", self.now_ns)
        while not self.alarmed:
            self._ledger.append((line,), Origin("disk", 0, 0), self.now_ns)

    def fall(self) -> None:
        """End at once; the folder is left to whoever comes next."""
        self._ledger.flush()
        self._ledger.close()
        for file in self._files.values():
            file.close()

    def _beside_emergency(self, stored: StoredLedger) -> GuardedLedger:
        """Return a ledger with an emergency file beside it, what that held taken over."""
        path = self.folder / "emergency"
        ledger = _Durable(stored, path, self.alarmed.append, Patience(_LONG_S))
        self.alarmed += ledger.recover()
        return ledger

    def _hearing(self, spec: ActorSpec) -> ActorSpec:
        """Return an actor that can be made deaf: what it is told then, a crash swallows."""

        def restore(facts: Iterable[object]) -> _Hearing:
            return _Hearing(spec.name, spec.restore(facts), self.deaf)

        return replace(spec, restore=restore)

    def _shown(self, view: Any) -> None:
        if isinstance(view, Told):
            self._answers[view.number] = view.answer
        else:
            self.shown.append(view)


class _Durable(GuardedLedger):
    """Makes each decision durable before anything follows from it, as the live driver does."""

    def append(self, facts: Sequence[Any], origin: Origin, at_ns: int) -> None:
        super().append(facts, origin, at_ns)
        self.flush()


class _Hearing:
    def __init__(self, name: str, actor: Actor, deaf: set[str]) -> None:
        self._name, self._actor, self._deaf = name, actor, deaf

    def handle(self, message: Any, now_ns: int) -> Sequence[Effect]:
        return () if self._name in self._deaf else self._actor.handle(message, now_ns)
