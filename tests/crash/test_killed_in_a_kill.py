"""kill -9 in each stage of a kill: after the start it goes on by itself, and stays latched."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from daemon.kill import standing
from tests.kit import crashes
from tests.kit.daemon_process import DaemonProcess, running

SEEDS = range(10 if int(os.environ.get("ORDO_CRASHES", "3")) > 20 else 1)
PACE = ("--speed", "20")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stage", ["cancelling", "closing", "verifying"])
def test_a_kill_that_is_cut_short_goes_on_to_flat_and_stays_latched(held, stage, seed):
    """Where an exit was committed and never sent it is flat as well, but cannot say so that day.

    Nobody but the broker knows whether such an order is still to come, so it is parked, replaced,
    and named by the kill as what is left.
    """
    rng = random.Random(f"{stage}{seed}")
    with running(held, *PACE) as process:
        process.wait_ready()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(process.brake, "kill", reason="enough").add_done_callback(heard)
            process.wait_event("KillStaged", stage=stage)
            time.sleep(rng.choice((0, 0.001, 0.004, 0.02)))
            process.kill()
    (latch_id,) = (latch.latch_id for latch in standing(held / "state"))

    over = "incomplete" if crashes.cut_intents(left_behind(held)) else "flat"
    with running(held, *PACE) as process:
        process.wait_ready()
        process.wait(lambda: stage_of(process, latch_id) == over, f"is {over}")
        status = process.get("/api/status").document
        snapshot = process.get("/api/portfolio/snapshot").document
        assert status["state"] == "halted"
        assert [latch["latch_id"] for latch in status["latches"]] == [latch_id]
        assert [each["quantity"] for each in snapshot["positions"] if each["quantity"]] == []

    with running(held, *PACE) as process:
        process.wait_ready()
        assert process.get("/api/status").document["state"] == "halted"
        assert process.brake("rearm", latch_id=latch_id)["ok"]
        assert process.get("/api/status").document["state"] == "running"

    assert_nothing_was_closed_beyond_flat(crashes.read(held / "state"))


def left_behind(folder: Path) -> crashes.Day:
    """Read a copy of what a killed daemon left, so that its files stay as it left them."""
    copy = folder / "seen"
    shutil.copytree(folder / "state", copy, ignore=shutil.ignore_patterns("*.sock"))
    return crashes.read(copy)


def heard(answer: Future[object]) -> None:
    """Take what became of a request that the kill may have cut."""
    answer.exception()


def stage_of(process: DaemonProcess, latch_id: str) -> str:
    (staged,) = process.brake("kill_stage", latch_id=latch_id)["stages"]
    return staged["stage"]


def assert_nothing_was_closed_beyond_flat(day) -> None:
    """Short all day, and at the end nothing: no trade ever led across."""
    assert crashes.sent_twice(day) == []
    assert crashes.ours(day) == crashes.theirs(day) == {}
    net: Counter[str] = Counter()
    for trade in day.trades:
        net[trade.symbol] += trade.side.sign * trade.quantity
        assert net[trade.symbol] <= 0
    assert len(day.trades) == 4
