"""One connection: how long it may take, and how many there may be.

A request line with its headers comes within 5 s or the connection ends; an idle one ends after
30 s; an answer leaves within 60 s. Where there is no room, the connection that has not sent a whole
request for longest makes it, so whoever only holds sockets open keeps nobody out. A body that was
announced belongs to its request; whoever has shown a credential that counts may still send it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address

from aiohttp import web

from daemon.settings.web import Web

HEADERS_S = 5
IDLE_S = 30
ANSWER_S = 60
Failed = Callable[[web.BaseRequest, int, BaseException | None, str], web.StreamResponse]


class Room:
    """Who is connected, and whether one more may be.

    Args:
        settings: the caps.
    """

    def __init__(self, settings: Web) -> None:
        self._settings = settings
        self._by_address: Counter[str] = Counter()
        self._unproven: dict[Connection, None] = {}

    def enter(self, connection: Connection, address: str) -> bool:
        """Return whether a connection may stay, and count it."""
        settings = self._settings
        most = settings.max_connections_per_ip
        if is_local(address):
            most = settings.max_connections_loopback
        full = self._by_address[address] >= most
        if full or self._by_address.total() >= settings.max_connections:
            oldest = next(
                (one for one in self._unproven if not full or one.address == address), None
            )
            if oldest is None:
                return False
            oldest.end()
        self._by_address[address] += 1
        self._unproven[connection] = None
        return True

    def proven(self, connection: Connection) -> None:
        """Note that a connection has sent a whole request, or a credential that counts."""
        self._unproven.pop(connection, None)

    def leave(self, connection: Connection, address: str) -> None:
        """Forget a connection."""
        self._unproven.pop(connection, None)
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]


class Connection(web.RequestHandler):
    """A connection with its deadlines.

    Args:
        server: of aiohttp.
        loop: that runs it.
        room: who is connected.
        failed: answers what nobody foresaw, and logs it.
    """

    def __init__(
        self, server: web.Server, loop: asyncio.AbstractEventLoop, room: Room, failed: Failed
    ) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=IDLE_S,
            access_log=None,  # type: ignore[arg-type]  # the one line per request is written by us
            lingering_time=2,
            auto_decompress=False,
        )
        self.address = ""
        self._room = room
        self._failed = failed
        self._counted = False
        self._busy = False
        self._timer: asyncio.TimerHandle | None = None
        self._hurried = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count a connection, or turn it away."""
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        super().connection_made(transport)
        self._counted = self._room.enter(self, self.address)
        if not self._counted:
            self.end()
        else:
            self._hurry(HEADERS_S)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget a connection."""
        self._rest()
        if self._counted:
            self._counted = False
            self._room.leave(self, self.address)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in; the first of a request start its time."""
        if not self._busy and not self._hurried:
            self._hurry(HEADERS_S)
        super().data_received(data)

    def began(self, *, whole: bool) -> None:
        """A whole request line with its headers has come, and perhaps all of its body."""
        self._busy = True
        if whole:
            self.proven()
        self._set(ANSWER_S)

    def proven(self) -> None:
        """All of a request has come, or a credential that counts: it makes room for nobody."""
        self._room.proven(self)

    def ended(self) -> None:
        """A request is answered."""
        self._busy = False
        if self.transport is not None:
            self._set(IDLE_S)

    def stay(self) -> None:
        """Let a WebSocket take its time: it has a heartbeat of its own."""
        self._rest()

    def end(self) -> None:
        """Cut the connection."""
        if self.transport is not None:
            self.transport.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what nobody foresaw, without telling the outside of it."""
        response = self._failed(request, status, exc, message or "")
        response.force_close()
        return response

    def _hurry(self, seconds: int) -> None:
        self._set(seconds)
        self._hurried = True

    def _set(self, seconds: int) -> None:
        self._rest()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.end)

    def _rest(self) -> None:
        self._hurried = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def is_local(address: str) -> bool:
    """Return whether an address is this machine's own."""
    return ip_address(address.partition("%")[0]).is_loopback if address else True
