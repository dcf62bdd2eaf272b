"""The shell around the protocol: tasks that carry messages to it, and do what it says."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from daemon.brokers.zerodha.instruments import Listed
from daemon.brokers.zerodha.packets import is_index
from daemon.brokers.zerodha.stream.lines import Answer, Counts, Lines
from daemon.brokers.zerodha.stream.socket import Access, Connecting, Socket, connect
from daemon.brokers.zerodha.stream.spreading import Wanted, spread
from daemon.brokers.zerodha.stream.words import (
    Connect,
    Denied,
    Done,
    Drop,
    Happened,
    Lost,
    Now,
    Opened,
    Ping,
    Pong,
    Send,
)
from daemon.domain.instants import SECOND_NS
from daemon.errors import BrokerMisused, BrokerUnavailable, SessionRefused, WireGarbled
from daemon.ports.market import News
from daemon.runtime.clock import Clock

LOOK_S = 0.25
"""Somebody looks what is due at least so often."""
MOST_UNSENT = 256
"""A socket that takes nothing is let go of once so much is laid down for it."""


class Around(Struct, frozen=True):
    """What a ticker finds around it.

    Attributes:
        access: returns what opens it with the present session; None: there is no session.
        running: the host's running time.
        market: market time.
        dice: chance for the waits.
        connect: opens a socket.
        sleep: waits so many seconds.
    """

    access: Callable[[], Access | None]
    running: Clock
    market: Clock
    dice: random.Random
    connect: Connecting = connect
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep


class _Line:
    """What is under way on one connection."""

    def __init__(self) -> None:
        self.trying: asyncio.Task[None] | None = None
        self.unsent = deque[Send | Ping | Pong]()
        self.woken = asyncio.Event()

    def drop(self) -> None:
        """Let go of the socket; nothing more of it is heard."""
        if self.trying is not None:
            self.trying.cancel()


class Ticker:
    """Listens to Zerodha's ticker.

    Args:
        around: what it finds around it.
        of_symbol: returns the contract that a symbol stands for.
    """

    def __init__(self, around: Around, of_symbol: Callable[[str], Listed]) -> None:
        self._around = around
        self._of_symbol = of_symbol
        self._lines = Lines(around.dice)
        self._ways: dict[int, _Line] = {}
        self._group: asyncio.TaskGroup | None = None
        self._hear: Callable[[News], None] | None = None
        self._wanted = Wanted()

    @property
    def counts(self) -> Counts:
        """What was left out."""
        return self._lines.counts

    def want(self, held: Iterable[str], others: Iterable[str]) -> Sequence[str]:
        """Show these symbols from now on, as far as the broker lists them, and no others.

        Args:
            held: what is held or works.
            others: everything else, indices among it.

        Returns:
            Why some of them are not shown, a sentence for each: it keeps no other from being shown.

        Raises:
            BrokerMisused: they are too many.
        """
        (guarded, lacking), (rest, lacking_too) = self._tokens(held), self._tokens(others)
        every = guarded | rest
        indices = {symbol: token for symbol, token in every.items() if is_index(token)}
        wanted = Wanted(indices, guarded, rest)
        if self._group is None:
            spread(wanted)  # what there is no room for is refused before anybody listens, too
        else:
            self._take(self._lines.want(wanted, self._now()))
        self._wanted = wanted
        return tuple(dict.fromkeys(lacking + lacking_too))

    def hold(self, symbols: Iterable[str]) -> None:
        """Take that these have come to be held; what is not shown is passed over.

        What a further connection shows moves to the first: by that it is told what is fresh.
        """
        known = self._wanted.tokens
        held = {symbol: known[symbol] for symbol in symbols if symbol in known}
        self._wanted = replace(self._wanted, held={**self._wanted.held, **held})
        if self._group is not None and not self._lines.shows_first(held.values()):
            self._take(self._lines.want(self._wanted, self._now()))
        else:
            self._lines.hold(held.values())

    def renew(self) -> None:
        """Use the present session, for the one before is none any more."""
        if self._group is not None:
            self._take(self._lines.renew(self._now()))

    async def listen(self, hear: Callable[[News], None]) -> None:
        """Tell all that comes, until this is cancelled; every socket is closed then.

        Args:
            hear: is told at once, and never waits.
        """
        self._hear = hear
        self._lines, self._ways = Lines(self._around.dice), {}
        try:
            async with asyncio.TaskGroup() as self._group:
                self._take(self._lines.want(self._wanted, self._now()))
                while True:
                    await self._around.sleep(self._left_s())
                    self._take(self._lines.look(self._now()))
        finally:
            self._group = None

    def _tokens(self, symbols: Iterable[str]) -> tuple[dict[str, int], list[str]]:
        """Return the broker's numbers of symbols, and why others have none."""
        tokens, lacking = dict[str, int](), list[str]()
        for symbol in symbols:
            try:
                tokens[symbol] = self._of_symbol(symbol).token
            except (BrokerMisused, WireGarbled) as error:
                lacking.append(str(error))
        return tokens, lacking

    def _now(self) -> Now:
        return Now(self._around.running.now_ns(), self._around.market.now_ns())

    def _left_s(self) -> float:
        """Return how long nothing is due, and a quarter of a second at most."""
        due_ns = self._lines.due_ns
        if due_ns is None:
            return LOOK_S
        return min(max(0, due_ns - self._around.running.now_ns()) / SECOND_NS, LOOK_S)

    def _happens(self, number: int, happened: Happened) -> None:
        self._take(self._lines.handle(number, happened, self._now()))

    def _take(self, answer: Answer) -> None:
        for number, done in answer.done:
            self._do(number, done)
        assert self._hear is not None, "somebody listens"
        for news in answer.news:
            self._hear(news)

    def _do(self, number: int, done: Done) -> None:
        line = self._ways.setdefault(number, _Line())
        match done:
            case Connect():
                assert self._group is not None, "whoever listens has a group"
                line.trying = self._group.create_task(self._try(number, line, line.trying))
            case Drop():
                line.drop()
            case Send() | Ping() | Pong() if len(line.unsent) >= MOST_UNSENT:
                line.drop()
                self._happens(number, Lost("the broker takes nothing any more"))
            case Send() | Ping() | Pong():
                line.unsent.append(done)
                line.woken.set()

    async def _try(self, number: int, line: _Line, before: asyncio.Task[None] | None) -> None:
        """Make a connection, and carry what comes on it, until it ends or is dropped."""
        if before is not None:
            await asyncio.wait({before})  # the broker counts sockets
        access = self._around.access()
        if access is None:
            self._happens(number, Denied(0))
            return
        line.unsent.clear()
        ended: Happened = Lost("the broker closed the connection")
        try:
            async with self._around.connect(access.address) as socket:
                self._happens(number, Opened())
                await self._converse(number, line, socket)
        except SessionRefused:
            ended = Denied(access.generation)
        except BrokerUnavailable as error:
            ended = Lost(str(error))
        self._happens(number, ended)

    async def _converse(self, number: int, line: _Line, socket: Socket) -> None:
        writing = asyncio.get_running_loop().create_task(_write(line, socket), name="ticker")
        try:
            async for came in socket.messages():
                self._happens(number, came)
        finally:
            writing.cancel()
            await asyncio.wait({writing})


async def _write(line: _Line, socket: Socket) -> None:
    """Send what is laid down, for as long as the socket takes it."""
    while True:
        await line.woken.wait()
        line.woken.clear()
        while line.unsent:
            try:
                await socket.send(line.unsent.popleft())
            except BrokerUnavailable:
                return  # whoever reads finds the end of it, or its silence
