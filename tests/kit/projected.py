"""A recorded day for the projections: generated in several accounts, put into any store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from daemon.domain.chain import GENESIS, Head
from daemon.domain.instants import SECOND_NS
from daemon.messages.cells import Cell
from daemon.runtime.words import Origin
from daemon.storage.codec import Row
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore
from daemon.storage.store import Store
from tests.kit.several import EVERYWHERE, Several, settings

NAMES = ("alpha", "beta")
HOME = NAMES[0]
_FIVE_MINUTES = 300 * SECOND_NS


class Day(Struct, frozen=True):
    """What was recorded of a day.

    Attributes:
        rows: as they are stored.
        facts: in them.
        held: units by symbol in the book of each account.
    """

    rows: tuple[Row, ...]
    facts: tuple[Any, ...]
    held: dict[str, dict[str, int]]

    def of(self, account: str) -> list[Any]:
        """Return what is of an account, as it is known within."""
        return list(Cell(account, "" if account == HOME else account).facts(self.facts))


def recorded_day(folder: Path, until: str = "15:35:00") -> Day:
    """Play a day in two accounts, one of them with twice the lots."""
    plan = replace(EVERYWHERE, accounts=NAMES)
    world = Several(folder, (plan,), made=settings(NAMES, beta=2), every_ns=_FIVE_MINUTES)
    world.run_until(until)
    held, facts = {name: world.held(name) for name in NAMES}, tuple(world.facts(object))
    world.fall()
    with SqliteStore(folder / "ledger.sqlite").reading() as reader:
        return Day(tuple(Row(*cells) for cells in reader.cells()), facts, held)


def put(store: Store, rows: Sequence[Row], before: Head = GENESIS) -> Head:
    """Store rows as they are, and return the head."""
    writer = store.open_to_write()
    head = Head(rows[-1].number, rows[-1].link)
    assert writer.store(rows, before, head)
    writer.close()
    return head


def record(store: Store, facts: Iterable[Any], owner_id: str = "owner") -> None:
    """Record facts, as from nobody."""
    ledger = StoredLedger(store, owner_id)
    for fact in facts:
        ledger.append((fact,), Origin("test", 0, 0), getattr(fact, "at_ns", 0))
    ledger.close()
