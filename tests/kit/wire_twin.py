"""The twin of Zerodha for tests: a market of a few frames, served on loopback in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, time
from fractions import Fraction
from functools import partial
from hashlib import sha256
from typing import Any

import aiohttp
from msgspec import Struct

from daemon.brokers.zerodha.wire_twin.market import Beat
from daemon.brokers.zerodha.wire_twin.opening import Stage, opened
from daemon.brokers.zerodha.wire_twin.server import Parts, Ready, serving
from daemon.domain.instants import DAY_NS, SECOND_NS, at, day_of, iso
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import E4
from daemon.runtime.clock import VirtualClock
from daemon.runtime.pace import Pace
from tests.kit.canary import remembered

DAY = date(2026, 3, 9)
OPEN_NS = at(DAY, time(9, 15))
CALL, PUT = "NIFTY-2026-03-10-25800-CE", "NIFTY-2026-03-10-25800-PE"
NAME, PUT_NAME = "NIFTY2631025800CE", "NIFTY2631025800PE"
LOT = 65


def quote(last: int, size: int = 10 * LOT) -> Quote:
    """Return a quote in rupees, one rupee wide on each side."""
    return Quote(last * E4, (last - 1) * E4, size, (last + 1) * E4, size)


def frame(second: int, **quotes: Quote) -> Frame:
    """Return a frame so many seconds after the open: `call`, `put` and `index`."""
    names = {"call": CALL, "put": PUT, "index": "NIFTY"}
    return Frame(OPEN_NS + second * SECOND_NS, {names[name]: each for name, each in quotes.items()})


FORM = {
    "exchange": "NFO",
    "tradingsymbol": NAME,
    "transaction_type": "BUY",
    "quantity": str(LOT),
    "product": "NRML",
    "order_type": "LIMIT",
    "price": "200",
}
"""One lot of the call at 200."""

QUIET = tuple(
    frame(second, call=quote(200), put=quote(180), index=Quote(25_800 * E4))
    for second in range(0, 3_600, 60)
)
"""An hour in which nothing moves."""


def stage(frames: Sequence[Frame] = QUIET, cash: int = 1_000_000) -> Stage:
    """Return what a twin plays; a frame at the open begins a day."""

    def beats(account):
        for each in frames:
            jumps = each.at_ns % DAY_NS == OPEN_NS % DAY_NS
            yield Beat(each.at_ns, partial(account.on_frame, each, each.at_ns), jumps)

    starts_ns = at(day_of(frames[0].at_ns), time(8, 45))
    return Stage(lambda _: ("NIFTY", CALL, PUT), beats, starts_ns, cash * E4)


class Told(Struct, frozen=True):
    """An answer: its status, and the document or the text in it."""

    status: int
    body: Any

    @property
    def data(self) -> Any:
        """What was asked for."""
        assert self.status == 200, self
        return self.body["data"]

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, kind and sentence of a refusal."""
        return self.status, self.body["error_type"], self.body["message"]


class Client:
    """Somebody who is logged in.

    Args:
        http: an open session.
        parts: of the twin.
        ready: what it said.
        host: the clock that its limits go by.
    """

    def __init__(self, http: aiohttp.ClientSession, parts: Parts, ready: Ready, host) -> None:
        self.http, self.parts, self.ready, self.host = http, parts, ready, host
        self.token = ""

    async def ask(self, method: str, path: str, **more: Any) -> Told:
        """Ask for something a second after whatever was asked before."""
        self.host.advance(SECOND_NS)
        return await self.at_once(method, path, **more)

    async def at_once(self, method: str, path: str, **more: Any) -> Told:
        """Ask in the same second as before."""
        headers = {"Authorization": f"token {self.ready.api_key}:{self.token}"}
        url = self.ready.url + path
        async with self.http.request(
            method, url, headers=headers, allow_redirects=False, **more
        ) as answer:
            is_json = answer.content_type == "application/json"
            return Told(answer.status, await (answer.json() if is_json else answer.text()))

    async def log_in(self, request_token: str) -> Told:
        """Exchange a request token."""
        proof = self.ready.api_key + request_token + self.ready.api_secret
        form = {
            "api_key": self.ready.api_key,
            "request_token": request_token,
            "checksum": sha256(proof.encode()).hexdigest(),
        }
        told = await self.ask("POST", "/session/token", data=form)
        if told.status == 200:
            self.token = remembered(told.data["access_token"])
        return told

    async def advance(self, second: int) -> None:
        """Let the market go on to so many seconds after the open."""
        to = iso(OPEN_NS + second * SECOND_NS)
        assert (await self.ask("POST", "/twin/advance", json={"to": to})).status == 200

    async def place(self, variety: str = "regular", **more: object) -> Told:
        """Ask for one lot of the call at 200, but for what is named; None leaves a field out."""
        form = {"variety": variety} | FORM | more
        told = {name: str(value) for name, value in form.items() if value is not None}
        return await self.ask("POST", f"/orders/{variety}", data=told)

    async def placed(self, **more: object) -> str:
        """Return the number of an order that was taken."""
        return (await self.place(**more)).data["order_id"]

    async def order(self, order_id: str) -> dict[str, Any]:
        """Return the newest record of an order."""
        book = (await self.ask("GET", "/orders")).data
        return next(each for each in book if each["order_id"] == order_id)

    async def fault(self, **fault: object) -> None:
        """Ask for something to go wrong."""
        told = await self.ask("POST", "/twin/faults", json=fault)
        assert told.status == 200, told


@asynccontextmanager
async def twin(
    played: Stage | None = None, speed: Fraction | None = None, second: int = 0
) -> AsyncIterator[Client]:
    """Serve a twin until the block ends, and yield a client that is logged in.

    Args:
        played: None: a quiet hour.
        speed: of the market; None: it is held.
        second: the market is let go so far, in seconds after the open; negative: not at all.
    """
    host = VirtualClock(SECOND_NS)
    parts = opened(played or stage(), Pace(host, speed), host)
    async with serving(parts, 0) as ready, aiohttp.ClientSession() as http:
        client = Client(http, parts, ready, host)
        assert (await client.log_in(ready.request_token)).status == 200
        if second >= 0:
            await client.advance(second)
        yield client
