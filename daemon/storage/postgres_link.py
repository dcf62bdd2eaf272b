"""One connection to a PostgreSQL, on an event loop of its own that whoever calls runs meanwhile.

The client is asynchronous, and a ledger is not: it is flushed by one thread and read by another,
within an event loop and without one. A loop in a thread of its own would cost two hand-overs for
each flush, about as long as the server takes; so the caller's thread runs it until the answer is
there, never longer than the time-out.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from asyncio.events import _get_running_loop  # the public one raises where there is none
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import asyncpg
import uvloop
from msgspec import Struct

from daemon.errors import StoreError
from daemon.settings.credentials import OTHERS
from daemon.storage.store import AWAY

T = TypeVar("T")
Work = Callable[[asyncpg.Connection], Awaitable[T]]
"""What is done with a connection."""

_GOODBYE_S = 1.0
FAILURES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,  # a time-out is one of them
)
"""Whatever the server, the connection and the client say no with."""
_ADVICE: Final = {
    "28": "let that user in: see pg_hba.conf, and PGPASSFILE for a password",
    "3F": "make that schema, or name another in [ledger] url",
    "3D": "make that database, or name another in [ledger] url",
    "42501": "let that user make tables there, or give him a schema of his own",
    "25006": "it takes no writes: name the server that does in [ledger] url",
    "53100": "make room on its disk",
    "53": "give it more of what it lacks; see its log",
    "57": "it is being stopped or started; see its log",
    "XX": "it is damaged; keep it aside and restore a copy",
}
"""A beginning of an SQLSTATE -> what to do. Source: PostgreSQL's manual, appendix A."""
_UNSURE = ("08", "57", "40003")
"""Beginnings of an SQLSTATE after which a statement may have been done all the same."""
_AWAY = frozenset({"08000", "08001", "08003", "08004", "08006", "57P01", "57P02", "57P03"})
"""SQLSTATEs of a server that is started or stopped, and of a connection that was cut."""
_WANTS_A_PERSON = (PermissionError, ssl.SSLError)
"""Of what goes wrong without an SQLSTATE; a socket that is not there yet is no such thing."""


class Address(Struct, frozen=True):
    """Where a server is, and how long it is waited for.

    Attributes:
        url: of the database; never with a password.
        passfile: where passwords are kept; None: where PostgreSQL's own programs look.
        limit_s: an answer that takes longer is none.
    """

    url: str
    passfile: Path | None = None
    limit_s: float = 10.0

    @property
    def name(self) -> str:
        """The place without what is only for the connection, for people."""
        parts = urlsplit(self.url)
        user, at, host = parts.netloc.rpartition("@")
        return f"postgresql://{user.partition(':')[0]}{at}{host}{parts.path}"


