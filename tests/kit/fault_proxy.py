"""A proxy between whoever connects and a server, that does to their bytes what networks do.

It runs on a thread of its own, so it stands beside tests with and without an event loop, and beside
processes. What befalls each way is told to it at any time, and holds until something else is told.
"""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet

from tests.kit.fault_ways import PIECE_BYTES, SOUND, Fault, Pair, Way, let_go

T = TypeVar("T")
Place = int | Path
"""Where somebody listens: a port on loopback, or the path of a Unix socket."""

_PATIENCE_S = 10.0
_ROUNDS = 3


class FaultProxy:
    """Passes bytes on, and harms them as it is told.

    Args:
        server: where the server listens.
        at: where to listen; 0: any port.
        seed: of what chance decides.

    Attributes:
        at: where it listens.
        connections: how many have come.
        harmed: how often a fault did something.
    """

    def __init__(self, server: Place, at: Place = 0, seed: int = 0) -> None:
        self.connections = self.harmed = 0
        self._server = server
        self._seed = seed
        self._faults = (SOUND, SOUND)
        self._pairs: set[Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends: WeakSet[asyncio.WriteTransport] = WeakSet()
        self._bound = _bound(at)
        self.at: Place = at if isinstance(at, Path) else self._bound.getsockname()[1]
        self._listener: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.accept()

    def tell(self, asks: Fault = SOUND, tells: Fault = SOUND, *, later: bool = True) -> None:
        """Say what befalls both ways from now on; what is not named is sound again.

        Args:
            asks: the way to the server.
            tells: the way back.
            later: connections that come later meet it as well.
        """

        async def told() -> None:
            self._faults = (asks, tells) if later else (SOUND, SOUND)
            for pair in self._pairs:
                for way, fault in zip(pair.ways, (asks, tells), strict=True):
                    way.meet(fault)

        self._do(told())

    def heal(self) -> None:
        """Let both ways be sound, and connections come."""
        self.tell()
        self.accept()

    def cut(self, *, resets: bool = False) -> None:
        """End every connection that there is, in order or by a reset."""

        async def cut() -> None:
            for pair in tuple(self._pairs):
                pair.end(resets=resets)

        self._do(cut())

    def refuse(self) -> None:
        """Let nobody connect any more; the place stays taken."""

        async def refuse() -> None:
            if self._listener is not None:
                await self._leave(self._listener)
                self._listener = None
                self._bound = _bound(self.at)

        self._do(refuse())

    def accept(self) -> None:
        """Let connections come."""

        async def accept() -> None:
            if self._listener is None:
                start = asyncio.start_server
                if isinstance(self.at, Path):
                    start = asyncio.start_unix_server
                self._listener = await start(self._came, sock=self._bound, limit=PIECE_BYTES)

        self._do(accept())

    def close(self) -> None:
        """Listen no more, and cut every connection."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_S)
        self._loop.close()
        if isinstance(self.at, Path):
            self.at.unlink(missing_ok=True)

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_S)

    async def _leave(self, listener: asyncio.Server) -> None:
        """Accept nobody any more, then close: who comes while it closes is let go of by nobody."""
        self._loop.remove_reader(self._bound)
        await _rounds()
        listener.close()

    def _came(self, asks: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        self._ends.add(near.transport)
        task = asyncio.ensure_future(self._serve(asks, near))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, asks: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        number, self.connections = self.connections, self.connections + 1
        try:
            tells, far = await _connected(self._server)
        except OSError:
            let_go(near, resets=True)
            return
        self._ends.add(far.transport)
        pair = Pair(
            (
                Way(asks, far, random.Random(f"{self._seed}:{number}:asks"), self._hit),
                Way(tells, near, random.Random(f"{self._seed}:{number}:tells"), self._hit),
            )
        )
        for way, fault in zip(pair.ways, self._faults, strict=True):
            way.meet(fault)
        self._pairs.add(pair)
        try:
            await pair.pass_on()
        finally:
            self._pairs.discard(pair)

    def _hit(self) -> None:
        self.harmed += 1

    async def _end(self) -> None:
        if self._listener is not None:
            await self._leave(self._listener)
        else:
            self._bound.close()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for each in others:
                each.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        for end in tuple(self._ends):
            end.abort()  # whatever its buffer still holds
        await _rounds()


async def _rounds() -> None:
    """Let the loop go round until whoever came has a transport, and who left has let go of it."""
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)


async def _connected(server: Place) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(server, Path):
        return await asyncio.open_unix_connection(server, limit=PIECE_BYTES)
    return await asyncio.open_connection("127.0.0.1", server, limit=PIECE_BYTES)


def _bound(at: Place) -> socket.socket:
    """Return a socket that holds a place; it refuses whoever connects until it listens."""
    if isinstance(at, Path):
        at.unlink(missing_ok=True)
        bound = socket.socket(socket.AF_UNIX)
        bound.bind(str(at))
        return bound
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", at))
    return bound


@contextmanager
def fault_proxy(server: Place, at: Place = 0, seed: int = 0) -> Iterator[FaultProxy]:
    """Run a proxy until the block ends."""
    proxy = FaultProxy(server, at, seed)
    try:
        yield proxy
    finally:
        proxy.close()
