"""The ledger bench: what it costs to make facts durable, on each store.

Alone: one fact is entered and flushed, and the flush held against a bare commit of an equal row to
an equal table through the store's own client; entering, which encodes and links, is told apart, and
done before the bare commit too: what comes before leaves caches colder. Both sides keep their
connection, and their file or table, from round to round: a log that grows anew costs more than one
that is written over. With many waiting: each enters a fact and waits until it is durable; one
commit for each of them, beside one for all that wait. Rounds of the sides take turns, and the
median counts.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.words import Intent, IntentRecorded, OrderType, Purpose, Side
from daemon.runtime.words import Origin
from daemon.storage.codec import Row
from daemon.storage.ledger import StoredLedger
from daemon.storage.postgres import PostgresStore
from daemon.storage.postgres_link import Address
from daemon.storage.recorder import Recorder
from daemon.storage.sqlite import SqliteStore, open_to_write

SERVER = "ORDO_BENCH_POSTGRES"
"""The variable that names a database, or a schema of one, for the bench to fill."""
WAITING = 64
ROUNDS = 21
_COMMITS = 50
_LOGGED = 10_000
"""Rows that fill SQLite's log: from then on it is written over, as ours is after a round."""
_NOW = 1_773_000_000_000_000_000
INTENT = Intent(
    intent_id="OR0000000010000001",
    account="paper",
    strategy_id="straddle",
    leg_id="call",
    symbol="NIFTY-2026-03-10-24550-CE",
    side=Side.SELL,
    quantity=75,
    order_type=OrderType.LIMIT,
    price_e4=1_186_000,
    purpose=Purpose.ENTRY,
    parent="straddle:2026-03-09",
    decided_ns=_NOW,
    deadline_ns=_NOW + SECOND_NS,
)
_FACT = IntentRecorded(INTENT, _NOW)
ORIGIN = Origin("router", 7, 3)

Bare = Callable[[int], list[float]]
"""Enters and commits so many equal rows, each alone; returns the seconds that each commit took."""


def bench(url: str = "") -> dict[str, Any]:
    """Measure each store, and return what a person compares.

    Args:
        url: of a PostgreSQL to fill; empty: it is not measured.
    """
    with tempfile.TemporaryDirectory(prefix="ordo-bench-") as folder:
        path = Path(folder)
        with (
            closing(StoredLedger(SqliteStore(path / "ledger.sqlite"), "owner")) as ledger,
            _bare_sqlite(path / "bare.sqlite") as bare,
        ):
            told = {"sqlite": _compared(ledger, bare)}
    if url:
        with (
            closing(StoredLedger(PostgresStore(Address(url)), "owner")) as ledger,
            _bare_postgres(url) as bare,
        ):
            told["postgres"] = _compared(ledger, bare)
    return told


def _compared(ledger: StoredLedger, bare: Bare) -> dict[str, Any]:
    """Return the figures of one store, and by how much its rounds differ."""
    rounds = []
    with ThreadPoolExecutor(1) as disk:  # a flush has a thread of its own in the daemon too
        for _ in range(ROUNDS):
            commit = disk.submit(bare, _COMMITS).result()
            entered, flushed = disk.submit(_committed, ledger, 1).result()
            many_entered, many_flushed = disk.submit(_committed, ledger, WAITING).result()
            rounds.append(
                {
                    "bare_us": _median_us(commit),
                    "alone_flush_us": _median_us(flushed),
                    "alone_us": _median_us(entered) + _median_us(flushed),
                    "group_us": _median_us(many_entered) + _median_us(many_flushed),
                }
            )
    us = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    alone = sorted(each["alone_flush_us"] / each["bare_us"] for each in rounds)
    return {
        **{name: round(value, 1) for name, value in us.items()},
        "each_per_s": round(1e6 / us["alone_us"]),
        "group_per_s": round(1e6 * WAITING / us["group_us"]),
        "group_to_each": round(WAITING * us["alone_us"] / us["group_us"], 1),
        "alone_to_bare": round(statistics.median(alone), 2),
        "alone_to_bare_spread": [round(alone[0], 2), round(alone[-1], 2)],
    }


def _median_us(seconds: list[float]) -> float:
    return 1e6 * statistics.median(seconds)


def _committed(ledger: StoredLedger, waiting: int) -> tuple[list[float], list[float]]:
    """Enter so many facts before each commit; return the seconds of entering, and of flushing."""
    entered, flushed = list[float](), list[float]()
    for _ in range(_COMMITS):
        begun = time.perf_counter()  # sim-ok: a bench measures host time
        for _ in range(waiting):
            ledger.append((_FACT,), ORIGIN, _NOW)
        between = time.perf_counter()  # sim-ok: a bench measures host time
        ledger.flush()
        entered.append(between - begun)
        flushed.append(time.perf_counter() - between)  # sim-ok: a bench measures host time
    return entered, flushed


def _entering() -> Callable[[], Row]:
    """Return what enters one fact more, as a ledger does, and returns its row."""
    rows = list[Row]()
    recorder = Recorder("owner", rows.append)

    def enter() -> Row:
        recorder.append((_FACT,), ORIGIN, _NOW)
        return rows.pop()

    return enter


@contextmanager
def _bare_sqlite(path: Path) -> Iterator[Bare]:
    enter = _entering()
    insert = f"INSERT INTO records VALUES ({', '.join('?' * len(Row._fields))})"  # noqa: S608  our own

    def commit(times: int) -> list[float]:
        took = []
        for _ in range(times):
            row = enter()
            begun = time.perf_counter()  # sim-ok: a bench measures host time
            db.execute("BEGIN IMMEDIATE")
            db.execute(insert, row)
            db.execute("COMMIT")
            took.append(time.perf_counter() - begun)  # sim-ok: a bench measures host time
        return took

    with closing(open_to_write(path)) as db:
        db.execute("BEGIN")
        db.executemany(insert, (enter() for _ in range(_LOGGED)))
        db.execute("COMMIT")
        yield commit


@contextmanager
def _bare_postgres(url: str) -> Iterator[Bare]:
    enter = _entering()
    places = ", ".join(f"${number}" for number in range(1, len(Row._fields) + 1))
    insert = f"INSERT INTO bare VALUES ({places})"  # noqa: S608  our own

    async def opened() -> asyncpg.Connection:
        db = await asyncpg.connect(url)
        await db.execute("DROP TABLE IF EXISTS bare")
        await db.execute("CREATE TABLE bare (LIKE records INCLUDING INDEXES)")
        await db.execute(insert, *enter())  # it is prepared by then
        return db

    async def commit(times: int) -> list[float]:
        took = []
        for _ in range(times):
            row = enter()
            begun = time.perf_counter()  # sim-ok: a bench measures host time
            await db.execute(insert, *row)
            took.append(time.perf_counter() - begun)  # sim-ok: a bench measures host time
        return took

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        db = runner.run(opened())
        yield lambda times: runner.run(commit(times))
        runner.run(db.close())
