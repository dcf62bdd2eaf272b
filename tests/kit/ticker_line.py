"""A connection to Zerodha's ticker on virtual time, and what a broker sends on it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, time

from daemon.brokers.zerodha.packets import Mode
from daemon.brokers.zerodha.stream.connection import Connection, State
from daemon.brokers.zerodha.stream.words import (
    Begin,
    Bytes,
    Connect,
    Done,
    Down,
    Happened,
    Learned,
    Look,
    Now,
    Opened,
    Ping,
    Ponged,
    Want,
)
from daemon.domain.instants import SECOND_NS, at
from tests.kit.kite_frames import frame, full_packet, packet

NIFTY, BANKNIFTY = 256265, 260105
OPTION = 12_345 << 8 | 2
HEARTBEAT = Bytes(b"\x00")
TRADING_DAY = date(2026, 11, 26)
HOST_NS = 77 * SECOND_NS
"""What the host's running time shows when a line begins: it has nothing to do with the market's."""


def index_packet(token: int, price: int, at_s: int) -> bytes:
    """Return an index in full mode: its last price in paise, and the second of the exchange."""
    return packet(token, (price, price, price, price, price, 0, at_s))


def option_packet(
    token: int, price: int, at_s: int, traded_s: int | None = None, *, bid: bool = True
) -> bytes:
    """Return a contract in full mode that is bid and offered at a paisa around its last price.

    Args:
        token: the broker's number of it.
        price: the last, in paise.
        at_s: the second of the exchange.
        traded_s: the second of its last trade; None: that one.
        bid: somebody bids.
    """
    traded_s = at_s if traded_s is None else traded_s
    words = (price, 1, price, 1, 1, 1, price, price, price, price, traded_s, 1, 1, 1, at_s)
    levels = [(10, price - 1, 1) if bid else (0, 0, 0)] * 5 + [(20, price + 1, 1)] * 5
    return full_packet(token, words, levels)


def indices(price: int, at_s: int = 0) -> Bytes:
    """Return a message in which the Nifty stands at a price."""
    return Bytes(frame(index_packet(NIFTY, price, at_s)))


class Line:
    """One connection, whose broker answers pings unless it is said to be deaf.

    Attributes:
        connection: the protocol.
        now_ns: the present, in market time.
        log: what it did and learned, each with the market time of it.
    """

    def __init__(self, day: date, wall: time, modes: dict[int, Mode] | None = None) -> None:
        self.connection = Connection(random.Random(1))
        self.start_ns = self.now_ns = at(day, wall)
        self.log: list[tuple[int, Done | Learned]] = []
        self.answers_pings = True
        if modes is None:
            modes = {NIFTY: Mode.FULL, OPTION: Mode.FULL}
        self.tell(Want(modes))
        self.tell(Begin())

    @property
    def now(self) -> Now:
        return Now(HOST_NS + self.now_ns - self.start_ns, self.now_ns)

    def tell(self, happened: Happened) -> list[Done | Learned]:
        answer = self.connection.handle(happened, self.now)
        self.log += [(self.now_ns, each) for each in answer]
        if self.answers_pings and any(isinstance(each, Ping) for each in answer):
            self.tell(Ponged())
        return answer

    def opened(self) -> Line:
        """Let the handshake be done."""
        assert self.connection.state is State.CONNECTING
        self.tell(Opened())
        return self

    def run(self, seconds: float) -> None:
        """Let time pass, and look whenever it is due; until somebody must connect."""
        end_ns = self.now_ns + int(seconds * SECOND_NS)
        while (due_ns := self.connection.due_ns) is not None:
            at_ns = due_ns - HOST_NS + self.start_ns
            if at_ns > end_ns:
                break
            self.now_ns = max(self.now_ns, at_ns)
            if Connect() in self.tell(Look()):
                return
        self.now_ns = max(self.now_ns, end_ns)

    def each_second(self, messages: Iterable[Happened], seconds: int) -> None:
        """Send one message a second for so long; the last of them over and over."""
        told = list(messages)
        for number in range(seconds):
            self.tell(told[min(number, len(told) - 1)])
            self.run(1)

    def downs(self) -> list[tuple[float, Down]]:
        """Return when it was found to be down, in seconds since the start, and why."""
        return [
            ((when - self.start_ns) / SECOND_NS, each)
            for when, each in self.log
            if isinstance(each, Down)
        ]

    def of(self, *kinds: type) -> list[Done | Learned]:
        """Return what it did and learned of these kinds."""
        return [each for _, each in self.log if isinstance(each, kinds)]
