"""The way to Zerodha: a request goes out once, and is answered or is not.

What failed before a byte left was surely not executed. From the first byte on nobody can know, so
everything that is not an answer leaves the outcome unknown. Which of both it is, the connection
itself tells; what an error is called only makes its sentence. A request is never sent again here,
not even one whose connection had been closed by the other side, and a redirect is an answer like
any other, never followed: who is spoken to is set, and nobody else gets to see the session.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from types import SimpleNamespace
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from daemon.brokers.zerodha.forms import Sent
from daemon.brokers.zerodha.wire import Reply
from daemon.errors import BrokerError, BrokerUnavailable, OutcomeUnknown
from daemon.settings import Broker
from daemon.telemetry.redaction import Secret

ROOT = "https://api.kite.trade"
"""Where the broker is, unless the settings name a stand-in."""
TIMEOUT_MS = 7_000
"""How long an answer may take; that of the vendor's own client."""
_HEADERS = {
    "X-Kite-Version": "3",
    "User-Agent": "ordo",
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "keep-alive",
}
"""Those of the vendor's own client, but for who speaks."""


class _Late(RuntimeError):
    """The time of a request was over before there was a connection for it."""


_FAILURES: tuple[tuple[type[BaseException], str], ...] = (
    (_Late, "its deadline passed before there was a connection"),
    (aiohttp.ClientConnectorDNSError, "its name leads to no address"),
    (aiohttp.ClientConnectorCertificateError, "its certificate is not to be trusted"),
    (aiohttp.ClientSSLError, "no TLS could be agreed on"),
    (aiohttp.ClientConnectorError, "there is no connection"),
    (TimeoutError, "it took too long"),
    (aiohttp.ServerDisconnectedError, "it closed the connection without an answer"),
    (aiohttp.ClientPayloadError, "its answer was cut short"),
    (aiohttp.ClientOSError, "the connection broke"),
    (aiohttp.ClientResponseError, "its answer is no HTTP"),
    (aiohttp.ClientConnectionError, "the connection was closed"),
)
"""What an error is in words, the first that fits. Its own text is never told: it may hold the
request, and with it the session."""


class Transport:
    """One session of HTTP with the broker.

    Attributes:
        timeout_ms: how long an answer may take, of requests that do not say so themselves.

    Args:
        root: scheme and host of the broker, without a path.
        timeout_ms: the same.
        family: over which kind of address it goes out; no other is tried.
        cookies: keep what it sets, as a browser does.
    """

    def __init__(
        self,
        root: str = ROOT,
        timeout_ms: int = TIMEOUT_MS,
        family: socket.AddressFamily = socket.AF_UNSPEC,
        *,
        cookies: bool = False,
    ) -> None:
        parts = urlsplit(root)
        self._root = f"{parts.scheme}://{parts.netloc}"
        self.timeout_ms = timeout_ms
        self._family = family
        self._cookies = cookies
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self,
        sent: Sent,
        authorization: Secret | None,
        timeout_ms: int | None = None,
        in_time: Callable[[], bool] | None = None,
    ) -> Reply:
        """Send a request, once, and return what comes back, whatever it is.

        Args:
            sent: the request.
            authorization: the header of that name; None: it is sent without.
            timeout_ms: how long all of it may take; None: as long as any.
            in_time: says whether it may still leave; asked once there is a connection, just before
                the first byte. None: it may leave at any time.

        Raises:
            BrokerUnavailable: nothing of it left.
            OutcomeUnknown: some of it may have left, and no whole answer came.
        """
        headers = {"Content-Type": sent.content_type} if sent.content_type else {}
        if authorization is not None:
            headers["Authorization"] = authorization.reveal()
        trip = SimpleNamespace(left=False, in_time=in_time)
        timeout_ms = self.timeout_ms if timeout_ms is None else timeout_ms
        try:
            async with (
                asyncio.timeout(timeout_ms / 1_000),
                self._open().request(
                    sent.method,
                    URL(self._root + sent.path, encoded=True),
                    data=sent.body or None,
                    headers=headers,
                    allow_redirects=False,
                    trace_request_ctx=trip,
                ) as answer,
            ):
                leads = answer.headers.get("Location")
                location = None if leads is None else Secret(leads)
                return Reply(answer.status, await answer.read(), location)
        except (aiohttp.ClientError, OSError, RuntimeError) as error:  # the last is uvloop's
            failure = self._failure(error, trip.left, timeout_ms)
        raise failure  # outside, so that no cause tells the request, and with it the session

    async def close(self) -> None:
        """Let go of its connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_leaves)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(family=self._family),
                headers=_HEADERS,
                cookie_jar=self._jar(),
                timeout=aiohttp.ClientTimeout(total=None),
                trace_configs=[trace],
                middlewares=(_once,),
            )
        return self._session

    def _jar(self) -> aiohttp.abc.AbstractCookieJar:
        # A stand-in has an address of four numbers, whose cookies count as unsafe.
        return aiohttp.CookieJar(unsafe=True) if self._cookies else aiohttp.DummyCookieJar()

    def _failure(self, error: Exception, left: bool, timeout_ms: int) -> BrokerError:  # noqa: FBT001
        error = error.error if isinstance(error, _Broken) else error
        said = next((words for kind, words in _FAILURES if isinstance(error, kind)), "it failed")
        said = f"{said} ({timeout_ms} ms)" if isinstance(error, TimeoutError) else said
        if left:
            return OutcomeUnknown(f"no answer of Zerodha's at {self._root}: {said}")
        return BrokerUnavailable(f"nothing was sent to Zerodha at {self._root}: {said}")


def way_to(terms: Broker) -> Transport:
    """Return the way to the broker as it is set.

    A request is given up a little before whoever stands behind it would give it up: so an answer
    that is waited for at all is heard, and what came of the request tells who saw it. Orders leave
    over the kind of address that the broker was told, for over the other it refuses them.

    Args:
        terms: what was set for the broker.
    """
    family = terms.family if terms.api_root is None else socket.AF_UNSPEC
    return Transport(terms.api_root or ROOT, terms.timeout_ms * 7 // 8, family)


class _Broken(RuntimeError):
    """A connection that broke, in a form that aiohttp does not answer by sending again."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


async def _leaves(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    """Note that the next thing to happen is the first byte of a request leaving.

    Raises:
        _Late: it may leave no longer.
    """
    trip = context.trace_request_ctx
    if trip.in_time is not None and not trip.in_time():
        raise _Late
    trip.left = True


async def _once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a change or a cancellation again: it does so on its own."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Broken(error) from None
