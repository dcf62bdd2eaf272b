"""The disk refuses the exchange's own file while a position is open: it is left all the same."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing

from tests.kit import crashes
from tests.kit.daemon_process import running

PACE = ("--speed", "20")
STRATEGY = "nifty-short-straddle"


def test_an_exchange_that_cannot_save_goes_on_from_memory_without_entries_and_saves_later(held):
    with running(held, *PACE) as process:
        process.wait_ready()
        file = process.state / "exchange.sqlite"
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert process.post(f"/api/strategies/{STRATEGY}/exit", {}).status == 200
            process.wait_line(f"{STRATEGY} is out of ce, pe")
            (account,) = process.get("/api/status").document["accounts"]
            other.execute("ROLLBACK")
        assert "the exchange could not save to state/exchange.sqlite" in account["paused"]
        assert process.end(signal.SIGTERM) == 0
        said = "\n".join([*process.lines, *process.log])
        assert "ALERT the exchange could not save" in said
        assert "Traceback" not in said
    day = crashes.read(held / "state")
    assert crashes.ours(day) == crashes.theirs(day) == {}
    assert crashes.sent_twice(day) == []
