"""A signal ends a daemon in order, whatever is open; the next start finds it as it was left."""

from __future__ import annotations

import signal
from typing import Any

from tests.kit.daemon_process import DaemonProcess, running

PACE = ("--speed", "20")


def test_stops_floor_and_the_browsers_session_outlive_an_orderly_end(held):
    with running(held, *PACE) as process:
        process.wait_ready()
        cookie = session(process)
        before = levels(process)
        assert process.end(signal.SIGTERM) == 0
        assert process.lines[-1] == "PAPER  stopped"
        assert not (held / "state" / "kill.sock").exists()
    with running(held, *PACE) as process:
        process.wait_ready()
        headers = {"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}
        assert process.ask("GET", "/api/status", headers=headers, token="").status == 200
        assert levels(process) == before
        assert process.end(signal.SIGINT) == 130

    assert [leg for leg, _, _ in before[0]] == ["ce", "pe"]
    assert all(stop for _, _, stop in before[0])


def session(process: DaemonProcess) -> str:
    """Log a browser in with the code of the ready address, and return its cookie."""
    code = process.url.partition("#code=")[2]
    answer = process.ask("POST", "/api/login", {"code": code}, token="")
    assert answer.status == 200, answer.body
    return answer.headers["Set-Cookie"].partition(";")[0]


def levels(process: DaemonProcess) -> tuple[list[tuple[Any, ...]], Any]:
    """Return each open leg with its quantity and its stop, and the strategy's floor."""
    (watch,) = process.get("/api/portfolio/snapshot").document["strategies"]
    legs = [(leg["leg_id"], leg["quantity"], leg["stop"]) for leg in watch["legs"]]
    return legs, watch["risk"]["current_sl"]
