"""The broker process as a daemon sees it: a broker to be asked, and the market that it is shown.

What is asked goes over a wire that may do anything. Where a request may have been written, all that
is not an answer means that its outcome is unknown; only a connection that was never made proves
that nothing left. What the world shows goes straight to the exchange, for its market is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from http.client import HTTPConnection
from typing import Any

import aiohttp
from msgspec.msgpack import decode, encode

from daemon.app.at_brokers.accounts import Account
from daemon.app.at_brokers.connections import Opened
from daemon.brokers.paper import Paper
from daemon.domain.market.frames import Frame
from daemon.domain.market.instruments import Instrument
from daemon.domain.orders.limits import Approved
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.words import OrderAnswer
from daemon.errors import BrokerUnavailable
from daemon.errors import OutcomeUnknown as Unknown
from daemon.messages import (
    Cancel,
    CancelAnswered,
    FindOrder,
    LoggedIn,
    LogIn,
    ReadAccount,
    ReadMargin,
)
from daemon.ports.broker import Answer, Counted, Found, Read
from daemon.twin.exchange import Exchange
from daemon.twin.file import TwinFile
from daemon.twin.matching import LastPrices
from daemon.twin.words import Event, Trade
from tests.kit import broker_wire as wire

_LAID_AT_ONCE = 64


class RemoteExchange(Exchange):
    """The exchange of the broker process, as far as a world shows it something.

    Frames that change nothing there wait until something is asked, and go together.

    Args:
        port: where it is reached, straight.

    Attributes:
        port: the same.
        idle: frames change nothing there, as far as is known.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self._link = HTTPConnection("127.0.0.1", port)
        self._laid: list[tuple[Frame, int]] = []
        self.idle = False

    def on_frame(self, frame: Frame, now_ns: int) -> list[Event]:
        """Show a frame, and return what it filled."""
        self._laid.append((frame, now_ns))
        return [] if self.idle and len(self._laid) < _LAID_AT_ONCE else self.lay()

    def lay(self) -> list[Event]:
        """Show the frames that wait."""
        if not self._laid:
            return []
        laid, self._laid = self._laid, []
        return self._events("frames", laid)

    def advance(self, now_ns: int) -> list[Event]:
        """Let time pass."""
        return [*self.lay(), *self._events("advance", now_ns)]

    def settle(self, day: date, values_e4: Mapping[str, int], now_ns: int) -> list[Event]:
        """Settle what expired."""
        return [*self.lay(), *self._events("settle", day, values_e4, now_ns)]

    def prime(self, frames: Sequence[Frame], shown_ns: int = 0) -> None:
        """Show the newest quotes to who has perhaps seen them."""
        self._asked("prime", frames, shown_ns)

    def reached_ns(self) -> int:
        """Return how far the exchange and its market have got."""
        return max(self._told("reached_ns"), self._told("quoted_ns"))

    def quoted_ns(self) -> int:
        """Return the instant of the newest frame."""
        self.lay()
        quoted_ns: int = self._told("quoted_ns")
        return quoted_ns

    def trades(self) -> list[Trade]:
        """Return the day's trades."""
        trades: list[Trade] = self._told("trades")
        return trades

    def expiring(self, day: date) -> list[Instrument]:
        """Return the contracts of an expiry that it has to do with."""
        expiring: list[Instrument] = self._told("expiring", day)
        return expiring

    def quotes(self, day: date) -> LastPrices:
        """Return the newest quotes of a day."""
        self.lay()
        quotes: LastPrices = self._told("quotes", day)
        return quotes

    def close(self) -> None:
        """Let go of the link."""
        self._link.close()

    def _events(self, verb: str, *args: Any) -> list[Event]:
        return list(wire.told(self._asked(verb, *args)))

    def _told(self, verb: str, *args: Any) -> Any:
        return decode(self._asked(verb, *args), type=wire.MARKET[verb][1])

    def _asked(self, verb: str, *args: Any) -> bytes:
        self._link.request("POST", f"/market/{verb}", encode(args))
        with self._link.getresponse() as answer:
            body = answer.read()
            assert answer.status == 200, (verb, answer.status, body)
        shown = decode(body, type=wire.Shown)
        self.idle = shown.idle
        return bytes(shown.told)


