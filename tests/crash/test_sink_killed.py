"""A daemon with a sink, killed with -9 at random moments: its receiver misses nothing.

`ORDO_TEST_SINK_KILLS` says how often; a few times unless told.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from daemon.app.shown.outbox_store import SinkStore
from daemon.messages.outbox import Event, ReadOn
from daemon.storage.outbox import Outbox
from daemon.storage.sqlite import SqliteStore
from tests.kit.canary import planted
from tests.kit.crashes import OWNER
from tests.kit.daemon_process import running
from tests.kit.outbox import PAGER

KILLS = int(os.environ.get("ORDO_TEST_SINK_KILLS", "4"))
PACE = ("--speed", "max")


class Receiver:
    """Outlives the daemon; it says no to every fifth event, and answers the others."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.taken: list[dict[str, Any]] = []
        self._asked = 0
        self._news = threading.Condition()

    def take(self, body: bytes) -> int:
        """Return the status that an event is answered with."""
        with self._news:
            self._asked += 1
            if self._asked % 5 == 0:
                return 500
            self.taken.append(json.loads(body))
            self._news.notify_all()
            return 204

    def wait(self, count: int) -> None:
        """Wait until so many more have come."""
        with self._news:
            until = len(self.taken) + count
            assert self._news.wait_for(lambda: len(self.taken) >= until, timeout=60)


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.take(body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(server.server_address[1])
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            yield receiver
        finally:
            server.shutdown()


@contextmanager
def outbox_of(folder: Path) -> Iterator[Outbox]:
    with closing(SqliteStore(folder / "state" / "ledger.sqlite").open_aside()) as aside:
        yield Outbox(aside, OWNER)


def recorded(outbox: Outbox, count: int) -> tuple[Event, ...]:
    """Return the events of the first so many records."""

    async def do(work: Callable[[Outbox], Any]) -> Any:
        return work(outbox)

    (read,) = asyncio.run(SinkStore(PAGER, do).ask(ReadOn(0, count)))
    return tuple(read.events)


def test_whatever_is_recorded_reaches_its_receiver_over_every_kill(tmp_path):
    chance = random.Random(18)
    secret = tmp_path / "secret"
    secret.write_text(planted("pager"))
    secret.chmod(0o600)
    with receiving() as receiver:
        (tmp_path / "settings.toml").write_text(
            f'[[sinks]]\nid = "pager"\nurl = "http://127.0.0.1:{receiver.port}/"\n'
            'secret_file = "secret"\npause_ms = 10\nlongest_pause_ms = 40\n'
        )
        for _ in range(KILLS):
            with running(tmp_path, *PACE) as process:
                receiver.wait(chance.randint(1, 12))
                process.kill()
        with outbox_of(tmp_path) as outbox, running(tmp_path, *PACE) as process:
            count = outbox.rows(0, 1_000_000)[-1].number
            process.wait(
                lambda: outbox.cursors()["pager"].number >= count, "tells all that was recorded"
            )
            process.kill()
    with outbox_of(tmp_path) as outbox:
        expected = recorded(outbox, count)
        known = {event.event_id for event in recorded(outbox, 1_000_000)}
        assert outbox.waiting("pager") == 0

    arrived = dict.fromkeys(event["id"] for event in receiver.taken)
    assert [event.event_id for event in expected if event.event_id not in arrived] == []
    assert arrived.keys() <= known
    place = {event_id: at for at, event_id in enumerate(arrived)}
    for key in {event.key for event in expected}:
        places = [place[event.event_id] for event in expected if event.key == key]
        assert places == sorted(places)
