"""A broker in a process of its own: the exchange twin behind a small HTTP server on loopback.

It outlives every daemon that asks it. A request that was on its way when its daemon died arrives
all the same, and its answer is lost. It misbehaves by seed: what strikes a request follows from the
seed, the verb and how often that verb came, and from nothing else.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from enum import StrEnum
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct
from msgspec.msgpack import decode, encode
from msgspec.structs import replace

from daemon.brokers.paper import Paper
from daemon.brokers.paper_exchange import exchange
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Frame
from daemon.domain.orders.limits import Approved, _Seal
from daemon.domain.orders.words import Intent, OutcomeUnknown
from daemon.messages import Cancel, FindOrder, LogIn, ReadAccount, ReadMargin
from daemon.twin.exchange import Exchange
from daemon.twin.faults import Call, Fault, FaultKind, Faults
from daemon.twin.file import SqliteFile
from daemon.twin.latency import Latency
from tests.kit import broker_wire as wire
from tests.kit.plans import ROOT

FILE = "broker.sqlite"
"""The broker's own book, in the folder that it is given."""
_PLANNED = 5_000
_PATIENCE_S = 30.0


class Whim(StrEnum):
    """How a request goes wrong, whatever becomes of it at the exchange."""

    CUT = "cut"  # the connection ends before anything is booked
    LATE = "late"  # the answer comes late, perhaps too late
    LOST = "lost"  # booked, and the connection ends without an answer
    ERROR = "error"  # booked, and answered with 500
    EMPTY = "empty"  # booked, and answered with nothing
    GARBAGE = "garbage"  # booked, and answered with a page of a proxy


class Manner(Struct, frozen=True):
    """How a broker behaves.

    Attributes:
        cash_e4: what the account begins with.
        seed: of its latencies and its whims.
        percent: how many requests of a hundred a whim strikes.
        late_percent: how many orders of a hundred reach the book late, up to a market minute.
        late_ms: how late a late answer comes at most, in host time.
    """

    cash_e4: int
    seed: int = 1
    percent: int = 0
    late_percent: int = 0
    late_ms: int = 1_000

    def whim(self, verb: str, number: int) -> tuple[Whim | None, float]:
        """Return what strikes a request, and how late its answer is if that is it, in s."""
        rng = random.Random(f"{self.seed}:{verb}:{number}")
        if verb == "log_in" or rng.randrange(100) >= self.percent:
            return None, 0.0
        return rng.choice(list(Whim)), rng.uniform(0.0, self.late_ms / 1_000)

    def faults(self) -> Faults:
        """Return which orders the exchange books late."""
        rng = random.Random(f"{self.seed}:late")
        struck = [n for n in range(1, _PLANNED) if rng.randrange(100) < self.late_percent]
        return Faults(
            tuple(
                Fault(Call.PLACE, FaultKind.LATE, n, delay_ns=rng.randrange(60 * SECOND_NS))
                for n in struck
            )
        )


