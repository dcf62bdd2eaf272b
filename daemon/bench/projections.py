"""The projections bench: how many records a second are folded into tables, on each store.

The records are entries and exits of a leg: an intent, what the broker said, the fills, the levels.
Told apart are the fold alone, which reads and writes nothing, and the whole of a rebuild.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from daemon.bench.ledger import INTENT, ORIGIN
from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.words import (
    IntentRecorded,
    OrderAccepted,
    OrderUpdated,
    Purpose,
    Side,
    State,
)
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.jobs.projections.fold import Fold
from daemon.jobs.projections.keeper import PAGE, Projections
from daemon.messages import Fact, PositionChanged
from daemon.storage.ledger import StoredLedger
from daemon.storage.postgres import PostgresStore
from daemon.storage.postgres_link import Address
from daemon.storage.reader import Wanted
from daemon.storage.sqlite import SqliteStore
from daemon.storage.store import Store

ROUNDS = 3
_LEGS = 1_500
_OWNER = "owner"


def bench(url: str = "") -> dict[str, Any]:
    """Measure each store, and return what a person compares.

    Args:
        url: of a PostgreSQL to fill; empty: it is not measured.
    """
    with tempfile.TemporaryDirectory(prefix="ordo-bench-") as folder:
        told = {"sqlite": _measured(SqliteStore(Path(folder) / "ledger.sqlite"))}
    if url:
        told["postgres"] = _measured(PostgresStore(Address(url)))
    return told


def _measured(store: Store) -> dict[str, Any]:
    with closing(StoredLedger(store, _OWNER)) as ledger:
        for at in range(_LEGS):
            ledger.append(tuple(_leg(at)), ORIGIN, INTENT.decided_ns)
    with closing(Projections(store, _OWNER, INTENT.account)) as projections:
        rounds = [_round(store, projections) for _ in range(ROUNDS)]
        digest = projections.tables.digest()
    records, folds, rebuilds = zip(*rounds, strict=True)
    return {
        "records": records[0],
        "page": PAGE,
        "fold_per_s": round(records[0] / statistics.median(folds)),
        "rebuild_per_s": round(records[0] / statistics.median(rebuilds)),
        "rebuild_per_s_spread": [round(records[0] / each) for each in sorted(rebuilds)[::-1]],
        "digest": digest,
    }


def _round(store: Store, projections: Projections) -> tuple[int, float, float]:
    """Return how many records there are, and the seconds of the fold alone and of a rebuild."""
    with store.reading() as reader:
        rows = list(reader.find(Wanted(owner_id=_OWNER)))
    begun = time.perf_counter()  # sim-ok: a bench measures host time
    fold = Fold(INTENT.account)
    for at, row in enumerate(rows):
        fold.take(row)
        if at % PAGE == 0:
            fold.drained()
    between = time.perf_counter()  # sim-ok: a bench measures host time
    projections.rebuild()
    ended = time.perf_counter()  # sim-ok: a bench measures host time
    return len(rows), between - begun, ended - between


def _leg(number: int) -> Iterator[Fact]:
    """Yield what is recorded of a leg that is entered, trailed once, and left."""
    at_ns, leg_id = INTENT.decided_ns + number * 60 * SECOND_NS, f"leg{number}"
    quantity, value_e4 = INTENT.quantity, INTENT.quantity * INTENT.price_e4
    for side in (Side.SELL, Side.BUY):
        left = side is Side.BUY
        intent_id, broker_order_id = f"OR{number:08}{side}", f"B{number:08}{side}"
        yield IntentRecorded(
            replace(
                INTENT,
                intent_id=intent_id,
                leg_id=leg_id,
                side=side,
                purpose=Purpose.EXIT if left else Purpose.ENTRY,
            ),
            at_ns,
        )
        yield OrderAccepted(intent_id, broker_order_id, at_ns)
        for part in (1, 2):
            state = State.FILLED if part == 2 else State.WORKING  # noqa: PLR2004  the last
            filled, worth_e4 = quantity * part // 2, value_e4 * part // 2
            yield OrderUpdated(intent_id, broker_order_id, state, filled, worth_e4, at_ns)
            bought = (filled, worth_e4) if left else (0, 0)
            sold = (quantity, value_e4) if left else (filled, worth_e4)
            yield PositionChanged(
                INTENT.strategy_id, leg_id, INTENT.symbol, Side.SELL, *bought, *sold, at_ns
            )
        yield LevelMoved(INTENT.strategy_id, leg_id, Move.TRAILED, 0, value_e4, at_ns)