class RemoteBroker:
    """One account at the broker process.

    Args:
        port: where it is reached, perhaps through something that breaks.
        exchange: its exchange, which is first shown the market up to where a request leaves.
        now_ns: tells market time.
    """

    def __init__(self, port: int, exchange: RemoteExchange, now_ns: Callable[[], int]) -> None:
        self._base = f"http://127.0.0.1:{port}/broker/"
        self._exchange = exchange
        self._now_ns = now_ns
        self._session: aiohttp.ClientSession | None = None

    async def place(self, approved: Approved) -> Sequence[Answer]:
        """Ask for an order.

        Raises:
            BrokerUnavailable: there was no connection, so nothing left.
            OutcomeUnknown: it may have left, and no answer to it came.
        """
        answers = await self._ask("place", approved.intent)
        if not answers or not isinstance(answers[0], OrderAnswer):
            raise Unknown("the answer is none to an order")
        if answers[0].intent_id != approved.intent.intent_id:
            raise Unknown("the answer is to another order")
        return answers

    async def cancel(self, intent_id: str, broker_order_id: str) -> Sequence[Answer]:
        """Ask that an order be taken out of the book.

        Raises:
            BrokerError: no answer came.
        """
        answers = await self._ask("cancel", Cancel(intent_id, broker_order_id))
        if not answers or not isinstance(answers[0], CancelAnswered):
            raise Unknown("the answer is none to a cancellation")
        return answers

    async def log_in(self, generation: int) -> Sequence[LoggedIn]:
        """Ask for a session.

        Raises:
            BrokerError: no answer came.
        """
        return await self._ask("log_in", LogIn(generation))

    async def find(self, intent_id: str) -> Sequence[Found]:
        """Look an order up by our own id.

        Raises:
            BrokerError: no answer came.
        """
        return await self._ask("find", FindOrder(intent_id))

    async def read(self) -> Sequence[Read]:
        """Read the whole book.

        Raises:
            BrokerError: no answer came.
        """
        return await self._ask("read", ReadAccount())

    async def margin(self, parent: str, legs: Sequence[MarginLeg]) -> Sequence[Counted]:
        """Say what margin legs need.

        Raises:
            BrokerError: no answer came.
        """
        return await self._ask("margin", ReadMargin(parent, tuple(legs)))

    async def close(self) -> None:
        """End its connections."""
        self._exchange.close()
        if self._session is not None:
            await self._session.close()

    async def _ask(self, verb: str, word: Any) -> tuple[Any, ...]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        self._exchange.lay()
        self._exchange.idle = False
        body = wire.request(word, self._now_ns())
        try:
            async with self._session.post(self._base + verb, data=body) as answer:
                told = await answer.read()
        except aiohttp.ClientConnectorError as error:
            raise BrokerUnavailable(f"no connection to the broker: {error}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unknown(f"the connection to the broker ended: {error!r}") from error
        if answer.status != 200:
            raise Unknown(f"the broker answered with {answer.status}")
        try:
            return wire.told(told)
        except wire.Garbled as error:
            raise Unknown(f"the broker's answer cannot be read: {error}") from error


class Remote:
    """Opens an account at the broker process; its book is the broker's own.

    Args:
        market_port: where its exchange is shown the market, straight.
        broker_port: where it is asked.
    """

    def __init__(self, market_port: int, broker_port: int) -> None:
        self._ports = (market_port, broker_port)

    def open(self, _: Account, __: TwinFile | None, now_ns: Callable[[], int]) -> Opened:
        """Open it."""
        market_port, broker_port = self._ports
        exchange = RemoteExchange(market_port)
        broker = RemoteBroker(broker_port, exchange, now_ns)
        return Opened(broker, Paper(exchange, now_ns), broker.close)
