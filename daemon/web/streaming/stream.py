"""One stream of messages to many clients, none of whom can hold up another.

A message is encoded once, into the bytes that a WebSocket carries, and these bytes are given to
each client's transport. Nobody is waited for: what the network has not taken lies in the
transport's buffer, which is the only queue of ours. Where every message is whole a client that
still has the last one there, or has left a ping unanswered for a second, gets none, so what it sees
next is the newest; where messages build on each other they may queue up to a limit. Whoever goes
beyond it, leaves bytes there for too long or does not answer a ping is dropped, with 1013.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

import orjson

from daemon.domain.instants import iso
from daemon.domain.orders.arming import PAPER

PENDING_S = 2
PING_EVERY_S = 5
PONG_WITHIN_S = 10
PONG_SOON_S = 1
"""A ping that takes longer waits behind what is queued somewhere: no more is put there."""
BUFFER_BYTES = 256 * 1024
_SOCKET_BYTES = 64 * 1024  # what the kernel holds back for a client that has stopped reading
_LAST_WORD_S = 1
_SLICE = 8  # clients written to, or looked at, before other work of the loop has its turn
_TEXT, _CLOSE, _PING = 0x81, 0x88, 0x89
_SHORT, _MIDDLE = 126, 1 << 16
TRY_AGAIN_LATER = 1013


def websocket_frame(payload: bytes, opcode: int = _TEXT) -> bytes:
    """Return a whole message as a server sends it: unmasked, so it is the same for everybody."""
    size = len(payload)
    if size < _SHORT:
        return bytes((opcode, size)) + payload
    if size < _MIDDLE:
        return bytes((opcode, 126)) + size.to_bytes(2) + payload
    return bytes((opcode, 127)) + size.to_bytes(8) + payload


class Message:
    """What all clients of a stream are sent at one time.

    Args:
        seq: its number in the stream.
        made_s: when, by the loop's clock.
        head: type, seq, at and mode.
        body: what is sent to those who follow already.
        whole: what is sent to those who have just come; None: the same.
    """

    __slots__ = ("_head", "_snapshot", "_whole", "data", "made_s", "seq")

    def __init__(
        self, made_s: float, head: dict[str, Any], body: dict[str, Any], whole: dict[str, Any]
    ) -> None:
        self.seq: int = head["seq"]
        self.made_s = made_s
        self.data = websocket_frame(orjson.dumps({**head, **body}))
        self._head = head
        self._whole = whole
        self._snapshot = b""

    @property
    def snapshot(self) -> bytes:
        """The same state, as the first message of a client."""
        if not self._snapshot:
            document = {**self._head, "type": "snapshot", **self._whole}
            self._snapshot = websocket_frame(orjson.dumps(document))
        return self._snapshot


class Watcher:
    """One client of a stream.

    Args:
        transport: leads to it.
        now_s: by the loop's clock.

    Attributes:
        seq: of the newest message that it was given; -1: none yet.
    """

    __slots__ = ("_pending_s", "_pinged_s", "_ponged_s", "_slow", "seq", "transport")

    def __init__(self, transport: asyncio.WriteTransport, now_s: float) -> None:
        self.transport = transport
        self.seq = -1
        self._pending_s: float | None = None
        self._pinged_s: float | None = None
        self._ponged_s = now_s
        self._slow = True  # until it has shown otherwise
        sock: socket.socket | None = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)

    @property
    def pending_bytes(self) -> int:
        """What the network has not taken yet."""
        return self.transport.get_write_buffer_size()

    def send(self, message: Message) -> None:
        """Give it a message, unless it has it already."""
        if message.seq > self.seq and not self.transport.is_closing():
            self.transport.write(message.snapshot if self.seq < 0 else message.data)
            self.seq = message.seq

    def is_behind(self, now_s: float) -> bool:
        """Whether what it was given lies on the way still: with us, or where nobody sees it.

        Of a slow one that holds as soon as it is pinged, and it is pinged without a pause: so there
        is never more on the way to it than what it was given between two looks.
        """
        if self._pinged_s is None:
            return self.pending_bytes > 0
        return self._slow or now_s - self._pinged_s > PONG_SOON_S or self.pending_bytes > 0

    def answered(self, now_s: float) -> None:
        """It has answered a ping."""
        self._slow = self._pinged_s is not None and now_s - self._pinged_s > PONG_SOON_S
        self._pinged_s, self._ponged_s = None, now_s

    def look(self, now_s: float) -> str:
        """Ping it where that is due; return why it is to be dropped, or nothing."""
        if self.transport.is_closing():
            return ""
        pending = self.pending_bytes
        if not pending:
            self._pending_s = None
        elif self._pending_s is None:
            self._pending_s = now_s
        if pending > BUFFER_BYTES:
            return f"more than {BUFFER_BYTES} bytes wait for it"
        if self._pending_s is not None and now_s - self._pending_s > PENDING_S:
            return f"it has not read for {PENDING_S} s"
        if self._pinged_s is not None:
            late = now_s - self._pinged_s > PONG_WITHIN_S
            return f"it has not answered a ping within {PONG_WITHIN_S} s" if late else ""
        if self._slow or now_s - self._ponged_s >= PING_EVERY_S:
            self._pinged_s = now_s
            self.transport.write(websocket_frame(b"", _PING))
        return ""

    def drop(self) -> None:
        """Say 1013 where it still listens; a second later the connection is cut in any case."""
        if self.transport.is_closing():
            return
        payload = TRY_AGAIN_LATER.to_bytes(2) + b"too slow; connect again"
        self.transport.write(websocket_frame(payload, _CLOSE))
        loop = asyncio.get_running_loop()
        loop.call_later(_LAST_WORD_S, self.transport.abort)


class Stream:
    """Messages in order, and those who follow them.

    Args:
        kind: the type that its messages carry.
        wall_ns: host time that they are stamped with.
        keep: how many messages may wait for the sender; 1: each is whole, the newest counts.
        mode: whose money is traded with, which each message says.
    """

    def __init__(
        self, kind: str, wall_ns: Callable[[], int], keep: int = 1, mode: str = PAPER
    ) -> None:
        self.kind = kind
        self._mode = mode
        self.watchers: dict[Watcher, float] = {}  # each with what it was not worth showing before
        self.newest: Message | None = None
        self._wall_ns = wall_ns
        self._whole = keep == 1
        self._waiting: deque[Message] = deque(maxlen=keep)
        self._seq = 0

    @property
    def made_s(self) -> float:
        """When its newest message was made, by the loop's clock; 0: there is none."""
        return 0.0 if self.newest is None else self.newest.made_s

    def publish(
        self, body: dict[str, Any], now_s: float, whole: dict[str, Any] | None = None
    ) -> None:
        """Enter a message; the sender brings it to everybody.

        Args:
            body: its fields.
            now_s: by the loop's clock.
            whole: the fields for those who have just come; None: the same.
        """
        self._seq += 1
        at = iso(self._wall_ns())
        head = {"type": self.kind, "seq": self._seq, "at": at, "mode": self._mode}
        self.newest = Message(now_s, head, body, body if whole is None else whole)
        self._waiting.append(self.newest)

    def join(self, watcher: Watcher, fresh_s: float) -> None:
        """Let somebody follow: at once from the newest message, or from the next one.

        Args:
            watcher: who.
            fresh_s: a newest message that was made before this is not worth showing.
        """
        self.watchers[watcher] = fresh_s
        if self.newest is not None and self.newest.made_s >= fresh_s:
            watcher.send(self.newest)

    def leave(self, watcher: Watcher) -> None:
        """Let somebody go."""
        self.watchers.pop(watcher, None)

    async def send(self) -> None:
        """Bring what waits to everybody, letting other work of the loop in between."""
        while self._waiting:
            message = self._waiting.popleft()
            for number, watcher in enumerate(tuple(self.watchers), 1):
                if not (self._whole and watcher.is_behind(message.made_s)):
                    self._give(watcher, message)
                if number % _SLICE == 0:
                    await asyncio.sleep(0)

    def _give(self, watcher: Watcher, message: Message) -> None:
        """Where messages build on each other, whoever has missed one is let go of."""
        missed = not self._whole and -1 < watcher.seq < message.seq - 1
        if missed or watcher.pending_bytes > BUFFER_BYTES:
            self.leave(watcher)
            watcher.drop()
        else:
            watcher.send(message)

    async def look(self, now_s: float) -> list[str]:
        """Drop those who have stopped reading; return why, for each.

        Who was behind and has answered is given the newest before he is pinged again: else it
        would hang on the moment at which messages are made whether a slow one ever gets any.
        Whoever came together is pinged together, so other work of the loop is let in between.
        """
        dropped: list[str] = []
        newest = self.newest if self._whole else None
        for number, (watcher, fresh_s) in enumerate(tuple(self.watchers.items()), 1):
            if newest is not None and newest.made_s >= fresh_s and not watcher.is_behind(now_s):
                watcher.send(newest)
            because = watcher.look(now_s)
            if because:
                self.leave(watcher)
                watcher.drop()
                dropped.append(because)
            if number % _SLICE == 0:
                await asyncio.sleep(0)
        return dropped
