"""The ledger's disk is full, or hangs, while a position is open: a kill still flattens it."""

from __future__ import annotations

import resource
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.kit import crashes
from tests.kit.commands import told
from tests.kit.daemon_process import DaemonProcess, running

PACE = ("--speed", "20")
STRATEGY = "/api/strategies/nifty-short-straddle"


@contextmanager
def full(process: DaemonProcess) -> Iterator[None]:
    """Let no file of the process grow beyond what the ledger's log has by now.

    The exchange's log must have room below that, so the ledger's is made long enough first.
    """
    log = process.state / "ledger.sqlite-wal"
    number = 0
    while log.stat().st_size < 3 * (process.state / "exchange.sqlite-wal").stat().st_size + 100_000:
        number += 1
        verb = ("stop", "start")[number % 2]
        assert process.post(f"{STRATEGY}/{verb}", request_id=f"fill-{number}").status == 200
    size = log.stat().st_size
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))
    yield


@contextmanager
def hanging(process: DaemonProcess) -> Iterator[None]:
    """Hold the ledger's file, so that whoever writes to it waits."""
    with closing(sqlite3.connect(process.state / "ledger.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("disk", [full, hanging])
def test_a_kill_flattens_without_the_ledger_and_the_next_start_takes_over(
    held, disk: Callable[[DaemonProcess], Iterator[None]]
):
    with running(held, *PACE) as process:
        process.wait_ready()
        with disk(process):
            process.wait_line("ALERT no more entries")
            assert process.get("/api/status").document["state"] == "reduce_only"
            killed = process.brake("kill", reason="the disk is full")
            assert killed["ok"], killed
            latch_id = killed["latch"]["latch_id"]
            process.wait_event("KillStaged", stage="flat")
            process.kill()
    with running(held, *PACE) as process:
        process.wait_ready()
        assert any("emergency" in line for line in process.lines), process.lines
        status = process.get("/api/status").document
        assert status["state"] == "halted"
        assert [latch["latch_id"] for latch in status["latches"]] == [latch_id]
        assert process.end(signal.SIGTERM) == 0

    assert_whole_and_flat(held / "state")


def assert_whole_and_flat(state: Path) -> None:
    day = crashes.read(state)
    assert crashes.ours(day) == crashes.theirs(day) == {}
    assert crashes.sent_twice(day) == []
    assert len(day.trades) == 4
    assert told("audit", "verify", "--ledger", state / "ledger.sqlite").code == 0
