"""Zerodha on the bench: our adapter and our ticker before the twin of its wire, on loopback."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Self

from daemon.brokers.zerodha.answers import done
from daemon.brokers.zerodha.forms import REGULAR, Change
from daemon.brokers.zerodha.stream.socket import access
from daemon.brokers.zerodha.stream.ticker import Around, Ticker
from daemon.brokers.zerodha.symbols import plain
from daemon.domain.orders.words import OrderUpdated
from daemon.messages import LoggedIn, LogIn, ReadAccount
from daemon.ports.market import BookWanted, LinkMoved
from daemon.telemetry.redaction import Secret
from tests.contract.bench import (
    CASH,
    LATE_S,
    MORNING,
    Bench,
    Fault,
    RejectedLater,
    SessionOver,
    Silent,
    StreamBroken,
    Stuck,
    ToldTwice,
)
from tests.kit.kite_at_twin import AtTwin
from tests.kit.wire_twin import CALL, stage, twin


class ZerodhaBench(Bench):
    """An account at the twin of Zerodha, whose ticker is listened to.

    Args:
        at: the account.
    """

    silences = ("timed_out", "drop", "error", "html")
    writes_a_second = 10

    def __init__(self, at: AtTwin) -> None:
        desk = at.twin.parts.house.desk
        super().__init__(at.broker, desk.exchange, at.time.now_ns)
        self._at = at

    @classmethod
    @asynccontextmanager
    async def opened(cls) -> AsyncIterator[Self]:
        """Keep a bench until the block ends."""
        async with twin(stage(MORNING, CASH)) as client, AtTwin.open(client) as at:
            bench = cls(at)
            assert isinstance((await bench.ask(LogIn(1)))[0], LoggedIn)
            listens = bench._ticker().listen(bench.news.put_nowait)
            listening = asyncio.get_running_loop().create_task(listens)
            try:
                await bench.next_news(LinkMoved)
                while not bench.news.empty():
                    bench.news.get_nowait()
                yield bench
            finally:
                listening.cancel()
                with suppress(asyncio.CancelledError):
                    await listening

    async def go_to(self, second: int) -> None:
        """Let market time pass, at the twin and then here."""
        await self._at.go_to(second)

    async def happen(self, fault: Fault) -> None:
        """Ask the twin for a fault."""
        ask = self._at.twin.fault
        match fault:
            case Silent(on, way, arrives):
                await ask(kind=way, on=on, arrives=arrives, late_ms=LATE_S * 1_000)
            case Stuck(seconds):
                await ask(kind="stick", late_ms=seconds * 1_000)
            case RejectedLater():
                await ask(kind="reject", on="place")
            case ToldTwice():
                await ask(kind="duplicate_push")
            case SessionOver():
                await ask(kind="expire")
            case StreamBroken():
                await ask(kind="drop_socket")

    async def told(self, times: int) -> Sequence[OrderUpdated]:
        """Return what the book says, read after each push as pushes ask for it."""
        told: list[OrderUpdated] = []
        for _ in range(times):
            assert "pushes order" in (await self.next_news(BookWanted)).because
            read = await self.ask(ReadAccount())
            told += [each for each in read if isinstance(each, OrderUpdated)]
        return told

    async def change(self, broker_order_id: str, price_e4: int) -> None:
        """Change it as our client does."""
        change = Change(price=plain(price_e4))
        done(await self._at.client.change(REGULAR, broker_order_id, change), dict)

    async def bring(self) -> None:
        """Bring the token that the page of the log-in leads to."""
        await self._at.bring()

    def _ticker(self) -> Ticker:
        ready, time = self._at.twin.ready, self._at.time
        opening = access(1, Secret(ready.api_key), Secret(self._at.twin.token), ready.ws_url)
        around = Around(lambda: opening, time, time, random.Random(1), sleep=time.sleep)
        ticker = Ticker(around, self._at.contracts.of_symbol)
        ticker.want([CALL], ["NIFTY"])
        return ticker