class Link:
    """A connection, made when it is first needed; one call at a time.

    Args:
        address: of the server.
        session: settings of the server's for this connection.
    """

    def __init__(self, address: Address, session: Mapping[str, str]) -> None:
        self._address = address
        self._session = {"application_name": "ordo", **session}
        self._db: asyncpg.Connection | None = None
        self._loop = uvloop.new_event_loop()

    def call(self, work: Work[T]) -> T:
        """Have something done with the connection, and return what came of it.

        Raises:
            asyncpg.PostgresError: the server said no.
            asyncpg.InterfaceError: the connection is not in a state for it.
            OSError: the server cannot be reached, or gave no answer in time.
        """
        if self._loop.is_closed():
            raise asyncpg.InterfaceError("it is closed")
        return self._run(self._within(work))

    def drop(self) -> None:
        """Give the connection up without a word; the next call makes another."""
        if self._db is not None:
            self._db.terminate()
            self._db = None

    @contextmanager
    def mended(self) -> Iterator[None]:
        """Give the connection up where something fails on it; the next call makes another."""
        try:
            yield
        except StoreError:
            self.drop()  # a transaction of it may be under way still
            raise

    def close(self) -> None:
        """Let go of the connection."""
        if not self._loop.is_closed():
            self._run(self._leave())
            self._loop.close()

    def _run(self, done: Coroutine[Any, Any, T]) -> T:
        """Run the loop in this thread, or where it has one that is running, beside it."""
        if _get_running_loop() is None:
            return self._until(done)
        with ThreadPoolExecutor(1) as beside:
            return beside.submit(self._until, done).result()

    def _until(self, done: Coroutine[Any, Any, T]) -> T:
        """Run the loop until that is done and stops it: the loop hears of it a turn later."""
        task = self._loop.create_task(done)
        while not task.done():
            self._loop.run_forever()
        return task.result()

    async def _within(self, work: Work[T]) -> T:
        try:
            if self._db is None:
                self._db = await self._connected()
            return await work(self._db)
        finally:
            self._loop.stop()

    async def _connected(self) -> asyncpg.Connection:
        limit_s = self._address.limit_s
        with passwords(self._address.passfile) as passfile:
            return await asyncpg.connect(
                self._address.url,
                passfile=passfile,
                timeout=limit_s,
                command_timeout=limit_s,
                server_settings=self._session,
            )

    async def _leave(self) -> None:
        try:
            if self._db is not None:
                await self._db.close(timeout=_GOODBYE_S)
        except FAILURES:
            self.drop()  # nothing waits for its answer any more
            await asyncio.sleep(0)
        finally:
            self._loop.stop()


@contextmanager
def passwords(passfile: Path | None) -> Iterator[Path | None]:
    """Give a file of passwords as the client takes it, while the block runs.

    It passes over one whose mode has any bit of the group, without a word that reaches anybody; and
    so has what systemd hands over with an access list. So of such a file it gets a copy, which lies
    in memory and on no disk, bears no name that others could open, and is gone with the block.
    """
    if passfile is None or not passfile.exists() or not passfile.stat().st_mode & OTHERS:
        yield passfile
        return
    with closing(os.fdopen(os.memfd_create(passfile.name), "wb", buffering=0)) as copy:
        os.fchmod(copy.fileno(), 0o600)
        copy.write(passfile.read_bytes())
        yield Path(f"/proc/self/fd/{copy.fileno()}")


def numbered(query: str) -> str:
    """Return a query with its values as PostgreSQL wants them: $1, $2 and so on."""
    number = count(1)
    return re.sub(r"\?", lambda _: f"${next(number)}", query)


def _is_away(error: Exception, state: str) -> bool:
    """Say whether the same may succeed in a moment, with nothing mended."""
    if state:
        return state in _AWAY
    return isinstance(error, OSError) and not isinstance(error, _WANTS_A_PERSON)


@contextmanager
def refusing(name: str, what: str, unsure: str = "") -> Iterator[None]:
    """Turn every error of the server's and of the connection's into a sentence.

    Args:
        name: of the store, for people.
        what: could not be done to it.
        unsure: the code where it may have been done all the same; empty: that does not matter.

    Raises:
        StoreError: what could not be done where, why, and what to do.
    """
    try:
        yield
    except FAILURES as error:
        raise refused(error, name, what, unsure) from error


def refused(error: Exception, name: str, what: str, unsure: str = "") -> StoreError:
    """Return the sentence of one of `FAILURES`; the rest is as `refusing` has it.

    For the path of every commit: a context of its own would cost it as much as encoding its fact.
    """
    state = getattr(error, "sqlstate", None) or ""
    found = (text for begin, text in _ADVICE.items() if state.startswith(begin))
    advice = next(found, "see that it runs, and that [ledger] url names it")
    why = str(error) or "it gave no answer in time"
    answered = state and not state.startswith(_UNSURE)
    code = AWAY if _is_away(error, state) else "ledger_unusable"
    code = unsure if unsure and not answered else code
    return StoreError(f"the ledger {name} {what}: {why}; {advice}", code)
