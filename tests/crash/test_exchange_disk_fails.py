"""The disk refuses the exchange's own file while a position is open: a clear end, nothing lost."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing

from tests.kit import crashes
from tests.kit.daemon_process import running

PACE = ("--speed", "20")
STRATEGY = "nifty-short-straddle"


def test_an_exchange_that_cannot_save_ends_the_daemon_with_entries_latched_and_loses_nothing(held):
    with running(held, *PACE) as process:
        process.wait_ready()
        file = process.state / "exchange.sqlite"
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert process.post(f"/api/strategies/{STRATEGY}/exit", {}).status == 200
            code = process.wait_end()
            other.execute("ROLLBACK")

        assert code == 1
        said = "\n".join(process.log)
        assert "ordo: the exchange could not save to state/exchange.sqlite: " in said
        assert "Traceback" not in said
        assert [path.name for path in (process.state / "killed").iterdir()]
    with running(held, *PACE) as process:
        process.wait_ready()
        status = process.get("/api/status").document
        assert "the exchange could not save" in status["latches"][0]["reason"]
        assert process.brake("kill", reason="see that it is flat")["ok"]
        # The orders that were cut off stay parked, so the kill goes on; what is held is closed.
        process.wait_line(f"{STRATEGY} is out of ce, pe")
        assert process.end(signal.SIGTERM) == 0
    day = crashes.read(held / "state")
    assert crashes.ours(day) == crashes.theirs(day) == {}
    assert crashes.sent_twice(day) == []
