"""A server that answers as a daemon's control port would, with documents that a test gives it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from msgspec import Struct

TOKEN = "ordo_0a1b2c3d_" + "s3cret" * 7 + "x"
JSON, PROBLEM = "application/json", "application/problem+json"
Reply = tuple[int, str, bytes]


class Asked(Struct, frozen=True):
    """One request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class FakeDaemon:
    """What it answers, and what it was asked.

    Attributes:
        replies: by method and path; a function is called for each request.
        asked: every request, oldest first.
        port: on 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.replies: dict[tuple[str, str], Reply | Callable[[], Reply]] = {}
        self.asked: list[Asked] = []

    def tells(self, path: str, document: Any, method: str = "GET") -> bytes:
        """Answer a path with a document, and return its bytes."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.replies[method, path] = (200, JSON, body)
        return body

    def refuses(self, path: str, status: int, method: str = "GET", **problem: Any) -> None:
        """Answer a path with a problem."""
        self.replies[method, path] = (status, PROBLEM, json.dumps(problem).encode())

    def reply(self, asked: Asked) -> Reply:
        """Return what is answered."""
        self.asked.append(asked)
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            problem = {"code": "unauthorised", "detail": "no token that counts", "status": 401}
            return 401, PROBLEM, json.dumps(problem).encode()
        found = self.replies.get((asked.method, asked.path))
        if found is None:
            problem = {"code": "no_route", "detail": f"nothing at {asked.path}", "status": 404}
            return 404, PROBLEM, json.dumps(problem).encode()
        return found() if callable(found) else found


@contextmanager
def serving() -> Iterator[FakeDaemon]:
    """Serve on a free port of this machine until the test is over."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, kind, content = daemon.reply(
                Asked(self.command, self.path, dict(self.headers), body)
            )
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        daemon = FakeDaemon(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield daemon
        finally:
            server.shutdown()
            thread.join()