class BrokerServer:
    """Serves one account.

    Args:
        manner: how it behaves.
        market: its exchange.
    """

    def __init__(self, manner: Manner, market: Exchange) -> None:
        self._manner = manner
        self._market = market
        self._now_ns = market.reached_ns()
        self._paper = Paper(market, lambda: self._now_ns)
        self._came: Counter[str] = Counter()

    def app(self) -> web.Application:
        """Return both of its sides."""
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/broker/{verb}", self._broker)
        app.router.add_post("/market/{verb}", self._shown)
        app.router.add_post("/behave", self._behave)
        return app

    async def _behave(self, _: web.Request) -> web.Response:
        """Meet no whim from now on; what is on its way stays late."""
        self._manner = replace(self._manner, percent=0)
        return web.Response()

    async def _broker(self, request: web.Request) -> web.StreamResponse:
        verb = request.match_info["verb"]
        try:
            at_ns, word = wire.requested(verb, await request.read())
        except (OSError, wire.Garbled):  # it left only in part, so nothing arrived
            return _cut(request)
        self._came[verb] += 1
        whim, late_s = self._manner.whim(verb, self._came[verb])
        if whim is Whim.CUT:
            return _cut(request)
        self._now_ns = max(self._now_ns, at_ns)
        answers = await self._answered(word)
        if whim is Whim.LOST or isinstance(answers[0], OutcomeUnknown):
            return _cut(request)
        match whim:
            case Whim.LATE:
                await asyncio.sleep(late_s)
            case Whim.ERROR:
                return web.Response(status=500, text="internal error")
            case Whim.EMPTY:
                return web.Response()
            case Whim.GARBAGE:
                return web.Response(text="<html><body>please try again</body></html>")
        return web.Response(body=encode(wire.words(answers)))

    async def _answered(self, word: Any) -> Sequence[Any]:
        match word:
            case Intent():
                return await self._paper.place(Approved(word, _Seal(word)))
            case Cancel(intent_id, broker_order_id):
                return await self._paper.cancel(intent_id, broker_order_id)
            case FindOrder(intent_id):
                return await self._paper.find(intent_id)
            case ReadAccount():
                return await self._paper.read()
            case ReadMargin(parent, legs):
                return await self._paper.margin(parent, legs)
            case LogIn(generation):
                return await self._paper.log_in(generation)
        raise AssertionError(f"nobody asks {word!r}")

    async def _shown(self, request: web.Request) -> web.StreamResponse:
        verb = request.match_info["verb"]
        given, _ = wire.MARKET[verb]
        try:
            args = decode(await request.read(), type=given)
        except OSError:  # the world ended with its daemon, in the middle
            return _cut(request)
        match verb:
            case "frames":
                told = [event for frame in args[0] for event in self._market.on_frame(*frame)]
            case "prime":
                told = self._primed(*args)
            case _:
                told = getattr(self._market, verb)(*args)
        if verb in ("frames", "advance", "settle"):
            told = wire.words(told)
        return web.Response(body=encode((self._market._idle, told)))

    def _primed(self, frames: list[Frame], shown_ns: int) -> None:
        """Show the newest quotes to an exchange that has perhaps gone on since it saw some."""
        seen_ns = self._market.quoted_ns()
        if not seen_ns:
            self._market.prime(frames, shown_ns)
            return
        quotes = self._market._quotes
        quotes.pending.extend(frame for frame in frames if frame.at_ns > seen_ns)
        quotes.merge()
        quotes.shown_ns = max(quotes.at_ns, shown_ns)


def _cut(request: web.Request) -> web.StreamResponse:
    """End a connection where it stands."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


class BrokerProcess(Struct, frozen=True):
    """A running broker.

    Attributes:
        port: on loopback.
        folder: where its book lies.
        pid: its process id.
    """

    port: int
    folder: Path
    pid: int

    def behave(self) -> None:
        """Let it meet no whim any more."""
        self._ask("/behave")

    def quoted_ns(self) -> int:
        """Return how far its market has got."""
        shown = decode(self._ask("/market/quoted_ns"), type=wire.Shown)
        return decode(shown.told, type=int)

    def _ask(self, path: str) -> bytes:
        with closing(HTTPConnection("127.0.0.1", self.port)) as link:
            link.request("POST", path, encode(()))
            answer = link.getresponse()
            assert answer.status == 200, (path, answer.status)
            return answer.read()


@contextmanager
def broker_process(folder: Path, manner: Manner) -> Iterator[BrokerProcess]:
    """Run a broker until the block ends; it ends as well where who started it does."""
    given = msgspec.json.encode(manner).decode()
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.kit.broker_process", str(folder), given],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None, "it ends when this does"
    assert server.stdout is not None, "it says where it listens"
    try:
        port = server.stdout.readline().strip()
        assert port.isdecimal(), f"the broker did not start: {port}"
        yield BrokerProcess(int(port), folder, server.pid)
    finally:
        server.stdin.close()
        server.wait(_PATIENCE_S)
        server.stdout.close()


async def serve(
    folder: Path, manner: Manner, ready: Callable[[int], None], over: Callable[[], object]
) -> None:
    """Serve an account.

    Args:
        folder: where its book lies.
        manner: how it behaves.
        ready: is told the port.
        over: returns when it is to end; called in a thread.
    """
    latency = Latency(manner.seed, 30_000, 20_000)
    with closing(SqliteFile(folder / FILE)) as file:
        market = exchange(manner.cash_e4, latency, file, manner.faults())
        app = BrokerServer(manner, market).app()
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ready(runner.addresses[0][1])
        await asyncio.to_thread(over)
        await runner.cleanup()


def _say(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    given = msgspec.json.decode(sys.argv[2], type=Manner)
    asyncio.run(serve(Path(sys.argv[1]), given, _say, sys.stdin.read))
