"""The hot state in a file of its own, where there is no Redis.

It is a mirror: losing it costs nothing, so no flush waits for the disk. The file is reached in
threads; while a disk hangs in one, nothing more is asked of it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from daemon.errors import HotStateError
from daemon.storage.hot.codec import VALUE_BYTES, is_ours
from daemon.storage.hot.words import PATIENCE_S, Batch, Hazard, Kept, Kind

_TABLE = "CREATE TABLE IF NOT EXISTS hot (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID"
_READ = f"SELECT key, substr(CAST(value AS BLOB), 1, {VALUE_BYTES}) FROM hot"  # noqa: S608  our own
T = TypeVar("T")


class SqliteHot:
    """A file that the mirror is kept in.

    Args:
        path: made where it does not exist.
    """

    kind: Kind = "sqlite"
    publishes = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._under_way: asyncio.Future[Any] | None = None

    async def read(self) -> Kept:
        """Return all that stands in it.

        Raises:
            HotStateError: it cannot be read.
        """
        rows = await self._in_thread(lambda db: db.execute(_READ).fetchall())
        ours = ((key, value) for key, value in rows if isinstance(key, str) and is_ours(key))
        return Kept({key: bytes(value) for key, value in ours})

    async def hazards(self) -> tuple[Hazard, ...]:
        """Return nothing: it lies in the folder of the records."""
        return ()

    async def write(self, batch: Batch) -> bool:
        """Write a batch in one transaction, and say whether every key stands that is to.

        Raises:
            HotStateError: it could not be written.
        """

        def write(db: sqlite3.Connection) -> bool:
            with db:
                db.execute("BEGIN IMMEDIATE")
                db.executemany("INSERT OR REPLACE INTO hot VALUES (?, ?)", batch.changed.items())
                db.executemany("DELETE FROM hot WHERE key = ?", [(key,) for key in batch.gone])
                stand = {key for (key,) in db.execute("SELECT key FROM hot")}
            return stand.issuperset(batch.standing)

        return await self._in_thread(write)

    async def close(self) -> None:
        """Let go of the file, unless a disk hangs that it lies on."""
        if self._under_way is not None:
            await asyncio.wait({self._under_way}, timeout=PATIENCE_S)
        if self._db is not None and not self._hangs:
            self._db.close()
            self._db = None

    @property
    def _hangs(self) -> bool:
        return self._under_way is not None and not self._under_way.done()

    async def _in_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._hangs:
            raise self._error("has not answered yet")
        loop = asyncio.get_running_loop()
        under_way = loop.run_in_executor(None, lambda: self._reach(work))
        under_way.add_done_callback(_heard)
        self._under_way = under_way
        done, _ = await asyncio.wait({under_way}, timeout=PATIENCE_S)
        if not done:
            raise self._error(f"has not answered within {PATIENCE_S:.0f} s")
        return under_way.result()

    def _reach(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._db is None:
                self._db = self._opened()
            return work(self._db)
        # A damaged file names its tables, and SQLite its errors, in bytes that are no text.
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self._error(f"failed: {error}") from error

    def _opened(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self._path, PATIENCE_S / 2, isolation_level=None, check_same_thread=False
        )
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute(_TABLE)
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _error(self, what: str) -> HotStateError:
        return HotStateError(
            f"the hot state {self._path} {what}; look at the file and its disk, or move it away: "
            "it is made anew"
        )


def _heard(under_way: asyncio.Future[Any]) -> None:
    """Take what became of a work that nobody waits for any more."""
    if not under_way.cancelled():
        under_way.exception()
