"""`ordo twin zerodha` as a program: what it says, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.kit.commands import ordo, told


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def asked(url: str, method: str, path: str, body: str = "") -> dict:
    with closing(HTTPConnection(urlsplit(url).netloc)) as link:
        link.request(method, path, body)
        return json.loads(link.getresponse().read())


@pytest.mark.parametrize(("name", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_says_in_one_line_where_it_is_and_ends_cleanly(tmp_path, name, code):
    process = ordo("twin", "zerodha", "--speed", "0", cwd=tmp_path)
    ready = json.loads(process.stdout.readline())
    before = asked(ready["url"], "GET", "/twin/time")
    after = asked(ready["url"], "POST", "/twin/advance", '{"by_ms": 60000}')
    process.send_signal(name)
    out, err = process.communicate(timeout=60)

    assert set(ready) == {"url", "ws_url", "api_key", "api_secret", "request_token"}
    assert (before["now"][11:19], after["now"][11:19]) == ("08:45:00", "08:46:00")
    assert (process.returncode, out, err) == (code, "", "")


def test_a_port_that_is_taken_is_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = told("twin", "zerodha", "--port", str(port))

    assert done.code == 2
    assert f"port {port} of 127.0.0.1 cannot be listened on" in done.err


@pytest.mark.parametrize("speed", ["fast", "-1", "1/0"])
def test_a_speed_that_cannot_be_is_bad_usage(speed):
    done = told("twin", "zerodha", "--speed", speed)

    assert (done.code, done.out) == (2, "")
    assert done.err == f"ordo: --speed {speed}: a number from 0 on; 0 holds the market\n"
