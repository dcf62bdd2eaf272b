"""A wire to a server that answers can be lost on."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Wire:
    """Passes bytes on between whoever connects and a server, until it is told otherwise.

    What it is told counts for every connection that there is, and for none that comes later.

    Args:
        server: its port, on loopback.
        port: where to listen; 0: anywhere.

    Attributes:
        port: where it listens itself.
    """

    def __init__(self, server: int, port: int = 0) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[_Pair] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def lose_requests(self) -> None:
        """Cut each connection when something is next asked, and pass nothing of it on."""
        for pair in self._open:
            pair.asks = "lost"

    def lose_answers(self) -> None:
        """Pass on what is asked, and cut each connection when it is answered."""
        for pair in self._open:
            pair.tells = "lost"

    def swallow_answers(self) -> None:
        """Pass on what is asked, and let no answer through; the connection stays."""
        for pair in self._open:
            pair.tells = "swallowed"

    def fall_silent(self) -> None:
        """Let nothing through either way; the connection stays."""
        for pair in self._open:
            pair.asks = pair.tells = "swallowed"

    def close(self) -> None:
        """Listen no more, and cut every connection."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for pair in self._open:
            pair.cut()

    def _listen(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(_Pair(near, socket.create_connection(("127.0.0.1", self._server))))


class _Pair:
    """One connection, with a thread for each way."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.asks = self.tells = "passed"
        self._ends = (near, far)
        self._threads = [
            threading.Thread(target=self._pass, args=each, daemon=True)
            for each in ((near, far, "asks"), (far, near, "tells"))
        ]
        for thread in self._threads:
            thread.start()

    def cut(self) -> None:
        """End it on both sides, and wait until nobody uses it."""
        self._shut()
        for thread in self._threads:
            thread.join()
        for end in self._ends:
            end.close()

    def _pass(self, come: socket.socket, go: socket.socket, way: str) -> None:
        with suppress(OSError):
            while data := come.recv(65_536):
                fate = getattr(self, way)
                if fate == "lost":
                    break
                if fate == "passed":
                    go.sendall(data)
        self._shut()

    def _shut(self) -> None:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
