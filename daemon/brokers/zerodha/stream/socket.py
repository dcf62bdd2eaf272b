"""The way out to Zerodha's ticker: one web socket of aiohttp's, and no decision.

The address holds the session, so neither it nor an error that may quote it is ever told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlencode, urlsplit

import aiohttp
from aiohttp import ClientWebSocketResponse, ClientWSTimeout, WSMsgType
from msgspec import Struct

from daemon.brokers.zerodha.stream.words import Bytes, Ping, Pinged, Pong, Ponged, Send, Text
from daemon.errors import BrokerError, BrokerUnavailable, SessionRefused
from daemon.telemetry.redaction import Secret

ROOT = "wss://ws.kite.trade"
"""Where the ticker is, unless the settings name a stand-in."""
CONNECT_S = 5.0
"""How long a handshake may take."""
CLOSE_S = 0.5
"""How long a broker may take to say goodbye."""
_DENIALS = (HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED)
_MOST_BYTES = 4 * 2**20
Came = Text | Bytes | Pinged | Ponged


class Access(Struct, frozen=True):
    """What opens the ticker.

    Attributes:
        generation: of the session.
        address: with the session in it.
    """

    generation: int
    address: Secret


def access(generation: int, api_key: Secret, access_token: Secret, root: str = ROOT) -> Access:
    """Return what opens the ticker with a session.

    Args:
        generation: of the session.
        api_key: of the program.
        access_token: of the session.
        root: scheme and host of the ticker.
    """
    query = urlencode({"api_key": api_key.reveal(), "access_token": access_token.reveal()})
    return Access(generation, Secret(f"{root}?{query}"))


class Socket(Protocol):
    """A connection that stands."""

    async def send(self, what: Send | Ping | Pong) -> None:
        """Send one thing.

        Raises:
            BrokerUnavailable: it cannot be sent any more.
        """
        ...

    def messages(self) -> AsyncIterator[Came]:
        """Yield what comes, until the connection ends."""
        ...


Connecting = Callable[[Secret], AbstractAsyncContextManager[Socket]]
"""Opens a connection to an address, and closes it in the end.

Raises:
    SessionRefused: the broker does not take the session.
    BrokerUnavailable: there is no connection, for another reason.
"""


class WebSocket:
    """A web socket that stands."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket

    async def send(self, what: Send | Ping | Pong) -> None:
        """Send one thing.

        Raises:
            BrokerUnavailable: it cannot be sent any more.
        """
        try:
            match what:
                case Send(text):
                    await self._socket.send_str(text)
                case Ping():
                    await self._socket.ping()
                case Pong(payload):
                    await self._socket.pong(payload)
        except (aiohttp.ClientError, OSError, RuntimeError) as error:  # the last is uvloop's
            raise BrokerUnavailable("nothing can be sent to Zerodha's ticker any more") from error

    async def messages(self) -> AsyncIterator[Came]:
        """Yield what comes, until the connection ends."""
        while True:
            message = await self._socket.receive()
            match message.type:
                case WSMsgType.TEXT:
                    yield Text(message.data)
                case WSMsgType.BINARY:
                    yield Bytes(bytes(message.data))
                case WSMsgType.PING:
                    yield Pinged(bytes(message.data))
                case WSMsgType.PONG:
                    yield Ponged()
                case _:
                    return


@asynccontextmanager
async def connect(address: Secret) -> AsyncIterator[WebSocket]:
    """Open a web socket, and close it in the end.

    Raises:
        SessionRefused: the broker does not take the session.
        BrokerUnavailable: there is no connection, for another reason.
    """
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        socket = await _shaken_hands(session, address)
        try:
            yield WebSocket(socket)
        finally:
            await socket.close()


async def _shaken_hands(session: aiohttp.ClientSession, address: Secret) -> ClientWebSocketResponse:
    host = urlsplit(address.reveal()).netloc
    failure: BrokerError
    try:
        async with asyncio.timeout(CONNECT_S):
            return await session.ws_connect(
                address.reveal(),
                autoping=False,
                compress=0,
                max_msg_size=_MOST_BYTES,
                timeout=ClientWSTimeout(ws_close=CLOSE_S),
            )
    except aiohttp.WSServerHandshakeError as error:
        kind = SessionRefused if error.status in _DENIALS else BrokerUnavailable
        failure = kind(f"Zerodha's ticker at {host} answers {error.status}")
    except TimeoutError:
        failure = BrokerUnavailable(f"Zerodha's ticker at {host} took over {CONNECT_S:.0f} s")
    except (aiohttp.ClientError, OSError, RuntimeError):  # the last is uvloop's
        failure = BrokerUnavailable(f"Zerodha's ticker at {host} cannot be reached")
    raise failure  # outside, so that no cause tells the address, and with it the session
