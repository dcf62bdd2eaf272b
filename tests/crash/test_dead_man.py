"""The daemon hangs or is gone with a straddle open: the guardian closes it, and nobody twice."""

from __future__ import annotations

import os
import signal
from collections import Counter

import pytest

from daemon.kill import standing
from tests.kit import crashes
from tests.kit.commands import told
from tests.kit.daemon_process import running
from tests.kit.guardian_process import watching

PACE = ("--speed", "20")


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_a_daemon_that_is_lost_with_something_open_is_ended_and_all_is_closed_once(held, how):
    with running(held, *PACE) as daemon:
        daemon.wait_ready()
        with watching(held) as guardian:
            os.kill(daemon.pid, how)
            guardian.wait_line("has closed everything")
            assert daemon.wait_end() == -signal.SIGKILL
            (latch,) = standing(held / "state")
            assert (latch.by, latch.kind, latch.scope) == ("guardian", "kill", "all")
            with running(held, *PACE) as again:
                again.wait_ready()
                again.wait_event("KillStaged", stage="flat")
                assert again.get("/api/status").document["state"] == "halted"
                snapshot = again.get("/api/portfolio/snapshot").document
                assert [p["quantity"] for p in snapshot["positions"] if p["quantity"]] == []
                assert again.brake("rearm", latch_id=latch.latch_id)["ok"]
                assert again.get("/api/status").document["state"] == "running"
                assert again.end(signal.SIGTERM) == 0
    assert_closed_once(held / "state")


def assert_closed_once(state) -> None:
    """Short all day, and at the end nothing: no trade ever led across, and all is accounted for."""
    day = crashes.read(state)
    assert crashes.sent_twice(day) == crashes.cut_intents(day) == []
    assert crashes.ours(day) == crashes.theirs(day) == {}
    net: Counter[str] = Counter()
    for trade in day.trades:
        net[trade.symbol] += trade.side.sign * trade.quantity
        assert net[trade.symbol] <= 0
    assert len(day.trades) == 4
    assert told("audit", "verify", "--ledger", state / "ledger.sqlite").code == 0
