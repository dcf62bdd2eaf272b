"""Market time of a stand-in: what it last said, and it is refused where it says nothing."""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from datetime import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from daemon.brokers.zerodha.stand_in import StandInClock
from daemon.domain.instants import SECOND_NS, at, iso
from daemon.errors import BrokerUnavailable
from tests.kit.wire_twin import DAY

EIGHT = at(DAY, time(8))


@contextmanager
def standing_in(*said: str):
    """A stand-in that says one thing after the other, and the last of them from there on."""
    left, asked = list(said), threading.Semaphore(0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = (left.pop(0) if len(left) > 1 else left[0]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            asked.release()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()


def told(seconds: int) -> str:
    return f'{{"now": "{iso(EIGHT + seconds * SECOND_NS)}", "over": false}}'


def test_market_time_is_what_it_last_said_and_stands_while_it_says_nothing():
    said = (told(0), told(1), "nonsense", told(7))
    with standing_in(*said) as (root, asked), closing(StandInClock(root)) as clock:
        assert clock.now_ns() in (EIGHT, EIGHT + SECOND_NS)
        for _ in range(6):
            assert asked.acquire(timeout=10)
        assert clock.now_ns() == EIGHT + 7 * SECOND_NS


@pytest.mark.parametrize("said", ["", "{}", '{"now": 1}', '{"now": "late"}'])
def test_one_that_does_not_say_what_time_it_is_is_refused(said):
    refused = pytest.raises(BrokerUnavailable, match="does not say what time it is")
    with standing_in(said) as (root, _), refused:
        StandInClock(root)


def test_nobody_there_is_refused():
    with pytest.raises(BrokerUnavailable, match=r"stand-in at http://127.0.0.1:1 "):
        StandInClock("http://127.0.0.1:1")
