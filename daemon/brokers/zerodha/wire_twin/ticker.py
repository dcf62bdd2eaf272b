"""The ticker: frames as binary packets to whoever subscribed, orders as text to all.

Source: Kite Connect 3, web socket streaming; the lengths and offsets are those of `packets`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from struct import Struct as Layout

import msgspec
from aiohttp import WSMsgType, web
from msgspec import Struct

from daemon.brokers.zerodha.packets import Mode
from daemon.brokers.zerodha.wire_twin.contracts import Listing
from daemon.brokers.zerodha.wire_twin.desk import Desk
from daemon.brokers.zerodha.wire_twin.mischief import Kind, Mischief
from daemon.brokers.zerodha.wire_twin.tape import Price, depth_of, figures_of
from daemon.brokers.zerodha.wire_twin.words import Data, text_of
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Frame

CONNECTIONS = 3
HEARTBEAT = b"\x00"
_INSTRUMENTS = 3_000
_UNREAD = 4_096
"""A client that leaves so many messages unread is let go."""
_PATIENCE_S = 5.0
_TO_PAISE = 100
_LTP = Layout(">2I")
_INDEX, _INDEX_FULL = Layout(">7I"), Layout(">8I")
_QUOTE, _FULL = Layout(">11I"), Layout(">16I")
_LEVEL = Layout(">2IH2x")


class _Said(Struct, frozen=True):
    """What a client says: `a` is what to do, `v` with which tokens."""

    a: str
    v: msgspec.Raw = msgspec.Raw(b"[]")


class Link:
    """One connection.

    Args:
        socket: that is open.
        transport: under it.
    """

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.socket = socket
        self._transport = transport
        self.modes: dict[int, Mode] = {}
        self.idle = True
        self._unread: deque[bytes | str] = deque()
        self._woken = asyncio.Event()
        self._taken = asyncio.Event()
        self._taken.set()

    def send(self, message: bytes | str) -> None:
        """Lay a message down; it goes out in its turn. Who reads too little is let go."""
        if len(self._unread) >= _UNREAD:
            self.abort()
            return
        self.idle = False
        self._unread.append(message)
        self._taken.clear()
        self._woken.set()

    async def write(self) -> None:
        """Send what is laid down, until the client is gone."""
        try:
            while not self.socket.closed:
                await self._woken.wait()
                self._woken.clear()
                while self._unread:
                    await self._write(self._unread.popleft())
                self._taken.set()
        except ConnectionError:
            return
        finally:
            self._taken.set()

    async def taken(self) -> None:
        """Wait until the client has taken all; who takes nothing for some seconds is let go."""
        try:
            await asyncio.wait_for(self._taken.wait(), _PATIENCE_S)
        except TimeoutError:
            self.abort()

    async def _write(self, message: bytes | str) -> None:
        if isinstance(message, bytes):
            await self.socket.send_bytes(message)
        else:
            await self.socket.send_str(message)

    def abort(self) -> None:
        """Tear the connection down."""
        if self._transport is not None:
            self._transport.abort()

    def hear(self, text: str) -> list[int]:
        """Take in what the client says, and return the tokens that it wants to see at once.

        Raises:
            ValueError: it cannot be understood.
        """
        said = msgspec.json.decode(text, type=_Said)
        if said.a == "mode":
            mode, tokens = msgspec.json.decode(said.v, type=tuple[Mode, list[int]])
            self.modes.update(dict.fromkeys(tokens, mode))
            return tokens
        tokens = msgspec.json.decode(said.v, type=list[int])
        if said.a == "unsubscribe":
            for token in tokens:
                self.modes.pop(token, None)
            return []
        if said.a != "subscribe" or len(self.modes) + len(tokens) > _INSTRUMENTS:
            raise ValueError(f"{said.a!r} cannot be done")
        for token in tokens:
            self.modes.setdefault(token, Mode.QUOTE)
        return tokens


class Ticker:
    """All connections.

    Args:
        desk: whose prices and contracts they are.
        mischief: what goes wrong.
    """

    def __init__(self, desk: Desk, mischief: Mischief) -> None:
        self._desk = desk
        self._mischief = mischief
        self._links: list[Link] = []
        self._held_back: list[str] = []

    @property
    def is_full(self) -> bool:
        """Whether no more clients are let in."""
        return len(self._links) >= CONNECTIONS

    def show(self, frame: Frame) -> None:
        """Send a frame to whoever subscribed to something in it."""
        if self._links and self._mischief.frozen(frame.at_ns) is None:
            of_symbol = self._desk.contracts.of_symbol
            tokens = [of_symbol[name].token for name in frame.quotes if name in of_symbol]
            for link in self._links:
                self._send(link, tokens)

    def push(self, record: Data) -> None:
        """Send an order to everybody, as often and as late as faults will have it."""
        now_ns = self._desk.now_ns
        text = text_of({"type": "order", "data": record})
        if self._mischief.strike(Kind.OMIT_PUSH, now_ns):
            return
        if self._mischief.strike(Kind.REORDER_PUSH, now_ns):
            self._held_back.append(text)
            return
        texts = [text, *self._held_back]
        self._held_back.clear()
        if self._mischief.strike(Kind.DUPLICATE_PUSH, now_ns):
            texts.append(text)
        for link in self._links:
            for each in texts:
                link.send(each)

    def beat(self) -> None:
        """Send a heartbeat to whoever was sent nothing since the last one."""
        if self._mischief.silent(self._desk.now_ns):
            return
        for link in self._links:
            if link.idle:
                link.send(HEARTBEAT)
            link.idle = True

    def drop(self) -> None:
        """Tear all connections down."""
        for link in self._links:
            link.abort()

    async def taken(self) -> None:
        """Wait until all clients have taken what they were sent."""
        for link in tuple(self._links):
            await link.taken()

    async def serve(
        self, socket: web.WebSocketResponse, transport: asyncio.Transport | None
    ) -> None:
        """Serve a client until it is gone."""
        link = Link(socket, transport)
        self._links.append(link)
        try:
            async with asyncio.TaskGroup() as group:
                writing = group.create_task(link.write())
                async for message in socket:
                    if message.type is WSMsgType.TEXT:
                        self._heard(link, message.data)
                writing.cancel()
        finally:
            self._links.remove(link)

    def _heard(self, link: Link, text: str) -> None:
        try:
            tokens = link.hear(text)
        except (ValueError, msgspec.MsgspecError) as error:
            link.send(text_of({"type": "error", "data": f"Invalid message: {error}"}))
            return
        if not any(each.kind is Kind.FREEZE for each in self._mischief.all(self._desk.now_ns)):
            self._send(link, tokens)

    def _send(self, link: Link, tokens: Iterable[int]) -> None:
        packets = []
        for token in tokens:
            listing = self._desk.contracts.of_token.get(token)
            mode = link.modes.get(token)
            price = self._desk.tape.prices.get(listing.contract.symbol) if listing else None
            if mode is not None and listing is not None and price is not None:
                packets.append(packet(listing, price, mode))
        if packets:
            link.send(framed(packets))


def framed(packets: list[bytes]) -> bytes:
    """Return packets as one message."""
    parts = [len(packets).to_bytes(2)]
    for each in packets:
        parts += (len(each).to_bytes(2), each)
    return b"".join(parts)


def packet(listing: Listing, price: Price, mode: Mode) -> bytes:
    """Return what is known of a contract as a packet of a mode."""
    last = price.quote.ltp_e4 // _TO_PAISE
    at_s = price.at_ns // SECOND_NS
    if mode is Mode.LTP:
        return _LTP.pack(listing.token, last)
    day = figures_of(price, listing)
    day_open, high, low, close = (
        each // _TO_PAISE for each in (day.open_e4, day.high_e4, day.low_e4, day.close_e4)
    )
    if listing.is_index:
        words = (listing.token, last, high, low, day_open, close, abs(last - close))
        return _INDEX.pack(*words) if mode is Mode.QUOTE else _INDEX_FULL.pack(*words, at_s)
    told = (
        *(listing.token, last, day.last_quantity, day.average_e4 // _TO_PAISE, day.volume),
        *(day.buy_quantity, day.sell_quantity, day_open, high, low, close),
    )
    if mode is Mode.QUOTE:
        return _QUOTE.pack(*told)
    depth = depth_of(price.quote)
    levels = (
        _LEVEL.pack(each.quantity, each.price_e4 // _TO_PAISE, each.orders)
        for each in (*depth.bids, *depth.asks)
    )
    return b"".join((_FULL.pack(*told, at_s, 0, 0, 0, at_s), *levels))
