"""The ledger bench: what it costs to make facts durable, on each store.

Alone: one fact is entered and flushed, and the flush held against a bare commit of an equal row
through the store's own client; entering, which encodes and links, is told apart. With many waiting:
each enters a fact and waits until it is durable; one commit for each of them, beside one for all
that wait. Rounds of the sides take turns, and the median counts.
"""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.words import Intent, IntentRecorded, OrderType, Purpose, Side
from daemon.runtime.words import Origin
from daemon.storage.codec import Row, encode
from daemon.storage.ledger import StoredLedger
from daemon.storage.postgres import PostgresStore
from daemon.storage.postgres_link import Address
from daemon.storage.sqlite import SqliteStore

SERVER = "ORDO_BENCH_POSTGRES"
"""The variable that names a database, or a schema of one, for the bench to fill."""
WAITING = 64
ROUNDS = 21
_COMMITS = 50
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
_ROW = (1, "owner", _NOW, "IntentRecorded", "router", 7, 3, encode(_FACT), bytes(32))

Bare = Callable[[int], list[float]]
"""Commits so many equal rows, each alone, and returns the seconds that each took."""


def bench(url: str = "") -> dict[str, Any]:
    """Measure each store, and return what a person compares.

    Args:
        url: of a PostgreSQL to fill; empty: it is not measured.
    """
    with tempfile.TemporaryDirectory(prefix="ordo-bench-") as folder:
        path = Path(folder)
        with closing(StoredLedger(SqliteStore(path / "ledger.sqlite"), "owner")) as ledger:
            told = {"sqlite": _compared(ledger, partial(_bare_sqlite, path / "bare.sqlite"))}
    if url:
        with closing(StoredLedger(PostgresStore(Address(url)), "owner")) as ledger:
            told["postgres"] = _compared(ledger, partial(_bare_postgres, url))
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


def _bare_sqlite(path: Path, commits: int) -> list[float]:
    took = []
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"CREATE TABLE IF NOT EXISTS bare ({', '.join(Row._fields)})")
        insert = f"INSERT INTO bare VALUES ({', '.join('?' * len(_ROW))})"  # noqa: S608  our own
        for _ in range(commits):
            begun = time.perf_counter()  # sim-ok: a bench measures host time
            db.execute("BEGIN IMMEDIATE")
            db.execute(insert, _ROW)
            db.execute("COMMIT")
            took.append(time.perf_counter() - begun)  # sim-ok: a bench measures host time
    return took


def _bare_postgres(url: str, commits: int) -> list[float]:
    async def run() -> list[float]:
        took = []
        db = await asyncpg.connect(url)
        await db.execute("DROP TABLE IF EXISTS bare")
        await db.execute("CREATE TABLE bare (LIKE records INCLUDING INDEXES)")
        places = ", ".join(f"${number}" for number in range(1, len(_ROW) + 1))
        insert = f"INSERT INTO bare VALUES ({places})"  # noqa: S608  our own
        await db.execute(insert, *_ROW)  # it is prepared by then
        for number in range(commits):
            begun = time.perf_counter()  # sim-ok: a bench measures host time
            await db.execute(insert, number + 2, *_ROW[1:])
            took.append(time.perf_counter() - begun)  # sim-ok: a bench measures host time
        await db.close()
        return took

    return uvloop.run(run())
