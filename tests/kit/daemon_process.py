"""`ordo run` as a process of its own: started, listened to, asked, and killed at any moment."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from msgspec import Struct

from tests.kit import warm

PATIENCE_S = 60.0
"""So long is waited for what must come; a busy machine starts a daemon in some seconds."""
_URL = re.compile(r"^ordo ready(?: (?P<url>http\S+))?$")


class Reply(Struct, frozen=True):
    """What the control port answered."""

    status: int
    body: bytes
    headers: dict[str, str] = {}

    @property
    def document(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class NoAnswer(Exception):
    """The connection ended before an answer came."""


class DaemonProcess:
    """A running daemon.

    Args:
        folder: where it is started.
        args: its options.
        environ: more settings.
        command: the module that is run, and its command.
        start: how a process is started.

    Attributes:
        pid: its process id.
        folder: where it was started; its state lies in `state`.
        spawned_ns: host time at which it was started, on `host_ns`.
        ready_ns: host time at which it said that it is ready; 0: not yet.
        url: where its control port listens; empty: not yet known.
    """

    def __init__(
        self,
        folder: Path,
        *args: str,
        environ: Mapping[str, str] | None = None,
        command: Sequence[str] = ("daemon", "run"),
        start: Callable[..., Any] = warm.ordo,
    ) -> None:
        self.folder = folder
        self.spawned_ns = host_ns()
        self.ready_ns = 0
        self.url = ""
        given = {"ORDO_WEB__PORT": "0", **(environ or {})}
        module, *verb = command
        self._process = start(*verb, *args, cwd=folder, environ=given, module=module)
        self.pid = self._process.pid
        self._news = threading.Condition()
        self._lines: list[str] = []
        self._events: list[dict[str, Any]] = []
        self._log: list[str] = []
        self._threads = [
            self._listening(self._process.stdout, self._said),
            self._listening(self._process.stderr, self._told),
        ]

    @property
    def state(self) -> Path:
        """Its state folder."""
        return self.folder / "state"

    @property
    def lines(self) -> tuple[str, ...]:
        """What it has said to people so far."""
        with self._news:
            return tuple(self._lines)

    @property
    def events(self) -> tuple[dict[str, Any], ...]:
        """The facts that it has told to machines so far."""
        with self._news:
            return tuple(self._events)

    @property
    def log(self) -> tuple[str, ...]:
        """What else it wrote to stderr."""
        with self._news:
            return tuple(self._log)

    def is_over(self) -> bool:
        """Return whether the process has ended."""
        return self._process.poll() is not None

    def wait_ready(self) -> DaemonProcess:
        """Wait until it says that it is ready."""
        self.wait(lambda: bool(self.ready_ns), "is ready")
        return self

    def wait_line(self, part: str) -> None:
        """Wait until it has said something to people."""
        self.wait(lambda: any(part in line for line in self._lines), f"says {part!r}")

    def wait_event(self, kind: str, **fields: Any) -> None:
        """Wait until it has told machines of such a fact."""

        def told() -> bool:
            return any(
                each["event"] == kind and fields.items() <= each["fact"].items()
                for each in self._events
            )

        self.wait(told, f"tells {kind} {fields}")

    def wait(self, seen: Callable[[], bool], what: str) -> None:
        """Wait until something is seen; fail where the process ends first, or time does."""
        until_ns = host_ns() + int(PATIENCE_S * 1e9)
        with self._news:
            while not seen():
                left_ns = until_ns - host_ns()
                over = self._process.poll() is not None and not self._is_heard()
                assert not over, f"it ended before it {what}: {self._shown()}"
                assert left_ns > 0, f"it never {what}: {self._shown()}"
                self._news.wait(min(left_ns / 1e9, 0.2))

    def kill(self) -> None:
        """End it with -9, as a machine that runs out of memory does, and wait until it is gone."""
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals) -> int:
        """Send it a signal and return its exit code."""
        if not self.is_over():
            os.kill(self.pid, how)
        return self.wait_end()

    def wait_end(self, patience_s: float = PATIENCE_S) -> int:
        """Wait until it has ended and all that it wrote was read; return its exit code."""
        try:
            code = self._process.wait(timeout=patience_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it never ended: {self._shown()}") from None
        for thread in self._threads:
            thread.join(PATIENCE_S)
        return code

    def get(self, path: str) -> Reply:
        """Ask its control port."""
        return self.ask("GET", path)

    def post(self, path: str, document: Any = None, request_id: str = "") -> Reply:
        """Have something done."""
        headers = {"X-Request-Id": request_id} if request_id else {}
        return self.ask("POST", path, document, headers)

    def ask(
        self,
        method: str,
        path: str,
        document: Any = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Reply:
        """Ask its control port, as the operator unless another token is given; empty: none.

        Raises:
            NoAnswer: the connection ended first.
        """
        bearer = (self.state / "operator.token").read_text().strip() if token is None else token
        given = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        given |= headers or {}
        body = None
        if document is not None:
            body, given["Content-Type"] = json.dumps(document).encode(), "application/json"
        port = urlsplit(self.url).port
        assert port, "it is ready and serves a control port"
        with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as connection:
            try:
                connection.request(method, path, body, given)
                answer = connection.getresponse()
                return Reply(answer.status, answer.read(), dict(answer.getheaders()))
            except (OSError, HTTPException) as error:
                raise NoAnswer(repr(error)) from error

    def brake(self, verb: str, **words: str) -> Any:
        """Ask its kill socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
            wire.settimeout(PATIENCE_S)
            wire.connect(str(self.state / "kill.sock"))
            wire.sendall(json.dumps({"verb": verb, **words}).encode() + b"\n")
            with wire.makefile("rb") as answer:
                return json.loads(answer.readline())

    def _listening(self, stream: IO[str] | None, hear: Callable[[str], None]) -> threading.Thread:
        assert stream is not None, "its streams are pipes"

        def listen() -> None:
            with stream:
                for line in stream:
                    with self._news:
                        hear(line.rstrip("\n"))
                        self._news.notify_all()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        return thread

    def _is_heard(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _said(self, line: str) -> None:
        self._lines.append(line)
        ready = _URL.match(line)
        if ready:
            self.ready_ns = host_ns()
            self.url = ready["url"] or ""

    def _told(self, line: str) -> None:
        try:
            document = json.loads(line)
        except ValueError:
            document = None
        if isinstance(document, dict) and isinstance(document.get("fact"), dict):
            self._events.append(document)
        else:
            self._log.append(line)

    def _shown(self) -> str:
        return "\n".join([*self._lines[-15:], *self._log[-30:]])


@contextmanager
def running(
    folder: Path,
    *args: str,
    environ: Mapping[str, str] | None = None,
    start: Callable[..., Any] = warm.ordo,
) -> Iterator[DaemonProcess]:
    """Run a daemon until the block ends; one that still runs then is killed."""
    process = DaemonProcess(folder, *args, environ=environ, start=start)
    try:
        yield process
    finally:
        process.kill()


def enter(folder: Path, environ: Mapping[str, str] | None = None) -> None:
    """Run the preset day until its strategy is in, and kill the daemon there."""
    with running(folder, "--speed", "max", environ=environ) as process:
        process.wait_event("BasketEnded", complete=True)


class DaemonBeside:
    """A daemon beside an event loop that goes on meanwhile, always on the port that it had first.

    Args:
        folder: where it runs, and keeps its state.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = 0
        self._process: DaemonProcess | None = None

    async def start(self, speed: int) -> str:
        """Start it, wait until it is ready, and return the address it prints.

        Args:
            speed: market seconds in one second.
        """
        environ = {"ORDO_WEB__PORT": str(self._port)}
        self._process = DaemonProcess(self._folder, "--speed", str(speed), environ=environ)
        await asyncio.to_thread(self._process.wait_ready)
        self._port = urlsplit(self._process.url).port or 0
        return self._process.url

    async def wait_line(self, part: str) -> None:
        """Wait until it has said something to people."""
        assert self._process is not None, "it was started"
        await asyncio.to_thread(self._process.wait_line, part)

    async def end(self, how: signal.Signals) -> int:
        """Send it a signal that ends it, and return its exit code."""
        assert self._process is not None, "it was started"
        return await asyncio.to_thread(self._process.end, how)


@asynccontextmanager
async def before_the_entry(folder: Path) -> AsyncIterator[DaemonBeside]:
    """A daemon that was stopped half a minute of market time before the day's first entry.

    A first run begins half a minute of real time before it, whatever the speed: at the market's
    own speed that is the same half minute, which then passes at any other.
    """
    daemon = DaemonBeside(folder)
    try:
        await daemon.start(speed=1)
        await daemon.wait_line("opens")
        assert await daemon.end(signal.SIGTERM) == 0
        yield daemon
    finally:
        await daemon.end(signal.SIGKILL)


def host_ns() -> int:
    """Return host time, in ns."""
    return time.monotonic_ns()
