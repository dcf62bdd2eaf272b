"""A receiver of webhooks on loopback, which answers as it is told, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Struct

TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
FAILING = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno"
REFUSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
AWAY = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"
CLOSING = b""
HANGS = None


def leading(to: str) -> bytes:
    """Return an answer that leads elsewhere."""
    return (
        f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()
    )


class Posted(Struct, frozen=True):
    """One request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Listens on a free port of 127.0.0.1.

    Attributes:
        answers: what is answered next, one each; the last one stays.
        posted: what came.
        came: is set with each request.
        port: where it listens.
    """

    def __init__(self) -> None:
        self.answers: list[bytes | None] = [TAKEN]
        self.posted: list[Posted] = []
        self.came = asyncio.Event()
        self.port = 0
        self._serving: set[asyncio.Task[object] | None] = set()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/hooks/ordo"

    async def until(self, count: int) -> None:
        """Wait until so many requests have come."""
        while len(self.posted) < count:
            self.came.clear()
            await self.came.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read requests of one connection, and answer them."""
        self._serving.add(asyncio.current_task())
        try:
            while line := (await reader.readline()).decode():
                headers: dict[str, str] = {}
                while (header := (await reader.readline()).decode().strip()) != "":
                    name, _, value = header.partition(": ")
                    headers[name.lower()] = value
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.posted.append(Posted(line.strip(), headers, body))
                self.came.set()
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer is HANGS:
                    await asyncio.Event().wait()
                elif answer == CLOSING:
                    break
                else:
                    writer.write(answer)
                    await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever asked has gone
        finally:
            writer.close()

    def end(self) -> None:
        """Hang no more."""
        for task in self._serving:
            if task is not None:
                task.cancel()


@asynccontextmanager
async def receiving(*answers: bytes | None) -> AsyncIterator[Receiver]:
    """Receive until the block ends."""
    receiver = Receiver()
    receiver.answers = list(answers) or receiver.answers
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        receiver.end()
