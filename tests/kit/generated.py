"""Generated days for tests: run through the pump, left at any step, and entered again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from daemon.app import App, Run, accounts_of, build
from daemon.domain.plans.schema import Plan
from daemon.runtime.clock import VirtualClock
from daemon.runtime.pump import Pump
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.words import Surroundings
from daemon.settings import Settings
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore
from daemon.twin.exchange import Exchange
from daemon.twin.file import SqliteFile
from daemon.worlds import Entry, Generated, GeneratedMarket, Step, begins_ns, reached

SPEED = Fraction(60)


@cache
def preset_market(interval_ns: int = 0) -> GeneratedMarket:
    """The market of the preset settings; its days are the same whoever asks, and made once."""
    feed = Settings().feed
    return GeneratedMarket(feed.seed, feed.first_day, interval_ns)


class Left(Struct, frozen=True):
    """What a run left behind: its facts, its exchange, and whether nothing more was to come."""

    facts: tuple[Any, ...]
    exchange: Exchange
    ended: bool

    def told(self, *kinds: type) -> list[Any]:
        """Return the facts of these kinds, in order."""
        return [fact for fact in self.facts if isinstance(fact, kinds)]


def run(
    folder: Path,
    market: GeneratedMarket,
    plans: list[Plan],
    go_on: Callable[[Step], bool],
) -> Left:
    """Begin in a folder, or go on from what lies there, until a step is not wanted; then fall."""
    ledger = StoredLedger(SqliteStore(folder / "ledger.sqlite"), "owner")
    file = SqliteFile(folder / "exchange.sqlite")
    clock = VirtualClock()
    accounts = accounts_of(Settings(), strict=False)
    files = {"paper": file}
    day = next(market.days())
    begun = Run(market, [day], ledger.begin_epoch(0), files)
    app = build(accounts, plans, begun, clock.now_ns, None)
    world, entry = entered(app, market, ledger, begins_ns(plans, SPEED, day))
    clock.set(entry.at_ns)
    around = Surroundings(app.around.ports, app.around.show, world.see)
    pump = Pump(Supervisor(app.specs, ledger), ledger, around, clock)
    ended = tell(pump, world.steps(), go_on)
    ledger.flush()
    left = Left(tuple(ledger.facts()), twin(app), ended)
    ledger.close()
    file.close()
    return left


def entered(
    app: App, market: GeneratedMarket, ledger: StoredLedger, fresh_ns: int
) -> tuple[Generated, Entry]:
    """The generated world of an app, entered where the ledger and the exchange got to."""
    entry = reached(ledger.facts(), ledger.stored.reached_ns(), [twin(app)])
    entry = entry if entry.at_ns else Entry(fresh_ns)
    return Generated(market, app.world._papers, entry), entry


def twin(app: App) -> Exchange:
    """The one exchange of an app."""
    (paper,) = app.world._papers.values()
    return paper.exchange


def tell(pump: Pump, steps: Iterator[Step], go_on: Callable[[Step], bool]) -> bool:
    """Tell steps as long as they are wanted; return whether they ended before that."""
    for step in steps:
        if not go_on(step):
            return False
        pump.tell(step.to, step.message, step.at_ns)
    return True


def until(at_ns: int) -> Callable[[Step], bool]:
    """Go on up to and including an instant."""
    return lambda step: step.at_ns <= at_ns


def day_end(day: date) -> Callable[[Step], bool]:
    """Go on until another day begins."""
    return lambda step: not step.jump or step.message.day <= day
