"""An account of ours at the twin of Zerodha, and the time that both live in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from daemon.brokers.zerodha.broker import Zerodha
from daemon.brokers.zerodha.client import READING, Client
from daemon.brokers.zerodha.contracts import Contracts
from daemon.brokers.zerodha.signing_in import SigningIn
from daemon.brokers.zerodha.transport import Transport
from daemon.domain.instants import DAY_NS, SECOND_NS
from daemon.telemetry.redaction import Secret
from tests.kit import wire_twin
from tests.kit.kite_account import Kept
from tests.kit.ticker_server import HandTime
from tests.kit.wire_twin import OPEN_NS


class AtTwin:
    """The account; it has the session of whoever is logged in at the twin.

    Attributes:
        twin: where it is.
        time: the market's, here.
        refused: the sessions that the broker refused, by their generation.
    """

    def __init__(self, client: wire_twin.Client) -> None:
        self.twin = client
        self.time = HandTime(OPEN_NS)
        self.kept = Kept()
        self.kept.held["api_key"] = Secret(client.ready.api_key)
        self.kept.held["api_secret"] = Secret(client.ready.api_secret)
        self.kept.keep("access_token", Secret(f"{OPEN_NS + DAY_NS} {client.token}"))
        self.refused: list[int] = []
        policy = replace(READING, base_ms=0, jitter_ms=0, longest_wait_ms=0)
        self.client = Client(
            Transport(client.ready.url), client.host, self.refused.append, policy, self._pause
        )
        self.contracts = Contracts()
        signing_in = SigningIn(self.client, self.kept, self.time.now_ns)
        self.broker = Zerodha(self.client, self.contracts, signing_in, self.time.now_ns)

    @classmethod
    @asynccontextmanager
    async def open(cls, client: wire_twin.Client) -> AsyncIterator[AtTwin]:
        """Keep an account until the block ends."""
        at = cls(client)
        try:
            yield at
        finally:
            await at.broker.close()

    async def go_to(self, second: int) -> None:
        """Let the market go on to so many seconds after the open, and then whoever listens."""
        await self.twin.advance(second)
        await self.time.advance((OPEN_NS - self.time.now_ns()) / SECOND_NS + second)

    async def bring(self) -> None:
        """Have a person log in on the broker's page, and bring what it leads to."""
        page = f"{self.twin.ready.url}/connect/login?v=3&api_key={self.twin.ready.api_key}"
        async with self.twin.http.get(page, allow_redirects=False) as led:
            address = led.headers["Location"]
        brought = address.partition("request_token=")[2].partition("&")[0]
        self.kept.keep("request_token", Secret(brought))

    async def _pause(self, seconds: float) -> None:
        self.twin.host.advance(round(seconds * SECOND_NS))
